//! Tells which bytes of a literal ordinary telemetry holds least often.

use std::collections::HashMap;

use super::Literal;
use super::spelling::{number, spellings};

/// What ordinary telemetry is made of, so that anchors can be what it is not.
pub(super) struct Ordinary {
    /// How often three bytes stand in the sample.
    counts: HashMap<[u8; 3], u32>,
    /// The same with letters in lower case.
    lower_counts: HashMap<[u8; 3], u32>,
}

impl Ordinary {
    pub(super) fn new() -> Self {
        let sample = include_str!("../ordinary.txt");
        Self {
            counts: count_grams(sample),
            lower_counts: count_grams(&sample.to_ascii_lowercase()),
        }
    }

    /// How often the sample holds three bytes for which `is_taken` holds.
    pub(super) fn count(&self, is_taken: impl Fn(u32) -> bool) -> u32 {
        let grams = self.counts.iter();
        grams
            .filter(|(gram, _)| is_taken(number(**gram)))
            .map(|(_, count)| count)
            .sum()
    }

    /// Where the four bytes of `literal` begin that ordinary telemetry holds least often. In a
    /// literal of three bytes the fourth is whatever follows.
    pub(super) fn rarest_pair(&self, literal: &Literal) -> Option<usize> {
        let last = literal.text.len().checked_sub(Literal::MIN_LEN)?;
        (0..last.max(1)).min_by_key(|&offset| {
            let (a, b) = (
                self.rarity(literal, offset),
                self.rarity(literal, offset + 1),
            );
            (a.0 + b.0, a.1 + b.1, a.2 + b.2)
        })
    }

    /// How often the sample holds the three bytes at `offset`, in how many ways they can be
    /// written, and how common each is: the less, the better.
    fn rarity(&self, literal: &Literal, offset: usize) -> (u32, usize, u32) {
        let Some(gram) = literal.text.get(offset..offset + 3) else {
            return (0, 0, 0);
        };
        let lower: Option<[u8; 3]> = gram.to_ascii_lowercase().try_into().ok();
        let sampled = lower.and_then(|lower| self.lower_counts.get(&lower));
        let common = gram.iter().map(|&byte| commonness(byte)).sum();
        let spellings = spellings(literal, offset).len();
        (sampled.copied().unwrap_or(0), spellings, common)
    }
}

fn count_grams(sample: &str) -> HashMap<[u8; 3], u32> {
    let mut counts = HashMap::new();
    for gram in sample.as_bytes().windows(3) {
        if let Some(gram) = gram.first_chunk() {
            *counts.entry(*gram).or_insert(0) += 1;
        }
    }
    counts
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
