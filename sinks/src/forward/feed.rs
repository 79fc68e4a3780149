//! Where a forwarder's records come from: the queue, by a cursor of its own.

use std::time::Duration;

use magistrate_event::Record;

use crate::Position;

/// One record and the place after it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The record.
    pub record: Record,
    /// The place to commit once the record is delivered.
    pub end: Position,
}

/// Why the queue could not be read or a cursor stored.
pub type FeedError = Box<dyn std::error::Error + Send + Sync>;

/// One consumer of the queue.
pub trait Feed: Send {
    /// Up to `max_records` next records, oldest first; waits up to `wait` for the first. Blocks.
    ///
    /// # Errors
    /// When the queue cannot be read; the same records are asked for again later.
    fn read(&mut self, max_records: usize, wait: Duration) -> Result<Vec<Entry>, FeedError>;

    /// Stores how far this consumer has come; durable when it returns. Blocks.
    ///
    /// # Errors
    /// When the cursor cannot be stored; it is tried again later.
    fn commit(&mut self, position: Position) -> Result<(), FeedError>;
}
