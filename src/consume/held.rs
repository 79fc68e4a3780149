//! Rows of masked tools, which wait some seconds for another record of the call to name it.
//!
//! The client tells the name in a span or a hook, and exports spans every 5 s: that is longer than
//! the next file takes to be full. So these rows have a time of their own, across checkpoints.

use std::time::Duration;

use magistrate_enrich::ToolNames;
use magistrate_event::{Field, Record, Timestamp};
use magistrate_sinks::Position;
use magistrate_sinks::lake::HeldChanges;

/// So long a row waits, or as long as any row may: three exports of the client's spans.
const PATIENCE: Duration = Duration::from_secs(15);
/// So many rows may wait; more, and the oldest go as they are.
const MAX_ROWS: usize = 10_000;

/// The rows that wait, the oldest first.
#[derive(Debug)]
pub(super) struct Held {
    rows: Vec<Row>,
    /// Rows that the last checkpoint held and that wait no more.
    gone: Vec<Position>,
    patience: Duration,
}

/// One row that waits.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) record: Record,
    /// Since when.
    pub(super) since: Timestamp,
    place: Position,
    /// The last checkpoint holds it.
    is_stored: bool,
}

/// Which rows are to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Release {
    /// Those that have waited long enough, named or not.
    Due,
    /// Also those that can be named by now: a start does not know the names that were told before it.
    Named,
    /// All of them.
    All,
}

impl Held {
    /// Nothing waits. No row waits longer than `max_age` allows.
    pub(super) fn new(max_age: Duration) -> Self {
        Self {
            rows: Vec::new(),
            gone: Vec::new(),
            patience: PATIENCE.min(max_age - max_age / 10),
        }
    }

    /// Begins anew with what the last checkpoint holds.
    pub(super) fn restore(&mut self, stored: Vec<(Position, Record)>, now: Timestamp) {
        self.gone.clear();
        let rows = stored.into_iter().map(|(place, record)| Row {
            record,
            since: now,
            place,
            is_stored: true,
        });
        self.rows = rows.collect();
    }

    /// Holds `record`, which ends at `place`.
    pub(super) fn hold(&mut self, place: Position, record: Record, now: Timestamp) {
        self.rows.push(Row {
            record,
            since: now,
            place,
            is_stored: false,
        });
    }

    /// Whether [`Release::Due`] gives any row.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.rows.len() > MAX_ROWS || self.rows.first().is_some_and(|row| self.is_old(row, now))
    }

    /// Takes rows out, with their names where they are known.
    pub(super) fn release(&mut self, what: Release, names: &ToolNames, now: Timestamp) -> Vec<Row> {
        let mut excess = self.rows.len().saturating_sub(MAX_ROWS);
        let mut released = Vec::new();
        let mut kept = Vec::new();
        for mut row in std::mem::take(&mut self.rows) {
            let is_due = what == Release::All || excess > 0 || self.is_old(&row, now);
            excess = excess.saturating_sub(1);
            let named = (is_due || what == Release::Named).then(|| names.apply(&row.record));
            match named.flatten() {
                Some(named) => row.record = named,
                None if is_due => {}
                None => {
                    kept.push(row);
                    continue;
                }
            }
            self.gone.extend(row.is_stored.then_some(row.place));
            released.push(row);
        }
        self.rows = kept;
        released
    }

    /// What the next checkpoint changes.
    pub(super) fn changes(&self) -> HeldChanges {
        let mut changes = HeldChanges::default();
        for place in &self.gone {
            changes.release(*place);
        }
        for row in self.rows.iter().filter(|row| !row.is_stored) {
            changes.hold(row.place, &row.record);
        }
        changes
    }

    /// A checkpoint made [`Held::changes`] durable.
    pub(super) fn stored(&mut self) {
        self.gone.clear();
        for row in &mut self.rows {
            row.is_stored = true;
        }
    }

    fn is_old(&self, row: &Row, now: Timestamp) -> bool {
        now.since(row.since) >= self.patience
    }
}

/// Whether the client masked the name of the tool in `record`.
pub(super) fn is_masked(record: &Record) -> bool {
    record.event().text(Field::ToolNameState) == Some("redacted_by_client")
}
