//! Finds, at the speed of memory, stretches that may be base64, hex, or letters apart.
//!
//! Text is looked at in words of eight bytes. A run of 23 letters and digits fills two words in a
//! row, one of which has an odd number, so that only those are looked at: ordinary text, paths and
//! UUIDs hardly ever fill one and the next.

use super::super::ascii::{byte, skip_back, slice};
use super::blob::{Alphabet, Blob, is_base64};
use super::spaced;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// Base64 or hex that begins like text or a packed file.
    Blob(Blob),
    /// Letters apart, from one offset to another.
    Spaced(usize, usize),
}

const WORD_LEN: usize = 8;
const HIGH: u64 = 0x8080_8080_8080_8080;
const ONES: u64 = 0x0101_0101_0101_0101;
const EVEN_BYTES: u64 = 0x00ff_00ff_00ff_00ff;
const EVEN: u64 = 0x0000_00ff_00ff_00ff;
const ODD: u64 = 0x0000_ff00_ff00_ff00;
/// How far back the beginning of a run is looked for, in bytes.
const MAX_BACK_LEN: usize = 4096;
/// Signs of base64 behind each of which a run may begin.
const MAX_SIGNS: usize = 16;
/// A JSON escape, or a letter that stands before, can shift the beginning.
const SHIFTS: [usize; 4] = [0, 1, 2, 3];

/// Calls `visit` for every run of `text`, from left to right.
pub(crate) fn each_run(text: &[u8], mut visit: impl FnMut(Run)) {
    let mut search = Search { text, until: 0 };
    let words = text.chunks_exact(2 * WORD_LEN);
    let rest = words.remainder().len();
    for (number, pair) in words.enumerate() {
        let Some((_, odd)) = pair.split_last_chunk::<WORD_LEN>() else {
            continue;
        };
        let odd = u64::from_le_bytes(*odd);
        if is_telling(odd) {
            let at = number * 2 * WORD_LEN + WORD_LEN;
            search.look(at, odd, &mut visit);
        }
    }
    // The last words may not make a pair.
    let tail = text.len() - rest;
    if rest >= WORD_LEN
        && let Some(word) = text.get(tail..).and_then(<[u8]>::first_chunk)
    {
        search.look(tail, u64::from_le_bytes(*word), &mut visit);
    }
}

const fn is_telling(word: u64) -> bool {
    let differs = (word ^ (word >> 16)) & (EVEN | ODD);
    let alternates = differs != 0 && (differs & EVEN == 0 || differs & ODD == 0);
    is_alphanumeric(word) | alternates
}

/// Whether all eight bytes are ASCII letters or digits.
const fn is_alphanumeric(word: u64) -> bool {
    let low = word & !HIGH;
    let letters = low | (ONES * 0x20);
    let is_letter =
        (letters + ONES * (0x80 - b'a' as u64)) & !(letters + ONES * (0x7f - b'z' as u64));
    let is_digit = (low + ONES * (0x80 - b'0' as u64)) & !(low + ONES * (0x7f - b'9' as u64));
    (is_letter | is_digit) & !word & HIGH == HIGH
}

/// Whether all eight bytes, which are letters and digits, are hex digits.
const fn is_hex(word: u64) -> bool {
    // `g` and what follows, in either case; digits become signs before `A`.
    let letters = (word | (ONES * 0x20)) & !HIGH;
    (letters + ONES * (0x80 - b'g' as u64)) & HIGH == 0
}

/// Which digits can all be the first of a printable ASCII character or an end of line: bit 0 says
/// those at even places, bit 1 those at odd ones.
const fn hex_text(word: u64) -> u8 {
    // 0 and 2 to 7.
    let is_first = (word & !HIGH) + ONES * (0x7f - b'7' as u64);
    let too_high = is_first & HIGH;
    let ones = word ^ (ONES * b'1' as u64);
    let is_one = !((ones & !HIGH) + ONES * 0x7f) & HIGH;
    let bad = too_high | is_one;
    (bad & EVEN_BYTES == 0) as u8 | ((bad & !EVEN_BYTES == 0) as u8) << 1
}

/// Whether it begins like the zeros in the head of a gzip file, which base64 writes as `A`.
const fn begins_with_zeros(word: u64) -> bool {
    word & 0xffff_ffff == u32::from_le_bytes(*b"AAAA") as u64
}

struct Search<'a> {
    text: &'a [u8],
    /// Up to where the text was looked at.
    until: usize,
}

impl Search<'_> {
    fn look(&mut self, at: usize, word: u64, visit: &mut impl FnMut(Run)) {
        if at < self.until {
            return;
        }
        if !is_alphanumeric(word) {
            self.look_apart(at, visit);
        } else if [at.wrapping_sub(WORD_LEN), at + WORD_LEN]
            .into_iter()
            .any(|beside| self.may_go_on(word, beside))
        {
            self.look_together(at, visit);
        }
    }

    /// Whether what `word` is a part of may go on with the word at `beside`: not if they can only be
    /// an id or a hash.
    fn may_go_on(&self, word: u64, beside: usize) -> bool {
        let beside = self.text.get(beside..).and_then(<[u8]>::first_chunk);
        let Some(beside) = beside.map(|beside| u64::from_le_bytes(*beside)) else {
            return false;
        };
        if !is_alphanumeric(beside) {
            return false;
        }
        match (is_hex(word), is_hex(beside)) {
            // Zeros and the like may stand in the head of a packed file.
            (true, true) => hex_text(word) == 3 || hex_text(word) & hex_text(beside) != 0,
            (true, false) => hex_text(word) != 0 || begins_with_zeros(word),
            (false, true | false) => true,
        }
    }

    fn look_apart(&mut self, at: usize, visit: &mut impl FnMut(Run)) {
        if let Some((start, end)) = spaced::extent(self.text, at + 2) {
            let start = start.max(self.until);
            self.until = end;
            visit(Run::Spaced(start, end));
        }
    }

    fn look_together(&mut self, at: usize, visit: &mut impl FnMut(Run)) {
        let limit = (at - self.until.min(at)).min(MAX_BACK_LEN);
        let together = skip_back(self.text, at, limit, |byte| byte.is_ascii_alphanumeric());
        if together == self.until && self.until > 0 {
            // A run whose beginning was looked at.
            self.until = at + WORD_LEN;
            return;
        }
        let limit = (together - self.until.min(together)).min(MAX_BACK_LEN);
        let whole = skip_back(self.text, together, limit, is_base64);
        let found = self.blob(whole, together);
        self.until = found.map_or(at + WORD_LEN, |blob| blob.end);
        if let Some(blob) = found {
            visit(Run::Blob(blob));
        }
    }

    /// The blob that begins with the run, or with the part of it that is letters and digits only.
    fn blob(&self, whole: usize, together: usize) -> Option<Blob> {
        if let Some(hex) = self.hex(together) {
            return Some(hex);
        }
        // An id, whose digits hardly ever are base64.
        let ahead = slice(self.text, together, together + 2 * WORD_LEN);
        if ahead.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let begins = |start: usize| Blob::at(self.text, start, Alphabet::Base64);
        let whole = if whole < together {
            begins(whole).or_else(|| self.after_sign(whole, together))
        } else {
            None
        };
        whole.or_else(|| {
            SHIFTS
                .into_iter()
                .find_map(|shift| begins(together + shift))
        })
    }

    /// The blob that begins behind one of the last signs between `whole` and `together`: some are of
    /// base64, others stand before it, as in a path.
    fn after_sign(&self, whole: usize, together: usize) -> Option<Blob> {
        // What begins with the run itself is looked at anyway.
        let before = slice(self.text, whole, together.saturating_sub(1));
        let signs = before.iter().enumerate().rev();
        let signs = signs.filter(|(_, byte)| !byte.is_ascii_alphanumeric());
        let starts = signs.take(MAX_SIGNS).map(|(at, _)| whole + at + 1);
        let blobs = starts.filter_map(|start| Blob::at(self.text, start, Alphabet::Base64));
        // The first one holds the others.
        blobs.last()
    }

    /// Hex may follow letters that are no digits, as in `0x…` and `\n…`.
    fn hex(&self, together: usize) -> Option<Blob> {
        let ahead = slice(self.text, together, together + 4);
        let before = ahead.iter().rposition(|byte| !byte.is_ascii_hexdigit());
        let start = together + before.map_or(0, |last| last + 1);
        if !byte(self.text, start).is_ascii_hexdigit() {
            return None;
        }
        [start, start + 1]
            .into_iter()
            .find_map(|start| Blob::at(self.text, start, Alphabet::Hex))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    fn runs(text: &str) -> Vec<Run> {
        let mut found = Vec::new();
        each_run(text.as_bytes(), |run| found.push(run));
        found
    }

    fn blobs(text: &str) -> Vec<&str> {
        let blob = |run| match run {
            Run::Blob(blob) => text.get(blob.start..blob.end),
            Run::Spaced(_, _) => None,
        };
        runs(text).into_iter().filter_map(blob).collect()
    }

    #[test]
    fn base64_and_hex_are_found_wherever_they_stand() {
        let base64 = STANDARD.encode("a secret of some length");
        let hex = "736f6d65206c6f6e6720736563726574";
        for blob in [base64.as_str(), hex] {
            for before in [
                "",
                "x: ",
                "{\"a\":\"",
                "\\n",
                "0x",
                "/path/to/",
                "v1.",
                "key=",
            ] {
                for pad in 0..17 {
                    let text = format!("{}{before}{blob}\" and", " ".repeat(pad));
                    let found = blobs(&text);
                    assert_eq!(found.len(), 1, "{text}");
                    assert!(
                        found[0].ends_with(blob) || found[0].len() + 3 >= blob.len(),
                        "{text}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_zeros_of_a_packed_head_are_no_id() {
        let blob = concat!(
            "H4sIAAAAAA",
            "ACA3MM8wuONw/wNg0qMk32iArwrTJLi/DRzQMAplT0EhgAAAA="
        );
        for pad in 0..17 {
            let text = format!("{}{blob}\":\"x\"", " ".repeat(pad));
            assert_eq!(blobs(&text), [blob], "{text}");
        }
    }

    #[test]
    fn base64_with_an_early_sign_is_found_behind_other_signs() {
        let blob = concat!(
            "H4sIAAAA",
            "AAACA/P0cwsNcox3DPCM93aNtDVMS7MwsDA2tjBJNLGwTElNMU4="
        );
        for before in ["/", "/a/b-c/d/", "https://a.example/x/", "v1_", "x=/"] {
            assert_eq!(blobs(&format!("{before}{blob}")), [blob], "{before}");
        }
    }

    #[test]
    fn letters_apart_are_found_wherever_they_stand() {
        for pad in 0..17 {
            let text = format!("{}x: g h p _ A b c d e f g h i j", " ".repeat(pad));
            assert!(
                matches!(runs(&text).as_slice(), [Run::Spaced(_, end)] if *end == text.len()),
                "{text}"
            );
        }
    }

    #[test]
    fn ordinary_text_holds_none() {
        for text in [
            "550e8400-e29b-41d4-a716-446655440000",
            "/home/alice/src/billing/internationalization/main.rs",
            "dangerouslyDisableSandbox dangerouslyDisableSandbox",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "                                                ",
            "-----------------------------------------------",
            "000000000000000000000000000000000000",
            "a 1 b 2 c",
        ] {
            assert_eq!(runs(text), [], "{text}");
        }
    }

    #[test]
    fn hex_of_text_is_told_from_ids() {
        for byte in b'0'..=b'z' {
            if byte.is_ascii_alphanumeric() {
                let word = u64::from_le_bytes([b'a', b'1', byte, b'F', b'0', b'9', b'9', b'9']);
                assert_eq!(is_hex(word), byte.is_ascii_hexdigit(), "{byte}");
            }
        }
        for (digits, places) in [
            (b"67687a5f", 1),
            (b"f67687a5", 2),
            (b"0a0d2009", 1),
            (b"20302030", 3),
            (b"6768105f", 0),
            (b"deadbeef", 0),
            (b"98767687", 0),
        ] {
            assert_eq!(hex_text(u64::from_le_bytes(*digits)), places);
        }
    }

    #[test]
    fn a_byte_is_a_letter_or_digit_or_not() {
        for byte in 0..=255_u8 {
            for place in 0..8 {
                let mut word = *b"abcd0189";
                word[place] = byte;
                let expected = byte.is_ascii_alphanumeric();
                assert_eq!(
                    is_alphanumeric(u64::from_le_bytes(word)),
                    expected,
                    "{byte}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn long_base64_of_text_is_always_found(before in "[ -~]{0,40} ", plain in "[ -=@-}]{18,80}") {
            let blob = STANDARD.encode(&plain);
            let text = format!("{before}{blob}");
            prop_assert!(blobs(&text).iter().any(|found| found.ends_with(&blob)), "{}", text);
        }
    }
}
