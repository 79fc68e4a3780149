//! Rows of masked tools, which wait some seconds for another record of the call to name it.
//!
//! Everything else goes on meanwhile; only the cursor stays before the oldest row that waits.

use std::time::Duration;

use magistrate_event::{Field, Record, Timestamp};

use crate::Position;

/// So many rows may wait; more, and the oldest go as they are.
const MAX_ROWS: usize = 10_000;

/// The rows that wait, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Hold {
    rows: Vec<Row>,
}

/// One row that waits.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) record: Record,
    /// Where the cursor may stand while it waits; none where the place is not known.
    pub(super) before: Option<Position>,
    /// Since when.
    pub(super) since: Timestamp,
}

impl Hold {
    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a row behind the others.
    pub(super) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// The row that has waited longest.
    pub(super) fn first(&self) -> Option<&Row> {
        self.rows.first()
    }

    /// Takes out the rows that have waited for `patience`, and those that are too many.
    pub(super) fn due(&mut self, now: Timestamp, patience: Duration) -> Vec<Row> {
        let old = self
            .rows
            .partition_point(|row| now.since(row.since) >= patience);
        let excess = self.rows.len().saturating_sub(MAX_ROWS);
        self.rows.drain(..old.max(excess)).collect()
    }
}

/// Whether the client masked the name of the tool in `record`.
pub(super) fn is_masked(record: &Record) -> bool {
    record.event().text(Field::ToolNameState) == Some("redacted_by_client")
}
