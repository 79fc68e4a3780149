//! Three bytes of a text: their hash, and what they may be a part of.

use wide::u16x8;

use super::anchor::Anchor;

/// What a gram may be, in pairs of bits that no other pair of grams shares: the first of two behind
/// which the second stands.
pub(super) mod role {
    /// The pairs by which literals are known, in three colours, so that fewer texts are mistaken.
    const PAIRS: [u8; 3] = [0b1, 0b100, 0b1_0000];
    /// What stands one byte before a literal of three bytes, and the literal.
    pub(in super::super) const BEFORE: u8 = 0b100_0000;
    pub(in super::super) const WHOLE: u8 = BEFORE << 1;
    /// The bit of each second gram.
    pub(in super::super) const SECONDS: u8 = 0b1010_1010;

    /// The first gram's role where the pair begins with `gram`; the second's is the next bit.
    pub(super) fn first(gram: [u8; 3]) -> u8 {
        let sum: usize = gram.into_iter().map(usize::from).sum();
        PAIRS.get(sum % PAIRS.len()).copied().unwrap_or_default()
    }
}

/// 32 KiB: what a first-level cache holds.
const HASH_BITS: u32 = 15;
pub(super) const SLOTS: usize = 1 << HASH_BITS;
/// Positions that share one branch.
pub(super) const BLOCK: usize = 16;
/// Bytes of their grams.
pub(super) const WINDOW: usize = BLOCK + 2;

/// Three bytes, folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Gram(pub(super) [u8; 3]);

/// What a hash multiplies the first two bytes of a gram with, and the last two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Salt(pub(super) [u16; 2]);

/// The hash of the gram at each even position of a block, and at each odd one: pairs of bytes lie in
/// memory as words do, so that eight hashes take a handful of instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hashes {
    pub(super) even: [u16; BLOCK / 2],
    pub(super) odd: [u16; BLOCK / 2],
}

impl Gram {
    #[inline]
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let gram: &[u8; 3] = text.first_chunk()?;
        Some(Self(gram.map(fold_byte)))
    }
}

impl Salt {
    #[inline]
    pub(super) fn hash(self, Gram([a, b, c]): Gram) -> u16 {
        let Self([first, last]) = self;
        let word = |bytes| u16::from_le_bytes(bytes);
        let sum = word([a, b]).wrapping_mul(first);
        let sum = sum.wrapping_add(word([b, c]).wrapping_mul(last));
        sum >> (u16::BITS - HASH_BITS)
    }

    /// The hash of the gram at each position.
    #[inline]
    pub(super) fn hashes(self, window: &[u8; WINDOW]) -> Hashes {
        let [first, last] = self.0.map(u16x8::splat);
        let (even, odd, next) = (words::<0>(window), words::<1>(window), words::<2>(window));
        let hash = |one: u16x8, other: u16x8| {
            let sum = one * first + other * last;
            (sum >> (u16::BITS - HASH_BITS)).to_array()
        };
        Hashes {
            even: hash(even, odd),
            odd: hash(odd, next),
        }
    }
}

/// The pairs of bytes from `FROM` on, folded.
#[inline]
fn words<const FROM: usize>(window: &[u8; WINDOW]) -> u16x8 {
    let pairs = window.get(FROM..).unwrap_or_default().as_chunks::<2>().0;
    let mut words = [0; BLOCK / 2];
    for (word, pair) in words.iter_mut().zip(pairs) {
        *word = u16::from_le_bytes(*pair);
    }
    u16x8::new(words) | u16x8::splat(u16::from_le_bytes([fold_byte(0); 2]))
}

/// The roles of all grams under `salt`.
pub(super) fn roles(anchors: &[Anchor], salt: Salt) -> Box<[u8; SLOTS]> {
    let mut roles = Box::new([0; SLOTS]);
    let mut add = |gram, role| {
        if let Some(roles) = roles.get_mut(usize::from(salt.hash(gram))) {
            *roles |= role;
        }
    };
    for anchor in anchors {
        let (gram, second) = anchor.grams();
        match second {
            Some(second) => {
                let first = role::first(gram.0);
                add(gram, first);
                add(second, first << 1);
            }
            None => {
                let Gram([a, b, _]) = gram;
                add(gram, role::WHOLE);
                (0..=u8::MAX).for_each(|any| add(Gram([fold_byte(any), a, b]), role::BEFORE));
            }
        }
    }
    roles
}

/// Some multipliers; those are taken under which ordinary text is mistaken least often.
pub(super) fn salts() -> impl Iterator<Item = Salt> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = move || {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        let [.., a, b, c, d] = state.to_le_bytes();
        Salt([[a, b], [c, d]].map(|bytes| u16::from_le_bytes(bytes) | 1))
    };
    std::iter::repeat_with(next).take(64)
}

/// Letters in lower case; other bytes become others, some of them equal ones.
#[inline]
pub(super) const fn fold_byte(byte: u8) -> u8 {
    byte | 0x20
}
