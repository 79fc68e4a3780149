//! Finds the value that belongs to a name, in all the notations in which names get values.

use memchr::memmem;

use super::ascii::{
    KEY_END_BYTE, VALUE_END_BYTE, byte, byte_before, is_at, is_at_ignoring_case, is_token, is_word,
    skip, skip_back, skip_blanks, slice,
};
use super::block::{after_line_break, form_part, yaml_block};
use super::marker::{MARKER_START, marker_end};
use super::quote::Quote;

/// How a value is set off from what surrounds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A text of an event's own: nothing else is in it.
    Whole,
    /// Between quotation marks.
    Quoted,
    /// Between `[` and `]`.
    Bracketed,
    /// Between XML tags.
    Element,
    /// Up to a blank or a sign that ends words.
    Bare,
}

/// The value of a name: a place in the text, and how it is set off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Assigned {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) form: Form,
}

/// What stands after a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Assignment {
    /// A value.
    Value(Assigned),
    /// A list or map of the event: its values stand elsewhere in the buffer.
    Tree,
}

/// The text between two XML tags is looked at no further than this, in bytes.
const MAX_ELEMENT_LEN: usize = 4096;
/// The same for a text between doubled quotation marks.
const MAX_DOUBLED_LEN: usize = 4096;
/// Longer names are no names.
const MAX_NAME_LEN: usize = 64;
/// No marker is longer, facts included.
const MAX_MARKER_LEN: usize = 300;

/// The value of the name that lies at `start..end`.
pub(crate) fn assignment(text: &[u8], start: usize, end: usize) -> Option<Assignment> {
    if byte(text, end) == KEY_END_BYTE {
        return Some(event_value(text, end + 1));
    }
    let (closed, at) = match Quote::at(text, end) {
        // CSV writes a mark inside a text twice (RFC 4180).
        Some((_, after)) if is_at(text, end, b"\"\"") && byte(text, after + 1) != b'"' => {
            return doubled(text, after + 1).map(Assignment::Value);
        }
        Some((_, after)) => (true, after),
        None => (false, end),
    };
    let at = skip_subscript(text, at);
    let sign = skip_blanks(text, at);
    if let Some(after) = after_sign(text, sign) {
        let is_label = !closed && closes_label(text, start, after);
        return (!is_label).then(|| Assignment::Value(value(text, after)));
    }
    let found = if closed && let Some(after) = value_of_pair(text, sign) {
        Some(value(text, after))
    } else if closed && let Some(part) = form_part(text, sign) {
        Some(part)
    } else if !closed && let Some(after) = yaml_pair(text, start, end) {
        Some(value(text, after))
    } else if byte(text, end) == b'>' && is_element_name(text, start) {
        element(text, end + 1)
    } else if let Some(after) = event_pair(text, at) {
        return Some(event_value(text, after));
    } else if is_flag(text, start) {
        flag_value(text, at, sign)
    } else {
        None
    };
    found.map(Assignment::Value)
}

/// `"Password:")`: whether the mark at `at` closes the text in which the name at `start` lies.
fn closes_label(text: &[u8], start: usize, at: usize) -> bool {
    let Some((quote, after)) = Quote::at(text, at) else {
        return false;
    };
    let label = skip_back(text, start, MAX_NAME_LEN, |byte| {
        is_word(byte) || matches!(byte, b' ' | b'-')
    });
    matches!(byte(text, after), b')' | b',' | b']' | b'}' | b';')
        && Quote::before(text, label) == Some(quote)
}

/// The value between doubled marks, `""name"": ""value""`, of the name whose marks end at `at`.
fn doubled(text: &[u8], at: usize) -> Option<Assigned> {
    let start = skip_blanks(text, after_sign(text, skip_blanks(text, at))?);
    if !is_at(text, start, b"\"\"") {
        return Some(bare(text, start));
    }
    Some(between_doubled(text, start + 2))
}

/// The text from `start` on up to the next doubled mark of its line; where none is near, up to the end
/// of its word.
fn between_doubled(text: &[u8], start: usize) -> Assigned {
    let seen = slice(text, start, start.saturating_add(MAX_DOUBLED_LEN));
    let line_end = memchr::memchr3(b'\n', KEY_END_BYTE, VALUE_END_BYTE, seen);
    let line = slice(seen, 0, line_end.unwrap_or(seen.len()));
    let near = memmem::find(line, b"\"\"").or(line_end);
    let in_word = |byte: u8| !ends_any_word(byte);
    let word_end = || skip(text, start + seen.len(), usize::MAX, in_word);
    Assigned {
        start,
        end: near.map_or_else(word_end, |len| start + len),
        form: Form::Quoted,
    }
}

/// The further values of a list whose last value was `last`: `["first","second"]`.
pub(crate) fn next_in_list(text: &[u8], last: Assigned) -> Option<Assigned> {
    if last.form != Form::Quoted {
        return None;
    }
    let (_, after) = Quote::at(text, last.end)?;
    let comma = skip_blanks(text, after);
    let (quote, start) = Quote::at(text, skip_blanks(text, comma + 1))?;
    if byte(text, comma) != b',' {
        return None;
    }
    let end = quote.closing(text, start);
    // `["a","b"]`, but not the next key of `{"x":"a","b":…`.
    let follows = Quote::at(text, end).map_or(0, |(_, after)| byte(text, skip_blanks(text, after)));
    matches!(follows, b',' | b']').then_some(Assigned {
        start,
        end,
        form: Form::Quoted,
    })
}

/// Where the name that ends at `end` begins, counting dashes, as in `--db-password`.
pub(crate) fn name_start(text: &[u8], end: usize) -> usize {
    let is_name = |byte: u8| is_word(byte) || byte == b'-';
    let start = skip_back(text, end, MAX_NAME_LEN, is_name);
    // What was masked in front of the name was part of it, and is still.
    match marker_start(text, start) {
        Some(marker) => skip_back(text, marker, MAX_NAME_LEN, is_name),
        None => start,
    }
}

/// Where the marker begins that ends at `end`.
fn marker_start(text: &[u8], end: usize) -> Option<usize> {
    if !matches!(byte_before(text, end), b']' | b')') {
        return None;
    }
    let start = end.saturating_sub(MAX_MARKER_LEN);
    let before = slice(text, start, end);
    let at = memmem::rfind(before, MARKER_START.as_bytes())?;
    let marker = start + at;
    (marker_end(text, marker + MARKER_START.len()) == Some(end)).then_some(marker)
}

fn event_value(text: &[u8], start: usize) -> Assignment {
    let is_end = |byte: u8| matches!(byte, KEY_END_BYTE | VALUE_END_BYTE);
    let end = skip(text, start, usize::MAX, |byte| !is_end(byte));
    if byte(text, end) == KEY_END_BYTE {
        return Assignment::Tree;
    }
    Assignment::Value(Assigned {
        start,
        end,
        form: Form::Whole,
    })
}

/// `params[password]=…`, `params%5Bpassword%5D=…`, `password?: …`.
fn skip_subscript(text: &[u8], at: usize) -> usize {
    if is_at_ignoring_case(text, at, b"%5D") {
        at + 3
    } else if matches!(byte(text, at), b']' | b'?') {
        at + 1
    } else {
        at
    }
}

/// The offset after `:`, `=`, `=>`, `:=`, `==` or their percent forms.
fn after_sign(text: &[u8], at: usize) -> Option<usize> {
    let next = byte(text, at + 1);
    match byte(text, at) {
        b':' if next == b':' || is_at(text, at + 1, b"//") => None,
        b':' if next == b'=' => Some(at + 2),
        b':' => Some(at + 1),
        b'=' if matches!(next, b'=' | b'>') => Some(at + 2),
        b'=' => Some(at + 1),
        b'%' if is_at_ignoring_case(text, at, b"%3D") || is_at_ignoring_case(text, at, b"%3A") => {
            Some(at + 3)
        }
        _ => None,
    }
}

/// `"name":"password","value":"…"` and its kin: the offset after the sign of `value`.
fn value_of_pair(text: &[u8], at: usize) -> Option<usize> {
    let at = skip(text, at, 32, |byte| {
        matches!(byte, b',' | b' ' | b'\t' | b'\n')
    });
    let name = Quote::at(text, at).map_or(at, |(_, after)| after);
    let end = if is_at_ignoring_case(text, name, b"value") {
        name + b"value".len()
    } else {
        return None;
    };
    let at = Quote::at(text, end).map_or(end, |(_, after)| after);
    let after = skip_blanks(text, after_sign(text, skip_blanks(text, at))?);
    Some(any_value(text, after).unwrap_or(after))
}

/// `- name: PASSWORD` and, on the next line, `value: …`: the offset after the sign of `value`.
fn yaml_pair(text: &[u8], start: usize, end: usize) -> Option<usize> {
    let line = after_line_break(text, end)?;
    let name = name_start(text, start);
    let label = name.checked_sub(b"name: ".len())?;
    if !is_at(text, label, b"name: ") && !is_at(text, label, b" key: ") {
        return None;
    }
    let value = skip_blanks(text, line);
    is_at(text, value, b"value:").then_some(value + b"value:".len())
}

/// OTLP's `{"stringValue":"…"}`: the offset after the inner sign.
fn any_value(text: &[u8], at: usize) -> Option<usize> {
    if byte(text, at) != b'{' {
        return None;
    }
    let (_, name) = Quote::at(text, skip_blanks(text, at + 1))?;
    let end = ["stringValue", "string_value"]
        .into_iter()
        .find(|known| is_at(text, name, known.as_bytes()))
        .map(|known| name + known.len())?;
    let (_, after) = Quote::at(text, end)?;
    after_sign(text, skip_blanks(text, after))
}

/// The event map `{name: "Authorization", value: "…"}`: the offset of the value.
fn event_pair(text: &[u8], at: usize) -> Option<usize> {
    let name = at + 1;
    let end = name + b"value".len();
    let is_pair = byte(text, at) == VALUE_END_BYTE
        && is_at_ignoring_case(text, name, b"value")
        && byte(text, end) == KEY_END_BYTE;
    is_pair.then_some(end + 1)
}

/// `--password x`, `"--password","x"`, or two elements of an event's list.
fn flag_value(text: &[u8], at: usize, sign: usize) -> Option<Assigned> {
    match byte(text, sign) {
        b',' => {
            let (quote, start) = Quote::at(text, skip_blanks(text, sign + 1))?;
            Some(quoted(text, quote, start))
        }
        VALUE_END_BYTE => Some(bare(text, sign + 1)),
        _ if sign > at => Some(value(text, sign)),
        _ => None,
    }
}

fn is_flag(text: &[u8], start: usize) -> bool {
    let whole = name_start(text, start);
    let before = byte_before(text, whole);
    byte(text, whole) == b'-' && !(before.is_ascii_alphanumeric() || before == b'.')
}

/// Whether `<` or `<ns:` precedes the name at `start`.
fn is_element_name(text: &[u8], start: usize) -> bool {
    let whole = skip_back(text, start, MAX_NAME_LEN, |byte| {
        is_word(byte) || matches!(byte, b'-' | b':' | b'.')
    });
    byte_before(text, whole) == b'<'
}

fn element(text: &[u8], start: usize) -> Option<Assigned> {
    let is_end = |byte: u8| matches!(byte, b'<' | KEY_END_BYTE | VALUE_END_BYTE | b'\n' | b'\r');
    let end = skip(text, start, MAX_ELEMENT_LEN, |byte| !is_end(byte));
    is_at(text, end, b"</").then_some(Assigned {
        start,
        end,
        form: Form::Element,
    })
}

/// The value that begins at `at`, after the sign.
fn value(text: &[u8], at: usize) -> Assigned {
    let at = skip_form_blank(text, skip_blanks(text, at));
    let inner = any_value(text, at).map_or(at, |inner| skip_blanks(text, inner));
    let is_list = byte(text, inner) == b'[' && !is_at(text, inner, MARKER_START.as_bytes());
    let start = if is_list {
        skip_blanks(text, inner + 1)
    } else {
        inner
    };
    match Quote::at(text, start) {
        Some((_, after))
            if is_at(text, start, b"\"\"") && byte(text, after + 1).is_ascii_alphanumeric() =>
        {
            between_doubled(text, after + 1)
        }
        Some((quote, after)) => quoted(text, quote, after),
        None if is_list => bracketed(text, start),
        None => yaml_block(text, start).unwrap_or_else(|| bare(text, start)),
    }
}

/// Forms write a blank as `+`: `"name":+"value"`.
fn skip_form_blank(text: &[u8], at: usize) -> usize {
    if byte(text, at) == b'+' && Quote::at(text, at + 1).is_some() {
        at + 1
    } else {
        at
    }
}

fn quoted(text: &[u8], quote: Quote, start: usize) -> Assigned {
    Assigned {
        start,
        end: quote.closing(text, start),
        form: Form::Quoted,
    }
}

fn bracketed(text: &[u8], start: usize) -> Assigned {
    let is_end = |byte: u8| byte == b']' || ends_any_word(byte) && byte != b' ';
    Assigned {
        start,
        end: skip(text, start, usize::MAX, |byte| !is_end(byte)),
        form: Form::Bracketed,
    }
}

/// A word, up to what cannot belong to it.
pub(crate) fn bare(text: &[u8], start: usize) -> Assigned {
    let mut end = start;
    loop {
        end = skip(text, end, usize::MAX, is_token);
        if end >= text.len() || ends_word(text, end, byte(text, end)) {
            break;
        }
        end += 1;
    }
    let closers = |byte: u8| matches!(byte, b',' | b')' | b']' | b'}' | b':' | b'.');
    let trimmed = skip_back(text, end, end - start, closers);
    Assigned {
        start,
        end: trimmed,
        form: Form::Bare,
    }
}

const fn ends_any_word(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'"' | b'\'' | b'`' | 0x7f)
}

fn ends_word(text: &[u8], at: usize, one: u8) -> bool {
    match one {
        b';' | b'&' | b'<' | b'>' => true,
        b'\\' => matches!(
            byte(text, at + 1),
            b'n' | b'r' | b't' | b'"' | b'\'' | b'\\'
        ),
        b',' => ends_item(text, at + 1),
        b'}' | b')' | b']' => {
            let next = byte(text, at + 1);
            ends_any_word(next) || matches!(next, b',' | b';' | b'}' | b')' | b']' | b'\\')
        }
        _ => ends_any_word(one),
    }
}

/// Whether a comma before `at` ends the value: `a=x, b=y`, `a=x,b=y`, `{"a":1,"b":2}`.
fn ends_item(text: &[u8], at: usize) -> bool {
    let next = byte(text, at);
    if ends_any_word(next) || matches!(next, b'{' | b'[' | b'}' | b']' | b'\\') {
        return true;
    }
    let name_end = skip(text, at, MAX_NAME_LEN, |byte| {
        is_word(byte) || matches!(byte, b'-' | b'.')
    });
    name_end > at && matches!(byte(text, name_end), b'=' | b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of the name `pw`, or what else was found.
    fn of(text: &str) -> String {
        let start = text.find("pw").unwrap();
        match assignment(text.as_bytes(), start, start + 2) {
            Some(Assignment::Value(value)) => text.get(value.start..value.end).unwrap().to_owned(),
            Some(Assignment::Tree) => "(tree)".to_owned(),
            None => "(none)".to_owned(),
        }
    }

    #[test]
    fn every_notation_is_read() {
        for (text, value) in [
            ("pw=x y", "x"),
            ("pw: x", "x"),
            ("pw = \"x y\" z", "x y"),
            ("{'pw': 'x'}", "x"),
            (r#"{"pw":"x","b":1}"#, "x"),
            (r#"{\"pw\":\"x\",\"b\":1}"#, "x"),
            (r#"{"pw":12,"b":1}"#, "12"),
            (r#"{"pw":12}"#, "12"),
            ("pw=x&b=1", "x"),
            ("Server=a;pw=x;b=1", "x"),
            ("pw=x,y, b=1", "x,y"),
            ("pw=x,b=1", "x"),
            ("pw => 'x'", "x"),
            ("pw := x", "x"),
            ("f[pw]=x&", "x"),
            ("f%5Bpw%5D=x&", "x"),
            ("pw%3Dx&", "x"),
            ("--pw x", "x"),
            ("--db-pw 'x y'", "x y"),
            ("--pw=x", "x"),
            (r#"["--pw","x"]"#, "x"),
            ("--pw\u{1e}x\u{1e}", "x"),
            ("pw\u{1f}x y\u{1e}z", "x y"),
            ("pw\u{1f}inner\u{1f}x\u{1e}", "(tree)"),
            ("<pw>x</pw>", "x"),
            ("<ns:pw>x</ns:pw>", "x"),
            (r#"{"name":"pw","value":"x"}"#, "x"),
            (r#"{"key":"pw","value":{"stringValue":"x"}}"#, "x"),
            (r#"<add key="pw" value="x"/>"#, "x"),
            (r#"a,"{""pw"": ""x y"", ""b"": 1}""#, "x y"),
            (r#"a,"{""pw"": 12, ""b"": 1}""#, "12"),
            (r#"a,"pw = ""x y"""#, "x y"),
            (r#""pw":"","b":"c""#, ""),
            ("\"pw\":+\"x\"", "x"),
            ("- name: pw\n  value: x\n", "x"),
            ("- name: pw\n  value: \"x y\"\n", "x y"),
            (r"- name: pw\n  value: x\n", "x"),
            ("- name: pw\n  valueFrom: x\n", "(none)"),
            ("a name of pw\n  value: x\n", "(none)"),
            ("name\u{1f}pw\u{1e}value\u{1f}x\u{1e}", "x"),
            (r#"{"pw":["x","y"]}"#, "x"),
            ("map[pw:[x] b:[y]]", "x"),
            ("(pw=x)", "x"),
            ("pw=x\\n", "x"),
            ("pw::x", "(none)"),
            ("pw://x", "(none)"),
            ("pw x", "(none)"),
            ("a-pw x", "(none)"),
            ("x->pw>y", "(none)"),
            ("use <pw> here", "(none)"),
            ("pw", "(none)"),
            ("f(\"Your pw:\"),e?g(\"x\")", "(none)"),
            ("'pw='\"x\"", "\"x\""),
            ("pw=", ""),
        ] {
            assert_eq!(of(text), value, "{text:?}");
        }
    }

    #[test]
    fn a_long_word_between_doubled_marks_is_no_shorter() {
        let word = "x".repeat(MAX_DOUBLED_LEN + 900);
        for text in [
            r#"a,"{""pw"": ""WORD"", ""b"": 1}""#,
            r#"a,"pw = ""WORD"", y""#,
            "a,\"pw = \"\"WORD\n\"\"y",
        ] {
            assert_eq!(of(&text.replace("WORD", &word)), word, "{text}");
        }
    }

    #[test]
    fn a_list_has_further_values_but_a_map_has_not() {
        let further = |text: &str| {
            let start = text.find("pw").unwrap();
            let Some(Assignment::Value(first)) = assignment(text.as_bytes(), start, start + 2)
            else {
                return None;
            };
            next_in_list(text.as_bytes(), first)
                .map(|next| text.get(next.start..next.end).unwrap().to_owned())
        };
        assert_eq!(further(r#"{"pw":["x","y"]}"#).as_deref(), Some("y"));
        assert_eq!(further(r#"{"pw":"x","y":"z"}"#), None);
        assert_eq!(further(r#"{"pw":["x"],"y":"z"}"#), None);
    }
}
