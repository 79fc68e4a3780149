//! What is stored: a redacted event with its id and the time of its receipt.

use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Serialize};

use crate::{Event, EventUid, Timestamp};

/// An event that has passed the redactor. The ticket that everything downstream asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
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

/// Lets postcard write at the end of bytes that are there already, whole slices at a time.
struct Tail(Vec<u8>);

impl Flavor for Tail {
    type Output = Vec<u8>;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Vec<u8>> {
        Ok(self.0)
    }
}

/// A redacted event as the queue, the lake and the forwarders see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    uid: EventUid,
    received: Timestamp,
    event: Redacted,
}

/// Why bytes are not a record.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The first byte names a layout that this program does not know.
    #[error(
        "record layout {0} is not known to this version; a newer magistrate may have written it"
    )]
    Layout(u8),
    /// There is no first byte.
    #[error("record is empty")]
    Empty,
    /// The layout is known, but the bytes do not follow it.
    #[error("cannot decode record")]
    Malformed(#[source] postcard::Error),
}

/// The layout that [`Record::encode`] writes.
const LAYOUT: u8 = 1;

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

    /// Appends the record's bytes to `out`: a layout number, then postcard.
    ///
    /// # Errors
    /// Never in practice: postcard refuses only types that a record does not hold.
    pub fn encode(&self, mut out: Vec<u8>) -> Result<Vec<u8>, DecodeError> {
        out.push(LAYOUT);
        postcard::serialize_with_flavor(self, Tail(out)).map_err(DecodeError::Malformed)
    }

    /// The id and the time of receipt of an encoded record, without reading its event.
    ///
    /// # Errors
    /// When the bytes do not begin like a record of a known layout.
    pub fn peek(bytes: &[u8]) -> Result<(EventUid, Timestamp), DecodeError> {
        match bytes.split_first() {
            Some((&LAYOUT, rest)) => postcard::take_from_bytes(rest)
                .map(|(head, _)| head)
                .map_err(DecodeError::Malformed),
            Some((&other, _)) => Err(DecodeError::Layout(other)),
            None => Err(DecodeError::Empty),
        }
    }

    /// Reads a record back. Only the queue's reader may call this: the bytes were redacted before
    /// they were written.
    ///
    /// # Errors
    /// When the bytes are not a record of a known layout.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        match bytes.split_first() {
            Some((&LAYOUT, rest)) => postcard::from_bytes(rest).map_err(DecodeError::Malformed),
            Some((&other, _)) => Err(DecodeError::Layout(other)),
            None => Err(DecodeError::Empty),
        }
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
        let bytes = record.encode(Vec::new()).unwrap();
        assert_eq!(Record::decode(&bytes).unwrap(), record);
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
