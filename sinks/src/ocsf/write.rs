//! Writes a settled draft as the members of one JSON object.

use std::fmt::Write as _;

use magistrate_event::{Event, Value, push_json_string};

use super::draft::{Draft, Leaf, Shown};
use super::{Attributes, attributes};

/// Appends the draft, with what was moved and the event's own attributes under `unmapped`.
pub(super) fn push_draft(event: &Event, draft: Draft<'_>, own: Attributes, out: &mut String) {
    let sorted = draft.into_sorted();
    push_members(event, &sorted.kept, 0, out);
    let start = out.len();
    out.push_str(",\"unmapped\":{");
    let inside = out.len();
    push_members(event, &sorted.moved, 0, out);
    push_mistyped(event, sorted.mistyped, inside, out);
    match own {
        Attributes::Members => attributes::push_members(event, &sorted.moved, inside, out),
        Attributes::Text => push_attributes(event, inside, out),
    }
    if out.len() == inside {
        out.truncate(start);
    } else {
        out.push('}');
    }
}

/// A comma, unless the object that began at `inside` has no member yet.
pub(super) fn separate(inside: usize, out: &mut String) {
    if out.len() > inside {
        out.push(',');
    }
}

fn push_mistyped(event: &Event, mut mistyped: Vec<Leaf<'_>>, inside: usize, out: &mut String) {
    if mistyped.is_empty() {
        return;
    }
    for leaf in &mut mistyped {
        let text = text(event, &leaf.shown);
        leaf.shown = Shown::Text(text.into());
    }
    separate(inside, out);
    push_key("mistyped", out);
    out.push('{');
    push_members(event, &mistyped, 0, out);
    out.push('}');
}

fn text(event: &Event, shown: &Shown<'_>) -> String {
    let mut text = String::new();
    match shown {
        Shown::Text(value) => text.push_str(value),
        Shown::Double(number) if number.is_nan() => text.push_str("NaN"),
        Shown::Double(number) => {
            let _ = write!(text, "{number}");
        }
        Shown::Int(_) | Shown::Bool(_) | Shown::Tree(_) | Shown::Names(_) => {
            push_shown(event, shown, &mut text);
        }
    }
    text
}

fn push_attributes(event: &Event, inside: usize, out: &mut String) {
    if event.unmapped().next().is_none() {
        return;
    }
    let mut text = "{".to_owned();
    attributes::push_members(event, &[], 1, &mut text);
    text.push('}');
    separate(inside, out);
    push_key("attributes", out);
    push_json_string(&text, out);
}

/// Appends `leaves`, whose paths are sorted and agree up to byte `from`, as members of an object.
fn push_members(event: &Event, leaves: &[Leaf<'_>], from: usize, out: &mut String) {
    let mut rest = leaves;
    let mut separator = "";
    while let Some((leaf, after)) = rest.split_first() {
        let tail = leaf.path.get(from..).unwrap_or_default();
        out.push_str(separator);
        separator = ",";
        let Some((name, _)) = tail.split_once('.') else {
            push_key(tail, out);
            push_shown(event, &leaf.shown, out);
            rest = after;
            continue;
        };
        let inside = from + name.len() + 1;
        let prefix = leaf.path.get(..inside).unwrap_or_default();
        let count = rest.partition_point(|other| other.path.starts_with(prefix));
        let (group, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        push_key(name, out);
        out.push('{');
        push_members(event, group, inside, out);
        out.push('}');
        rest = after;
    }
}

/// Paths are made of letters, digits and `_`: nothing to escape.
fn push_key(name: &str, out: &mut String) {
    out.push('"');
    out.push_str(name);
    out.push_str("\":");
}

fn push_shown(event: &Event, shown: &Shown<'_>, out: &mut String) {
    match shown {
        Shown::Text(text) => push_json_string(text, out),
        Shown::Int(number) => push_number(*number, out),
        Shown::Double(number) => event.push_json(&Value::Double(*number), out),
        Shown::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Shown::Tree(value) => attributes::push_value(event, value, out),
        Shown::Names(names) => {
            for (index, name) in names.iter().enumerate() {
                out.push(if index == 0 { '[' } else { ',' });
                push_json_string(name, out);
            }
            out.push_str(if names.is_empty() { "[]" } else { "]" });
        }
    }
}

fn push_number(number: i64, out: &mut String) {
    // Writing into a `String` cannot fail.
    let _ = write!(out, "{number}");
}
