//! What the queue's tests share.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use magistrate_event::{Class, Clock, Event, EventUid, Field, Record, Redacted, Timestamp};

use super::{Batch, ByteSize, Config, Consumer, Metrics, Queue, QueueError, Setup};
use crate::State;
use crate::disk::SimulatedDisk;

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
pub(crate) fn batch(numbers: impl IntoIterator<Item = u64>) -> Batch {
    let mut batch = Batch::new();
    for number in numbers {
        batch.push(&record(number)).unwrap();
    }
    batch
}

/// The number of a [`record`].
pub(super) fn number(record: &Record) -> u64 {
    let uid = record.uid();
    let (_, number) = uid.as_bytes().split_last_chunk().unwrap();
    u64::from_le_bytes(*number)
}

/// Segments of about twenty records.
pub(super) fn small_segments() -> Config {
    Config {
        segment_bytes: ByteSize::from_bytes(2_000),
        ..Config::default()
    }
}

/// What a queue on [`SimulatedDisk`] is opened with again and again.
pub(super) struct Bench {
    pub(super) disk: SimulatedDisk,
    pub(super) state: Arc<State>,
    pub(super) config: Config,
    pub(super) clock: Arc<HandClock>,
}

/// A clock that moves when told.
#[derive(Debug, Default)]
pub(super) struct HandClock {
    seconds: AtomicI64,
}

impl HandClock {
    pub(super) fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_secs()).unwrap();
        self.seconds.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.seconds.load(Ordering::SeqCst) * 1_000)
    }
}

impl Bench {
    pub(super) fn new(seed: u64) -> Self {
        Self::with_state(seed, Arc::new(State::in_memory()))
    }

    pub(super) fn with_state(seed: u64, state: Arc<State>) -> Self {
        Self {
            disk: SimulatedDisk::new(seed),
            state,
            config: small_segments(),
            clock: Arc::default(),
        }
    }

    pub(super) fn setup(&self, consumers: &[&str]) -> Setup {
        Setup {
            config: self.config.clone(),
            state: Arc::clone(&self.state),
            consumers: consumers.iter().map(|name| (*name).to_owned()).collect(),
            metrics: Metrics::default(),
            clock: Arc::<HandClock>::clone(&self.clock),
        }
    }

    pub(super) fn open(&self, consumers: &[&str]) -> Result<Queue, QueueError> {
        let disk = Arc::new(self.disk.clone());
        Queue::open_on(disk, folder(), self.setup(consumers), None)
    }
}

/// The folder of the queue on a [`SimulatedDisk`].
pub(super) fn folder() -> PathBuf {
    PathBuf::from("/data/queue")
}

/// Everything that can be read now.
pub(super) fn drain(consumer: &mut Consumer) -> Vec<u64> {
    let mut numbers = Vec::new();
    while let Ok(entries) = consumer.read(64, Duration::ZERO)
        && !entries.is_empty()
    {
        numbers.extend(entries.iter().map(|entry| number(&entry.record)));
    }
    numbers
}
