//! What is kept of a record that a peer will never take.

use std::io;

use magistrate_event::EventUid;

/// A refused record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letter<'a> {
    /// The sink's name.
    pub sink: &'a str,
    /// The record's stable id.
    pub uid: EventUid,
    /// Why, cut short.
    pub reason: &'a str,
    /// The record as it was sent; redacted, as all that sinks see.
    pub body: &'a str,
}

/// Keeps a letter; durable when it returns. On an error the letter is offered again later, and
/// the sink waits: nothing is dropped.
pub type DeadLetters = Box<dyn FnMut(Letter<'_>) -> io::Result<()> + Send>;
