//! What ordinary telemetry is made of, so that literals are known by what it is not.

use std::collections::HashMap;

use super::Literal;
use super::gram::{Gram, SLOTS, Salt, fold_byte, role};

/// A sample of ordinary telemetry, with its parts counted.
pub(super) struct Ordinary {
    text: Vec<u8>,
    /// How often four folded bytes stand in it.
    counts: HashMap<[u8; 4], u32>,
}

/// Ids and hashes are as much of telemetry as words.
const DIGITS_LEN: usize = 4096;

impl Ordinary {
    pub(super) fn new() -> Self {
        let mut text = include_bytes!("../ordinary.txt").to_vec();
        let digits = (0..DIGITS_LEN as u64).map(|place| {
            let hash = place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
            char::from_digit((hash & 0xf) as u32, 16)
        });
        text.extend(digits.flatten().map(|digit| digit as u8));
        text = text.into_iter().map(fold_byte).collect();
        let mut counts = HashMap::new();
        for four in text.windows(4) {
            if let Some(four) = four.first_chunk() {
                *counts.entry(*four).or_insert(0) += 1;
            }
        }
        Self { text, counts }
    }

    /// How often ordinary text is taken for something else than it is.
    pub(super) fn mistaken(&self, roles: &[u8; SLOTS], salt: Salt) -> usize {
        let grams = self.text.windows(3).filter_map(Gram::of);
        let mut before = 0;
        let mistaken = grams.filter(|gram| {
            let here = roles.get(usize::from(salt.hash(*gram))).copied();
            let here = here.unwrap_or(0);
            let seconds = here & before << 1 & role::SECONDS;
            before = here;
            seconds != 0
        });
        mistaken.count()
    }

    /// Where the four bytes of `literal` lie that ordinary telemetry holds least often.
    pub(super) fn rarest_place(&self, literal: &[u8]) -> Option<usize> {
        if literal.len() < 4 {
            return (literal.len() >= Literal::MIN_LEN).then_some(0);
        }
        let fours = literal.windows(4).enumerate();
        let rarest = fours.min_by_key(|(_, four)| {
            let four: Option<[u8; 4]> = four.first_chunk().copied();
            let folded = four.map(|four| four.map(fold_byte));
            let sampled = folded.and_then(|four| self.counts.get(&four));
            let common = four.map_or(0, |four| four.into_iter().map(commonness).sum::<u32>());
            (sampled.copied().unwrap_or(0), common)
        });
        rarest.map(|(offset, _)| offset)
    }
}

/// How common a byte is in JSON, paths and English, as a rough logarithm.
const fn commonness(byte: u8) -> u32 {
    match byte.to_ascii_lowercase() {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 10,
        b' ' | b'"' | b'/' | b'l' | b'c' | b'd' | b'u' | b'm' | b'p' => 9,
        b'0'..=b'9' | b'h' | b'f' | b'g' | b'b' | b'_' | b'-' | b'.' => 8,
        b'w' | b'y' | b'v' | b'k' | b':' | b',' | b'=' | b'x' => 7,
        _ => 5,
    }
}
