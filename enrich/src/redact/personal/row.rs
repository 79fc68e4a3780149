//! Reads how long the groups of a number are: nearly all rows of digits are let go by that alone.

use super::number::{MAX_GROUP_LEN, MAX_GROUPS, Phrase};
use crate::redact::bits::{BLOCK, between, either, marks};

/// Groups of digits with one blank, dash, period or slash between each two, by their lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// How many groups there are.
    pub(crate) count: u32,
    pub(crate) lengths: Lengths,
}

/// How many digits each group of a row has, the first one's bits lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lengths(u64);

/// Bits of a length: those of all [`MAX_GROUPS`] groups fit into a word.
const BITS: u32 = 5;
const MASK: u64 = (1 << BITS) - 1;

impl Lengths {
    pub(crate) const NONE: Self = Self(0);
    /// What is said of a longer group.
    const LONG: usize = MASK as usize;

    /// The lengths with one of `len` digits before them.
    pub(crate) const fn after(self, len: usize) -> Self {
        let len = if len > MAX_GROUP_LEN { Self::LONG } else { len };
        Self(self.0 << BITS | len as u64)
    }

    /// How many digits group `number` has; 0 where there is none.
    pub(crate) const fn of(self, number: u32) -> usize {
        (self.0 >> (BITS * number) & MASK) as usize
    }

    /// The lengths without the first one.
    pub(crate) const fn rest(self) -> Self {
        Self(self.0 >> BITS)
    }

    /// Whether they begin with `count` lengths that are all of `others`.
    pub(crate) const fn begin_with(self, others: Self, count: u32) -> bool {
        (self.0 ^ others.0) & ((1 << (BITS * count)) - 1) == 0
    }
}

/// So many bytes before a number are seen at once.
const BEFORE: usize = 16;

impl Row {
    /// The row around the run of digits that begins at `at`, the same as [`Phrase::around`] reads.
    pub(crate) fn around(text: &[u8], at: usize) -> Self {
        Self::short(text, at).unwrap_or_else(|| Self::of(&Phrase::around(text, at)))
    }

    /// Whether a group is longer than any number of a person.
    pub(crate) fn is_long(&self) -> bool {
        (0..self.count).any(|number| self.lengths.of(number) == Lengths::LONG)
    }

    /// How many digits it has.
    pub(crate) const fn digit_count(&self) -> usize {
        self.end + 1 - self.start - self.count as usize
    }

    /// The row, if it is seen as a whole and no group is unusually long.
    fn short(text: &[u8], at: usize) -> Option<Self> {
        let from = at.checked_sub(BEFORE)?;
        let block: &[u8; BLOCK] = text.get(from..)?.first_chunk()?;
        let digits = marks(block, between(b'0', b'9'));
        let signs = marks(block, either(between(b'-', b'/'), between(b' ', b' ')));
        let row = digits | signs & digits << 1 & digits >> 1;
        let before = (!row << (BLOCK - BEFORE)).leading_zeros() as usize;
        let after = (!(row >> BEFORE)).trailing_zeros() as usize;
        // Whether what stands at either end is a sign within the row cannot be seen.
        if before + 1 >= BEFORE || BEFORE + after + 1 >= BLOCK {
            return None;
        }
        let (mut count, mut lengths, mut left) = (0_u32, 0, before + after);
        let mut digits = digits >> (BEFORE - before);
        loop {
            let len = (!digits).trailing_zeros();
            if len as usize > MAX_GROUP_LEN || count as usize >= MAX_GROUPS {
                return None;
            }
            lengths |= u64::from(len) << (BITS * count);
            count += 1;
            let Some(rest) = left.checked_sub(len as usize + 1) else {
                break;
            };
            left = rest;
            digits >>= len + 1;
        }
        Some(Self {
            start: at - before,
            end: at + after,
            count,
            lengths: Lengths(lengths),
        })
    }

    fn of(phrase: &Phrase) -> Self {
        let lengths = phrase.groups().iter().rev();
        Self {
            start: phrase.groups().first().map_or(0, |first| first.start),
            end: phrase.end(),
            count: phrase.groups().len() as u32,
            lengths: lengths.fold(Lengths::NONE, |lengths, group| lengths.after(group.len)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::digits::each_run;
    use super::*;

    proptest! {
        #[test]
        fn a_row_is_what_a_phrase_reads(
            before in "[0-9 .x]{0,40}",
            rows in prop::collection::vec("([0-9]{1,6}[ ./-]{1,2}){0,14}([0-9]{1,45})?x?", 0..4),
        ) {
            let text = before + &rows.concat() + &"y".repeat(rows.len() * 25);
            each_run(text.as_bytes(), |at, _| {
                let row = Row::around(text.as_bytes(), at);
                let phrase = Phrase::around(text.as_bytes(), at);
                assert_eq!(row, Row::of(&phrase), "{text} {at}");
                let counted: usize = phrase.groups().iter().map(|group| group.len).sum();
                assert_eq!(row.digit_count(), counted, "{text} {at}");
                0
            });
        }
    }
}
