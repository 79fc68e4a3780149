//! Looks for a word near a number that says what the number is.

use crate::redact::ascii::{KEY_END_BYTE, VALUE_END_BYTE, slice};
use crate::redact::token::{TOKEN_LEN, is_token_digit};

/// Bytes before a number in which its word may stand.
const BEFORE: usize = 40;
/// Bytes after it.
const AFTER: usize = 16;
/// Longer words count inside others too: `Steueridentifikationsnummer`.
const MAX_SHORT_WORD: usize = 5;

/// Whether one of `words`, in lower case, stands near what lies from `start` up to `end`.
pub(crate) fn is_near(text: &[u8], start: usize, end: usize, words: &[&str]) -> bool {
    let from = marker_before(text, start).unwrap_or(start.saturating_sub(BEFORE));
    let before = slice(text, from, start);
    let before = before.get(beginning(before)..).unwrap_or_default();
    let after = slice(text, end, end + AFTER);
    let closes = |byte: &u8| {
        matches!(
            *byte,
            VALUE_END_BYTE | KEY_END_BYTE | b'"' | b'\'' | b'\n' | b'<'
        )
    };
    let cut = after.iter().position(closes).unwrap_or(after.len());
    let after = after.get(..cut).unwrap_or_default();
    words
        .iter()
        .any(|word| holds(before, word.as_bytes()) || holds(after, word.as_bytes()))
}

/// Where a marker ends in the last bytes before `start`: what it says of another number says nothing
/// of this one.
fn marker_before(text: &[u8], start: usize) -> Option<usize> {
    let from = start.saturating_sub(BEFORE);
    let ends = memchr::memrchr_iter(b']', slice(text, from, start));
    let mut ends = ends.map(|at| from + at + 1);
    ends.find(|end| {
        let token = slice(text, end.saturating_sub(TOKEN_LEN + 2), end - 1);
        let mut token = token.iter();
        token.next() == Some(&b':') && token.all(|byte| is_token_digit(*byte))
    })
}

/// Where the value begins that `before` ends in, with the line before its own: a stream sees no more.
fn beginning(before: &[u8]) -> usize {
    let mut lines = 0;
    let ends = |byte: &u8| {
        lines += usize::from(*byte == b'\n');
        *byte == VALUE_END_BYTE || lines == 2
    };
    before.iter().rposition(ends).map_or(0, |at| at + 1)
}

/// Whether `text` holds `word`: a short one by itself or as a part of `user_ssn` and `userSSN`.
fn holds(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len())
        .enumerate()
        .filter(|(_, there)| there.eq_ignore_ascii_case(word))
        .any(|(at, there)| word.len() > MAX_SHORT_WORD || is_word_of_its_own(text, at, there))
}

fn is_word_of_its_own(text: &[u8], at: usize, word: &[u8]) -> bool {
    let letter = |at: Option<usize>| {
        at.and_then(|at| text.get(at))
            .copied()
            .filter(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii())
    };
    let is_capital = word.first().is_some_and(u8::is_ascii_uppercase);
    let begins =
        letter(at.checked_sub(1)).is_none_or(|before| is_capital && before.is_ascii_lowercase());
    let ends = letter(Some(at + word.len())).is_none_or(|after| {
        after.is_ascii_uppercase() && word.last().is_some_and(u8::is_ascii_lowercase)
    });
    begins && ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_counts_when_it_stands_near_and_for_itself() {
        for (text, near) in [
            ("SSN 123", true),
            ("\"user_ssn\":\"123\"", true),
            ("userSsn=123", true),
            ("ssn\u{1f}123\u{1e}", true),
            ("ssn\u{1e}123", false),
            ("ssn:\n123", true),
            ("ssn:\n\n123", false),
            ("lessn 123", false),
            ("ssn [redacted:personal.ssn:abcdefghijklmnop] 123", false),
            ("ssnx 123", false),
            ("123 (ssn)", true),
            ("123\",\"ssn\":\"", false),
            ("social security 123", true),
            ("Sozialversicherungsnummer 123", true),
            (
                "ssn, far away from here, in another part of the text: 123",
                false,
            ),
            ("123", false),
        ] {
            let start = text.find("123").unwrap();
            let words = ["ssn", "social security", "sozialversicherung"];
            assert_eq!(
                is_near(text.as_bytes(), start, start + 3, &words),
                near,
                "{text}"
            );
        }
    }
}
