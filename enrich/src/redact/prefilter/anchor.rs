//! Where literals are looked for, and what tells them apart.

use super::Literal;
use super::gram::{Gram, fold_byte};

/// Literals are sorted into so many buckets.
const BUCKET_BITS: u32 = 12;
pub(super) const BUCKETS: usize = 1 << BUCKET_BITS;

/// Says that a literal lies where certain bytes do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Anchor {
    pub(super) key: Key,
    /// How far behind the literal's start the key lies.
    pub(super) offset: usize,
    pub(super) literal: usize,
    pub(super) head: Head,
}

/// Four bytes by which a literal is known, or the three that it has, folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(u32);

/// What [`fold_byte`] does to each of four bytes.
const FOLDED: u32 = u32::from_le_bytes([fold_byte(0); 4]);

/// The first eight bytes of a literal, or all of it: tells a bucket's literals apart and most of
/// the text that only shares three bytes with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Head {
    bytes: u64,
    mask: u64,
}

impl Anchor {
    /// The anchor of literal `number`, which is known by what lies at `offset`.
    pub(super) fn of(number: usize, literal: &Literal, offset: usize) -> Option<Self> {
        let four = Key::four(&literal.text, offset);
        Some(Self {
            key: four.or_else(|| Key::three(&literal.text, offset))?,
            offset,
            literal: number,
            head: Head::of(&literal.text),
        })
    }

    /// The gram with which its key begins, and the next one, if there is one.
    pub(super) fn grams(&self) -> (Gram, Option<Gram>) {
        let Key(key) = self.key;
        let [a, b, c, d] = key.to_le_bytes();
        (Gram([a, b, c]), (d != 0).then_some(Gram([b, c, d])))
    }
}

impl Key {
    #[inline]
    pub(super) fn four(text: &[u8], at: usize) -> Option<Self> {
        let four: &[u8; 4] = text.get(at..)?.first_chunk()?;
        Some(Self(u32::from_le_bytes(*four) | FOLDED))
    }

    #[inline]
    pub(super) fn three(text: &[u8], at: usize) -> Option<Self> {
        let Gram([a, b, c]) = text.get(at..).and_then(Gram::of)?;
        Some(Self(u32::from_le_bytes([a, b, c, 0])))
    }

    #[inline]
    pub(super) const fn bucket(self) -> usize {
        (self.0.wrapping_mul(0x9E37_79B1) >> (u32::BITS - BUCKET_BITS)) as usize
    }
}

impl Head {
    pub(super) fn of(text: &[u8]) -> Self {
        let (mut bytes, mut mask) = ([0; 8], [0; 8]);
        for ((byte, known), &there) in bytes.iter_mut().zip(&mut mask).zip(text) {
            (*byte, *known) = (there, 0xff);
        }
        let mask = u64::from_le_bytes(mask);
        Self {
            bytes: fold(bytes) & mask,
            mask,
        }
    }

    #[inline]
    pub(super) fn is_at(self, text: &[u8], start: usize) -> bool {
        let Some(there) = text.get(start..).and_then(<[u8]>::first_chunk) else {
            // The end of the text: the literal itself is compared.
            return true;
        };
        fold(*there) & self.mask == self.bytes
    }
}

/// [`fold_byte`] for eight bytes.
#[inline]
const fn fold(bytes: [u8; 8]) -> u64 {
    u64::from_le_bytes(bytes) | u64::from_le_bytes([0x20; 8])
}
