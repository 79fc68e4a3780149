//! Finds values that stand on lines of their own: YAML's block texts and the parts of a multipart
//! form, with real ends of lines or with those of a JSON string.

use super::ascii::{KEY_END_BYTE, VALUE_END_BYTE, byte, skip, skip_blanks, slice};
use super::assign::{Assigned, Form};

/// Backslashes in front of an escaped `n`.
const MAX_ESCAPES: usize = 63;
/// Header lines of a part that are skipped.
const MAX_HEADERS: usize = 4;
/// Longer header lines are none, in bytes.
const MAX_HEADER_LEN: usize = 256;

/// The text behind `|`, `>-` and the like at `at`: all lines that are indented as the first one.
pub(crate) fn yaml_block(text: &[u8], at: usize) -> Option<Assigned> {
    if !matches!(byte(text, at), b'|' | b'>') {
        return None;
    }
    let sign = skip(text, at + 1, 2, |byte| {
        matches!(byte, b'+' | b'-') || byte.is_ascii_digit()
    });
    let first = after_line_break(text, skip_blanks(text, sign))?;
    let start = skip(text, first, usize::MAX, |byte| byte == b' ');
    let indent = start - first;
    if indent == 0 {
        return None;
    }
    let mut end = line_end(text, start);
    while let Some(next) = after_line_break(text, end) {
        let blanks = skip(text, next, indent, |byte| byte == b' ');
        let next_end = line_end(text, blanks);
        if blanks - next < indent || next_end == blanks {
            break;
        }
        end = next_end;
    }
    (end > start).then_some(quoted(start, end))
}

/// The value of a form's part, whose name's closing quotation mark ends at `at`.
pub(crate) fn form_part(text: &[u8], at: usize) -> Option<Assigned> {
    let mut line = after_line_break(text, at)?;
    for _ in 0..=MAX_HEADERS {
        if let Some(start) = after_line_break(text, line) {
            let end = line_end(text, start);
            return Some(quoted(start, end));
        }
        let end = line_end(text, line);
        let is_header = memchr::memchr(b':', slice(text, line, end)).is_some();
        if !is_header || end - line > MAX_HEADER_LEN {
            return None;
        }
        line = after_line_break(text, end)?;
    }
    None
}

const fn quoted(start: usize, end: usize) -> Assigned {
    Assigned {
        start,
        end,
        form: Form::Quoted,
    }
}

/// The offset after the end of line at `at`: `\r\n`, `\n`, or their escapes at any depth.
pub(crate) fn after_line_break(text: &[u8], at: usize) -> Option<usize> {
    let feed = skip(text, at, 1, |byte| byte == b'\r');
    if byte(text, feed) == b'\n' {
        return Some(feed + 1);
    }
    let after_return = after_escaped(text, at, b'r').unwrap_or(at);
    after_escaped(text, after_return, b'n')
}

fn after_escaped(text: &[u8], at: usize, letter: u8) -> Option<usize> {
    let letter_at = skip(text, at, MAX_ESCAPES, |byte| byte == b'\\');
    (letter_at > at && byte(text, letter_at) == letter).then_some(letter_at + 1)
}

/// Where the line that `start` lies in ends; a quotation mark ends it where ends of lines are
/// escaped, since the line is then part of a string.
fn line_end(text: &[u8], start: usize) -> usize {
    let rest = slice(text, start, text.len());
    for (offset, &one) in rest.iter().enumerate() {
        let at = start + offset;
        match one {
            b'\n' | b'\r' | KEY_END_BYTE | VALUE_END_BYTE => return at,
            b'\\' if byte(text, at.wrapping_sub(1)) != b'\\' => {
                let after = skip(text, at, MAX_ESCAPES, |byte| byte == b'\\');
                if matches!(byte(text, after), b'n' | b'r' | b'"') {
                    return at;
                }
            }
            b'"' if offset > 0 || byte(text, at + 1) != b'"' => {
                if matches!(byte(text, at + 1), b',' | b'}' | b']' | 0) {
                    return at;
                }
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, found: Option<Assigned>) -> Option<&str> {
        found.map(|value| text.get(value.start..value.end).unwrap())
    }

    #[test]
    fn a_block_is_as_long_as_it_is_indented() {
        for (text, block) in [
            ("|\n  one\n  two\nx: y", Some("one\n  two")),
            (">-\n    one\n    two", Some("one\n    two")),
            ("|2\n  one\n", Some("one")),
            ("|\r\n  one\r\nx", Some("one")),
            (r"|\n  one\n  two\nx", Some(r"one\n  two")),
            (r#"|\n  one","b":1"#, Some("one")),
            ("|\nx: y", None),
            ("| grep x", None),
            ("|", None),
        ] {
            assert_eq!(shown(text, yaml_block(text.as_bytes(), 0)), block, "{text}");
        }
    }

    #[test]
    fn a_part_is_what_follows_the_empty_line() {
        for (text, part) in [
            ("\r\n\r\nhunter2\r\n--b", Some("hunter2")),
            ("\n\nhunter2\n--b", Some("hunter2")),
            (
                "\r\nContent-Type: text/plain\r\n\r\nhunter2\r\n",
                Some("hunter2"),
            ),
            (r"\r\n\r\nhunter2\r\n--b", Some("hunter2")),
            (r"\\r\\n\\r\\nhunter2\\r\\n--b", Some("hunter2")),
            ("\r\nnext line\r\n\r\nx", None),
            ("; filename=\"x\"", None),
            ("", None),
        ] {
            assert_eq!(shown(text, form_part(text.as_bytes(), 0)), part, "{text}");
        }
    }
}
