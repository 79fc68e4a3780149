//! The forwarding loop: read, encode, hand over, confirm, move the cursor.

mod hand_over;
mod late;

use std::sync::Arc;
use std::time::Duration;

use magistrate_event::{Clock, Record, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::hold::Hold;
use super::metrics::{SinkMetrics, count};
use super::window::Window;
use super::{Batch, Feed, Metrics, Pace, SendError, Sink, Wanted, Ways};
use crate::Position;
use crate::queue::{Entry, QueueError};

/// How a forwarder batches and waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The sink's name, for metrics, logs and dead letters.
    pub name: String,
    /// What the peer gets.
    pub wanted: Vec<Wanted>,
    /// Records in one request, at most.
    pub batch_max_records: usize,
    /// Bytes in one request before compression; one larger record goes alone.
    pub batch_max_bytes: usize,
    /// The waits between attempts.
    pub pace: Pace,
    /// How long an accepted batch may stay unconfirmed before it is sent again.
    pub patience: Duration,
    /// How often to ask for confirmations.
    pub confirm_every: Duration,
    /// How often to store the cursor, which costs a sync.
    pub commit_every: Duration,
    /// How long a request in flight may go on after the signal to stop.
    pub stop_grace: Duration,
    /// How long a row of a masked tool waits for another record to name it.
    pub hold: Duration,
}

/// Reading waits this long for the first record; the signal to stop waits as long.
const READ_WAIT: Duration = Duration::from_millis(200);

/// Batches that may await confirmation.
const MAX_UNCONFIRMED_BATCHES: usize = 16;

/// One sink's loop.
pub struct Forwarder<F, S> {
    feed: F,
    sink: S,
    options: Options,
    ways: Ways,
    metrics: SinkMetrics,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    window: Window,
    hold: Hold,
    /// The place after the last record that was read.
    read_to: Option<Position>,
    /// There will be no more records.
    is_closed: bool,
    confirmed_at: Instant,
    committed_at: Instant,
    /// Up to here everything is delivered but for rows in `hold`.
    done: Option<Position>,
    committed: Option<Position>,
}

/// The signal to stop came, the queue was closed and everything is delivered, or the guard forbade
/// a request.
struct Stopped;

impl<F: Feed, S: Sink> Forwarder<F, S> {
    /// A forwarder from `feed` to `sink`; must be made where tokio's time runs.
    pub fn new(
        (feed, sink): (F, S),
        options: Options,
        ways: Ways,
        (metrics, clock): (&Metrics, Arc<dyn Clock>),
        stop: CancellationToken,
    ) -> Self {
        Self {
            metrics: metrics.of(&options.name, Arc::clone(&clock)),
            feed,
            sink,
            options,
            ways,
            clock,
            stop,
            window: Window::default(),
            hold: Hold::default(),
            read_to: None,
            is_closed: false,
            confirmed_at: Instant::now(),
            committed_at: Instant::now(),
            done: None,
            committed: None,
        }
    }

    /// Runs until the signal to stop, or until the queue is closed and all of it is delivered; then
    /// the cursor is stored. Reads block: give it a thread.
    pub async fn run(mut self) {
        while self.step().await.is_ok() && !self.stop.is_cancelled() {
            self.commit_when_due();
            tokio::task::yield_now().await;
        }
        self.settle().await;
        self.commit();
    }

    async fn step(&mut self) -> Result<(), Stopped> {
        if self.window.len() < MAX_UNCONFIRMED_BATCHES {
            let entries = self.read().await?;
            let any = !entries.is_empty();
            let ready = self.hold_back(entries);
            for (batch, end) in self.cut(ready) {
                self.deliver(batch, Some(end)).await?;
                self.commit_when_due();
            }
            self.release().await?;
            if !any {
                self.rest().await?;
            }
        } else {
            self.pause(self.options.confirm_every).await?;
        }
        self.confirm_when_due().await?;
        self.show_lag(None);
        Ok(())
    }

    /// Nothing to send: waits for confirmations, where some are awaited.
    async fn rest(&self) -> Result<(), Stopped> {
        if self.window.is_empty() {
            return Ok(());
        }
        self.pause(self.options.confirm_every.min(READ_WAIT)).await
    }

    async fn read(&mut self) -> Result<Vec<Entry>, Stopped> {
        let wait = if self.window.is_empty() {
            READ_WAIT
        } else {
            Duration::ZERO
        };
        match self.feed.read(self.options.batch_max_records, wait) {
            Ok(entries) => Ok(entries),
            Err(QueueError::Closed) if self.window.is_empty() && self.hold.is_empty() => {
                Err(Stopped)
            }
            Err(QueueError::Closed) => {
                self.is_closed = true;
                Ok(Vec::new())
            }
            Err(error) => {
                tracing::error!(
                    sink = self.options.name,
                    error = &error as &dyn std::error::Error,
                    "cannot read the queue"
                );
                self.pause(self.options.pace.longest).await?;
                Ok(Vec::new())
            }
        }
    }

    fn wants(&self, record: &Record) -> bool {
        self.options.wanted.contains(&Wanted::of(record.event()))
    }

    /// Encodes what this sink wants into batches, each with the place after it.
    fn cut(&self, entries: Vec<Entry>) -> Vec<(Batch, Position)> {
        let mut batches = Vec::new();
        let mut batch = Batch::default();
        let mut end = None;
        for entry in entries {
            if self.wants(&entry.record) {
                batch.push(entry.record.uid(), entry.record.received(), |out| {
                    self.sink.encode(&entry.record, out);
                });
                if let Some(end) = end
                    && let Some(last) = batch.shed(self.options.batch_max_bytes)
                {
                    batches.push((std::mem::replace(&mut batch, last), end));
                }
            }
            end = Some(entry.end);
        }
        batches.extend(end.map(|end| (batch, end)));
        batches
    }

    /// `end` is the place that is reached with it, if it is a place of its own.
    async fn deliver(&mut self, batch: Batch, end: Option<Position>) -> Result<(), Stopped> {
        let accepted = self.hand_over(batch).await?;
        for (batch, receipt) in accepted {
            self.window.push(batch, receipt, self.options.patience);
        }
        if let Some(end) = end {
            self.window.close(end);
        }
        self.done = self.window.take_done().or(self.done);
        self.confirm_when_due().await
    }

    async fn confirm_when_due(&mut self) -> Result<(), Stopped> {
        if self.window.is_empty() || self.confirmed_at.elapsed() < self.options.confirm_every {
            return Ok(());
        }
        self.confirm().await;
        while let Some((index, batch)) = self.window.overdue() {
            tracing::warn!(
                sink = self.options.name,
                records = batch.len(),
                "peer has not confirmed a batch in time, sending it again"
            );
            self.metrics.retried.inc_by(count(batch.len()));
            let parts = self.hand_over(batch).await?;
            self.window.replace(index, parts);
        }
        self.done = self.window.take_done().or(self.done);
        Ok(())
    }

    async fn confirm(&mut self) {
        self.confirmed_at = Instant::now();
        let receipts = self.window.receipts();
        match self.sink.confirm(&receipts).await {
            Ok(confirmed) => {
                let records = self.window.confirm(&confirmed);
                self.metrics.sent.inc_by(count(records));
            }
            Err(error) => self.note(&error),
        }
        self.done = self.window.take_done().or(self.done);
        let open = i64::try_from(self.window.records()).unwrap_or(i64::MAX);
        self.metrics.unconfirmed.set(open);
    }

    /// A last question about confirmations, before the cursor is stored for good.
    async fn settle(&mut self) {
        if self.window.is_empty() {
            return;
        }
        let grace = self.options.stop_grace;
        // Without an answer in time the batches are sent again after the next start.
        let _ = tokio::time::timeout(grace, self.confirm()).await;
    }

    fn commit_when_due(&mut self) {
        if self.done.is_some() && self.committed_at.elapsed() >= self.options.commit_every {
            self.commit();
        }
    }

    fn commit(&mut self) {
        self.committed_at = Instant::now();
        let Some(place) = self.may_commit() else {
            return;
        };
        if let Err(error) = self.feed.commit(place) {
            tracing::warn!(
                sink = self.options.name,
                error = &error as &dyn std::error::Error,
                "cannot store the cursor"
            );
            return;
        }
        self.committed = Some(place);
        self.done = self.done.filter(|done| *done != place);
    }

    /// Where the cursor may go: before the first row that waits.
    fn may_commit(&self) -> Option<Position> {
        let place = match self.hold.first() {
            Some(row) => self.done?.min(row.before?),
            None => self.done?,
        };
        (self.committed != Some(place)).then_some(place)
    }

    fn note(&self, error: &SendError) {
        self.metrics.failed(error.class());
        let sink = &self.options.name;
        let error_text = error as &dyn std::error::Error;
        match error {
            SendError::Parked { .. } => {
                self.metrics.parked.set(1);
                tracing::error!(
                    sink,
                    error = error_text,
                    "sink is parked until it is corrected"
                );
            }
            SendError::Unreachable(_) | SendError::Busy { .. } | SendError::Indigestible { .. } => {
                tracing::warn!(
                    sink,
                    error = error_text,
                    "sink does not take records, trying again"
                );
            }
        }
    }

    /// Notes the oldest record that is not delivered: in the window, held back, or in hand.
    fn show_lag(&self, in_hand: Option<Timestamp>) {
        let held = self.hold.first().map(|row| row.record.received());
        let waiting = self.window.oldest().into_iter().chain(held).chain(in_hand);
        self.metrics.oldest.set(waiting.min());
    }

    async fn pause(&self, wait: Duration) -> Result<(), Stopped> {
        pause(&self.stop, wait).await
    }
}

async fn pause(stop: &CancellationToken, wait: Duration) -> Result<(), Stopped> {
    tokio::select! {
        () = stop.cancelled() => Err(Stopped),
        () = tokio::time::sleep(wait) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
