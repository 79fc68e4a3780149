//! The arguments of a call: JSON whose members keep their order, and the texts in it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Texts inside texts are opened no deeper than this.
const MAX_DEPTH: usize = 16;

/// JSON, with objects as lists of pairs and numbers as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Arguments {
    /// `null`.
    #[default]
    Null,
    /// A truth value.
    Flag(bool),
    /// A number.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Arguments>),
    /// An object.
    Object(Vec<(String, Arguments)>),
}

impl Arguments {
    /// The texts and numbers, in order; JSON inside a text is opened.
    pub(super) fn leaves(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.add_leaves(&mut found, 0);
        found
    }

    fn add_leaves(&self, found: &mut Vec<String>, depth: usize) {
        match self {
            Self::Null | Self::Flag(_) => {}
            Self::Number(text) => found.push(text.clone()),
            Self::Text(text) => add_text(text.trim(), found, depth),
            Self::List(items) => items.iter().for_each(|item| item.add_leaves(found, depth)),
            Self::Object(members) => {
                members
                    .iter()
                    .for_each(|(_, value)| value.add_leaves(found, depth));
            }
        }
    }

    /// The names of members that are true, at any depth of objects.
    pub(super) fn set_flags(&self) -> Vec<&str> {
        let mut found = Vec::new();
        if let Self::Object(members) = self {
            for (name, value) in members {
                if *value == Self::Flag(true) {
                    found.push(name.as_str());
                } else {
                    found.extend(value.set_flags());
                }
            }
        }
        found
    }

    /// The texts, numbers and set flags, each with its name (`to`, `items[2].price`), in order; JSON
    /// inside a text stays one value.
    pub(super) fn named(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        self.add_named(String::new(), &mut found);
        found
    }

    fn add_named(&self, name: String, found: &mut Vec<(String, String)>) {
        match self {
            Self::Null | Self::Flag(false) => {}
            Self::Flag(true) => found.push((name, "true".to_owned())),
            Self::Number(text) | Self::Text(text) => found.push((name, text.clone())),
            Self::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    item.add_named(format!("{name}[{at}]"), found);
                }
            }
            Self::Object(members) => {
                for (key, value) in members {
                    let dot = if name.is_empty() { "" } else { "." };
                    value.add_named(format!("{name}{dot}{key}"), found);
                }
            }
        }
    }

    /// The same with `null` in place of the value with this number among the named ones.
    pub(super) fn without(&self, number: usize) -> Self {
        self.less(&mut Some(number))
    }

    /// `left` are the values before the one that goes; none once it has gone.
    fn less(&self, left: &mut Option<usize>) -> Self {
        match self {
            Self::Null | Self::Flag(false) => self.clone(),
            Self::Flag(true) | Self::Number(_) | Self::Text(_) => match *left {
                Some(0) => {
                    *left = None;
                    Self::Null
                }
                Some(more) => {
                    *left = Some(more - 1);
                    self.clone()
                }
                None => self.clone(),
            },
            Self::List(items) => Self::List(items.iter().map(|item| item.less(left)).collect()),
            Self::Object(members) => {
                let members = members.iter();
                Self::Object(
                    members
                        .map(|(name, value)| (name.clone(), value.less(left)))
                        .collect(),
                )
            }
        }
    }

    /// What it says as one text: a text itself, nothing for what is empty.
    pub(super) fn said(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Self::Number(text) => Some(text.clone()).filter(|text| text != "0"),
            Self::Null | Self::Flag(_) => None,
            Self::List(_) | Self::Object(_) => {
                Some(self.leaves().join(" ")).filter(|text| !text.is_empty())
            }
        }
    }
}

fn add_text(text: &str, found: &mut Vec<String>, depth: usize) {
    let may_be_json = text.starts_with(['{', '[']) && text.ends_with(['}', ']']);
    if may_be_json
        && depth < MAX_DEPTH
        && let Ok(inner) = serde_json::from_str::<Arguments>(text)
    {
        inner.add_leaves(found, depth + 1);
    } else if !text.is_empty() {
        found.push(text.to_owned());
    }
}

/// A fraction as Python writes it, which trained the model: exponents have a sign and two digits.
fn as_python(number: f64) -> String {
    let text = format!("{number:?}");
    let Some((digits, exponent)) = text.split_once('e') else {
        return text;
    };
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

impl<'de> Deserialize<'de> for Arguments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Json)
    }
}

struct Json;

impl<'de> Visitor<'de> for Json {
    type Value = Arguments;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Arguments, E> {
        Ok(Arguments::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Arguments, E> {
        Ok(Arguments::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Arguments, E> {
        Ok(Arguments::Number(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Arguments, E> {
        Ok(Arguments::Number(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Arguments, E> {
        Ok(Arguments::Number(as_python(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Arguments, E> {
        Ok(Arguments::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Arguments, E> {
        Ok(Arguments::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Arguments, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Arguments::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Arguments, A::Error> {
        let mut object: Vec<(String, Arguments)> = Vec::new();
        while let Some((name, value)) = members.next_entry::<String, Arguments>()? {
            // The last of equal names counts, in the first one's place, as everywhere.
            match object.iter_mut().find(|(old, _)| *old == name) {
                Some((_, old)) => *old = value,
                None => object.push((name, value)),
            }
        }
        Ok(Arguments::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_keep_their_order_and_json_in_texts_is_opened() {
        let text = r#"{"z": " a ", "b": [1, 2.5, true, null, ""], "c": "{\"y\": [\"in\"], \"x\": -3}", "d": "[no", "force": true, "deep": {"all": true}}"#;
        let arguments: Arguments = serde_json::from_str(text).unwrap();
        assert_eq!(arguments.leaves(), ["a", "1", "2.5", "in", "-3", "[no"]);
        assert_eq!(arguments.set_flags(), ["force", "all"]);
    }

    #[test]
    fn each_named_value_is_the_one_that_goes_by_its_number() {
        let text = r#"{"to": "ann", "items": [null, {"price": 3}, {"note": "{\"in\": 1}"}], "force": true, "dry": false}"#;
        let arguments: Arguments = serde_json::from_str(text).unwrap();
        let named = arguments.named();
        let names: Vec<_> = named.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["to", "items[1].price", "items[2].note", "force"]);
        for (number, gone) in named.iter().enumerate() {
            let mut left = named.clone();
            left.remove(number);
            assert_eq!(arguments.without(number).named(), left, "{gone:?}");
        }
        assert_eq!(arguments.without(named.len()), arguments);
        let text: Arguments = serde_json::from_str(r#""ls -l""#).unwrap();
        assert_eq!(text.named(), [(String::new(), "ls -l".to_owned())]);
    }

    #[test]
    fn fractions_are_written_as_in_training() {
        for (number, text) in [
            (1.257e-6, "1.257e-06"),
            (1e22, "1e+22"),
            (0.5, "0.5"),
            (2.0, "2.0"),
        ] {
            assert_eq!(as_python(number), text);
        }
    }

    #[test]
    fn texts_in_texts_end() {
        let mut text = "\"x\"".to_owned();
        for _ in 0..12 {
            text = serde_json::to_string(&format!("[{text}]")).unwrap();
        }
        let arguments: Arguments = serde_json::from_str(&text).unwrap();
        assert_eq!(arguments.leaves(), ["x"]);
        let nested = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(serde_json::from_str::<Arguments>(&nested).is_err());
    }
}
