//! Findings on their way into the queue.
//!
//! A sync takes as long as looking at hundreds of records: the next ones are looked at meanwhile.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use magistrate_sinks::queue::{Batch, Queue, QueueError, Stored};

use super::{AnalysisError, Found, RETRY_WAIT};

/// Batches that may be on their way.
const MAX_SENT: usize = 64;

/// What was appended to the queue and may not be synced yet.
pub(super) struct Outbox {
    queue: Queue,
    sent: VecDeque<Sent>,
}

struct Sent {
    batch: Batch,
    answer: mpsc::Receiver<Result<Stored, QueueError>>,
}

impl Outbox {
    /// Nothing is on its way.
    pub(super) const fn new(queue: Queue) -> Self {
        Self {
            queue,
            sent: VecDeque::new(),
        }
    }

    /// Appends `batch`; whether it is synced, [`Outbox::settle`] says.
    pub(super) fn send(&mut self, batch: Batch) {
        let answer = self.append(&batch);
        self.sent.push_back(Sent { batch, answer });
    }

    /// Whether to settle before more is sent.
    pub(super) fn is_full(&self) -> bool {
        self.sent.len() >= MAX_SENT
    }

    /// Waits until everything that was sent is synced, and tries again what the queue refused.
    ///
    /// # Errors
    /// When the queue has gone, or refuses while `hurry` is set. What is not synced stays to be settled.
    pub(super) fn settle(&mut self, hurry: &AtomicBool) -> Result<Found, AnalysisError> {
        let mut found = Found::Nothing;
        while let Some(first) = self.sent.front() {
            match first.answer.recv().map_err(|_| AnalysisError::Gone)? {
                Ok(_) => {
                    self.sent.pop_front();
                    found = Found::Something;
                }
                Err(error) => self.try_again(error, hurry)?,
            }
        }
        Ok(found)
    }

    fn try_again(&mut self, error: QueueError, hurry: &AtomicBool) -> Result<(), AnalysisError> {
        let is_over = matches!(error, QueueError::Closed) || hurry.load(Ordering::Acquire);
        if !is_over {
            tracing::warn!(%error, "findings wait for the queue");
            std::thread::park_timeout(RETRY_WAIT);
        }
        let again = self.sent.front().map(|first| self.append(&first.batch));
        if let (Some(first), Some(answer)) = (self.sent.front_mut(), again) {
            first.answer = answer;
        }
        if is_over {
            return Err(error.into());
        }
        Ok(())
    }

    fn append(&self, batch: &Batch) -> mpsc::Receiver<Result<Stored, QueueError>> {
        let (sender, receiver) = mpsc::channel();
        let answer = Box::new(move |stored| drop(sender.send(stored)));
        self.queue.append(batch.clone(), answer);
        receiver
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use magistrate_event::{Class, Event, EventUid, Record, Redacted, SystemClock, Timestamp};
    use magistrate_sinks::State;
    use magistrate_sinks::queue::{Config, FolderLock, Metrics, Setup};

    use super::*;

    fn queue(folder: &std::path::Path) -> Queue {
        let lock = FolderLock::take(folder).unwrap();
        let setup = Setup {
            config: Config::default(),
            state: Arc::new(State::open(&folder.join("state.redb")).unwrap()),
            consumers: Vec::new(),
            metrics: Metrics::default(),
            clock: Arc::new(SystemClock),
        };
        Queue::open(&lock, setup).unwrap()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the test stands in for the redactor"
    )]
    fn batch(number: u8) -> Batch {
        let event = Event::new(Class::DetectionFinding, 1, Timestamp::default());
        let uid = EventUid::from_bytes([number; 16]);
        let mut batch = Batch::new();
        let record = Record::new(uid, Timestamp::default(), Redacted::seal(event));
        batch.push(&record).unwrap();
        batch
    }

    #[test]
    fn what_was_sent_is_synced_when_it_is_settled() {
        let folder = tempfile::tempdir().unwrap();
        let queue = queue(folder.path());
        let mut outbox = Outbox::new(queue.clone());
        let hurry = AtomicBool::new(false);
        assert_eq!(outbox.settle(&hurry).unwrap(), Found::Nothing);
        (0..64).for_each(|number| outbox.send(batch(number)));
        assert!(outbox.is_full());
        assert_eq!(outbox.settle(&hurry).unwrap(), Found::Something);
        assert!(!outbox.is_full());
        assert_eq!(queue.metrics().appended.get(), 64);
        assert_eq!(outbox.settle(&hurry).unwrap(), Found::Nothing);
    }

    #[test]
    fn what_a_closed_queue_refuses_is_never_taken_for_synced() {
        let folder = tempfile::tempdir().unwrap();
        let queue = queue(folder.path());
        let mut outbox = Outbox::new(queue.clone());
        queue.close();
        outbox.send(batch(1));
        for _ in 0..3 {
            let outcome = outbox.settle(&AtomicBool::new(false));
            assert!(matches!(
                outcome,
                Err(AnalysisError::Queue(QueueError::Closed))
            ));
        }
    }
}
