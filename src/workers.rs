//! The threads that walk the path and hand batches to the queue.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Receiver;
use magistrate_event::{Raw, Receipt, Refusal, Rejection};
use magistrate_ingest::{Envelope, Reply};
use magistrate_sinks::Guard as _;
use magistrate_sinks::queue::{Queue, QueueError, Stored};

use crate::canary::{self, output};
use crate::dead_letter::{DeadLetter, DeadLetters};
use crate::metrics::Metrics;
use crate::path::{Path, Walked};

/// A sender may try again when a person can have looked.
const LEAKING_RETRY: Duration = Duration::from_secs(60);

/// What a worker needs; cheap to clone.
#[derive(Clone)]
pub(crate) struct Worker {
    /// The path to walk.
    pub(crate) path: Arc<Path>,
    /// Where batches go.
    pub(crate) queue: Queue,
    /// Where what cannot be taken goes.
    pub(crate) dead_letters: DeadLetters,
    /// What is counted.
    pub(crate) metrics: Arc<Metrics>,
}

/// Starts `count` workers, which end when every sender of `envelopes` is gone.
///
/// # Errors
/// When a thread cannot be started.
pub(crate) fn start(
    count: usize,
    envelopes: &Receiver<Envelope>,
    worker: &Worker,
) -> std::io::Result<Vec<JoinHandle<()>>> {
    (0..count)
        .map(|number| {
            let (envelopes, worker) = (envelopes.clone(), worker.clone());
            std::thread::Builder::new()
                .name(format!("path-{number}"))
                .spawn(move || envelopes.iter().for_each(|envelope| worker.take(envelope)))
        })
        .collect()
}

impl Worker {
    fn take(&self, envelope: Envelope) {
        let Envelope { raw, reply, .. } = envelope;
        self.metrics.received(raw.origin.source);
        // A panic here is a fault of ours: it must cost one batch an error, not the program.
        if self.path.canary.is_stopped(output::QUEUE) {
            reply.send(Err(leaking()));
            return;
        }
        match catch_unwind(AssertUnwindSafe(|| self.path.walk(&raw))) {
            Ok(Ok(walked)) => self.store(&raw, walked, reply),
            Ok(Err(malformed)) => self.refuse(&raw, "malformed", malformed.to_string(), reply),
            Err(_panic) => {
                tracing::error!(
                    source = raw.origin.source.name(),
                    "path panicked on a batch"
                );
                let message = "internal error while reading the batch".to_owned();
                self.refuse(&raw, "panic", message, reply);
            }
        }
    }

    fn refuse(&self, raw: &Raw, reason: &'static str, message: String, reply: Reply) {
        self.metrics.rejected(raw.origin.source, reason, 1);
        self.dead_letters
            .put(DeadLetter::of_raw(raw, reason, &message));
        reply.send(Err(Refusal::Malformed(message)));
    }

    fn store(&self, raw: &Raw, walked: Walked, reply: Reply) {
        let is_canary = raw.origin.identity.name() == canary::NAME;
        if is_canary && !self.path.permits(output::QUEUE, walked.batch.bytes()) {
            reply.send(Err(leaking()));
            return;
        }
        let source = raw.origin.source;
        let Walked {
            batch,
            rejected,
            counts,
        } = walked;
        self.metrics.walked(source, counts);
        for rejection in &rejected {
            self.metrics
                .rejected(source, rejection.reason, rejection.records);
            self.dead_letters.put(DeadLetter::of_record(raw, rejection));
        }
        let metrics = Arc::clone(&self.metrics);
        self.queue.append(
            batch,
            Box::new(move |stored| {
                let outcome = outcome(stored, counts.kept_raw, rejected);
                metrics.stored(source, &outcome);
                reply.send(outcome);
            }),
        );
    }
}

/// Nothing more may be stored until a person has looked.
fn leaking() -> Refusal {
    Refusal::Unavailable {
        reason: "redaction canary".to_owned(),
        retry_after: LEAKING_RETRY,
    }
}

fn outcome(
    stored: Result<Stored, QueueError>,
    kept_raw: u64,
    rejected: Vec<Rejection>,
) -> Result<Receipt, Refusal> {
    match stored {
        Ok(Stored {
            accepted,
            duplicate,
        }) => Ok(Receipt {
            accepted,
            duplicate,
            kept_raw,
            rejected,
        }),
        Err(error) => Err(error.refusal()),
    }
}
