//! What is stored: a redacted event with its id and the time of its receipt.

use crate::layout::{self, DecodeError, Head, Memory};
use crate::{Event, EventUid, Timestamp};

/// An event that has passed the redactor. The ticket that everything downstream asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Redacted(Event);

impl Redacted {
    /// Declares `event` redacted. Only the redactor may call this; clippy.toml holds the rest off.
    pub const fn seal(event: Event) -> Self {
        Self(event)
    }

    /// The event.
    pub const fn event(&self) -> &Event {
        &self.0
    }
}

/// A redacted event as the queue, the lake and the forwarders see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    uid: EventUid,
    received: Timestamp,
    event: Redacted,
}

impl Record {
    /// A record with its stable id and the time at which it was received.
    pub const fn new(uid: EventUid, received: Timestamp, event: Redacted) -> Self {
        Self {
            uid,
            received,
            event,
        }
    }

    /// The stable id.
    pub const fn uid(&self) -> EventUid {
        self.uid
    }

    /// When it was received.
    pub const fn received(&self) -> Timestamp {
        self.received
    }

    /// The redacted event.
    pub const fn event(&self) -> &Event {
        self.event.event()
    }

    /// Appends the record's bytes to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let head = Head {
            uid: self.uid,
            received: self.received,
        };
        layout::write(head, self.event().parts(), out);
    }

    /// The id and the time of receipt of an encoded record, without reading its event.
    ///
    /// # Errors
    /// When the bytes do not begin like a record of the known layout.
    pub fn peek(bytes: &[u8]) -> Result<(EventUid, Timestamp), DecodeError> {
        layout::read_head(bytes).map(|head| (head.uid, head.received))
    }

    /// Reads a record back. Only the queue's reader may call this: the bytes were redacted before
    /// they were written.
    ///
    /// # Errors
    /// When the bytes are not a record of the known layout.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::read(bytes, Memory::default())
    }

    /// Like [`Record::decode`], in the memory of `used`, which nobody needs any more.
    ///
    /// # Errors
    /// When the bytes are not a record of the known layout.
    pub fn decode_over(used: Self, bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::read(bytes, used.event.0.into_memory())
    }

    fn read(bytes: &[u8], memory: Memory) -> Result<Self, DecodeError> {
        let whole = layout::read(bytes, memory)?;
        Ok(Self {
            uid: whole.head.uid,
            received: whole.head.received,
            event: Redacted(Event::from(whole)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Class, Field, Value};

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the test stands in for redactor and queue"
    )]
    fn a_record_survives_its_bytes() {
        let mut event = Event::new(Class::ApiActivity, 2, Timestamp::from_micros(-7));
        event.set_text(Field::Message, "héllo");
        let key = event.push_key("nested");
        let inner = event.push_key("a");
        event.keep(
            key,
            Value::Map(vec![(
                inner,
                Value::List(vec![Value::Double(0.5), Value::Null]),
            )]),
        );
        let uid = EventUid::from_bytes([9; 16]);
        let record = Record::new(uid, Timestamp::from_micros(5), Redacted::seal(event));
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        assert_eq!(Record::decode(&bytes).unwrap(), record);
        let other = Redacted::seal(Event::new(Class::Span, 1, Timestamp::default()));
        let other = Record::new(EventUid::from_bytes([1; 16]), Timestamp::default(), other);
        assert_eq!(Record::decode_over(other, &bytes).unwrap(), record);
        let head = (record.uid(), record.received());
        assert_eq!(Record::peek(&bytes).unwrap(), head);
        assert_eq!(Record::peek(&bytes[..30]).unwrap(), head);
        assert!(Record::peek(&bytes[..10]).is_err());
        assert!(matches!(
            Record::decode(&[77, 1]),
            Err(DecodeError::Layout(77))
        ));
        for cut in 0..bytes.len() {
            assert!(Record::decode(&bytes[..cut]).is_err());
        }
    }
}
