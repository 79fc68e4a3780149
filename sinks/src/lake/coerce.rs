//! What a value becomes in a column of another type, so that none is lost.

use std::fmt::Write as _;

use magistrate_event::{Cell, Event, Kind, Value, push_json_string};

/// A value in the type of its column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fitted<'a> {
    Text(&'a str),
    /// The text was written into the scratch buffer.
    Scratch,
    List(&'a [Value]),
    Int(i32),
    Long(i64),
    Double(f64),
    Bool(bool),
    /// Microseconds since 1970.
    Time(i64),
}

/// The largest whole number up to which every one has its own `f64`.
const EXACT_IN_DOUBLE: u64 = 1 << 53;

/// Turns `cell` into the type of a column, or says that it cannot be done without loss.
///
/// `scratch` must be empty; it is written when the result is [`Fitted::Scratch`].
#[inline]
pub(super) fn fit<'a>(
    kind: Kind,
    cell: Cell<'a>,
    event: &Event,
    scratch: &mut String,
) -> Option<Fitted<'a>> {
    match (kind, cell) {
        (Kind::Text, Cell::Text(text)) => Some(Fitted::Text(text)),
        (Kind::Text, other) => {
            write_text(other, event, scratch);
            Some(Fitted::Scratch)
        }
        (Kind::Int, cell) => whole(cell)
            .and_then(|number| i32::try_from(number).ok())
            .map(Fitted::Int),
        (Kind::Long, cell) => whole(cell).map(Fitted::Long),
        (Kind::Double, cell) => double(cell).map(Fitted::Double),
        (Kind::Bool, cell) => truth(cell).map(Fitted::Bool),
        (Kind::Time, Cell::Time(time)) => Some(Fitted::Time(time.as_micros())),
        (
            Kind::Time,
            Cell::Text(_) | Cell::Int(_) | Cell::Double(_) | Cell::Bool(_) | Cell::Tree(_),
        ) => None,
        (Kind::TextList, cell) => list(cell, event, scratch),
        (Kind::Json, Cell::Text(text)) if is_json_tree(text) => Some(Fitted::Text(text)),
        (Kind::Json, cell) => {
            write_json(cell, event, scratch);
            Some(Fitted::Scratch)
        }
    }
}

/// Writes `cell` as JSON.
pub(super) fn write_json(cell: Cell<'_>, event: &Event, out: &mut String) {
    match cell {
        Cell::Text(text) => push_json_string(text, out),
        Cell::Int(number) => event.push_json(&Value::Int(number), out),
        Cell::Double(number) => event.push_json(&Value::Double(number), out),
        Cell::Bool(flag) => event.push_json(&Value::Bool(flag), out),
        Cell::Time(time) => event.push_json(&Value::Time(time), out),
        Cell::Tree(tree) => event.push_json(tree, out),
    }
}

/// A scalar as it would be shown, a tree as JSON.
fn write_text(cell: Cell<'_>, event: &Event, out: &mut String) {
    match cell {
        Cell::Text(text) => out.push_str(text),
        Cell::Time(time) => out.push_str(&time.to_rfc3339()),
        Cell::Double(number) => {
            // Writing into a `String` cannot fail.
            let _ = write!(out, "{number:?}");
        }
        Cell::Int(_) | Cell::Bool(_) | Cell::Tree(_) => write_json(cell, event, out),
    }
}

fn whole(cell: Cell<'_>) -> Option<i64> {
    match cell {
        Cell::Int(number) => Some(number),
        Cell::Double(number) => whole_double(number),
        Cell::Text(text) => canonical_integer(text),
        Cell::Bool(_) | Cell::Time(_) | Cell::Tree(_) => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "checked to be whole and within 2^53"
)]
fn whole_double(number: f64) -> Option<i64> {
    let fits = number.fract() == 0.0 && number.abs() <= EXACT_IN_DOUBLE as f64;
    fits.then_some(number as i64)
}

/// A decimal number that prints as it was written: `007` and `+7` stay text.
fn canonical_integer(text: &str) -> Option<i64> {
    const LONGEST: usize = 20;
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = text.len() <= LONGEST
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (!digits.starts_with('0') || text == "0");
    if plain { text.parse().ok() } else { None }
}

#[expect(clippy::cast_precision_loss, reason = "checked to be exact")]
fn double(cell: Cell<'_>) -> Option<f64> {
    match cell {
        Cell::Double(number) => Some(number),
        Cell::Int(number) => (number.unsigned_abs() <= EXACT_IN_DOUBLE).then_some(number as f64),
        Cell::Text(text) => canonical_double(text),
        Cell::Bool(_) | Cell::Time(_) | Cell::Tree(_) => None,
    }
}

/// A number that prints as it was written, such as `0.25` or `3`.
fn canonical_double(text: &str) -> Option<f64> {
    const LONGEST: usize = 32;
    let short = text.len() <= LONGEST;
    let number: f64 = short.then(|| text.parse().ok()).flatten()?;
    let same = format!("{number}") == text || format!("{number:?}") == text;
    (number.is_finite() && same).then_some(number)
}

fn truth(cell: Cell<'_>) -> Option<bool> {
    match cell {
        Cell::Bool(flag) => Some(flag),
        Cell::Text("true") => Some(true),
        Cell::Text("false") => Some(false),
        Cell::Text(_) | Cell::Int(_) | Cell::Double(_) | Cell::Time(_) | Cell::Tree(_) => None,
    }
}

/// A list keeps its items; one scalar becomes a list of one; a map does not fit.
fn list<'a>(cell: Cell<'a>, event: &Event, scratch: &mut String) -> Option<Fitted<'a>> {
    match cell {
        Cell::Text(text) => Some(Fitted::Text(text)),
        Cell::Tree(Value::List(items)) => Some(Fitted::List(items)),
        Cell::Tree(_) => None,
        Cell::Int(_) | Cell::Double(_) | Cell::Bool(_) | Cell::Time(_) => {
            write_text(cell, event, scratch);
            Some(Fitted::Scratch)
        }
    }
}

/// Whether a text is already a JSON object or array, which a JSON column can take as it is.
fn is_json_tree(text: &str) -> bool {
    text.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};

    use super::*;

    fn event() -> Event {
        Event::new(Class::BaseEvent, 0, Timestamp::default())
    }

    /// The fitted value as text, `None` for a misfit.
    fn shown(kind: Kind, cell: Cell<'_>) -> Option<String> {
        let mut scratch = String::new();
        let fitted = fit(kind, cell, &event(), &mut scratch)?;
        Some(if fitted == Fitted::Scratch {
            format!("~{scratch}")
        } else {
            format!("{fitted:?}")
        })
    }

    #[test]
    fn a_value_of_the_columns_own_type_is_kept() {
        let time = Timestamp::from_micros(7);
        for (kind, cell, expected) in [
            (Kind::Text, Cell::Text("a"), r#"Text("a")"#),
            (Kind::Int, Cell::Int(-5), "Int(-5)"),
            (Kind::Long, Cell::Int(1 << 40), "Long(1099511627776)"),
            (Kind::Double, Cell::Double(0.5), "Double(0.5)"),
            (Kind::Double, Cell::Double(f64::NAN), "Double(NaN)"),
            (Kind::Bool, Cell::Bool(true), "Bool(true)"),
            (Kind::Time, Cell::Time(time), "Time(7)"),
        ] {
            assert_eq!(shown(kind, cell).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_value_of_another_type_is_turned_only_without_loss() {
        let time = Timestamp::from_micros(1_500_000);
        let tree = Value::List(vec![Value::Int(1), Value::Null]);
        for (kind, cell, expected) in [
            (Kind::Text, Cell::Int(5), Some("~5")),
            (Kind::Text, Cell::Bool(false), Some("~false")),
            (Kind::Text, Cell::Double(2.0), Some("~2.0")),
            (
                Kind::Text,
                Cell::Time(time),
                Some("~1970-01-01T00:00:01.500000Z"),
            ),
            (Kind::Text, Cell::Tree(&tree), Some("~[1,null]")),
            (Kind::Int, Cell::Text("200"), Some("Int(200)")),
            (Kind::Int, Cell::Text("007"), None),
            (Kind::Int, Cell::Text(""), None),
            (Kind::Int, Cell::Text("-"), None),
            (Kind::Int, Cell::Text("-0"), None),
            (Kind::Int, Cell::Int(i64::MAX), None),
            (Kind::Int, Cell::Double(3.0), Some("Int(3)")),
            (Kind::Int, Cell::Double(3.5), None),
            (Kind::Int, Cell::Double(f64::NAN), None),
            (Kind::Int, Cell::Double(f64::INFINITY), None),
            (Kind::Int, Cell::Bool(true), None),
            (Kind::Int, Cell::Time(time), None),
            (
                Kind::Long,
                Cell::Text("-9223372036854775808"),
                Some("Long(-9223372036854775808)"),
            ),
            (Kind::Long, Cell::Text("9223372036854775808"), None),
            (Kind::Long, Cell::Double(1e300), None),
            (Kind::Double, Cell::Int(7), Some("Double(7.0)")),
            (Kind::Double, Cell::Int(i64::MAX), None),
            (Kind::Double, Cell::Text("0.25"), Some("Double(0.25)")),
            (Kind::Double, Cell::Text("3"), Some("Double(3.0)")),
            (Kind::Double, Cell::Text("0.250"), None),
            (Kind::Double, Cell::Text("inf"), None),
            (Kind::Bool, Cell::Text("true"), Some("Bool(true)")),
            (Kind::Bool, Cell::Int(1), None),
            (Kind::Time, Cell::Int(7), None),
            (Kind::Time, Cell::Text("2026-11-23"), None),
            (Kind::TextList, Cell::Text("a"), Some(r#"Text("a")"#)),
            (Kind::TextList, Cell::Int(1), Some("~1")),
            (Kind::TextList, Cell::Tree(&Value::Map(Vec::new())), None),
            (Kind::Json, Cell::Tree(&tree), Some("~[1,null]")),
            (Kind::Json, Cell::Text("plain"), Some(r#"~"plain""#)),
            (
                Kind::Json,
                Cell::Text(r#"{"a":1}"#),
                Some(r#"Text("{\"a\":1}")"#),
            ),
            (Kind::Json, Cell::Text(r#"{"a":1"#), Some(r#"~"{\"a\":1""#)),
        ] {
            assert_eq!(shown(kind, cell).as_deref(), expected, "{kind:?} {cell:?}");
        }
    }

    #[test]
    fn deep_json_text_does_not_overflow_the_stack() {
        let deep = "[".repeat(1_000_000);
        let shown = shown(Kind::Json, Cell::Text(&deep)).unwrap();
        assert!(shown.starts_with("~\"[["));
    }
}
