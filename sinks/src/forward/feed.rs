//! Where a forwarder's records come from: the queue, by a cursor of its own.

use std::time::Duration;

use crate::Position;
use crate::queue::{Consumer, Entry, QueueError};

/// One consumer of the queue.
pub trait Feed: Send {
    /// Up to `max_records` next records, oldest first; waits up to `wait` for the first. Blocks.
    ///
    /// # Errors
    /// [`QueueError::Closed`] when there will be no more; else the call may be repeated.
    fn read(&mut self, max_records: usize, wait: Duration) -> Result<Vec<Entry>, QueueError>;

    /// Stores how far this consumer has come; durable when it returns. Blocks.
    ///
    /// # Errors
    /// When the cursor cannot be stored; it is tried again later.
    fn commit(&mut self, position: Position) -> Result<(), QueueError>;
}

impl Feed for Consumer {
    fn read(&mut self, max_records: usize, wait: Duration) -> Result<Vec<Entry>, QueueError> {
        Self::read(self, max_records, wait)
    }

    fn commit(&mut self, position: Position) -> Result<(), QueueError> {
        Self::commit(self, position)
    }
}
