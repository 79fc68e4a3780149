//! Finds the places where a number of many digits can begin, at a small part of the price of
//! looking at each digit.
//!
//! Half of telemetry is hexadecimal, so a digit says little. What every number of a person has is
//! one of: four digits in a row; three, a sign, two more; twice two digits and a sign, and two more.

/// Bytes whose digits are known at once.
const BLOCK: usize = 64;

/// Calls `visit` with the start of every run of digits that may belong to a number. It answers
/// with the offset before which no further start is of interest.
pub(crate) fn each_start(text: &[u8], mut visit: impl FnMut(usize) -> usize) {
    let mut blocks = text.chunks(BLOCK);
    let mut here = blocks.next().map_or(0, digit_bits);
    let mut before = 0;
    let mut resume = 0;
    let mut offset = 0;
    while offset < text.len() {
        let next = blocks.next().map_or(0, digit_bits);
        let mut starts = starts(before, here, next);
        while starts != 0 {
            let at = offset + starts.trailing_zeros() as usize;
            if at >= resume {
                resume = visit(at);
            }
            starts &= starts - 1;
        }
        before = here >> (BLOCK - 1);
        here = next;
        offset += BLOCK;
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

/// One bit for each byte of at most [`BLOCK`] bytes: whether it is an ASCII digit.
fn digit_bits(block: &[u8]) -> u64 {
    let mut words = block.chunks_exact(8);
    let mut bits = 0;
    let mut shift = 0;
    for word in &mut words {
        if let Some(word) = word.first_chunk() {
            bits |= word_bits(u64::from_le_bytes(*word)) << shift;
        }
        shift += 8;
    }
    let mut last = [0; 8];
    for (byte, &rest) in last.iter_mut().zip(words.remainder()) {
        *byte = rest;
    }
    if shift < 64 {
        bits |= word_bits(u64::from_le_bytes(last)) << shift;
    }
    bits
}

/// Eight bytes at once: a digit is what differs from `0` by less than ten.
#[inline]
const fn word_bits(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let from_zero = word ^ (ONES * 0x30);
    let too_large = ((from_zero & (ONES * 0x7f)) + ONES * 0x76) | from_zero;
    let digits = (!too_large & (ONES * 0x80)) >> 7;
    // Gathers the low bit of each byte in the highest byte.
    digits.wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<usize> {
        let mut found = Vec::new();
        each_start(text.as_bytes(), |at| {
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

        #[test]
        fn a_digit_is_told_from_every_other_byte(bytes in any::<[u8; 8]>()) {
            let wanted = bytes
                .iter()
                .rev()
                .fold(0, |bits, byte| bits << 1 | u64::from(byte.is_ascii_digit()));
            prop_assert_eq!(word_bits(u64::from_le_bytes(bytes)), wanted);
        }
    }
}
