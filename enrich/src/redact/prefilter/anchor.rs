//! Where literals are looked for, and what tells them apart.

use super::gram::{Gram, fold_byte};
use super::{Case, Literal};

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
    /// The literal's length and rule: nearly all are told apart without a look at themselves.
    pub(super) len: u32,
    pub(super) rule: u32,
}

/// Four bytes by which a literal is known, or the three that it has, folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(u32);

/// What [`fold_byte`] does to each of four bytes.
const FOLDED: u32 = u32::from_le_bytes([fold_byte(0); 4]);

/// The first eight bytes of a literal, or all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Head {
    bytes: u64,
    mask: u64,
    /// The bit by which the cases of a letter differ, where either matches.
    folded: u64,
}

/// The bytes of a [`Head`].
const HEAD_LEN: usize = 8;
/// By this a letter differs from itself in the other case.
const CASE_BIT: u8 = 0x20;

impl Anchor {
    /// The anchor of literal `number`, which is known by what lies at `offset`.
    pub(super) fn of(number: usize, literal: &Literal, offset: usize) -> Option<Self> {
        let four = Key::four(&literal.text, offset);
        Some(Self {
            key: four.or_else(|| Key::three(&literal.text, offset))?,
            offset,
            literal: number,
            head: Head::of(literal),
            len: u32::try_from(literal.text.len()).ok()?,
            rule: u32::try_from(literal.rule).ok()?,
        })
    }

    /// Whether `literal`, which is this anchor's, stands at `start`; it is asked for only where its head
    /// does not tell.
    #[inline]
    pub(super) fn is_at<'a>(
        &self,
        text: &[u8],
        start: usize,
        literal: impl FnOnce() -> Option<&'a Literal>,
    ) -> bool {
        let is_whole = self.len as usize <= HEAD_LEN;
        match text.get(start..).and_then(<[u8]>::first_chunk) {
            Some(there) if !self.head.is(*there) => false,
            Some(_) if is_whole => true,
            // A long one, or the end of the text.
            Some(_) | None => literal().is_some_and(|literal| literal.is_at(text, start)),
        }
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
    fn of(literal: &Literal) -> Self {
        let (mut bytes, mut mask, mut folded) = ([0; HEAD_LEN], [0; HEAD_LEN], [0; HEAD_LEN]);
        let places = bytes.iter_mut().zip(&mut mask).zip(&mut folded);
        for (((byte, known), fold), &there) in places.zip(&literal.text) {
            let is_folded = literal.case == Case::Ignored && there.is_ascii_alphabetic();
            *fold = if is_folded { CASE_BIT } else { 0 };
            (*byte, *known) = (there | *fold, 0xff);
        }
        Self {
            bytes: u64::from_le_bytes(bytes),
            mask: u64::from_le_bytes(mask),
            folded: u64::from_le_bytes(folded),
        }
    }

    #[inline]
    const fn is(self, there: [u8; HEAD_LEN]) -> bool {
        u64::from_le_bytes(there) & self.mask | self.folded == self.bytes
    }
}
