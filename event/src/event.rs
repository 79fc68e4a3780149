//! One normalized event, not yet redacted.

use crate::layout::{Memory, Whole};
use crate::{Class, Field, KEY_END, Span, Text, Timestamp, VALUE_END, Value, json};

/// One event in OCSF's terms: a class, a time, typed fields, and everything else under `unmapped`.
///
/// All text lies in one buffer, so that one scan sees the whole event and a rewrite moves it once.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    class: Class,
    activity: u8,
    time: Timestamp,
    buffer: String,
    fields: Fields,
    unmapped: Unmapped,
}

/// The filled columns of an event.
type Fields = Vec<(Field, Value)>;
/// What has no column.
type Unmapped = Vec<(Text, Value)>;

/// All of an event, for whoever writes it down.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) class: Class,
    pub(crate) activity: u8,
    pub(crate) time: Timestamp,
    pub(crate) buffer: &'a str,
    pub(crate) fields: &'a [(Field, Value)],
    pub(crate) unmapped: &'a [(Text, Value)],
}

/// How much an event will hold, so that it is allocated once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes of text, separators included.
    pub text_bytes: usize,
    /// Filled fields.
    pub fields: usize,
    /// Attributes without a field.
    pub unmapped: usize,
}

/// One filled column of an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// A text.
    Text(&'a str),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Double(f64),
    /// A truth value.
    Bool(bool),
    /// A point in time.
    Time(Timestamp),
    /// A list or map; [`Event::push_json`] writes it.
    Tree(&'a Value),
}

impl Event {
    /// An event of `class` with OCSF's `activity` number, that happened at `time`.
    pub fn new(class: Class, activity: u8, time: Timestamp) -> Self {
        Self {
            class,
            activity,
            time,
            buffer: String::with_capacity(1024),
            fields: Vec::with_capacity(32),
            unmapped: Vec::with_capacity(16),
        }
    }

    /// Like [`Event::new`], with room for `text_bytes` of text and that many fields and attributes.
    pub fn with_capacity(class: Class, activity: u8, time: Timestamp, room: Room) -> Self {
        Self {
            class,
            activity,
            time,
            buffer: String::with_capacity(room.text_bytes),
            fields: Vec::with_capacity(room.fields),
            unmapped: Vec::with_capacity(room.unmapped),
        }
    }

    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts {
            class: self.class,
            activity: self.activity,
            time: self.time,
            buffer: &self.buffer,
            fields: &self.fields,
            unmapped: &self.unmapped,
        }
    }

    /// The memory of an event that nobody needs any more.
    pub(crate) fn into_memory(self) -> Memory {
        Memory {
            buffer: self.buffer,
            fields: self.fields,
            unmapped: self.unmapped,
        }
    }

    /// The class.
    pub const fn class(&self) -> Class {
        self.class
    }

    /// OCSF's `activity_id`.
    pub const fn activity(&self) -> u8 {
        self.activity
    }

    /// When it happened, as the source said.
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// Sets class and activity anew: what an event is may show only after all of it was read.
    pub const fn classify(&mut self, class: Class, activity: u8) {
        self.class = class;
        self.activity = activity;
    }

    /// Sets the time anew.
    pub const fn set_time_of_event(&mut self, time: Timestamp) {
        self.time = time;
    }

    /// Copies `text` into the buffer as a value. Text past 4 GiB of one event becomes empty.
    pub fn push_text(&mut self, text: &str) -> Text {
        self.push(text, VALUE_END)
    }

    /// Copies `text` into the buffer as a key; push its value next, so that a scanner sees both.
    pub fn push_key(&mut self, text: &str) -> Text {
        self.push(text, KEY_END)
    }

    fn push(&mut self, text: &str, end: char) -> Text {
        let start = self.buffer.len();
        let (Ok(start_u32), Ok(len_u32), Ok(_)) = (
            u32::try_from(start),
            u32::try_from(text.len()),
            u32::try_from(start + text.len() + 1),
        ) else {
            return Text::new(0, 0);
        };
        self.buffer.push_str(text);
        self.buffer.push(end);
        Text::new(start_u32, len_u32)
    }

    /// Fills `field` with a text.
    pub fn set_text(&mut self, field: Field, text: &str) {
        let text = self.push_text(text);
        self.set(field, Value::Text(text));
    }

    /// Fills `field` with a whole number.
    pub fn set_int(&mut self, field: Field, number: i64) {
        self.set(field, Value::Int(number));
    }

    /// Fills `field`; a field filled twice keeps the later value.
    pub fn set(&mut self, field: Field, value: Value) {
        match self.fields.iter_mut().find(|(name, _)| *name == field) {
            Some((_, old)) => *old = value,
            None => self.fields.push((field, value)),
        }
    }

    /// Fills `field`, which the caller knows to be empty: does not look for an older value.
    pub fn append(&mut self, field: Field, value: Value) {
        self.fields.push((field, value));
    }

    /// Keeps what has no field: `key` must come from [`Event::push_key`].
    pub fn keep(&mut self, key: Text, value: Value) {
        self.unmapped.push((key, value));
    }

    /// Keeps a text that has no field.
    pub fn keep_text(&mut self, key: &str, text: &str) {
        let key = self.push_key(key);
        let text = self.push_text(text);
        self.keep(key, Value::Text(text));
    }

    /// The text at `text`, which must be this event's own.
    pub fn resolve(&self, text: Text) -> &str {
        self.buffer
            .get(text.start()..text.end())
            .unwrap_or_default()
    }

    /// The last `len` bytes of `text` as a text of its own that shares them, so that they are
    /// scanned and stored once. `None` where no character begins there.
    pub fn end_of(&self, text: Text, len: usize) -> Option<Text> {
        let from = self.resolve(text).len().checked_sub(len)?;
        self.resolve(text).get(from..)?;
        let start = u32::try_from(text.start() + from).ok()?;
        Some(Text::new(start, u32::try_from(len).ok()?))
    }

    /// The value of `field`, if it is filled.
    pub fn value(&self, field: Field) -> Option<&Value> {
        self.fields
            .iter()
            .find_map(|(name, value)| (*name == field).then_some(value))
    }

    /// The text of `field`, if it is filled with one.
    pub fn text(&self, field: Field) -> Option<&str> {
        let text = self.value(field)?.as_text()?;
        Some(self.resolve(text))
    }

    /// The whole number of `field`, if it is filled with one.
    pub fn int(&self, field: Field) -> Option<i64> {
        match self.value(field) {
            Some(Value::Int(number)) => Some(*number),
            Some(
                Value::Null
                | Value::Bool(_)
                | Value::Text(_)
                | Value::Double(_)
                | Value::Time(_)
                | Value::List(_)
                | Value::Map(_),
            )
            | None => None,
        }
    }

    /// Every filled field, in the order of filling; null values are left out.
    pub fn cells(&self) -> impl Iterator<Item = (Field, Cell<'_>)> {
        self.fields.iter().filter_map(|(field, value)| {
            let cell = match value {
                Value::Null => return None,
                Value::Bool(flag) => Cell::Bool(*flag),
                Value::Int(number) => Cell::Int(*number),
                Value::Double(number) => Cell::Double(*number),
                Value::Time(time) => Cell::Time(*time),
                Value::Text(text) => Cell::Text(self.resolve(*text)),
                Value::List(_) | Value::Map(_) => Cell::Tree(value),
            };
            Some((*field, cell))
        })
    }

    /// Every field that is filled with a text, and the text's place.
    pub fn text_places(&self) -> impl Iterator<Item = (Field, Text)> {
        let texts = self.fields.iter();
        texts.filter_map(|(field, value)| Some((*field, value.as_text()?)))
    }

    /// Every value, those of fields first.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        let fields = self.fields.iter().map(|(_, value)| value);
        fields.chain(self.unmapped.iter().map(|(_, value)| value))
    }

    /// The attributes without a field, in the order in which they came.
    pub fn unmapped(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.unmapped
            .iter()
            .map(|(key, value)| (self.resolve(*key), value))
    }

    /// The text of the first attribute without a field that is called `name`; none where it is no text.
    pub fn unmapped_text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.unmapped().find(|(key, _)| *key == name)?;
        value.as_text().map(|text| self.resolve(text))
    }

    /// Writes `value`, which must be this event's own, as JSON.
    pub fn push_json(&self, value: &Value, out: &mut String) {
        json::push_value(&self.buffer, value, out);
    }

    /// Writes the attributes without a field as one JSON object; nothing when there are none.
    pub fn push_unmapped_json(&self, out: &mut String) {
        if !self.unmapped.is_empty() {
            json::push_map(&self.buffer, &self.unmapped, out);
        }
    }

    /// The whole text buffer, keys and values with their separators, as the redactor scans it.
    pub fn buffer(&self) -> &str {
        &self.buffer
    }

    /// The typed fields and the unmapped attributes, for a step that replaces values by name.
    pub fn values_mut(&mut self) -> (&mut Fields, &mut Unmapped) {
        (&mut self.fields, &mut self.unmapped)
    }

    /// Replaces stretches of the buffer. `edits` must be sorted and disjoint, on `char` bounds.
    ///
    /// A text that an edit covers in part shows the replacement as a whole.
    pub fn rewrite(&mut self, edits: &[(Span, String)]) {
        if edits.is_empty() {
            return;
        }
        let mut buffer = String::with_capacity(self.buffer.len());
        let mut moves = Vec::with_capacity(edits.len());
        let mut copied = 0;
        for (span, replacement) in edits {
            buffer.push_str(self.buffer.get(copied..span.start()).unwrap_or_default());
            let new_start = buffer.len();
            buffer.push_str(replacement);
            moves.push(Move {
                old: *span,
                new_start,
                new_end: buffer.len(),
            });
            copied = span.end();
        }
        buffer.push_str(self.buffer.get(copied..).unwrap_or_default());
        self.buffer = buffer;
        let mut shift = |text: &mut Text| *text = moved(*text, &moves);
        for (_, value) in &mut self.fields {
            value.for_each_text_mut(&mut shift);
        }
        for (key, value) in &mut self.unmapped {
            shift(key);
            value.for_each_text_mut(&mut shift);
        }
    }
}

impl From<Whole> for Event {
    fn from(whole: Whole) -> Self {
        Self {
            class: whole.class,
            activity: whole.activity,
            time: whole.time,
            buffer: whole.buffer,
            fields: whole.fields,
            unmapped: whole.unmapped,
        }
    }
}

/// Where one edit's stretch went.
struct Move {
    old: Span,
    new_start: usize,
    new_end: usize,
}

fn moved(text: Text, moves: &[Move]) -> Text {
    let start = position(text.start(), moves, |edit| edit.new_start);
    let end = position(text.end(), moves, |edit| edit.new_end);
    match (
        u32::try_from(start),
        u32::try_from(end.saturating_sub(start)),
    ) {
        (Ok(start), Ok(len)) => Text::new(start, len),
        (Ok(_) | Err(_), Ok(_) | Err(_)) => Text::new(0, 0),
    }
}

/// The new offset of `old`; an offset inside an edit goes where `inside` says.
fn position(old: usize, moves: &[Move], inside: impl Fn(&Move) -> usize) -> usize {
    let after = moves.partition_point(|edit| edit.old.start() < old);
    let Some(edit) = after.checked_sub(1).and_then(|last| moves.get(last)) else {
        return old;
    };
    if old < edit.old.end() {
        inside(edit)
    } else {
        old - edit.old.end() + edit.new_end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        Event::new(Class::BaseEvent, 0, Timestamp::default())
    }

    fn edit(event: &Event, needle: &str, with: &str) -> (Span, String) {
        let start = event.buffer().find(needle).unwrap();
        (
            Span::new(start, start + needle.len()).unwrap(),
            with.to_owned(),
        )
    }

    #[test]
    fn a_rewrite_keeps_every_other_text() {
        let mut event = event();
        event.set_text(Field::Message, "before secret after");
        event.keep_text("key", "another secret");
        event.set_text(Field::RawData, "untouched");
        let edits = vec![
            edit(&event, "secret after", "[x] after"),
            edit(&event, "another secret", "[longer replacement]"),
        ];
        event.rewrite(&edits);
        assert_eq!(event.text(Field::Message), Some("before [x] after"));
        assert_eq!(event.text(Field::RawData), Some("untouched"));
        let mut json = String::new();
        event.push_unmapped_json(&mut json);
        assert_eq!(json, r#"{"key":"[longer replacement]"}"#);
    }

    #[test]
    fn an_edit_at_a_texts_very_ends_stays_inside_it() {
        let mut event = event();
        event.set_text(Field::Message, "secret");
        event.set_text(Field::RawData, "secret2");
        let edits = vec![
            edit(&event, "secret\u{1e}", "[a]\u{1e}"),
            edit(&event, "secret2", "[b]"),
        ];
        event.rewrite(&edits);
        assert_eq!(event.text(Field::RawData), Some("[b]"));
    }

    #[test]
    fn the_end_of_a_text_shares_its_bytes_and_its_edits() {
        let mut event = event();
        let whole = event.push_text("é header: secret");
        let end = event.end_of(whole, 6).unwrap();
        event.set(Field::RawData, Value::Text(whole));
        event.set(Field::Message, Value::Text(end));
        assert_eq!(event.end_of(whole, 16), None);
        assert_eq!(event.end_of(whole, 99), None);
        assert_eq!(
            event.end_of(whole, 0).map(|end| event.resolve(end)),
            Some("")
        );
        event.rewrite(&[edit(&event, "secret", "[x]")]);
        assert_eq!(event.text(Field::RawData), Some("é header: [x]"));
        assert_eq!(event.text(Field::Message), Some("[x]"));
    }

    #[test]
    fn a_field_filled_twice_keeps_the_later_value() {
        let mut event = event();
        event.set_int(Field::StatusId, 1);
        event.set_int(Field::StatusId, 2);
        assert_eq!(event.int(Field::StatusId), Some(2));
        assert_eq!(event.cells().count(), 1);
    }
}
