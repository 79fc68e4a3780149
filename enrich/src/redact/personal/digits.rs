//! Finds the places where a number of many digits can begin, at a small part of the price of
//! looking at each digit.
//!
//! Half of telemetry is hexadecimal, so a digit says little. What every number of a person has is
//! one of: four digits in a row; three, a sign, two more; twice two digits and a sign, and two more.

use super::number::MAX_GROUP_LEN;
use crate::redact::ascii::skip;

/// Bytes whose digits are known at once.
const BLOCK: usize = 64;

/// Calls `visit` with the start and the end of every run of digits that may belong to a number; a
/// run of more than twice [`MAX_GROUP_LEN`] digits may end later. It answers with the offset before
/// which no further start is of interest.
pub(crate) fn each_run(text: &[u8], mut visit: impl FnMut(usize, usize) -> usize) {
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    let mut last = [0; BLOCK];
    for (byte, &left) in last.iter_mut().zip(rest) {
        *byte = left;
    }
    let mut following = blocks.iter().chain([&last]).skip(1);
    let mut here = digit_bits(blocks.first().unwrap_or(&last));
    let mut before = 0;
    let mut resume = 0;
    for block in 0..=blocks.len() {
        let next = following.next().map_or(0, digit_bits);
        let mut starts = starts(before, here, next);
        while starts != 0 {
            let bit = starts.trailing_zeros();
            let at = block * BLOCK + bit as usize;
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
        before = here >> (BLOCK - 1);
        here = next;
    }
}

/// The bits of `here` at which an interesting run begins. `before` is the digit bit of the byte
/// before them, `next` the bits of the block after them.
const fn starts(before: u64, here: u64, next: u64) -> u64 {
    let one = here >> 1 | next << 63;
    let two = here >> 2 | next << 62;
    let three = here >> 3 | next << 61;
    let four = here >> 4 | next << 60;
    let five = here >> 5 | next << 59;
    let six = here >> 6 | next << 58;
    let seven = here >> 7 | next << 57;
    let begins = here & !(here << 1 | before) & one;
    let four_digits = two & three;
    let three_and_two = two & !three & four & five;
    let two_by_two = !two & three & four & !five & six & seven;
    begins & (four_digits | three_and_two | two_by_two)
}

/// One bit for each byte: whether it is an ASCII digit.
fn digit_bits(block: &[u8; BLOCK]) -> u64 {
    let mut marked = [0; BLOCK];
    for ((mark, byte), bit) in marked.iter_mut().zip(block).zip(&BITS) {
        *mark = if byte.is_ascii_digit() { *bit } else { 0 };
    }
    let (words, _) = marked.as_chunks::<8>();
    // Eight different bits add up to what they are together; the highest byte of the product is
    // their sum.
    let sums = words
        .iter()
        .map(|word| u64::from_le_bytes(*word).wrapping_mul(0x0101_0101_0101_0101) >> 56);
    sums.rev().fold(0, |bits, sum| bits << 8 | sum)
}

/// The bit of each byte among its eight.
const BITS: [u8; BLOCK] = {
    let mut bits = [1; BLOCK];
    let mut rest: &mut [u8] = &mut bits;
    let mut place = 0;
    while let Some((first, others)) = rest.split_first_mut() {
        *first = 1 << (place % 8);
        place += 1;
        rest = others;
    }
    bits
};

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
            !at.checked_sub(1).is_some_and(digit)
                && (shape(*at, "dddd") || shape(*at, "ddd dd") || shape(*at, "dd dd dd"))
        };
        (0..bytes.len()).filter(starts).collect()
    }

    #[test]
    fn starts_are_found_across_blocks() {
        for before in 0..140 {
            let filler = "x".repeat(before);
            assert_eq!(found(&format!("{filler}1234")), [before]);
            assert_eq!(found(&format!("{filler}123 45 ")), [before]);
            assert_eq!(found(&format!("{filler}12-34-56")), [before]);
            assert_eq!(found(&format!("{filler}123")), [0; 0]);
        }
        assert_eq!(found(""), [0; 0]);
        assert_eq!(found(&"7".repeat(1000)), [0]);
    }

    proptest! {
        #[test]
        fn finds_what_a_naive_search_finds(text in "[0-9é/:. -]{0,200}") {
            prop_assert_eq!(found(&text), naive(&text));
        }
    }
}
