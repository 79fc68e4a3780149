//! Writes the source's own attributes so that strict readers take them.
//!
//! Elasticsearch refuses an object that has a name twice, and objects nested beyond its limit.
//! So a name that is taken gets a number, and a deep tree is written as JSON text.

use std::borrow::Cow;
use std::collections::HashMap;

use magistrate_event::{Event, Text, Value, push_json_string};

use super::draft::Leaf;
use super::write;

/// Objects and lists nested deeper than this under `unmapped` become one text.
const MAX_DEPTH: usize = 12;

/// Appends the event's own attributes to the object that began at `inside` and has the members
/// `before`, whose first parts are taken.
pub(super) fn push_members(event: &Event, before: &[Leaf<'_>], inside: usize, out: &mut String) {
    let mut names = Names::default();
    names.reserve("mistyped");
    for leaf in before {
        let top = leaf.path.split_once('.').map_or(leaf.path, |(top, _)| top);
        names.reserve(top);
    }
    for (key, value) in event.unmapped() {
        write::separate(inside, out);
        push_json_string(&names.unique(key), out);
        out.push(':');
        push(event, value, 1, out);
    }
}

/// Appends a value of the event.
pub(super) fn push_value(event: &Event, value: &Value, out: &mut String) {
    push(event, value, 1, out);
}

fn push(event: &Event, value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::List(_) | Value::Map(_) if depth > MAX_DEPTH => {
            let mut text = String::new();
            event.push_json(value, &mut text);
            push_json_string(&text, out);
        }
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push(event, item, depth + 1, out);
            }
            out.push(']');
        }
        Value::Map(entries) => push_map(event, entries, depth, out),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Double(_)
        | Value::Time(_)
        | Value::Text(_) => event.push_json(value, out),
    }
}

fn push_map(event: &Event, entries: &[(Text, Value)], depth: usize, out: &mut String) {
    let mut names = Names::default();
    out.push('{');
    for (index, (key, value)) in entries.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_json_string(&names.unique(event.resolve(*key)), out);
        out.push(':');
        push(event, value, depth + 1, out);
    }
    out.push('}');
}

/// The names of one object, each with the last number that was given to a second bearer.
#[derive(Default)]
struct Names<'a>(HashMap<Cow<'a, str>, u32>);

impl<'a> Names<'a> {
    fn reserve(&mut self, name: &'a str) {
        self.0.entry(Cow::Borrowed(name)).or_insert(1);
    }

    /// `name`, or `name#2` and so on when it is taken; an empty name becomes `_`.
    fn unique(&mut self, name: &'a str) -> Cow<'a, str> {
        let name = if name.is_empty() { "_" } else { name };
        let mut number = match self.0.get(name) {
            None => {
                self.reserve(name);
                return Cow::Borrowed(name);
            }
            Some(number) => *number,
        };
        loop {
            number = number.saturating_add(1);
            let other: Cow<'a, str> = Cow::Owned(format!("{name}#{number}"));
            if !self.0.contains_key(&other) {
                self.0.insert(Cow::Borrowed(name), number);
                self.0.insert(other.clone(), 1);
                return other;
            }
        }
    }
}
