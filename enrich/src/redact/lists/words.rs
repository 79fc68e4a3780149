//! Splits text into words, without case and punctuation, so that `Müller, Anna` is found where
//! `müller anna` stands.

use crate::redact::ascii::{byte, byte_before};

/// Longer runs of letters and digits are no words of a name.
const MAX_WORD_BYTES: usize = 128;

/// A run of letters and digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Of its letters in lower case; quick to compute, not secret.
    pub(crate) hash: u64,
}

impl Word {
    pub(crate) const fn is_too_long(&self) -> bool {
        self.end - self.start > MAX_WORD_BYTES
    }
}

/// The first word of `text` that begins at `from` or later.
pub(crate) fn next_word(text: &str, from: usize, seed: u64) -> Option<Word> {
    let bytes = text.as_bytes();
    let mut start = from;
    loop {
        let next = byte(bytes, start);
        if next.is_ascii() {
            if next.is_ascii_alphanumeric() {
                if !is_escape(bytes, start) {
                    break;
                }
            } else if start >= bytes.len() {
                return None;
            }
            start += 1;
        } else {
            let c = text.get(start..)?.chars().next()?;
            if c.is_alphanumeric() {
                break;
            }
            start += c.len_utf8();
        }
    }
    let (end, hash) = read(text, start, seed)?;
    Some(Word { start, end, hash })
}

/// Whether the letter at `at` belongs to an escape: `\n`, not `n`.
fn is_escape(text: &[u8], at: usize) -> bool {
    byte_before(text, at) == b'\\' && matches!(byte(text, at), b'n' | b'r' | b't')
}

/// Where the word that begins at `start` ends, and its hash.
fn read(text: &str, start: usize, seed: u64) -> Option<(usize, u64)> {
    let bytes = text.as_bytes();
    let mut end = start;
    let mut hash = seed;
    loop {
        let next = byte(bytes, end);
        if next.is_ascii_alphanumeric() {
            hash = step(hash, next.to_ascii_lowercase());
            end += 1;
        } else if next.is_ascii() {
            return Some((end, finish(hash)));
        } else {
            let c = text.get(end..)?.chars().next()?;
            if !c.is_alphanumeric() {
                return Some((end, finish(hash)));
            }
            let mut folded = [0; 4];
            for c in c.to_lowercase() {
                let letters = c.encode_utf8(&mut folded).as_bytes();
                hash = letters.iter().fold(hash, |hash, byte| step(hash, *byte));
            }
            end += c.len_utf8();
        }
    }
}

/// FNV-1a's step.
const fn step(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(0x0100_0000_01b3)
}

/// Brings every bit to the top ones, which are used.
const fn finish(hash: u64) -> u64 {
    (hash ^ hash >> 32).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Appends the words of `text` in lower case with one blank between each two.
pub(crate) fn push_folded(text: &str, out: &mut String) {
    let from = out.len();
    let mut at = 0;
    while let Some(word) = next_word(text, at, 0) {
        if out.len() > from {
            out.push(' ');
        }
        let letters = text.get(word.start..word.end).unwrap_or_default();
        out.extend(letters.chars().flat_map(char::to_lowercase));
        at = word.end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let (mut words, mut from) = (Vec::new(), 0);
        while let Some(word) = next_word(text, from, 7) {
            words.push(text.get(word.start..word.end).unwrap());
            from = word.end;
        }
        words
    }

    #[test]
    fn words_are_letters_and_digits() {
        assert_eq!(
            words("  Anna-Maria O'Neil, 4b; Müller…"),
            ["Anna", "Maria", "O", "Neil", "4b", "Müller"]
        );
        assert_eq!(words(r"a\nAnna\tB\\n"), ["a", "Anna", "B"]);
        assert_eq!(words(""), [""; 0]);
        assert_eq!(words("…"), [""; 0]);
        assert_eq!(words("李小龙 x"), ["李小龙", "x"]);
    }

    #[test]
    fn case_does_not_count() {
        let hash = |text: &str| next_word(text, 0, 3).unwrap().hash;
        assert_eq!(hash("MÜLLER"), hash("müller"));
        assert_ne!(hash("MÜLLER"), hash("müllers"));
        let mut folded = String::new();
        push_folded(" Müller,  ANNA ", &mut folded);
        assert_eq!(folded, "müller anna");
    }
}
