//! Decompresses a body, bounded while it grows.

use std::io::Read;

use http::HeaderMap;
use http::header::{AsHeaderName, CONTENT_ENCODING};
use magistrate_event::Refusal;

/// Most bytes that one byte may become, once a body is past [`FREE_BYTES`]. gzip cannot exceed
/// 1032; what zstd does above it is no telemetry.
const MAX_RATIO: usize = 1_000;
const FREE_BYTES: usize = 1 << 20;
/// Largest zstd window, as a power of two: 8 MiB, which RFC 8878 section 3.1.1.1.2 asks of every
/// decoder. A frame may ask for far more before its first byte comes out.
const MAX_ZSTD_WINDOW_LOG: u32 = 23;
const MIN_STEP_BYTES: usize = 32 << 10;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Not at all.
    Identity,
    /// Any number of members (RFC 1952 section 2.2).
    Gzip,
    /// Any number of frames (RFC 8878 section 3).
    Zstd,
    /// The zlib format, as HTTP means it (RFC 9110 section 8.4.1.2).
    Deflate,
}

/// Why there is no decompressed body.
#[derive(Debug, PartialEq, Eq)]
pub enum InflateError {
    /// It is over the limit, or over the ratio.
    Bomb,
    /// It is damaged or cut.
    Corrupt,
    /// Memory for it is not to be had now.
    Refused(Refusal),
}

impl Coding {
    /// The coding that a header names; `None` when there are several, or one that is not known.
    pub(super) fn of(headers: &HeaderMap, name: impl AsHeaderName) -> Option<Self> {
        let mut values = headers.get_all(name).iter();
        let Some(first) = values.next() else {
            return Some(Self::Identity);
        };
        if values.next().is_some() {
            return None;
        }
        let name = first.as_bytes().trim_ascii();
        [
            (&b""[..], Self::Identity),
            (b"identity", Self::Identity),
            (b"gzip", Self::Gzip),
            (b"x-gzip", Self::Gzip),
            (b"zstd", Self::Zstd),
            (b"deflate", Self::Deflate),
        ]
        .into_iter()
        .find_map(|(known, coding)| name.eq_ignore_ascii_case(known).then_some(coding))
    }

    /// The coding of an HTTP request.
    pub(super) fn of_content(headers: &HeaderMap) -> Option<Self> {
        Self::of(headers, CONTENT_ENCODING)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Deflate => "deflate",
        }
    }
}

/// Decompresses `body` into at most `max_bytes`. `charge` is told of memory, all of it, before it is
/// taken.
///
/// # Errors
/// When the body is damaged or cut, becomes more than it may, or `charge` refuses.
pub fn inflate(
    coding: Coding,
    body: &[u8],
    max_bytes: usize,
    charge: impl FnMut(usize) -> Result<(), Refusal>,
) -> Result<Vec<u8>, InflateError> {
    match coding {
        Coding::Identity => Ok(body.to_vec()),
        Coding::Gzip => drain(
            flate2::bufread::MultiGzDecoder::new(body),
            body.len(),
            max_bytes,
            charge,
        ),
        Coding::Deflate => drain(
            flate2::bufread::ZlibDecoder::new(body),
            body.len(),
            max_bytes,
            charge,
        ),
        Coding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(body)
                .map_err(|_| InflateError::Corrupt)?;
            decoder
                .window_log_max(MAX_ZSTD_WINDOW_LOG)
                .map_err(|_| InflateError::Corrupt)?;
            drain(decoder, body.len(), max_bytes, charge)
        }
    }
}

fn drain(
    mut decoder: impl Read,
    packed_bytes: usize,
    max_bytes: usize,
    mut charge: impl FnMut(usize) -> Result<(), Refusal>,
) -> Result<Vec<u8>, InflateError> {
    let ratio_bytes = FREE_BYTES.max(packed_bytes.saturating_mul(MAX_RATIO));
    let limit_bytes = max_bytes.min(ratio_bytes);
    let mut out = Vec::new();
    let mut step_bytes = MIN_STEP_BYTES.max(packed_bytes.saturating_mul(4));
    loop {
        // One byte over the limit is enough to know.
        let room = limit_bytes.saturating_add(1).saturating_sub(out.len());
        let step = step_bytes.min(room);
        charge(out.len() + step).map_err(InflateError::Refused)?;
        out.reserve_exact(step);
        let wanted = u64::try_from(step).unwrap_or(u64::MAX);
        let got = (&mut decoder)
            .take(wanted)
            .read_to_end(&mut out)
            .map_err(|_| InflateError::Corrupt)?;
        if out.len() > limit_bytes {
            return Err(InflateError::Bomb);
        }
        if got < step {
            return Ok(out);
        }
        step_bytes = out.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;
    use std::io::Write as _;

    const CODINGS: [Coding; 3] = [Coding::Gzip, Coding::Zstd, Coding::Deflate];

    fn pack(coding: Coding, bytes: &[u8]) -> Vec<u8> {
        let level = flate2::Compression::default();
        match coding {
            Coding::Identity => bytes.to_vec(),
            Coding::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Coding::Deflate => {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Coding::Zstd => zstd::encode_all(bytes, 3).unwrap(),
        }
    }

    fn unpack(coding: Coding, body: &[u8], max_bytes: usize) -> Result<Vec<u8>, InflateError> {
        inflate(coding, body, max_bytes, |_| Ok(()))
    }

    #[test]
    fn a_header_names_one_known_coding() {
        for (values, expected) in [
            (&[][..], Some(Coding::Identity)),
            (&["identity"], Some(Coding::Identity)),
            (&["gzip"], Some(Coding::Gzip)),
            (&["GZIP"], Some(Coding::Gzip)),
            (&["zstd"], Some(Coding::Zstd)),
            (&["deflate"], Some(Coding::Deflate)),
            (&["br"], None),
            (&["gzip, gzip"], None),
            (&["gzip", "zstd"], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_ENCODING, HeaderValue::from_static(value));
            }
            assert_eq!(Coding::of_content(&headers), expected, "{values:?}");
        }
    }

    #[test]
    fn every_member_and_frame_is_read() {
        for coding in [Coding::Gzip, Coding::Zstd] {
            let mut body = pack(coding, b"first ");
            body.extend(pack(coding, b"second"));
            assert_eq!(unpack(coding, &body, 100).unwrap(), b"first second");
        }
    }

    #[test]
    fn the_limit_holds_to_the_byte() {
        for coding in CODINGS {
            let body = pack(coding, &vec![7; 100_000]);
            assert_eq!(unpack(coding, &body, 100_000).unwrap().len(), 100_000);
            assert_eq!(unpack(coding, &body, 99_999), Err(InflateError::Bomb));
        }
    }

    #[test]
    fn a_bomb_is_given_up_early_whatever_the_limit() {
        let zeros = vec![0; 8 << 20];
        let bomb = pack(Coding::Zstd, &zeros);
        let mut most = 0;
        let outcome = inflate(Coding::Zstd, &bomb, usize::MAX / 2, |bytes| {
            most = most.max(bytes);
            Ok(())
        });
        assert_eq!(outcome, Err(InflateError::Bomb));
        assert!(most <= FREE_BYTES + 1, "{most}");
    }

    #[test]
    fn a_zstd_frame_that_asks_for_a_huge_window_is_refused() {
        // Magic, a descriptor without content size, a window of 2³⁰ bytes, one empty last block.
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 0x01, 0x00, 0x00];
        assert_eq!(
            unpack(Coding::Zstd, &frame, 1 << 20),
            Err(InflateError::Corrupt)
        );
        let small = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50, 0x01, 0x00, 0x00];
        assert_eq!(unpack(Coding::Zstd, &small, 1 << 20), Ok(vec![]));
    }

    #[test]
    fn a_cut_or_damaged_body_is_corrupt() {
        for coding in CODINGS {
            let body = pack(coding, b"some text that is long enough to be cut in two");
            let cut = &body[..body.len() - 3];
            assert_eq!(
                unpack(coding, cut, 100),
                Err(InflateError::Corrupt),
                "{coding:?}"
            );
            assert_eq!(
                unpack(coding, b"not packed", 100),
                Err(InflateError::Corrupt)
            );
        }
    }

    #[test]
    fn memory_that_is_not_to_be_had_refuses() {
        let body = pack(Coding::Gzip, &vec![7; 100_000]);
        let refusal = inflate(Coding::Gzip, &body, 1 << 20, |bytes| {
            if bytes > 50_000 {
                Err(Refusal::Closed)
            } else {
                Ok(())
            }
        });
        assert_eq!(refusal, Err(InflateError::Refused(Refusal::Closed)));
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_out(bytes in prop::collection::vec(any::<u8>(), 0..5_000)) {
            for coding in CODINGS {
                prop_assert_eq!(&unpack(coding, &pack(coding, &bytes), 5_000).unwrap(), &bytes);
            }
        }

        #[test]
        fn any_bytes_are_unpacked_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for coding in CODINGS {
                drop(unpack(coding, &bytes, 1_000));
            }
        }
    }
}
