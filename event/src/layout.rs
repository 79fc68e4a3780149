//! How a record lies in the queue's files: written once and read by every consumer, so it is made
//! to be cheap at both ends.
//!
//! Layout 2. Numbers are little endian; a varint is LEB128 (seven bits a byte, least first), a
//! signed one zigzag-coded before, as in protobuf. In order:
//!
//! | what | how |
//! |---|---|
//! | layout | one byte, 2 |
//! | id | 16 bytes |
//! | received, time | `i64`, microseconds |
//! | class | `u16` |
//! | activity | one byte |
//! | text buffer | length as varint, UTF-8 |
//! | fields | count as varint; each a `u16` number and a value |
//! | unmapped | count as varint; each a text and a value |
//!
//! A value is one byte that says its type and what follows: nothing, a varint, eight bytes, a text,
//! or a count and so many values or pairs. A text is where it begins, told from where the text
//! before it ended, and its length: two varints that take a byte each for most texts.

mod read;
mod write;

use std::str::Utf8Error;

use crate::event::Parts;
use crate::{Class, EventUid, Field, Text, Timestamp, Value};
use read::Reader;
use write::Writer;

/// The layout that [`write`] writes.
const LAYOUT: u8 = 2;
/// No more room than this is made on the word of a count alone.
const MAX_ROOM: usize = 4096;
/// Memory beyond this is not kept from one record to the next.
const KEPT_TEXT_BYTES: usize = 64 << 10;
const KEPT_VALUES: usize = 256;
/// Trees deeper than this are damage: parsers stop at 64.
const MAX_DEPTH: usize = 96;

/// What stands before the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) uid: EventUid,
    pub(crate) received: Timestamp,
}

/// Why bytes are not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The first byte names a layout that this program does not know.
    #[error("record layout {0} is not known to this version; another magistrate wrote it")]
    Layout(u8),
    /// The bytes end before the record does.
    #[error("record ends too early")]
    Short,
    /// Bytes are left over.
    #[error("record goes on for {0} bytes too many")]
    Long(usize),
    /// A number names no class, no field or no type.
    #[error("record has no such {what}: {number}")]
    Unknown {
        /// What it should name.
        what: &'static str,
        /// The number.
        number: u16,
    },
    /// A number is too large for what it counts.
    #[error("record counts past its end")]
    Count,
    /// Trees are nested too deep.
    #[error("record is nested too deep")]
    Depth,
    /// The text buffer is not UTF-8.
    #[error("record's text is not UTF-8")]
    Text(#[from] Utf8Error),
}

/// Appends the record's bytes to `out`.
pub(crate) fn write(head: Head, parts: Parts<'_>, out: &mut Vec<u8>) {
    out.push(LAYOUT);
    out.extend_from_slice(head.uid.as_bytes());
    out.extend_from_slice(&head.received.as_micros().to_le_bytes());
    out.extend_from_slice(&parts.time.as_micros().to_le_bytes());
    out.extend_from_slice(&parts.class.number().to_le_bytes());
    out.push(parts.activity);
    let mut writer = Writer::new(out);
    writer.varint(parts.buffer.len() as u64);
    writer.out.extend_from_slice(parts.buffer.as_bytes());
    writer.varint(parts.fields.len() as u64);
    for (field, value) in parts.fields {
        writer.field(*field, value);
    }
    writer.varint(parts.unmapped.len() as u64);
    for (key, value) in parts.unmapped {
        writer.text(*key);
        writer.value(value);
    }
}

/// Reads what stands before the event.
///
/// # Errors
/// When the bytes do not begin like a record of this layout.
pub(crate) fn read_head(bytes: &[u8]) -> Result<Head, DecodeError> {
    Reader::new(bytes).head()
}

/// A record read back.
pub(crate) struct Whole {
    pub(crate) head: Head,
    pub(crate) class: Class,
    pub(crate) activity: u8,
    pub(crate) time: Timestamp,
    pub(crate) buffer: String,
    pub(crate) fields: Vec<(Field, Value)>,
    pub(crate) unmapped: Vec<(Text, Value)>,
}

/// The memory of an event that nobody needs any more: a record that is read into it allocates
/// nothing but lists and maps.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) buffer: String,
    pub(crate) fields: Vec<(Field, Value)>,
    pub(crate) unmapped: Vec<(Text, Value)>,
}

impl Memory {
    /// Empties it; what one large record needed is given back.
    fn cleared(mut self) -> Self {
        if self.buffer.capacity() > KEPT_TEXT_BYTES {
            self.buffer = String::new();
        }
        self.buffer.clear();
        self.fields.clear();
        self.fields.shrink_to(KEPT_VALUES);
        self.unmapped.clear();
        self.unmapped.shrink_to(KEPT_VALUES);
        self
    }
}

/// Reads a whole record.
///
/// # Errors
/// When the bytes are not exactly one record of this layout.
pub(crate) fn read(bytes: &[u8], memory: Memory) -> Result<Whole, DecodeError> {
    let Memory {
        mut buffer,
        mut fields,
        mut unmapped,
    } = memory.cleared();
    let mut reader = Reader::new(bytes);
    let head = reader.head()?;
    let time = reader.time()?;
    let class = reader.number(Class::try_from, "class")?;
    let [activity] = reader.array()?;
    let buffer_len = reader.count()?;
    buffer.push_str(std::str::from_utf8(reader.take(buffer_len)?)?);
    reader.items(&mut fields, Reader::field)?;
    reader.items(&mut unmapped, |reader| {
        Ok((reader.text()?, reader.value(0)?))
    })?;
    if !reader.rest.is_empty() {
        return Err(DecodeError::Long(reader.rest.len()));
    }
    Ok(Whole {
        head,
        class,
        activity,
        time,
        buffer,
        fields,
        unmapped,
    })
}

mod tag {
    pub(super) const NULL: u8 = 0;
    pub(super) const FALSE: u8 = 1;
    pub(super) const TRUE: u8 = 2;
    pub(super) const INT: u8 = 3;
    pub(super) const DOUBLE: u8 = 4;
    pub(super) const TIME: u8 = 5;
    pub(super) const TEXT: u8 = 6;
    pub(super) const LIST: u8 = 7;
    pub(super) const MAP: u8 = 8;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Event;

    fn value() -> impl Strategy<Value = Value> {
        let text =
            (any::<u32>(), any::<u32>()).prop_map(|(start, len)| Text::new(start / 2, len / 2));
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            (-1e9..1e9).prop_map(Value::Double),
            any::<i64>().prop_map(|micros| Value::Time(Timestamp::from_micros(micros))),
            text.prop_map(Value::Text),
        ];
        leaf.prop_recursive(4, 32, 5, move |inner| {
            let key = (0_u32..99, 0_u32..99).prop_map(|(start, len)| Text::new(start, len));
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
                proptest::collection::vec((key, inner), 0..5).prop_map(Value::Map),
            ]
        })
    }

    const HEAD: Head = Head {
        uid: EventUid::from_bytes([7; 16]),
        received: Timestamp::from_micros(-5),
    };

    fn written(event: &Event) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(HEAD, event.parts(), &mut bytes);
        bytes
    }

    fn anew(bytes: &[u8]) -> Result<Whole, DecodeError> {
        read(bytes, Memory::default())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            texts in proptest::collection::vec(".{0,40}", 0..9),
            fields in proptest::collection::vec((0..Field::ALL.len(), value()), 0..9),
            unmapped in proptest::collection::vec(value(), 0..9),
        ) {
            let mut event = Event::new(Class::Span, 9, Timestamp::from_micros(1));
            for text in &texts {
                event.push_text(text);
            }
            for (field, value) in fields {
                event.append(Field::ALL[field], value);
            }
            for value in unmapped {
                let key = event.push_key("key");
                event.keep(key, value);
            }
            let bytes = written(&event);
            prop_assert_eq!(read_head(&bytes).unwrap(), HEAD);
            let whole = anew(&bytes).unwrap();
            prop_assert_eq!(whole.head, HEAD);
            prop_assert_eq!(&Event::from(whole), &event);
            // What the memory held before does not show.
            let whole = read(&bytes, event.clone().into_memory()).unwrap();
            prop_assert_eq!(Event::from(whole), event);
        }

        #[test]
        fn damaged_bytes_are_an_error_or_another_record(
            value in value(),
            at in any::<prop::sample::Index>(),
            damage: u8,
        ) {
            let mut event = Event::new(Class::Metric, 0, Timestamp::default());
            let key = event.push_key("key");
            event.keep(key, value);
            let mut bytes = written(&event);
            let at = at.index(bytes.len());
            bytes[at] = damage;
            if let Ok(whole) = anew(&bytes) {
                written(&Event::from(whole));
            }
            prop_assert!(anew(&bytes[..at]).is_err());
        }
    }

    #[test]
    fn each_kind_of_damage_has_its_error() {
        let mut event = Event::new(Class::Metric, 0, Timestamp::default());
        event.set_int(Field::StatusId, 1);
        let good = written(&event);
        // Layout, id, two times, class, activity, no text, one field, its number, its type.
        let damaged = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            anew(&bytes).map(|_| ()).unwrap_err()
        };
        assert_eq!(damaged(0, 1), DecodeError::Layout(1));
        assert!(matches!(
            damaged(34, 9),
            DecodeError::Unknown { what: "class", .. }
        ));
        assert_eq!(damaged(36, 100), DecodeError::Count);
        assert!(matches!(
            damaged(39, 9),
            DecodeError::Unknown { what: "field", .. }
        ));
        assert!(matches!(
            damaged(40, 99),
            DecodeError::Unknown {
                what: "type",
                number: 99
            }
        ));
        let mut long = good.clone();
        long.push(0);
        assert_eq!(anew(&long).map(|_| ()), Err(DecodeError::Long(1)));
        assert_eq!(anew(&[]).map(|_| ()), Err(DecodeError::Short));
    }

    #[test]
    fn a_bottomless_tree_is_refused() {
        let mut value = Value::Null;
        for _ in 0..=MAX_DEPTH {
            value = Value::List(vec![value]);
        }
        let mut event = Event::new(Class::Metric, 0, Timestamp::default());
        let key = event.push_key("deep");
        event.keep(key, value);
        assert_eq!(anew(&written(&event)).map(|_| ()), Err(DecodeError::Depth));
    }
}
