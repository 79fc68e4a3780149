//! Finds the places where a number of many digits can begin, at a small part of the price of
//! looking at each digit.
//!
//! Half of telemetry is hexadecimal, so a digit says little. What every number of a person has is
//! one of: four digits in a row; three, a sign, three more; twice two digits and a sign, and two
//! more. None begins after a letter of hexadecimal.

use super::number::MAX_GROUP_LEN;
use crate::redact::ascii::{byte_before, skip};

/// Bytes whose digits are known at once.
const BLOCK: usize = 64;
/// Bytes after them that a number's beginning can reach into.
const AHEAD: usize = 8;

/// Calls `visit` with the start and the end of every run of digits that may belong to a number; a
/// run of more than twice [`MAX_GROUP_LEN`] digits may end later. It answers with the offset before
/// which no further start is of interest.
pub(crate) fn each_run(text: &[u8], mut visit: impl FnMut(usize, usize) -> usize) {
    let mut resume = 0;
    let mut offset = 0;
    while let Some(window) = text.get(offset..).and_then(<[u8]>::first_chunk) {
        resume = runs(text, offset, window, resume, &mut visit);
        offset += BLOCK;
    }
    while offset < text.len() {
        let mut window = [0; BLOCK + AHEAD];
        let rest = text.get(offset..).unwrap_or_default();
        for (byte, &left) in window.iter_mut().zip(rest) {
            *byte = left;
        }
        resume = runs(text, offset, &window, resume, &mut visit);
        offset += BLOCK;
    }
}

/// The runs that begin in the first [`BLOCK`] bytes of `window`, which lies at `offset`.
#[inline]
fn runs(
    text: &[u8],
    offset: usize,
    window: &[u8; BLOCK + AHEAD],
    mut resume: usize,
    visit: &mut impl FnMut(usize, usize) -> usize,
) -> usize {
    let (Some(block), Some(ahead)) = (window.first_chunk(), window.last_chunk()) else {
        return resume;
    };
    let here = bits(block, digits);
    let next = u64::from(packed(digits(u64::from_le_bytes(*ahead))));
    let mut starts = starts(here, next);
    if starts == 0 {
        return resume;
    }
    let letters = bits(block, hex_letters);
    let last = byte_before(text, offset);
    let barred = u64::from(is_digit(last) || is_hex_letter(last));
    starts &= !((here | letters) << 1 | barred);
    while starts != 0 {
        let bit = starts.trailing_zeros();
        let at = offset + bit as usize;
        if at >= resume {
            let len = (!(here >> bit)).trailing_zeros();
            let mut end = at + len as usize;
            if (bit + len) as usize >= BLOCK {
                end = skip(text, end, 2 * MAX_GROUP_LEN, is_digit);
            }
            resume = visit(at, end);
        }
        starts &= starts - 1;
    }
    resume
}

#[inline]
const fn is_digit(byte: u8) -> bool {
    byte.wrapping_sub(b'0') < 10
}

#[inline]
const fn is_hex_letter(byte: u8) -> bool {
    byte.wrapping_sub(b'a') < 6
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

/// One bit for each byte of `block`: whether `wanted` marks it.
#[inline]
fn bits(block: &[u8; BLOCK], wanted: impl Fn(u64) -> u64) -> u64 {
    let (words, _) = block.as_chunks::<8>();
    let marked = words
        .iter()
        .map(|word| packed(wanted(u64::from_le_bytes(*word))));
    marked
        .zip((0..64).step_by(8))
        .fold(0, |bits, (byte, shift)| bits | u64::from(byte) << shift)
}

/// The highest bit of each byte of `word` that is a digit.
#[inline]
const fn digits(word: u64) -> u64 {
    below(word ^ each(b'0'), 10)
}

/// The highest bit of each byte of `word` that is one of `a` to `f`.
#[inline]
const fn hex_letters(word: u64) -> u64 {
    // `a` is 0x61: seven bits stay apart.
    below(word ^ each(0x60), 7) & !below(word ^ each(0x60), 1)
}

/// The highest bit of each byte of `word` that is less than `limit`, which is at most 128.
#[inline]
const fn below(word: u64, limit: u8) -> u64 {
    !((word & !HIGH).wrapping_add(each(0x80 - limit)) | word) & HIGH
}

const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

const HIGH: u64 = each(0x80);

/// The highest bit of each byte, the first byte's lowest.
#[inline]
const fn packed(marks: u64) -> u8 {
    let pairs = marks >> 7 | marks >> 14;
    let fours = pairs | pairs >> 14;
    (fours | fours >> 28) as u8
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
