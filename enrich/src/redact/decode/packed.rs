//! Unpacks gzip, zlib and zstd, into a bounded number of bytes.

use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};

use super::codec::Codec;
use super::layer::{Layer, Weaver};

/// No more is unpacked from one stretch, in bytes.
pub(crate) const MAX_UNPACKED_BYTES: usize = 4 << 20;
/// Base-2 logarithm of the memory that a zstd frame may ask for: 8 MiB, zstd's usual limit.
const MAX_WINDOW_LOG: u32 = 23;

/// The first bytes of what can be unpacked, as hex: random digits, which tell nothing, follow.
pub(crate) const HEADS: [&str; 6] = ["1f8b08", "28b52ffd", "7801", "785e", "789c", "78da"];

/// Whether these are the first bytes of something that can be unpacked, or of UTF-16.
pub(crate) const fn magic(first: &[u8; 3]) -> bool {
    matches!(
        first,
        [0x1f, 0x8b, 8]
            | [0x78, 0x01 | 0x5e | 0x9c | 0xda, _]
            | [0x28, 0xb5, 0x2f]
            | [0xff, 0xfe, _]
            | [0xfe, 0xff, _]
    )
}

/// Unpacks `bytes`, if they are packed, into at most `limit` bytes. What was cut or damaged is
/// unpacked as far as it goes.
pub(crate) fn unpack(bytes: &[u8], limit: usize) -> Option<Layer> {
    let (codec, unpacked) = match bytes {
        [0x1f, 0x8b, 8, ..] => (Codec::GZIP, read(GzDecoder::new(bytes), limit)),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => {
            (Codec::ZLIB, read(ZlibDecoder::new(bytes), limit))
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => (Codec::ZSTD, zstd(bytes, limit)?),
        _ => return None,
    };
    let mut weaver = Weaver::new(0, unpacked.len());
    weaver.put(&unpacked, 0, bytes.len());
    weaver.finish(codec)
}

fn zstd(bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes).ok()?;
    decoder.window_log_max(MAX_WINDOW_LOG).ok()?;
    Some(read(decoder, limit))
}

fn read(decoder: impl Read, limit: usize) -> Vec<u8> {
    let limit = limit.min(MAX_UNPACKED_BYTES);
    let mut unpacked = Vec::new();
    let mut decoder = decoder.take(limit as u64);
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = decoder.read(&mut chunk) {
        unpacked.extend_from_slice(chunk.get(..count).unwrap_or_default());
    }
    unpacked
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn each_format_is_unpacked() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        zlib.write_all(b"some text").unwrap();
        let zstd = zstd::encode_all(b"some text".as_slice(), 3).unwrap();
        for (packed, codec) in [
            (gzip(b"some text"), Codec::GZIP),
            (zlib.finish().unwrap(), Codec::ZLIB),
            (zstd, Codec::ZSTD),
        ] {
            let layer = unpack(&packed, 1000).unwrap();
            assert_eq!(layer.text(), "some text");
            assert_eq!(layer.codec(), codec);
            let mut whole = Vec::new();
            layer.sources(2, 4, &mut |from, to| whole.push((from, to)));
            assert_eq!(whole, [(0, packed.len())]);
        }
        assert!(unpack(b"some text", 1000).is_none());
        assert!(unpack(&[0x1f, 0x8b, 8], 1000).is_none());
    }

    #[test]
    fn a_bomb_is_unpacked_up_to_the_limit() {
        let bomb = gzip(&vec![b'a'; 20 << 20]);
        assert_eq!(unpack(&bomb, 1000).unwrap().text().len(), 1000);
        assert_eq!(
            unpack(&bomb, usize::MAX).unwrap().text().len(),
            MAX_UNPACKED_BYTES
        );
        let huge_window = zstd::encode_all([b'a'; 100].as_slice(), 3).unwrap();
        assert!(unpack(&huge_window, 50).unwrap().text().len() <= 50);
    }

    #[test]
    fn what_is_cut_is_unpacked_as_far_as_it_goes() {
        let text: String = (0..4000).map(|number| format!("{number} ")).collect();
        let packed = gzip(text.as_bytes());
        let layer = unpack(packed.get(..packed.len() / 2).unwrap(), 1 << 20).unwrap();
        assert!(text.starts_with(layer.text()) && layer.text().len() > 1000);
    }
}
