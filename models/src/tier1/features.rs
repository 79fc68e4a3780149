//! Which slots of the table a word has: hashes of itself, of what stands before it, of its parts.
//!
//! Defined in `models/training/tier1_features.py`; all arithmetic is modulo 2^64.

use super::words::Word;

/// Slots of the table.
pub(super) const SLOTS: usize = 1 << 18;
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
const SECOND: u64 = 0xd6e8_feb8_6659_fd93;
const THIRD: u64 = 0xc2b2_ae3d_27d4_eb4f;
/// Bytes of a word's parts.
const PART_LEN: usize = 4;

/// What a slot is made of.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Word = 1,
    Pair = 2,
    Triple = 3,
    Skip = 4,
    Sign = 5,
    Part = 6,
}

/// The hashes of the words before the one at hand; 0 where there is none.
#[derive(Debug, Default)]
pub(super) struct Slots {
    before: u64,
    earlier: u64,
    framed: Vec<u8>,
}

impl Slots {
    /// Calls `visit` for each slot of `word`, which stands in `text`; a slot may come twice.
    pub(super) fn each(&mut self, word: &Word, text: &[u8], mut visit: impl FnMut(usize)) {
        let own = text.get(word.range.clone()).unwrap_or_default();
        let bytes = word.shape.bytes().unwrap_or(own);
        let hash = fnv(bytes);
        let (before, earlier) = (self.before, self.earlier);
        visit(slot(Kind::Word, hash, 0));
        if bytes.first() != Some(&1) {
            self.each_part(bytes, &mut visit);
        }
        visit(slot(Kind::Pair, before, hash));
        let both = earlier.wrapping_mul(GOLDEN).wrapping_add(before);
        visit(slot(Kind::Triple, both, hash));
        visit(slot(Kind::Skip, earlier, hash));
        for &sign in word.signs.bytes() {
            visit(slot(Kind::Sign, u64::from(sign), hash));
        }
        (self.earlier, self.before) = (before, hash);
    }

    /// The four-byte groups of `^word$`, or all of it where it is shorter.
    fn each_part(&mut self, word: &[u8], visit: &mut impl FnMut(usize)) {
        self.framed.clear();
        self.framed.push(b'^');
        self.framed.extend_from_slice(word);
        self.framed.push(b'$');
        if self.framed.len() < PART_LEN {
            visit(slot(Kind::Part, number(&self.framed), 0));
        }
        for part in self.framed.windows(PART_LEN) {
            visit(slot(Kind::Part, number(part), 0));
        }
    }
}

/// Up to four bytes as a little-endian number.
fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// FNV-1a with 64 bits (draft-eastlake-fnv).
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

fn slot(kind: Kind, a: u64, b: u64) -> usize {
    let sum = a.wrapping_mul(GOLDEN).wrapping_add(b);
    let sum = sum.wrapping_add((kind as u64).wrapping_mul(THIRD));
    let mixed = sum.wrapping_mul(SECOND);
    (mixed ^ mixed >> 32) as usize & (SLOTS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_published_ones() {
        assert_eq!(fnv(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
