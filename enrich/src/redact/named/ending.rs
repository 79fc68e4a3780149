//! Tells where a name ends, which may go on with what does not change its meaning: `password_hash`.

use super::super::ascii::{byte, is_at_ignoring_case, is_word};

/// Endings that do not change what a name means.
const ENDINGS: &[&str] = &[
    "confirmation",
    "confirm",
    "again",
    "repeat",
    "value",
    "hash",
    "base64",
    "b64",
    "plaintext",
    "plain",
    "text",
    "encrypted",
    "encoded",
    "new",
    "old",
    "current",
    "str",
    "string",
    "1",
    "2",
    "3",
];

/// The end of a name whose literal ends at `at`, endings included; `None` when it goes on.
pub(super) fn name_end(text: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    for _ in 0..2 {
        if !goes_on(text, end) {
            return Some(end);
        }
        end = after_ending(text, end)?;
    }
    (!goes_on(text, end)).then_some(end)
}

/// `%` begins an escape, not a longer name.
fn goes_on(text: &[u8], at: usize) -> bool {
    let next = byte(text, at);
    is_word(next) || matches!(next, b'-' | b'.') && is_word(byte(text, at + 1))
}

fn after_ending(text: &[u8], at: usize) -> Option<usize> {
    let start = if matches!(byte(text, at), b'_' | b'-' | b'.') {
        at + 1
    } else {
        at
    };
    let is_joined = start == at && byte(text, at).is_ascii_lowercase();
    ENDINGS
        .iter()
        .find(|ending| !is_joined && is_at_ignoring_case(text, start, ending.as_bytes()))
        .map(|ending| start + ending.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_goes_on_with_its_endings_only() {
        for (text, end) in [
            ("pw=x", Some(2)),
            ("pw_hash=x", Some(7)),
            ("pw2=x", Some(3)),
            ("pws=x", None),
            ("pw_file=x", None),
        ] {
            assert_eq!(name_end(text.as_bytes(), 2), end, "{text}");
        }
    }
}
