//! Finds the values of a JSON object that belongs to a telling name, and the value that stands before
//! its name: `"secret":{"value":"…"}`, `{"value":"…","name":"Authorization"}`.

use super::ascii::{KEY_END_BYTE, VALUE_END_BYTE, byte, is_at_ignoring_case, skip, slice};
use super::assign::{Assigned, Form};
use super::quote::Quote;

/// How far into an object, or back from a name, is looked, in bytes.
const MAX_LEN: usize = 2048;
/// The same for an object of which every text counts.
const MAX_ALL_LEN: usize = 16 * 1024;
/// How often `value` is looked for before a name.
const MAX_TRIES: usize = 4;
/// Names under which an object of a secret holds the secret itself, lower case.
const HOLDERS: [&str; 14] = [
    "value",
    "secret",
    "password",
    "token",
    "key",
    "data",
    "plaintext",
    "plain",
    "raw",
    "content",
    "current",
    "stringvalue",
    "string_value",
    "text",
];

/// Which texts of an object are called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Those whose own names say that they hold the secret.
    Holders,
    /// All that are no names.
    All,
}

impl Wanted {
    const fn max_len(self) -> usize {
        match self {
            Self::Holders => MAX_LEN,
            Self::All => MAX_ALL_LEN,
        }
    }
}

/// Calls `found` with each wanted text of the object that opens at `start`, and of those that follow
/// it in a list; returns where looking ended.
pub(crate) fn each_held(
    text: &[u8],
    start: usize,
    wanted: Wanted,
    mut found: impl FnMut(Assigned),
) -> usize {
    let text = slice(text, 0, start.saturating_add(wanted.max_len()));
    let limit = text.len();
    let (mut at, mut depth) = (start, 0_u32);
    let mut is_held = false;
    while at < limit {
        match byte(text, at) {
            KEY_END_BYTE | VALUE_END_BYTE => return at,
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && !opens_next(text, at + 1) {
                    return at + 1;
                }
            }
            b'"' | b'\\' | b'\'' => {
                let Some((quote, inside)) = Quote::at(text, at) else {
                    at += 1;
                    continue;
                };
                let end = quote.closing(text, inside);
                let Some((_, after)) = Quote::at(text, end) else {
                    return end;
                };
                let sign = skip(text, after, 32, |byte| byte.is_ascii_whitespace());
                if byte(text, sign) == b':' {
                    is_held = wanted == Wanted::All || is_holder(slice(text, inside, end));
                } else if is_held {
                    let form = Form::Quoted;
                    found(Assigned {
                        start: inside,
                        end,
                        form,
                    });
                }
                at = after;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    limit
}

/// Whether a comma and the next object of a list follow at `at`.
fn opens_next(text: &[u8], at: usize) -> bool {
    let blank = |byte: u8| byte.is_ascii_whitespace();
    let comma = skip(text, at, 32, blank);
    byte(text, comma) == b',' && byte(text, skip(text, comma + 1, 32, blank)) == b'{'
}

fn is_holder(name: &[u8]) -> bool {
    HOLDERS
        .iter()
        .any(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

/// The value of `{"value":"…","name":"X"}`, where the text of `X` begins at `name`.
pub(crate) fn value_before(text: &[u8], name: usize) -> Option<Assigned> {
    let own = Quote::before(text, name)?;
    let label = before_label(text, name)?;
    let from = name.saturating_sub(MAX_LEN);
    let before = slice(text, 0, label);
    // The value's own text may hold the word too.
    let mut end = label;
    for _ in 0..MAX_TRIES {
        let at = from + memchr::memmem::rfind(slice(before, from, end), b"value")?;
        let found = after_value(before, at + b"value".len(), label);
        if found.is_some() && Quote::before(text, at) == Some(own) {
            return found;
        }
        end = at;
    }
    None
}

/// Where `"name":` or `"key":` begins, which stands before the quotation mark of the text at `name`.
fn before_label(text: &[u8], name: usize) -> Option<usize> {
    let from = name.saturating_sub(96);
    let before = slice(text, from, name);
    let labels = [&b"name"[..], b"key", b"Name", b"Key"];
    let label = labels
        .iter()
        .filter_map(|label| memchr::memmem::rfind(before, label))
        .max()?;
    let label_end = from + skip_letters(before, label);
    let (_, after) = Quote::at(text, label_end)?;
    let sign = skip(text, after, 8, |byte| matches!(byte, b' ' | b':'));
    let (_, begins) = Quote::at(text, sign)?;
    (begins == name).then_some(from + label)
}

fn skip_letters(text: &[u8], at: usize) -> usize {
    skip(text, at, 8, |byte| byte.is_ascii_alphabetic())
}

/// The text behind `value"` at `end`, when a comma and the mark of the label follow it.
fn after_value(text: &[u8], end: usize, label: usize) -> Option<Assigned> {
    let (_, after) = Quote::at(text, end)?;
    let sign = skip(text, after, 8, |byte| matches!(byte, b' ' | b':'));
    let (quote, start) = Quote::at(text, sign)?;
    let close = quote.closing(text, start);
    let (_, after) = Quote::at(text, close)?;
    let comma = skip(text, after, 64, |byte| {
        byte == b',' || byte.is_ascii_whitespace()
    });
    // The mark before the label, which is where `before` ends.
    let marks = skip(text, comma, 64, |byte| {
        matches!(byte, b'\\' | b'"' | b'\'' | b'`')
    });
    (marks == label && marks > comma).then_some(Assigned {
        start,
        end: close,
        form: Form::Quoted,
    })
}

/// The next text of a list, as in `["Authorization","Bearer x"]`, when `at` is just after the mark
/// that closes the name.
pub(crate) fn next_text(text: &[u8], at: usize) -> Option<Assigned> {
    let sign = skip(text, at, 8, |byte| byte == b' ');
    if byte(text, sign) != b',' {
        return None;
    }
    let (quote, start) = Quote::at(text, skip(text, sign + 1, 8, |byte| byte == b' '))?;
    let end = quote.closing(text, start);
    let (_, after) = Quote::at(text, end)?;
    // `"value":` would be a key of an object.
    let is_key = byte(text, after) == b':' || is_at_ignoring_case(text, start, b"value\"");
    (!is_key).then_some(Assigned {
        start,
        end,
        form: Form::Quoted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(text: &str) -> Vec<&str> {
        let mut all = Vec::new();
        each_held(text.as_bytes(), 0, Wanted::Holders, |value| {
            all.push(text.get(value.start..value.end).unwrap());
        });
        all
    }

    #[test]
    fn only_what_holds_the_secret_is_found() {
        for (text, expected) in [
            (r#"{"value":"a"}"#, vec!["a"]),
            (r#"{"name":"db","value":"a"},"value":"b""#, vec!["a"]),
            (r#"{"type":"string","description":"The value"}"#, vec![]),
            (r#"{"data":{"key":"a"},"id":"x"}"#, vec!["a"]),
            (r#"{\"value\":\"a\"}"#, vec!["a"]),
            (r#"{"value":["a","b"]}"#, vec!["a", "b"]),
            (r#"{"value":12}"#, vec![]),
            (r#"{"value":"a"#, vec![]),
            ("{", vec![]),
        ] {
            assert_eq!(held(text), expected, "{text}");
        }
    }

    #[test]
    fn all_texts_of_a_list_of_objects_are_found() {
        let text = r#"{"a":"1","b":{"c":"2"}}, {"d":["3"]},"e":"4""#;
        let mut all = Vec::new();
        let end = each_held(text.as_bytes(), 0, Wanted::All, |value| {
            all.push(text.get(value.start..value.end).unwrap());
        });
        assert_eq!(all, ["1", "2", "3"]);
        assert_eq!(text.get(end..), Some(r#","e":"4""#));
    }

    #[test]
    fn a_value_is_found_before_its_name() {
        for (text, expected) in [
            (r#"{"value":"a b","name":"X"}"#, Some("a b")),
            (r#"{"value": "a", "name": "X"}"#, Some("a")),
            (r#"{\"value\":\"a\",\"key\":\"X\"}"#, Some("a")),
            (r#"{"value":"q"},{"value":"a","name":"X"}"#, Some("a")),
            (r#"{"value":"a","id":1,"name":"X"}"#, None),
            (r#"{"other":"a","name":"X"}"#, None),
            (r#""X"}"#, None),
        ] {
            let name = text.find('X').unwrap();
            let found = value_before(text.as_bytes(), name);
            let found = found.map(|value| text.get(value.start..value.end).unwrap());
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn the_next_text_of_a_list_is_found() {
        for (text, expected) in [
            (r#","Bearer x","Accept""#, Some("Bearer x")),
            (r#", "x"]"#, Some("x")),
            (r#","x":1"#, None),
            (r#","value":"x""#, None),
            ("]", None),
        ] {
            let found = next_text(text.as_bytes(), 0);
            let found = found.map(|value| text.get(value.start..value.end).unwrap());
            assert_eq!(found, expected, "{text}");
        }
    }
}
