//! A place in the queue.

use std::fmt;

/// The place between two records of the queue: a segment's number and a byte offset in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Position {
    /// The segment's number; segments are numbered upwards from 1.
    pub segment: u64,
    /// Bytes from the segment's start.
    pub offset: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.segment, self.offset)
    }
}
