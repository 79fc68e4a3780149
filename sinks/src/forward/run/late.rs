//! Holds rows of masked tools back, and hands them over when their names had time to come.

use std::sync::Arc;
use std::time::Duration;

use super::super::hold::{Row, is_masked};
use super::super::{Batch, Feed, Sink};
use super::{Forwarder, Stopped};
use crate::Position;
use crate::queue::Entry;

impl<F: Feed, S: Sink> Forwarder<F, S> {
    /// Takes out the rows that wait for a name; gives others the names that are known.
    pub(super) fn hold_back(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let since = self.clock.now();
        let mut ready = Vec::with_capacity(entries.len());
        for mut entry in entries {
            let before = self.read_to.replace(entry.end);
            let record = &entry.record;
            if let Some(named) = (self.ways.names)(record) {
                entry.record = named;
            } else if is_masked(record) && self.wants(record) {
                let record = entry.record;
                self.hold.push(Row {
                    record,
                    before,
                    since,
                });
                continue;
            }
            ready.push(entry);
        }
        ready
    }

    /// Delivers the rows that have waited long enough, with the names that were told meanwhile.
    pub(super) async fn release(&mut self) -> Result<(), Stopped> {
        let patience = if self.is_closed {
            Duration::ZERO
        } else {
            self.options.hold
        };
        let rows = self.hold.due(self.clock.now(), patience);
        let (Some(first), Some(end)) = (rows.first(), self.read_to) else {
            return Ok(());
        };
        let floor = first.before;
        self.window.stay_at(floor);
        self.done = self.done.filter(|done| Some(*done) <= floor);
        let names = Arc::clone(&self.ways.names);
        let entries = rows.into_iter().map(|row| Entry {
            record: names(&row.record).unwrap_or(row.record),
            end,
        });
        let mut batches = self.cut_all(entries);
        let last = batches.pop();
        for (batch, _) in batches {
            self.deliver(batch, None).await?;
        }
        if let Some((batch, end)) = last {
            self.deliver(batch, Some(end)).await?;
        }
        Ok(())
    }

    fn cut_all(&self, entries: impl Iterator<Item = Entry>) -> Vec<(Batch, Position)> {
        let mut entries = entries.peekable();
        let mut batches = Vec::new();
        while entries.peek().is_some() {
            let next = entries.by_ref().take(self.options.batch_max_records.max(1));
            batches.extend(self.cut(next.collect()));
        }
        batches
    }
}
