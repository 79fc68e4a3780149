//! Compressed bodies: what was packed comes out to the byte or not at all, whatever else is packed
//! stays within its limit, and memory is charged before it is taken.
#![no_main]

use std::io::Write as _;

use flate2::Compression;
use libfuzzer_sys::fuzz_target;
use magistrate_ingest::{Coding, InflateError, inflate};

const CODINGS: [Coding; 3] = [Coding::Gzip, Coding::Zstd, Coding::Deflate];

fuzz_target!(|input: &[u8]| {
    let [how, size, cut, bytes @ ..] = input else { return };
    let coding = CODINGS[usize::from(*how) % CODINGS.len()];
    let limit = usize::from(*size) << (how >> 4);
    drop(checked(coding, bytes, limit));

    let packed = members(coding, bytes, usize::from(how >> 2 & 3));
    let expected = if bytes.len() > limit { Err(InflateError::Bomb) } else { Ok(bytes.to_vec()) };
    assert_eq!(checked(coding, &packed, limit), expected);

    let cut = packed.len() * usize::from(*cut) / 256;
    if let Ok(part) = checked(coding, &packed[..cut], limit) {
        assert!(bytes.starts_with(&part));
    }
});

/// Inflates, and holds the outcome to its bounds.
fn checked(coding: Coding, body: &[u8], limit: usize) -> Result<Vec<u8>, InflateError> {
    let mut charged = 0;
    let found = inflate(coding, body, limit, |bytes| {
        charged = bytes;
        Ok(())
    });
    assert!(charged <= limit + 1);
    if let Ok(plain) = &found {
        assert!(plain.len() <= limit && plain.capacity() <= charged);
    }
    found
}

/// `bytes` in up to so many more members than one; zlib has but one.
fn members(coding: Coding, bytes: &[u8], more: usize) -> Vec<u8> {
    let count = if coding == Coding::Deflate { 1 } else { more + 1 };
    let parts = bytes.chunks(bytes.len().div_ceil(count).max(1));
    let packed: Vec<u8> = parts.flat_map(|part| pack(coding, part)).collect();
    if bytes.is_empty() { pack(coding, bytes) } else { packed }
}

fn pack(coding: Coding, bytes: &[u8]) -> Vec<u8> {
    match coding {
        Coding::Identity => bytes.to_vec(),
        Coding::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Coding::Deflate => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Coding::Zstd => zstd::encode_all(bytes, 1).unwrap(),
    }
}
