//! What the queue's tests share.

use magistrate_event::{Class, Event, EventUid, Field, Record, Redacted, Timestamp};

use super::Batch;

/// A record whose id is told by `number`.
#[expect(
    clippy::disallowed_methods,
    reason = "the test stands in for the redactor"
)]
pub(super) fn record(number: u64) -> Record {
    let mut event = Event::new(Class::ApiActivity, 1, Timestamp::from_micros(5));
    event.set_text(Field::Message, &format!("record {number}"));
    Record::new(
        uid(number),
        Timestamp::from_millis(1_000),
        Redacted::seal(event),
    )
}

/// The id of [`record`] `number`.
pub(super) fn uid(number: u64) -> EventUid {
    let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&spread.to_le_bytes());
    bytes[8..].copy_from_slice(&number.to_le_bytes());
    EventUid::from_bytes(bytes)
}

/// A batch of such records.
pub(super) fn batch(numbers: impl IntoIterator<Item = u64>) -> Batch {
    let mut batch = Batch::new();
    for number in numbers {
        batch.push(&record(number)).unwrap();
    }
    batch
}
