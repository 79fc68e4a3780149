//! The one entrance to the pipeline: what every source submits to, bounded in number and bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError};
use magistrate_event::{Clock, Origin, Payload, Raw, Receipt, Refusal, SystemClock};
use tokio::sync::oneshot;

/// How much may be in flight between the sources and the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntakeLimits {
    /// Batches that wait for the pipeline.
    pub max_batches: usize,
    /// Bytes held by batches that are being received, waiting or worked on.
    pub max_bytes: usize,
    /// What a refused sender is told to wait.
    pub retry_after: Duration,
}

impl Default for IntakeLimits {
    fn default() -> Self {
        Self {
            max_batches: 4_096,
            max_bytes: 128 << 20,
            retry_after: Duration::from_secs(1),
        }
    }
}

/// The handle that sources submit batches to; cheap to clone.
#[derive(Clone)]
pub struct Intake {
    sender: Sender<Envelope>,
    budget: Arc<Budget>,
    stamp: Arc<Stamp>,
}

impl Intake {
    /// Makes the entrance and the end from which the pipeline takes batches.
    pub fn new(limits: IntakeLimits) -> (Self, Receiver<Envelope>) {
        Self::with_clock(limits, Arc::new(SystemClock))
    }

    /// The same with another clock, for tests.
    pub fn with_clock(limits: IntakeLimits, clock: Arc<dyn Clock>) -> (Self, Receiver<Envelope>) {
        let (sender, receiver) = crossbeam_channel::bounded(limits.max_batches.max(1));
        let intake = Self {
            sender,
            budget: Arc::new(Budget {
                used_bytes: AtomicUsize::new(0),
                max_bytes: limits.max_bytes,
                retry_after: limits.retry_after,
            }),
            stamp: Arc::new(Stamp {
                run: random_u64(),
                next: AtomicU64::new(random_u64()),
                clock,
            }),
        };
        (intake, receiver)
    }

    /// Makes a `Raw` of what has just been received whole: sets its time and its arrival number,
    /// which no other arrival of this or (but for a chance of 2⁻⁶⁴) another run has.
    pub fn stamp(&self, origin: Origin, payload: Payload) -> Raw {
        let count = self.stamp.next.fetch_add(1, Ordering::Relaxed);
        Raw {
            origin,
            received: self.stamp.clock.now(),
            arrival: (u128::from(self.stamp.run) << 64) | u128::from(count),
            payload,
        }
    }

    /// Hands a batch to the pipeline and waits for its answer.
    ///
    /// # Errors
    ///
    /// [`Refusal::Busy`] at once, without waiting, when the limits are reached;
    /// [`Refusal::Closed`] when the pipeline is gone or drops the batch unanswered; else what the
    /// pipeline refuses with.
    pub async fn submit(&self, raw: Raw) -> Result<Receipt, Refusal> {
        let mut hold = self.hold();
        hold.grow_to(raw.payload.len_bytes())?;
        self.submit_held(raw, hold).await
    }

    /// The same for a batch whose bytes were charged while they came in.
    ///
    /// # Errors
    ///
    /// As [`Intake::submit`].
    pub async fn submit_held(&self, raw: Raw, hold: Hold) -> Result<Receipt, Refusal> {
        let (sender, answer) = oneshot::channel();
        let envelope = Envelope {
            raw,
            reply: Reply { sender },
            _hold: hold,
        };
        match self.sender.try_send(envelope) {
            Ok(()) => answer.await.unwrap_or(Err(Refusal::Closed)),
            Err(TrySendError::Full(_)) => Err(self.busy()),
            Err(TrySendError::Disconnected(_)) => Err(Refusal::Closed),
        }
    }

    /// A share of the byte budget, empty at first, for a body that is about to be read.
    pub fn hold(&self) -> Hold {
        Hold {
            budget: Arc::clone(&self.budget),
            bytes: 0,
        }
    }

    /// Bytes in flight now.
    pub fn used_bytes(&self) -> usize {
        self.budget.used_bytes.load(Ordering::Relaxed)
    }

    /// Batches that wait for the pipeline now.
    pub fn waiting_batches(&self) -> usize {
        self.sender.len()
    }

    fn busy(&self) -> Refusal {
        self.budget.busy()
    }
}

/// A batch on its way to the queue, with the way back. Its bytes count as in flight until dropped.
pub struct Envelope {
    /// The batch.
    pub raw: Raw,
    /// Where the answer goes.
    pub reply: Reply,
    _hold: Hold,
}

/// The way back to the source; dropped unsent, the source hears [`Refusal::Closed`].
pub struct Reply {
    sender: oneshot::Sender<Result<Receipt, Refusal>>,
}

impl Reply {
    /// Answers the source; does nothing when it has gone away.
    pub fn send(self, outcome: Result<Receipt, Refusal>) {
        drop(self.sender.send(outcome));
    }
}

/// A share of the byte budget; given back on drop.
pub struct Hold {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Hold {
    /// Makes the share at least `bytes` large.
    ///
    /// # Errors
    ///
    /// [`Refusal::Busy`] when the budget has no room; the share stays as it was.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Refusal> {
        let more = bytes.saturating_sub(self.bytes);
        if more > 0 {
            self.budget.take(more)?;
            self.bytes += more;
        }
        Ok(())
    }

    /// Makes the share at most `bytes` large.
    pub fn shrink_to(&mut self, bytes: usize) {
        let less = self.bytes.saturating_sub(bytes);
        self.budget.used_bytes.fetch_sub(less, Ordering::Relaxed);
        self.bytes -= less;
    }

    /// The share's size.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

struct Budget {
    used_bytes: AtomicUsize,
    max_bytes: usize,
    retry_after: Duration,
}

impl Budget {
    fn take(&self, bytes: usize) -> Result<(), Refusal> {
        self.used_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes)
                    .filter(|total| *total <= self.max_bytes)
            })
            .map(drop)
            .map_err(|_| self.busy())
    }

    const fn busy(&self) -> Refusal {
        Refusal::Busy {
            retry_after: self.retry_after,
        }
    }
}

struct Stamp {
    run: u64,
    next: AtomicU64,
    clock: Arc<dyn Clock>,
}

/// Random bits; the clock's, should the system have none to give.
fn random_u64() -> u64 {
    getrandom::u64().unwrap_or_else(|_| {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| {
                u64::from(since.subsec_nanos()) ^ (since.as_secs() << 32)
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use magistrate_event::{Identity, Source};

    fn limits(max_batches: usize, max_bytes: usize) -> IntakeLimits {
        IntakeLimits {
            max_batches,
            max_bytes,
            retry_after: Duration::from_secs(2),
        }
    }

    fn raw(intake: &Intake, len_bytes: usize) -> Raw {
        let origin = Origin {
            source: Source::OtlpHttp,
            peer: None,
            identity: Identity::Anonymous,
        };
        intake.stamp(
            origin,
            Payload::OtlpLogs(Bytes::from(vec![0_u8; len_bytes])),
        )
    }

    #[tokio::test]
    async fn an_answer_comes_back_to_the_source() {
        let (intake, pipeline) = Intake::new(limits(1, 100));
        let receipt = Receipt {
            accepted: 3,
            ..Receipt::default()
        };
        let answer = receipt.clone();
        let worker = std::thread::spawn(move || {
            let envelope = pipeline.recv().unwrap();
            envelope.reply.send(Ok(answer));
        });
        assert_eq!(intake.submit(raw(&intake, 10)).await, Ok(receipt));
        worker.join().unwrap();
        assert_eq!(intake.used_bytes(), 0);
    }

    #[tokio::test]
    async fn a_batch_over_the_byte_budget_is_refused_at_once() {
        let (intake, _pipeline) = Intake::new(limits(1, 100));
        let refusal = intake.submit(raw(&intake, 101)).await;
        assert_eq!(
            refusal,
            Err(Refusal::Busy {
                retry_after: Duration::from_secs(2)
            })
        );
        assert_eq!(intake.used_bytes(), 0);
    }

    #[tokio::test]
    async fn a_full_line_refuses_at_once_and_gives_the_bytes_back() {
        let (intake, pipeline) = Intake::new(limits(1, 100));
        let waiting = tokio::spawn({
            let (intake, raw) = (intake.clone(), raw(&intake, 40));
            async move { intake.submit(raw).await }
        });
        while intake.waiting_batches() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(
            intake.submit(raw(&intake, 40)).await,
            Err(Refusal::Busy { .. })
        ));
        assert_eq!(intake.used_bytes(), 40);
        drop(pipeline.recv().unwrap());
        assert_eq!(waiting.await.unwrap(), Err(Refusal::Closed));
        assert_eq!(intake.used_bytes(), 0);
    }

    #[tokio::test]
    async fn a_pipeline_that_is_gone_reads_as_closed() {
        let (intake, pipeline) = Intake::new(limits(1, 100));
        drop(pipeline);
        assert_eq!(intake.submit(raw(&intake, 1)).await, Err(Refusal::Closed));
    }

    #[test]
    fn a_hold_grows_shrinks_and_is_given_back() {
        let (intake, _pipeline) = Intake::new(limits(1, 100));
        let mut hold = intake.hold();
        hold.grow_to(60).unwrap();
        hold.grow_to(10).unwrap();
        assert_eq!(intake.used_bytes(), 60);
        assert!(intake.hold().grow_to(41).is_err());
        hold.shrink_to(20);
        assert_eq!((hold.bytes(), intake.used_bytes()), (20, 20));
        drop(hold);
        assert_eq!(intake.used_bytes(), 0);
    }

    #[test]
    fn no_two_arrivals_have_the_same_number() {
        let (intake, _pipeline) = Intake::new(limits(1, 100));
        let numbers: std::collections::HashSet<u128> =
            (0..1_000).map(|_| raw(&intake, 0).arrival).collect();
        assert_eq!(numbers.len(), 1_000);
    }
}
