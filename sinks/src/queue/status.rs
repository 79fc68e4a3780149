//! How the queue is doing: a picture for metrics, readiness and people.

use magistrate_event::Timestamp;

use super::metrics::{Consumer, gauge};
use super::shared::Shared;
use super::{QueueError, recover};
use crate::Position;

/// The queue at one moment.
#[derive(Debug, Clone)]
pub struct Status {
    /// The size of all segments.
    pub used_bytes: u64,
    /// The quota.
    pub max_bytes: u64,
    /// The number of segments.
    pub segments: usize,
    /// The bytes that wait for the disk.
    pub waiting_bytes: u64,
    /// Why the last write failed; `None` when it did not.
    pub last_error: Option<QueueError>,
    /// How far each consumer has come.
    pub consumers: Vec<ConsumerStatus>,
}

/// One consumer's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerStatus {
    /// Its name.
    pub name: String,
    /// Up to where it has finished.
    pub cursor: Position,
    /// About how many records it has before it; exact when none.
    pub queued_records: u64,
    /// When the oldest of them was received.
    pub oldest: Option<Timestamp>,
}

impl Shared {
    /// Takes the picture, and refreshes the gauges that show it.
    pub(super) fn status(&self) -> Status {
        let status = self.picture();
        let now = self.clock.now();
        for consumer in &status.consumers {
            let label = Consumer {
                consumer: consumer.name.clone(),
            };
            let age = consumer
                .oldest
                .map_or(0, |oldest| now.since(oldest).as_secs());
            self.metrics
                .queued
                .get_or_create(&label)
                .set(gauge(consumer.queued_records));
            self.metrics
                .oldest_seconds
                .get_or_create(&label)
                .set(gauge(age));
            self.metrics
                .stalled
                .get_or_create(&label)
                .set(i64::from(self.stalls.has(&consumer.name)));
        }
        self.metrics.waiting_bytes.set(gauge(status.waiting_bytes));
        status
    }

    fn picture(&self) -> Status {
        let index = self.index();
        let (used_bytes, segments) = (index.bytes(), index.segments());
        let mut consumers: Vec<ConsumerStatus> = index
            .cursors()
            .map(|(name, cursor)| ConsumerStatus {
                name: name.to_owned(),
                cursor,
                queued_records: index.records_after(cursor),
                oldest: None,
            })
            .collect();
        drop(index);
        for consumer in &mut consumers {
            consumer.oldest = recover::received_at(self, consumer.cursor);
        }
        Status {
            used_bytes,
            max_bytes: self.config.max_bytes.bytes(),
            segments,
            waiting_bytes: self.waiting.bytes(),
            last_error: self.last_error().clone(),
            consumers,
        }
    }
}
