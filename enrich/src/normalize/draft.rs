//! An event in the making: knows which columns are still empty, and fits values to columns.

use magistrate_event::{Class, Event, Field, Kind, Room, Timestamp, Value};

use super::otlp::any::Any;
use super::otlp::text;

/// One bit per field number.
type Bits = [u64; 8];

/// An event in the making. A column that is filled stays as it is: the first fact wins.
#[derive(Debug)]
pub(crate) struct Draft {
    event: Event,
    /// One bit per field number: filled, or no column of the event's table.
    closed: Bits,
    lossy: bool,
}

impl Draft {
    /// An empty event with room for `room`.
    pub(crate) fn new(class: Class, activity: u8, time: Timestamp, room: Room) -> Self {
        Self {
            event: Event::with_capacity(class, activity, time, room),
            closed: foreign_fields(class),
            lossy: false,
        }
    }

    /// Whether `field` is a column of this event's table and still empty.
    #[inline]
    pub(crate) fn is_open(&self, field: Field) -> bool {
        let (word, bit) = place(field);
        self.closed.get(word).is_some_and(|bits| bits & bit == 0)
    }

    /// Fills `field` with a text; says whether it did.
    pub(crate) fn text(&mut self, field: Field, text: &str) -> bool {
        self.is_open(field) && {
            let text = self.event.push_text(text);
            self.fill(field, Value::Text(text));
            true
        }
    }

    /// Fills `field` with bytes that claim to be text; says whether it did.
    pub(crate) fn bytes(&mut self, field: Field, bytes: &[u8]) -> bool {
        self.is_open(field) && {
            let text = text::read(bytes, &mut self.lossy);
            let text = self.event.push_text(&text);
            self.fill(field, Value::Text(text));
            true
        }
    }

    /// Fills `field` with a value that fits it; says whether it did.
    pub(crate) fn value(&mut self, field: Field, value: Value) -> bool {
        self.is_open(field) && {
            self.fill(field, value);
            true
        }
    }

    /// Fills `field` with a whole number; says whether it did.
    pub(crate) fn int(&mut self, field: Field, number: i64) -> bool {
        self.value(field, Value::Int(number))
    }

    /// Fills `field` with `any` where it can be read as what the column holds; says whether it did.
    #[inline]
    pub(crate) fn any(&mut self, field: Field, any: Any<'_>) -> bool {
        if !self.is_open(field) {
            return false;
        }
        match (field.kind(), any) {
            (Kind::Text, Any::Text(bytes)) => !bytes.is_empty() && self.bytes(field, bytes),
            (Kind::Text, Any::Int(number)) => self.text(field, &number.to_string()),
            (Kind::Int, _) => whole(any)
                .filter(|number| i32::try_from(*number).is_ok())
                .is_some_and(|number| self.int(field, number)),
            (Kind::Long, _) => whole(any).is_some_and(|number| self.int(field, number)),
            (Kind::Double, _) => {
                double(any).is_some_and(|number| self.value(field, Value::Double(number)))
            }
            (Kind::Bool, _) => flag(any).is_some_and(|flag| self.value(field, Value::Bool(flag))),
            (Kind::Text | Kind::TextList | Kind::Time | Kind::Json, _) => false,
        }
    }

    /// Keeps what has no column, under `key`.
    pub(crate) fn keep(&mut self, key: &[u8], any: Any<'_>) {
        let key = text::read(key, &mut self.lossy);
        let key = self.event.push_key(&key);
        let value = any.keep(&mut self.event, &mut self.lossy);
        self.event.keep(key, value);
    }

    /// Keeps a number that has no column and may be past `i64`.
    pub(crate) fn keep_u64(&mut self, key: &str, number: u64) {
        match i64::try_from(number) {
            Ok(number) => {
                let key = self.event.push_key(key);
                self.event.keep(key, Value::Int(number));
            }
            Err(_) => self.event.keep_text(key, &number.to_string()),
        }
    }

    /// A text of this event, to be put into a tree.
    pub(crate) fn leaf(&mut self, bytes: &[u8]) -> Value {
        let text = text::read(bytes, &mut self.lossy);
        Value::Text(self.event.push_text(&text))
    }

    /// A map entry's key and value, to be put into a tree.
    pub(crate) fn entry(
        &mut self,
        key: &str,
        value: impl FnOnce(&mut Self) -> Value,
    ) -> (magistrate_event::Text, Value) {
        let key = self.event.push_key(key);
        (key, value(self))
    }

    /// A nested attribute, to be put into a tree.
    pub(crate) fn pair(&mut self, name: &[u8], any: Any<'_>) -> (magistrate_event::Text, Value) {
        let name = text::read(name, &mut self.lossy);
        let name = self.event.push_key(&name);
        (name, any.keep(&mut self.event, &mut self.lossy))
    }

    /// The event as it stands.
    pub(crate) const fn event(&self) -> &Event {
        &self.event
    }

    /// The event, for a step that fills columns by itself; they must not be filled again here.
    pub(crate) const fn event_mut(&mut self) -> &mut Event {
        &mut self.event
    }

    /// The finished event.
    pub(crate) fn finish(mut self) -> Event {
        if self.lossy {
            self.text(Field::ParseStatus, "invalid_utf8");
        }
        self.event
    }

    #[inline]
    fn fill(&mut self, field: Field, value: Value) {
        let (word, bit) = place(field);
        if let Some(bits) = self.closed.get_mut(word) {
            *bits |= bit;
        }
        self.event.append(field, value);
    }
}

#[inline]
const fn place(field: Field) -> (usize, u64) {
    let number = field as u16;
    ((number / 64) as usize, 1 << (number % 64))
}

/// The fields that are no columns of the table of `class`.
fn foreign_fields(class: Class) -> Bits {
    let index = Class::ALL.iter().position(|own| *own == class);
    index
        .and_then(|index| FOREIGN.get(index))
        .copied()
        .unwrap_or([0; 8])
}

/// [`foreign_fields`] of each class, in the order of [`Class::ALL`].
#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler; indices are below the lengths"
)]
const FOREIGN: [Bits; Class::ALL.len()] = {
    let mut tables = [[0; 8]; Class::ALL.len()];
    let mut class = 0;
    while class < tables.len() {
        let mut field = 0;
        while field < Field::ALL.len() {
            if !Field::ALL[field].is_in(Class::ALL[class]) {
                let (word, bit) = place(Field::ALL[field]);
                tables[class][word] |= bit;
            }
            field += 1;
        }
        class += 1;
    }
    tables
};

/// A whole number, also from a text or from a float without a fraction.
pub(crate) fn whole(any: Any<'_>) -> Option<i64> {
    match any {
        Any::Int(number) => Some(number),
        Any::Text(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "checked to be whole and small"
        )]
        Any::Double(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(number as i64),
        Any::Double(_) | Any::Null | Any::Bool(_) | Any::Bytes(_) | Any::Array(_) | Any::Map(_) => {
            None
        }
    }
}

/// A truth value, also from a text.
pub(crate) fn flag(any: Any<'_>) -> Option<bool> {
    match any {
        Any::Bool(flag) => Some(flag),
        Any::Text(b"true") => Some(true),
        Any::Text(b"false") => Some(false),
        Any::Text(_)
        | Any::Null
        | Any::Int(_)
        | Any::Double(_)
        | Any::Bytes(_)
        | Any::Array(_)
        | Any::Map(_) => None,
    }
}

fn double(any: Any<'_>) -> Option<f64> {
    match any {
        Any::Double(number) => Some(number),
        #[expect(
            clippy::cast_precision_loss,
            reason = "counts and costs are far below 2^52"
        )]
        Any::Int(number) => Some(number as f64),
        Any::Text(bytes) => std::str::from_utf8(bytes)
            .ok()?
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite()),
        Any::Null | Any::Bool(_) | Any::Bytes(_) | Any::Array(_) | Any::Map(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room {
        text_bytes: 64,
        fields: 4,
        unmapped: 4,
    };

    fn draft() -> Draft {
        Draft::new(Class::ApiActivity, 1, Timestamp::default(), ROOM)
    }

    #[test]
    fn every_field_has_a_bit() {
        for &field in Field::ALL {
            assert!(place(field).0 < 8, "{}", field.path());
        }
    }

    #[test]
    fn a_new_draft_is_open_for_the_columns_of_its_table() {
        for class in Class::ALL {
            let draft = Draft::new(class, 0, Timestamp::default(), ROOM);
            for &field in Field::ALL {
                assert_eq!(draft.is_open(field), field.is_in(class), "{}", field.path());
            }
        }
    }

    #[test]
    fn numbers_and_flags_are_read_from_texts() {
        assert_eq!(whole(Any::Text(b"28")), Some(28));
        assert_eq!(whole(Any::Text(b"undefined")), None);
        assert_eq!(whole(Any::Double(3.0)), Some(3));
        assert_eq!(whole(Any::Double(3.5)), None);
        assert_eq!(whole(Any::Double(f64::NAN)), None);
        assert_eq!(flag(Any::Text(b"true")), Some(true));
        assert_eq!(flag(Any::Text(b"yes")), None);
        assert_eq!(double(Any::Int(0)), Some(0.0));
        assert_eq!(double(Any::Text(b"inf")), None);
    }

    #[test]
    fn a_value_that_does_not_fit_leaves_the_column_empty() {
        let mut draft = draft();
        assert!(!draft.any(Field::HttpCode, Any::Text(b"undefined")));
        assert!(!draft.any(Field::HttpCode, Any::Int(1 << 40)));
        assert!(!draft.any(Field::SessionUid, Any::Text(b"")));
        assert!(!draft.any(Field::SessionUid, Any::Null));
        assert!(draft.any(Field::HttpCode, Any::Text(b"529")));
        assert_eq!(draft.event().int(Field::HttpCode), Some(529));
    }

    #[test]
    fn the_first_fact_wins_and_foreign_columns_stay_out() {
        let mut draft = draft();
        assert!(draft.text(Field::SessionUid, "a"));
        assert!(!draft.text(Field::SessionUid, "b"));
        assert!(!draft.text(Field::LifecycleAppName, "plugin"));
        assert_eq!(draft.finish().text(Field::SessionUid), Some("a"));
    }
}
