//! Looks at single bytes of a text without ever running past its ends.

use magistrate_event::{KEY_END, VALUE_END};

/// [`KEY_END`] as the byte that it is in UTF-8.
pub(crate) const KEY_END_BYTE: u8 = KEY_END as u8;
/// [`VALUE_END`] as the byte that it is in UTF-8.
pub(crate) const VALUE_END_BYTE: u8 = VALUE_END as u8;

/// The byte at `at`; 0, which ends every token, outside the text.
#[inline]
pub(crate) fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// The byte before `at`; 0 at the beginning.
#[inline]
pub(crate) fn byte_before(text: &[u8], at: usize) -> u8 {
    at.checked_sub(1).map_or(0, |before| byte(text, before))
}

/// The bytes from `start` up to `end`; empty where there are none.
#[inline]
pub(crate) fn slice(text: &[u8], start: usize, end: usize) -> &[u8] {
    text.get(start..end.min(text.len())).unwrap_or_default()
}

/// Whether the bytes at `at` are `what`.
pub(crate) fn is_at(text: &[u8], at: usize, what: &[u8]) -> bool {
    text.get(at..).is_some_and(|rest| rest.starts_with(what))
}

/// Whether the bytes at `at` are `what`, whatever the case of ASCII letters.
#[inline]
pub(crate) fn is_at_ignoring_case(text: &[u8], at: usize, what: &[u8]) -> bool {
    // Nearly always the first byte tells.
    let begins = |first: &u8| byte(text, at).eq_ignore_ascii_case(first);
    what.first().is_none_or(begins)
        && text
            .get(at..at + what.len())
            .is_some_and(|there| there.eq_ignore_ascii_case(what))
}

/// A letter, digit or underscore.
#[inline]
pub(crate) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// A byte that tokens and base64 are made of.
pub(crate) const fn is_token(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'-' | b'.' | b'/' | b'+' | b'=' | b'~')
}

/// The first offset from `at` on, at most `limit` bytes further, whose byte is not `wanted`.
pub(crate) fn skip(text: &[u8], at: usize, limit: usize, wanted: impl Fn(u8) -> bool) -> usize {
    let rest = slice(text, at, at.saturating_add(limit));
    at + rest
        .iter()
        .position(|&byte| !wanted(byte))
        .unwrap_or(rest.len())
}

/// The last offset up to `at`, at most `limit` bytes back, whose preceding byte is not `wanted`.
pub(crate) fn skip_back(
    text: &[u8],
    at: usize,
    limit: usize,
    wanted: impl Fn(u8) -> bool,
) -> usize {
    let from = at.saturating_sub(limit);
    slice(text, from, at)
        .iter()
        .rposition(|&byte| !wanted(byte))
        .map_or(from, |last| from + last + 1)
}

/// Skips blanks and tabs, a handful at most.
pub(crate) fn skip_blanks(text: &[u8], at: usize) -> usize {
    skip(text, at, 32, |byte| matches!(byte, b' ' | b'\t'))
}

/// Whether the byte before `at` belongs to an escape (`\n`, `\u001b`, `%20`), not to a word.
pub(crate) fn follows_escape(text: &[u8], at: usize) -> bool {
    let back = |distance: usize| {
        at.checked_sub(distance)
            .map_or(0, |place| byte(text, place))
    };
    let is_hex = |distance: usize| back(distance).is_ascii_hexdigit();
    let letter = matches!(back(1), b'n' | b'r' | b't' | b'b' | b'f') && back(2) == b'\\';
    let percent = is_hex(1) && is_hex(2) && back(3) == b'%';
    let unicode = (1..=4).all(is_hex) && back(5) == b'u' && back(6) == b'\\';
    letter || percent || unicode
}

/// Whether a word can begin at `at`.
pub(crate) fn starts_word(text: &[u8], at: usize) -> bool {
    !is_word(byte_before(text, at)) || follows_escape(text, at)
}

/// Whether a run of base64url can begin at `at`.
pub(crate) fn starts_token(text: &[u8], at: usize) -> bool {
    let before = byte_before(text, at);
    !(is_word(before) || before == b'-') || follows_escape(text, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_begins_after_an_escape() {
        for (text, begins) in [
            ("x", true),
            (" x", true),
            ("ax", false),
            (r"a\nx", true),
            (r"a\\nx", true),
            ("anx", false),
            ("%20x", true),
            ("20x", false),
            (r"\u001bx", true),
            ("_x", false),
            ("-x", true),
        ] {
            assert_eq!(
                starts_word(text.as_bytes(), text.len() - 1),
                begins,
                "{text}"
            );
        }
        assert!(!starts_token(b"-x", 1));
    }

    #[test]
    fn skipping_stops_at_the_ends_and_at_the_limit() {
        assert_eq!(skip(b"aaa", 1, 99, |byte| byte == b'a'), 3);
        assert_eq!(skip(b"aaab", 0, 2, |byte| byte == b'a'), 2);
        assert_eq!(skip_back(b"baaa", 4, 99, |byte| byte == b'a'), 1);
        assert_eq!(skip_back(b"aaaa", 4, 2, |byte| byte == b'a'), 2);
        assert_eq!(skip(b"", 5, 2, |_| true), 5);
    }
}
