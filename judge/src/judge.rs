//! Asks the engine under a deadline, keeps the verdict's record, and answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use magistrate_event::Event;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout_at;

use crate::answers::Answers;
use crate::audit::AuditLog;
use crate::category::Audit;
use crate::config::Config;
use crate::decision::{Decision, Failure};
use crate::engine::{Engine, Judged, Looked, Moment, Prepared};
use crate::inquiry::Inquiry;
use crate::metrics::Metrics;
use crate::pool::Pool;
use crate::verdict::Verdict;

/// Texts up to this are looked at on the listener's thread: handing over would cost more.
const INLINE_BYTES: usize = 16 << 10;
/// Kept back from each deadline for writing record and answer.
const RESERVE: Duration = Duration::from_millis(2);
/// The part of a short deadline that is kept back at most.
const RESERVE_SHARE: u32 = 8;
/// How long an audit record may still take when the answer has been given by posture.
const LATE_AUDIT: Duration = Duration::from_secs(30);

/// The judge behind every door.
pub struct Judge {
    engine: Arc<Engine>,
    audit: Arc<dyn AuditLog>,
    pool: Pool,
    answers: Answers,
    calls: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    metrics: Metrics,
    config: Config,
}

/// More is asked than can be answered in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many calls at once")]
pub struct Overload;

/// What a call holds while it is read and judged.
#[derive(Debug)]
pub struct Seat {
    _call: OwnedSemaphorePermit,
    bytes: Option<OwnedSemaphorePermit>,
}

/// Bytes are counted in pieces of this size.
const PIECE_BYTES: usize = 1 << 10;

impl Judge {
    /// A judge with `threads` threads for long texts.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn new(
        engine: Engine,
        audit: Arc<dyn AuditLog>,
        metrics: Metrics,
        config: Config,
        threads: usize,
    ) -> std::io::Result<Self> {
        Ok(Self {
            engine: Arc::new(engine),
            audit,
            pool: Pool::start(threads)?,
            answers: Answers::new(config.remembered_answers),
            calls: Arc::new(Semaphore::new(config.max_in_flight)),
            bytes: Arc::new(Semaphore::new(config.max_in_flight_bytes / PIECE_BYTES)),
            metrics,
            config,
        })
    }

    /// What was configured.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The engine, to put other policies in force.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What is counted.
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// A seat for a call, to be held until it is answered.
    ///
    /// # Errors
    /// When too many are taken.
    pub fn seat(&self) -> Result<Seat, Overload> {
        let call = Arc::clone(&self.calls).try_acquire_owned();
        Ok(Seat {
            _call: call.map_err(|_| Overload)?,
            bytes: None,
        })
    }

    /// Charges `more` bytes of a body to its seat.
    ///
    /// # Errors
    /// When the bodies of all calls come to too much.
    pub fn charge(&self, seat: &mut Seat, more: usize) -> Result<(), Overload> {
        let pieces = u32::try_from(more.div_ceil(PIECE_BYTES)).map_err(|_| Overload)?;
        let permit = Arc::clone(&self.bytes).try_acquire_many_owned(pieces);
        let permit = permit.map_err(|_| Overload)?;
        match &mut seat.bytes {
            Some(held) => held.merge(permit),
            None => seat.bytes = Some(permit),
        }
        Ok(())
    }

    /// Judges, keeps the record and answers; never after the deadline.
    pub async fn judge(self: &Arc<Self>, inquiry: Inquiry) -> Arc<Verdict> {
        let same = inquiry.same();
        if let Some(verdict) = same.as_ref().and_then(|same| self.answers.get(same)) {
            self.metrics.repeated(inquiry.door);
            return verdict;
        }
        let (door, since) = (inquiry.door, inquiry.since);
        let (prepared, event) = self.engine.prepare(inquiry);
        let prepared = Arc::new(prepared);
        let due = prepared.deadline() - reserve(prepared.deadline() - since);
        let (looked, failures) = self.look(&prepared, event, due).await;
        let judged = self
            .engine
            .conclude(&prepared, looked, &failures, Moment::InTime);
        let verdict = Arc::new(self.keep(&prepared, judged, failures, due).await);
        self.metrics.answered(door, &verdict, since.elapsed());
        if let Some(same) = same {
            self.answers.put(same, Arc::clone(&verdict));
        }
        verdict
    }

    async fn look(
        self: &Arc<Self>,
        prepared: &Arc<Prepared>,
        event: Event,
        due: Instant,
    ) -> (Option<Looked>, Vec<Failure>) {
        if prepared.text_bytes() <= INLINE_BYTES {
            let looked = catch_unwind(AssertUnwindSafe(|| self.engine.look(prepared, event)));
            return match looked {
                Ok(looked) => (Some(looked), Vec::new()),
                Err(_panic) => (None, vec![Failure::Internal]),
            };
        }
        let (engine, question) = (Arc::clone(&self.engine), Arc::clone(prepared));
        let started = self.pool.run(move || engine.look(&question, event));
        let Ok(mut looked) = started else {
            return (None, vec![Failure::Overload]);
        };
        match timeout_at(due.into(), &mut looked).await {
            Ok(Ok(looked)) => (Some(looked), Vec::new()),
            Ok(Err(_)) => (None, vec![Failure::Internal]),
            Err(_) => {
                self.hear_late(prepared, looked);
                (None, vec![Failure::Late])
            }
        }
    }

    /// Waits for what came too late, and keeps it as a verdict that can only revoke.
    fn hear_late(self: &Arc<Self>, prepared: &Arc<Prepared>, looked: oneshot::Receiver<Looked>) {
        let (judge, prepared) = (Arc::clone(self), Arc::clone(prepared));
        tokio::spawn(async move {
            let Ok(looked) = looked.await else { return };
            let judged = judge
                .engine
                .conclude(&prepared, Some(looked), &[], Moment::Late);
            judge.metrics.late(judged.verdict.decision);
            if let Err(error) = judge.audit.keep(judged.rows, Audit::Written).await {
                tracing::error!(%error, "late verdict is lost");
            }
        });
    }

    /// Keeps the record, and decides anew by posture where that takes too long.
    async fn keep(
        &self,
        prepared: &Prepared,
        judged: Judged,
        mut failures: Vec<Failure>,
        due: Instant,
    ) -> Verdict {
        let posture = self.engine.posture(prepared);
        let audit = match judged.verdict.decision {
            Decision::Allow | Decision::Redact => posture.audit,
            Decision::Downgrade | Decision::RequireApproval | Decision::Block => Audit::Written,
        };
        let mut kept = self.audit.keep(judged.rows, audit);
        match timeout_at(due.into(), &mut kept).await {
            Ok(Ok(())) => return judged.verdict,
            Ok(Err(error)) => tracing::error!(%error, "verdict has no record; its posture decides"),
            Err(_) => tracing::warn!("verdict's record is late; its posture decides"),
        }
        failures.push(Failure::Unrecorded);
        let stricter = self
            .engine
            .conclude(prepared, None, &failures, Moment::Late);
        self.metrics.unrecorded();
        let rows = stricter.rows;
        let second = self.audit.keep(rows, Audit::Written);
        tokio::spawn(async move {
            if tokio::time::timeout(LATE_AUDIT, second).await.is_err() {
                tracing::error!("verdict that was given by posture has no record");
            }
        });
        stricter_of(judged.verdict, stricter.verdict)
    }
}

/// What was judged and what its posture says: the stricter, with the reasons of both.
fn stricter_of(judged: Verdict, posture: Verdict) -> Verdict {
    let (mut answer, other) = if posture.decision > judged.decision {
        (posture, judged)
    } else {
        (judged, posture)
    };
    let missing: Vec<_> = other
        .reasons
        .into_iter()
        .filter(|reason| !answer.reasons.contains(reason))
        .collect();
    answer.reasons.extend(missing);
    answer.degraded = true;
    answer
}

fn reserve(time: Duration) -> Duration {
    RESERVE.min(time / RESERVE_SHARE)
}

#[cfg(test)]
mod tests;
