//! Makes JSON text of values, and values of JSON.

use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::{Event, Text, Value};

impl Event {
    /// Takes the texts and keys of `json` up, and returns the value that it is. `json` must not be
    /// deeper than what is taken in.
    pub fn push_value(&mut self, json: &Json) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Bool(*flag),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Value::Int(whole),
                None => Value::Double(number.as_f64().unwrap_or_default()),
            },
            Json::String(text) => Value::Text(self.push_text(text)),
            Json::Array(items) => {
                Value::List(items.iter().map(|item| self.push_value(item)).collect())
            }
            Json::Object(entries) => {
                let entries = entries.iter();
                let entries =
                    entries.map(|(key, json)| (self.push_key(key), self.push_value(json)));
                Value::Map(entries.collect())
            }
        }
    }
}

/// Appends `text` to `out` as a JSON string (RFC 8259 section 7).
pub fn push_json_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some((clean, byte, after)) = split_at_escape(rest) {
        out.push_str(clean);
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control => push_formatted(out, format_args!("\\u{control:04x}")),
        }
        rest = after;
    }
    out.push_str(rest);
    out.push('"');
}

/// What stands before the first byte that must be escaped, that byte, and what follows it.
fn split_at_escape(text: &str) -> Option<(&str, u8, &str)> {
    // Blocks without any are passed over as a whole: the compiler looks at all bytes at once.
    let (blocks, _) = text.as_bytes().as_chunks::<BLOCK>();
    let clean = blocks
        .iter()
        .take_while(|block| {
            !block
                .iter()
                .fold(false, |any, byte| any | is_escaped(*byte))
        })
        .count();
    let tail = text.as_bytes().get(clean * BLOCK..)?;
    let at = clean * BLOCK + tail.iter().position(|byte| is_escaped(*byte))?;
    let byte = *text.as_bytes().get(at)?;
    Some((text.get(..at)?, byte, text.get(at + 1..)?))
}

/// Bytes that are looked at together.
const BLOCK: usize = 16;

const fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn push_formatted(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a `String` cannot fail.
    let _ = out.write_fmt(text);
}

pub(crate) fn push_value(buffer: &str, value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => push_formatted(out, format_args!("{number}")),
        Value::Double(number) if number.is_finite() => {
            push_formatted(out, format_args!("{number:?}"))
        }
        // JSON has no such numbers; OTLP/JSON (proto3) writes their names.
        Value::Double(number) if number.is_nan() => out.push_str("\"NaN\""),
        Value::Double(number) => out.push_str(if *number > 0.0 {
            "\"Infinity\""
        } else {
            "\"-Infinity\""
        }),
        Value::Time(time) => push_formatted(out, format_args!("{}", time.as_micros())),
        Value::Text(text) => push_json_string(resolve(buffer, *text), out),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push_value(buffer, item, out);
            }
            out.push(']');
        }
        Value::Map(entries) => push_map(buffer, entries, out),
    }
}

pub(crate) fn push_map(buffer: &str, entries: &[(Text, Value)], out: &mut String) {
    out.push('{');
    for (index, (key, value)) in entries.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_json_string(resolve(buffer, *key), out);
        out.push(':');
        push_value(buffer, value, out);
    }
    out.push('}');
}

fn resolve(buffer: &str, text: Text) -> &str {
    buffer.get(text.start()..text.end()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_escaped_as_serde_json_would() {
        for text in [
            "",
            "plain",
            "q\"b\\n\nr\rt\t\u{1}\u{7f}é\u{1f600}",
            "\\\\",
            "\"",
            "sixteen bytes ok",
            "sixteen bytes ok\"and \\ more that is long enough for a block, é\n",
            "é\u{1f600} many blocks without anything to escape, and a last one: \t",
        ] {
            let mut out = String::new();
            push_json_string(text, &mut out);
            let back: String = serde_json::from_str(&out).unwrap();
            assert_eq!(back, text);
        }
    }

    #[test]
    fn numbers_without_a_json_form_become_their_names() {
        let mut out = String::new();
        push_value(
            "",
            &Value::List(vec![
                Value::Double(f64::NAN),
                Value::Double(1e21),
                Value::Double(2.0),
            ]),
            &mut out,
        );
        assert_eq!(out, r#"["NaN",1e21,2.0]"#);
    }
}
