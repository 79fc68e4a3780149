//! Finds the places where a number of many digits can begin, at a small part of the price of
//! looking at each digit.
//!
//! Half of telemetry is hexadecimal, so a digit says little. What every number of a person has is
//! one of: four digits in a row; three, a sign, three more; twice two digits and a sign, and two
//! more. None begins after a letter of hexadecimal.

use super::number::MAX_GROUP_LEN;
use crate::redact::ascii::{byte_before, skip};
use crate::redact::bits::{BLOCK, between, marks};

/// Calls `visit` with the start and the end of every run of digits that may belong to a number; a
/// run of more than twice [`MAX_GROUP_LEN`] digits may end later. It answers with the offset before
/// which no further start is of interest.
pub(crate) fn each_run(text: &[u8], mut visit: impl FnMut(usize, usize) -> usize) {
    let (blocks, rest) = text.as_chunks();
    let mut last = [0; BLOCK];
    for (byte, left) in last.iter_mut().zip(rest) {
        *byte = *left;
    }
    let (mut resume, mut before) = (0, None);
    for (number, block) in blocks.iter().chain([&last]).enumerate() {
        let next = marks(block, between(b'0', b'9'));
        if let Some((block, here)) = before {
            let offset = (number - 1) * BLOCK;
            resume = runs(text, offset, block, [here, next], resume, &mut visit);
        }
        before = Some((block, next));
    }
    if let Some((block, here)) = before {
        runs(
            text,
            blocks.len() * BLOCK,
            block,
            [here, 0],
            resume,
            &mut visit,
        );
    }
}

/// The runs that begin in `block`, which lies at `offset`; `here` are the bits of its digits, `next`
/// those of the block after it.
#[inline]
fn runs(
    text: &[u8],
    offset: usize,
    block: &[u8; BLOCK],
    [here, next]: [u64; 2],
    mut resume: usize,
    visit: &mut impl FnMut(usize, usize) -> usize,
) -> usize {
    let mut starts = starts(here, next);
    if starts == 0 {
        return resume;
    }
    let letters = marks(block, between(b'a', b'f'));
    let last = byte_before(text, offset);
    let barred = u64::from(matches!(last, b'0'..=b'9' | b'a'..=b'f'));
    starts &= !((here | letters) << 1 | barred);
    while starts != 0 {
        let bit = starts.trailing_zeros();
        let at = offset + bit as usize;
        if at >= resume {
            let len = (!(here >> bit)).trailing_zeros();
            let mut end = at + len as usize;
            if (bit + len) as usize >= BLOCK {
                end = skip(text, end, 2 * MAX_GROUP_LEN, |byte| byte.is_ascii_digit());
            }
            resume = visit(at, end);
        }
        starts &= starts - 1;
    }
    resume
}

/// The bits of `here` at which digits stand as in the beginning of a number; `next` are the bits of
/// the bytes after them.
const fn starts(here: u64, next: u64) -> u64 {
    let one = here >> 1 | next << 63;
    let two = here >> 2 | next << 62;
    let three = here >> 3 | next << 61;
    let four = here >> 4 | next << 60;
    let five = here >> 5 | next << 59;
    let six = here >> 6 | next << 58;
    let seven = here >> 7 | next << 57;
    let four_digits = two & three;
    let twice_three = two & !three & four & five & six;
    let thrice_two = !two & three & four & !five & six & seven;
    here & one & (four_digits | twice_three | thrice_two)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<usize> {
        let mut found = Vec::new();
        each_run(text.as_bytes(), |at, end| {
            let digits = text.as_bytes()[at..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit());
            assert_eq!(end.min(at + 40), at + digits.count().min(40));
            found.push(at);
            0
        });
        found
    }

    fn naive(text: &str) -> Vec<usize> {
        let bytes = text.as_bytes();
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let shape = |at: usize, wanted: &str| {
            wanted
                .bytes()
                .enumerate()
                .all(|(place, wanted)| digit(at + place) == (wanted == b'd'))
        };
        let starts = |at: &usize| {
            let before = at.checked_sub(1).and_then(|at| bytes.get(at));
            !before.is_some_and(u8::is_ascii_digit)
                && !before.is_some_and(|byte| (b'a'..=b'f').contains(byte))
                && (shape(*at, "dddd") || shape(*at, "ddd ddd") || shape(*at, "dd dd dd"))
        };
        (0..bytes.len()).filter(starts).collect()
    }

    #[test]
    fn starts_are_found_across_blocks() {
        for before in 0..140 {
            let filler = "x".repeat(before);
            assert_eq!(found(&format!("{filler}1234")), [before]);
            assert_eq!(found(&format!("{filler}123 456")), [before]);
            assert_eq!(found(&format!("{filler}12-34-56")), [before]);
            assert_eq!(found(&format!("{filler}123")), [0; 0]);
        }
        assert_eq!(found(""), [0; 0]);
        assert_eq!(found(&"7".repeat(1000)), [0]);
    }

    proptest! {
        #[test]
        fn finds_what_a_naive_search_finds(text in "[0-9abfgé/:. -]{0,200}") {
            prop_assert_eq!(found(&text), naive(&text));
        }
    }
}
