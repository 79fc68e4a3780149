//! Reads the queue in its order, from where a consumer had come.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use magistrate_event::Record;

use super::QueueError;
use super::index::Readable;
use super::reader::{SegmentReader, Step};
use super::segment::Kind;
use super::shared::Shared;
use crate::Position;

/// One read returns no more than about this many bytes of records.
const MAX_READ_BYTES: u64 = 16 << 20;

/// A record and the place after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The record.
    pub record: Record,
    /// What to commit when this record and all before it are done with.
    pub end: Position,
}

/// One reader of the queue, with its own cursor.
pub struct Consumer {
    shared: Arc<Shared>,
    name: String,
    position: Position,
    open: Option<(u64, SegmentReader)>,
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Consumer({} at {})", self.name, self.position)
    }
}

impl Consumer {
    pub(super) fn new(shared: Arc<Shared>, name: &str, position: Position) -> Self {
        Self {
            shared,
            name: name.to_owned(),
            position,
            open: None,
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The place after the last record that was read.
    pub const fn position(&self) -> Position {
        self.position
    }

    /// Reads up to `max_records` synced records (and about 16 MiB), blocking up to `wait` for the
    /// first. Returns none when the time is up.
    ///
    /// # Errors
    /// [`QueueError::Closed`] when the queue was closed and everything has been read;
    /// [`QueueError::Disk`] when a segment cannot be read: call again later.
    pub fn read(&mut self, max_records: usize, wait: Duration) -> Result<Vec<Entry>, QueueError> {
        let mut entries = Vec::new();
        let mut budget = MAX_READ_BYTES;
        let mut next = self.shared.wait_readable(self.position, wait)?;
        while let Some(readable) = next {
            let read = self.read_segment(&readable, max_records, &mut budget, &mut entries);
            if entries.is_empty() {
                read?;
            } else if read.is_err() {
                // What was read is handed out; the next call meets the same error.
                break;
            }
            if entries.len() >= max_records || budget == 0 {
                break;
            }
            next = self.shared.index().readable(self.position);
        }
        Ok(entries)
    }

    /// Goes back to `position`, for a consumer whose work since then was in vain.
    pub fn rewind(&mut self, position: Position) {
        self.position = position;
    }

    /// Stores that everything before `position` is done with, and lets old segments go.
    /// Costs one synced transaction: commit per batch of work, not per record.
    ///
    /// # Errors
    /// When the cursor cannot be written; it is then where it was.
    pub fn commit(&self, position: Position) -> Result<(), QueueError> {
        self.shared.state.set_cursor(&self.name, position)?;
        self.moved_to(position);
        Ok(())
    }

    /// Tells the queue that the cursor was stored by a transaction of the consumer's own
    /// ([`crate::State::transact`]).
    pub fn moved_to(&self, position: Position) {
        self.shared.index().advance(&self.name, position);
        self.shared.trim();
    }

    fn read_segment(
        &mut self,
        readable: &Readable,
        max_records: usize,
        budget: &mut u64,
        entries: &mut Vec<Entry>,
    ) -> Result<(), QueueError> {
        let number = readable.start.segment;
        let mut reader = self.reader(number)?;
        self.position = readable.start;
        while entries.len() < max_records && *budget > 0 {
            let offset = self.position.offset;
            let step = reader
                .step(offset, readable.limit)
                .map_err(|error| self.read_error(number, error))?;
            let (end, gap) = match step {
                Step::Frame { end } => (end, false),
                Step::Gap { end } => (end, true),
                Step::End => break,
            };
            self.position.offset = end;
            if gap {
                self.shared.survey(number, offset, readable.limit);
            } else {
                *budget = budget.saturating_sub(end - offset);
                match decode(reader.payload(offset, end)) {
                    Some(record) => entries.push(Entry {
                        record,
                        end: self.position,
                    }),
                    None => self.shared.survey(number, offset, readable.limit),
                }
            }
        }
        self.open = Some((number, reader));
        Ok(())
    }

    fn reader(&mut self, number: u64) -> Result<SegmentReader, QueueError> {
        if let Some((open, reader)) = self.open.take()
            && open == number
        {
            return Ok(reader);
        }
        let path = self.shared.path(Kind::Log, number);
        let file = self
            .shared
            .disk
            .open(&path)
            .map_err(|error| self.read_error(number, error))?;
        Ok(SegmentReader::new(file))
    }

    fn read_error(&self, number: u64, error: std::io::Error) -> QueueError {
        self.shared.metrics.read_errors.inc();
        QueueError::disk("read", &self.shared.path(Kind::Log, number), error)
    }
}

/// Reads a record back, which only the queue may.
#[expect(
    clippy::disallowed_methods,
    reason = "the queue's reader: the bytes were redacted before they were written"
)]
pub(super) fn decode(payload: &[u8]) -> Option<Record> {
    Record::decode(payload).ok()
}
