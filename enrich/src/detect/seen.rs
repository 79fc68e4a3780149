//! A value as rules see it, whatever it was made from.

use std::borrow::Cow;

/// Lists and maps deeper than this have no values.
pub(super) const MAX_DEPTH: usize = 32;

/// A value that a rule asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Seen<'a> {
    /// Present, but without a value.
    Null,
    /// A text.
    Text(Cow<'a, str>),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Double(f64),
    /// A truth value.
    Bool(bool),
    /// Several; a rule matches when one of them does.
    Many(Vec<Seen<'a>>),
    /// Named values.
    Named(Vec<(Cow<'a, str>, Seen<'a>)>),
}

impl Seen<'_> {
    /// Whether it is `value` as text, or one of several that are.
    pub(super) fn is(&self, value: &str) -> bool {
        match self {
            Self::Text(text) => text == value,
            Self::Int(number) => number.to_string() == value,
            Self::Double(number) => number.to_string() == value,
            Self::Bool(flag) => flag.to_string() == value,
            Self::Many(items) => items.iter().any(|item| item.is(value)),
            Self::Null | Self::Named(_) => false,
        }
    }
}

/// A text that lies in the event.
pub(super) const fn text(text: &str) -> Seen<'_> {
    Seen::Text(Cow::Borrowed(text))
}

/// A text that was put together.
pub(super) const fn owned<'a>(text: String) -> Seen<'a> {
    Seen::Text(Cow::Owned(text))
}

/// JSON as rules see it; what lies deeper than [`MAX_DEPTH`] has no value.
pub(super) fn seen_json(value: &serde_json::Value, depth: usize) -> Option<Seen<'_>> {
    Some(match value {
        serde_json::Value::Null => Seen::Null,
        serde_json::Value::Bool(flag) => Seen::Bool(*flag),
        serde_json::Value::String(found) => text(found),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => Seen::Int(whole),
            None => Seen::Double(number.as_f64()?),
        },
        serde_json::Value::Array(_) | serde_json::Value::Object(_) if depth > MAX_DEPTH => {
            return None;
        }
        serde_json::Value::Array(items) => Seen::Many(
            items
                .iter()
                .filter_map(|item| seen_json(item, depth + 1))
                .collect(),
        ),
        serde_json::Value::Object(entries) => Seen::Named(
            entries
                .iter()
                .filter_map(|(key, value)| {
                    Some((Cow::Borrowed(key.as_str()), seen_json(value, depth + 1)?))
                })
                .collect(),
        ),
    })
}
