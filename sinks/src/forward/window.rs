//! Remembers what a peer accepted and has yet to confirm, and how far the cursor may go.

use std::collections::VecDeque;
use std::time::Duration;

use magistrate_event::Timestamp;
use tokio::time::Instant;

use crate::Position;

use super::{Batch, Receipt};

/// A batch that the peer accepted.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) batch: Batch,
    pub(super) receipt: Receipt,
    since: Instant,
    patience: Duration,
    confirmed: bool,
    /// The place that is reached once this batch and all before it are confirmed.
    end: Option<Position>,
}

/// Batches in the order of the queue.
#[derive(Debug, Default)]
pub(super) struct Window {
    sent: VecDeque<Sent>,
    done: Option<Position>,
}

/// Patience doubles with each time a batch is sent again, up to this.
const MAX_PATIENCE: Duration = Duration::from_secs(600);

impl Window {
    pub(super) fn len(&self) -> usize {
        self.sent.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// How many records await confirmation.
    pub(super) fn records(&self) -> usize {
        self.sent.iter().map(|sent| sent.batch.len()).sum()
    }

    /// When the record was received that has waited longest.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        let batches = self.sent.iter().map(|sent| &sent.batch);
        batches.filter_map(Batch::oldest).min()
    }

    /// Adds a batch that was accepted just now.
    pub(super) fn push(&mut self, batch: Batch, receipt: Receipt, patience: Duration) {
        self.sent.push_back(Sent::new(batch, receipt, patience));
    }

    /// Everything before `end` has been accepted, or needs no delivery.
    pub(super) fn close(&mut self, end: Position) {
        match self.sent.back_mut() {
            Some(last) => last.end = Some(end),
            None => self.done = Some(end),
        }
    }

    /// Has no batch move the cursor past `floor`: what follows there is sent only now.
    pub(super) fn stay_at(&mut self, floor: Option<Position>) {
        for sent in &mut self.sent {
            sent.end = sent.end.filter(|end| Some(*end) <= floor);
        }
        self.done = self.done.filter(|done| Some(*done) <= floor);
    }

    /// What to ask the peer about.
    pub(super) fn receipts(&self) -> Vec<Receipt> {
        let open = self.sent.iter().filter(|sent| !sent.confirmed);
        open.map(|sent| sent.receipt).collect()
    }

    /// Notes confirmations; how many records they complete.
    pub(super) fn confirm(&mut self, receipts: &[Receipt]) -> usize {
        let mut records = 0;
        for sent in &mut self.sent {
            if !sent.confirmed && receipts.contains(&sent.receipt) {
                sent.confirmed = true;
                records += sent.batch.len();
            }
        }
        while let Some(first) = self.sent.pop_front_if(|sent| sent.confirmed) {
            self.done = first.end.or(self.done);
        }
        records
    }

    /// Takes a batch out that has waited too long; put what becomes of it back with `replace`.
    pub(super) fn overdue(&mut self) -> Option<(usize, Batch)> {
        let index = self
            .sent
            .iter()
            .position(|sent| !sent.confirmed && sent.since.elapsed() >= sent.patience)?;
        let sent = self.sent.get(index)?;
        Some((index, sent.batch.clone()))
    }

    /// The batch at `index` was sent again and is now these.
    pub(super) fn replace(&mut self, index: usize, parts: Vec<(Batch, Receipt)>) {
        let Some(old) = self.sent.remove(index) else {
            return;
        };
        let patience = old.patience.saturating_mul(2).min(MAX_PATIENCE);
        let mut after = index;
        for (batch, receipt) in parts {
            self.sent.insert(after, Sent::new(batch, receipt, patience));
            after += 1;
        }
        if let Some(end) = old.end {
            match after
                .checked_sub(1)
                .and_then(|last| self.sent.get_mut(last))
            {
                Some(last) => last.end = Some(end),
                None => self.done = Some(end),
            }
        }
    }

    /// The place up to which everything is delivered, once.
    pub(super) const fn take_done(&mut self) -> Option<Position> {
        self.done.take()
    }
}

impl Sent {
    fn new(batch: Batch, receipt: Receipt, patience: Duration) -> Self {
        Self {
            batch,
            receipt,
            since: Instant::now(),
            patience,
            confirmed: false,
            end: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn at(offset: u64) -> Position {
        Position { segment: 1, offset }
    }

    fn window(receipts: &[u64]) -> Window {
        let mut window = Window::default();
        for &receipt in receipts {
            window.push(Batch::default(), Receipt(receipt), PATIENCE);
            window.close(at(receipt));
        }
        window
    }

    #[tokio::test(start_paused = true)]
    async fn the_cursor_waits_for_the_oldest_batch() {
        let mut window = window(&[1, 2, 3]);
        window.confirm(&[Receipt(2)]);
        assert_eq!(window.take_done(), None);
        assert_eq!(window.receipts(), [Receipt(1), Receipt(3)]);
        window.confirm(&[Receipt(1)]);
        assert_eq!(window.take_done(), Some(at(2)));
        assert_eq!(window.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_cursor_waits_for_what_is_sent_late() {
        let mut window = window(&[1, 2, 3]);
        window.stay_at(Some(at(1)));
        window.push(Batch::default(), Receipt(4), PATIENCE);
        window.close(at(3));
        window.confirm(&[Receipt(1), Receipt(2), Receipt(3)]);
        assert_eq!(window.take_done(), Some(at(1)));
        window.confirm(&[Receipt(4)]);
        assert_eq!(window.take_done(), Some(at(3)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_sent_again_keeps_its_place_and_gets_more_patience() {
        let mut window = window(&[1, 2]);
        assert!(window.overdue().is_none());
        tokio::time::advance(PATIENCE).await;
        let (index, batch) = window.overdue().unwrap();
        window.replace(index, vec![(batch, Receipt(9))]);
        assert_eq!(window.receipts(), [Receipt(9), Receipt(2)]);
        tokio::time::advance(PATIENCE).await;
        assert_eq!(window.overdue().unwrap().0, 1);
        window.confirm(&[Receipt(9)]);
        assert_eq!(window.take_done(), Some(at(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_that_turned_out_delivered_leaves_its_place_behind() {
        let mut first = window(&[1]);
        first.replace(0, Vec::new());
        assert_eq!(first.take_done(), Some(at(1)));
        let mut second = window(&[1, 2]);
        second.replace(1, Vec::new());
        second.confirm(&[Receipt(1)]);
        assert_eq!(second.take_done(), Some(at(2)));
    }
}
