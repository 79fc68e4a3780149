//! Reads the structured data of RFC 5424 (section 6.3).

use std::borrow::Cow;

use magistrate_event::{Event, Text, Value};

/// Splits well-formed structured data off the beginning of `text`; escapes stay as they are.
pub(super) fn split(text: &str) -> Option<(&str, &str)> {
    let mut rest = text;
    loop {
        let (_, mut inside) = element(rest)?;
        while let Some((_, after)) = parameter(inside)? {
            inside = after;
        }
        rest = inside.strip_prefix(']')?;
        if !rest.starts_with('[') {
            break;
        }
    }
    Some((text.get(..text.len() - rest.len())?, rest))
}

/// Keeps well-formed structured data as a map of elements, each a map of its parameters.
///
/// A name that comes again makes a list of all its values. Data with more elements or parameters
/// than the limits is kept as the one text that it is.
pub(super) fn keep(event: &mut Event, data: &str) {
    let key = event.push_key("syslog.structured_data");
    let value = if fits(data) {
        tree(event, data)
    } else {
        Value::Text(event.push_text(data))
    };
    event.keep(key, value);
}

/// The most elements, and the most parameters of one element, that become a tree.
const MAX_NAMES: usize = 128;

/// One parameter: its name, and its value with the escapes still in it.
type Parameter<'a> = (&'a str, &'a str);

/// The name of the element at the beginning of `text`, and what follows the name.
fn element(text: &str) -> Option<(&str, &str)> {
    name(text.strip_prefix('[')?)
}

/// The next parameter and what follows it; `Some(None)` at the end of the element.
fn parameter(text: &str) -> Option<Option<(Parameter<'_>, &str)>> {
    if text.starts_with(']') {
        return Some(None);
    }
    let (name, rest) = name(text.strip_prefix(' ')?.trim_start_matches(' '))?;
    let rest = rest.strip_prefix("=\"")?;
    let end = end_of_value(rest)?;
    Some(Some(((name, rest.get(..end)?), rest.get(end + 1..)?)))
}

/// Printable ASCII without `=`, space, `]` and `"` (SD-NAME).
fn name(text: &str) -> Option<(&str, &str)> {
    let end = text
        .bytes()
        .take_while(|byte| byte.is_ascii_graphic() && !matches!(byte, b'=' | b']' | b'"'))
        .count();
    text.split_at_checked(end)
        .filter(|(name, _)| !name.is_empty())
}

/// The offset of the quote that ends a value.
fn end_of_value(text: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let bytes = text.as_bytes().get(from..)?;
        let at = from + memchr::memchr3(b'"', b'\\', b']', bytes)?;
        match text.as_bytes().get(at)? {
            b'"' => return Some(at),
            b'\\' => from = at + 2,
            // An unescaped bracket is a fault, but its meaning is clear inside quotes.
            _ => from = at + 1,
        }
    }
}

/// Only `"`, `\` and `]` can be escaped; a backslash before anything else is itself.
fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(char) = chars.next() {
        let escaped = char == '\\' && matches!(chars.peek(), Some('"' | '\\' | ']'));
        let next = if escaped { chars.next() } else { None };
        plain.push(next.unwrap_or(char));
    }
    Cow::Owned(plain)
}

fn fits(data: &str) -> bool {
    let mut rest = data;
    for _ in 0..MAX_NAMES {
        let Some((_, mut inside)) = element(rest) else {
            return rest.is_empty();
        };
        let mut parameters = 0;
        while let Some(Some((_, after))) = parameter(inside) {
            inside = after;
            parameters += 1;
        }
        rest = inside.strip_prefix(']').unwrap_or_default();
        if parameters > MAX_NAMES {
            return false;
        }
    }
    rest.is_empty()
}

fn tree(event: &mut Event, data: &str) -> Value {
    let mut elements = Vec::with_capacity(1);
    let mut rest = data;
    while let Some((name, mut inside)) = element(rest) {
        let name = event.push_key(name);
        let mut parameters = Vec::with_capacity(4);
        while let Some(Some(((name, value), after))) = parameter(inside) {
            let name = event.push_key(name);
            let value = event.push_text(&unescape(value));
            put(event, &mut parameters, name, Value::Text(value));
            inside = after;
        }
        put(event, &mut elements, name, Value::Map(parameters));
        rest = inside.strip_prefix(']').unwrap_or_default();
    }
    Value::Map(elements)
}

fn put(event: &Event, entries: &mut Vec<(Text, Value)>, name: Text, value: Value) {
    let text = event.resolve(name);
    match entries
        .iter_mut()
        .find(|(known, _)| event.resolve(*known) == text)
    {
        Some((_, Value::List(items))) => items.push(value),
        Some((_, known)) => {
            let first = std::mem::replace(known, Value::Null);
            *known = Value::List(vec![first, value]);
        }
        None => entries.push((name, value)),
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn kept(data: &str) -> String {
        let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
        keep(&mut event, data);
        let mut json = String::new();
        event.push_unmapped_json(&mut json);
        json.strip_prefix(r#"{"syslog.structured_data":"#)
            .and_then(|rest| rest.strip_suffix('}'))
            .unwrap()
            .to_owned()
    }

    #[test]
    fn data_becomes_a_tree() {
        let cases = [
            (r#"[a@32473 x="1"]"#, r#"{"a@32473":{"x":"1"}}"#),
            ("[only]", r#"{"only":{}}"#),
            (r#"[a x="1"][b y="2"]"#, r#"{"a":{"x":"1"},"b":{"y":"2"}}"#),
            (
                r#"[origin ip="192.0.2.1" ip="192.0.2.2" ip="192.0.2.3"]"#,
                r#"{"origin":{"ip":["192.0.2.1","192.0.2.2","192.0.2.3"]}}"#,
            ),
            (r#"[a x="q\"b\\c\]d\ne"]"#, r#"{"a":{"x":"q\"b\\c]d\\ne"}}"#),
            (r#"[a x="é"  y=""]"#, r#"{"a":{"x":"é","y":""}}"#),
            (r#"[a x="1]2"]"#, r#"{"a":{"x":"1]2"}}"#),
        ];
        for (data, json) in cases {
            assert_eq!(split(data), Some((data, "")), "{data}");
            assert_eq!(kept(data), json, "{data}");
        }
    }

    #[test]
    fn the_end_is_found_and_faults_are_told() {
        let rest = split(r#"[a x="] [b"] message"#).map(|(_, rest)| rest);
        assert_eq!(rest, Some(" message"));
        for bad in [
            "",
            "x",
            "[",
            "[]",
            "[a",
            "[a x]",
            "[a x=1]",
            "[a x=\"1]",
            "[a x=\"\\",
            "[ a]",
        ] {
            assert_eq!(split(bad), None, "{bad}");
        }
    }

    #[test]
    fn data_over_the_limits_is_kept_as_text() {
        for data in [
            format!("[a{}]", " x=\"1\"".repeat(MAX_NAMES + 1)),
            "[a]".repeat(MAX_NAMES + 1),
        ] {
            assert_eq!(split(&data), Some((data.as_str(), "")));
            assert_eq!(kept(&data), serde_json::to_string(&data).unwrap());
        }
        assert!(kept(&"[a]".repeat(MAX_NAMES)).starts_with('{'));
    }

    proptest! {
        #[test]
        fn any_value_survives_its_escapes(value in "[\\PC\\]\\\\\"]{0,20}") {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]");
            let data = format!("[a@32473 x=\"{escaped}\"]");
            prop_assert_eq!(split(&data), Some((data.as_str(), "")));
            let expected = serde_json::json!({"a@32473": {"x": value}});
            prop_assert_eq!(kept(&data), expected.to_string());
        }

        #[test]
        fn no_text_makes_it_panic(text in "(\\[|\\]|\"|\\\\|=| |a|é){0,40}") {
            if let Some((data, _)) = split(&text) {
                kept(data);
            }
        }
    }
}
