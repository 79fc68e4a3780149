//! By which clock a match counts.

use magistrate_event::{Event, Field, Source, Timestamp};
use serde::{Deserialize, Serialize};

/// Two clocks: what comes while it happens goes by its receipt, which no sender can choose; what is read
/// from a file goes by its own time, so that a month in a file is a month of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Clock {
    Receipt,
    File,
}

/// When a match counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) clock: Clock,
    /// Microseconds since 1970.
    pub(super) at: i64,
}

impl Moment {
    /// Of an event that was received at `received`.
    pub(super) fn of(event: &Event, received: Timestamp) -> Self {
        let is_of_file = event.text(Field::Source) == Some(Source::Replay.name());
        let (clock, at) = if is_of_file {
            (Clock::File, event.time().min(received))
        } else {
            (Clock::Receipt, received)
        };
        Self {
            clock,
            at: at.as_micros(),
        }
    }
}
