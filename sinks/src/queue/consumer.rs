//! Reads the queue in its order, from where a consumer had come.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use magistrate_event::{Record, Timestamp};

use super::QueueError;
use super::index::Readable;
use super::reader::{SegmentReader, Step, Unreadable};
use super::segment::Kind;
use super::shared::Shared;
use crate::Position;

/// When reading has failed for so long, a file that is gone and blocks that the disk reports as
/// bad (`EIO`) count as damage. Other errors are waited for without end.
const PATIENCE: Duration = Duration::from_secs(60);
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
    /// Since when reading has failed.
    failing_since: Option<Timestamp>,
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
            failing_since: None,
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
    /// [`QueueError::Disk`] when a segment cannot be read: call again a little later. What
    /// the disk reports as bad for a minute counts as damage and is passed over.
    pub fn read(&mut self, max_records: usize, wait: Duration) -> Result<Vec<Entry>, QueueError> {
        self.read_over(Vec::new(), max_records, wait)
    }

    /// Like [`Consumer::read`], in the memory of `used`, entries of an earlier read that nobody
    /// needs any more.
    ///
    /// # Errors
    /// Those of [`Consumer::read`].
    pub fn read_over(
        &mut self,
        used: Vec<Entry>,
        max_records: usize,
        wait: Duration,
    ) -> Result<Vec<Entry>, QueueError> {
        let mut entries = Entries {
            list: Vec::with_capacity(used.len()),
            used: used.into_iter(),
            max_records,
            budget_bytes: MAX_READ_BYTES,
        };
        let mut next = self.shared.wait_readable(self.position, wait)?;
        while let Some(readable) = next {
            let read = self.read_segment(&readable, &mut entries);
            if entries.list.is_empty() {
                read?;
            } else if read.is_err() {
                // What was read is handed out; the next call meets the same error.
                break;
            }
            if entries.are_full() {
                break;
            }
            next = self.shared.index().readable(self.position);
        }
        Ok(entries.list)
    }

    /// The place after the last record that can be read now.
    pub fn end(&self) -> Position {
        self.shared.index().end()
    }

    /// Whether everything before `end` was read.
    pub fn has_read(&self, end: Position) -> bool {
        self.position >= end || self.shared.index().readable(self.position).is_none()
    }

    /// Goes back to `position`, for a consumer whose work since then was in vain.
    pub fn rewind(&mut self, position: Position) {
        self.position = position;
        if self.has_read(self.end()) {
            // Nothing is left that it could not do.
            self.shared.stalls.clear(&self.name);
        }
    }

    /// Stores that everything before `position` is done with, and lets old segments go.
    /// Costs one synced transaction: commit per batch of work, not per record.
    ///
    /// # Errors
    /// When the cursor cannot be written; it is then where it was.
    pub fn commit(&self, position: Position) -> Result<(), QueueError> {
        if let Err(error) = self.shared.state.set_cursor(&self.name, position) {
            self.stall(&error);
            return Err(error.into());
        }
        self.moved_to(position);
        Ok(())
    }

    /// Shows that this consumer cannot go on, and why, until its cursor moves.
    pub fn stall(&self, why: &dyn std::error::Error) {
        self.shared.stalls.note(&self.name, why);
    }

    /// Tells the queue that the cursor was stored by a transaction of the consumer's own
    /// ([`crate::State::transact`]).
    pub fn moved_to(&self, position: Position) {
        self.shared.stalls.clear(&self.name);
        self.shared.index().advance(&self.name, position);
        self.shared.trim();
    }

    fn read_segment(
        &mut self,
        readable: &Readable,
        entries: &mut Entries,
    ) -> Result<(), QueueError> {
        let number = readable.start.segment;
        self.position = readable.start;
        let Some(mut reader) = self.take_reader(number)? else {
            self.shared.lose(number);
            self.position.offset = readable.limit;
            return Ok(());
        };
        while !entries.are_full() {
            let offset = self.position.offset;
            let step = reader.step(offset, readable.limit);
            let sound = match step.map_err(|error| self.read_error(number, error))? {
                Step::Frame { end } => {
                    self.position.offset = end;
                    entries.take(reader.payload(offset, end), self.position)
                }
                Step::Gap { end } => {
                    self.position.offset = end;
                    None
                }
                Step::End => break,
            };
            if sound.is_none() {
                self.shared.survey(number, offset, readable.limit);
            }
        }
        self.failing_since = None;
        self.open = Some((number, reader));
        Ok(())
    }

    /// The reader of a segment; `None` when its file is gone for good.
    fn take_reader(&mut self, number: u64) -> Result<Option<SegmentReader>, QueueError> {
        if let Some((open, reader)) = self.open.take()
            && open == number
        {
            return Ok(Some(reader));
        }
        let path = self.shared.path(Kind::Log, number);
        let unreadable = if self.is_out_of_patience() {
            Unreadable::Blank
        } else {
            Unreadable::Report
        };
        match self.shared.disk.open(&path) {
            Ok(file) => Ok(Some(SegmentReader::new(file, unreadable))),
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && unreadable == Unreadable::Blank =>
            {
                Ok(None)
            }
            Err(error) => Err(self.read_error(number, error)),
        }
    }

    fn read_error(&mut self, number: u64, error: io::Error) -> QueueError {
        self.failing_since.get_or_insert(self.shared.clock.now());
        self.shared.metrics.read_errors.inc();
        QueueError::disk("read", &self.shared.path(Kind::Log, number), error)
    }

    fn is_out_of_patience(&self) -> bool {
        let now = self.shared.clock.now();
        self.failing_since
            .is_some_and(|since| now.since(since) >= PATIENCE)
    }
}

/// What one read has found so far.
struct Entries {
    list: Vec<Entry>,
    /// Earlier ones, for their memory.
    used: std::vec::IntoIter<Entry>,
    max_records: usize,
    budget_bytes: u64,
}

impl Entries {
    const fn are_full(&self) -> bool {
        self.list.len() >= self.max_records || self.budget_bytes == 0
    }

    /// Adds the record in `payload`, which ends at `end`; `None` when it is none.
    #[expect(
        clippy::disallowed_methods,
        reason = "the queue's reader: the bytes were redacted before they were written"
    )]
    fn take(&mut self, payload: &[u8], end: Position) -> Option<()> {
        self.budget_bytes = self.budget_bytes.saturating_sub(payload.len() as u64);
        let record = match self.used.next() {
            Some(used) => Record::decode_over(used.record, payload).ok()?,
            None => Record::decode(payload).ok()?,
        };
        self.list.push(Entry { record, end });
        Some(())
    }
}

/// Reads a record back, which only the queue may, and for rows that the lake holds back, the lake.
#[expect(
    clippy::disallowed_methods,
    reason = "the queue's reader: the bytes were redacted before they were written"
)]
pub(crate) fn decode(payload: &[u8]) -> Option<Record> {
    Record::decode(payload).ok()
}
