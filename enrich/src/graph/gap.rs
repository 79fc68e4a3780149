//! Numbers of events that are missing, and that came late.

use magistrate_event::Event;

use super::Missing;
use super::note::attribute;

/// Numbers of events that were missing when it was told, and the time of the event after them, which
/// tells the runs of a session apart.
#[derive(PartialEq, Eq)]
pub(super) struct Gap {
    first: i64,
    last: i64,
    before: Option<i64>,
}

impl Gap {
    /// What a notice of a gap tells, or of one that has closed.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let number = |name| attribute(event, name).and_then(|text| text.parse().ok());
        Some(Self {
            first: number("missing.first")?,
            last: number("missing.last")?,
            before: number("missing.before"),
        })
    }
}

impl From<Gap> for Missing {
    fn from(gap: Gap) -> Self {
        Self {
            first: gap.first,
            last: gap.last,
        }
    }
}
