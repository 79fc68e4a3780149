//! Asks the engine under a deadline, keeps the verdict's record, and answers.

mod backlog;
mod deeper;
mod seat;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use magistrate_event::{Event, Record};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;

use self::backlog::{AtWork, Backlog};
use self::deeper::MAX_DEEPER;
pub use self::seat::Seat;
use crate::answers::Answers;
use crate::approvals::{Answer, Approvals, Heard, State};
use crate::audit::{AuditError, AuditLog, Kept};
use crate::category::Audit;
use crate::config::Config;
use crate::decision::{Decision, Failure};
use crate::engine::{Engine, Judged, Looked, Moment, Prepared, Ruled};
use crate::inquiry::Inquiry;
use crate::metrics::Metrics;
use crate::pool::Pool;
use crate::signed::Signed;
use crate::verdict::Verdict;

/// Texts up to this are looked at on the listener's thread: handing over would cost more.
const INLINE_BYTES: usize = 16 << 10;
/// Kept back from each deadline for writing record and answer.
const RESERVE: Duration = Duration::from_millis(2);
/// The part of a short deadline that is kept back at most.
const RESERVE_SHARE: u32 = 8;
/// The part of the shortest deadline that a call may wait for the others at work; above it the next
/// one is refused.
const PATIENCE_SHARE: u32 = 4;
/// How long an audit record may still take when the answer has been given by posture.
const LATE_AUDIT: Duration = Duration::from_secs(30);

/// Who has signed the hooks of the network, in rows.
const SIGNER: &str = "anthropic";

/// The judge behind every door.
pub struct Judge {
    engine: Arc<Engine>,
    audit: Arc<dyn AuditLog>,
    approvals: Arc<Approvals>,
    pool: Pool,
    answers: Answers,
    backlog: Backlog,
    patience: Duration,
    calls: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    exchanges: Arc<Semaphore>,
    deeper: Arc<Semaphore>,
    signed: Arc<Signed>,
    metrics: Metrics,
    config: Config,
}

/// More is asked than can be answered in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many calls at once")]
pub struct Overload;

/// Callers that wait for a person at once.
const MAX_WAITING: usize = 1_024;
/// Exchanges that are followed from request to response at once; most of their time they wait for
/// others.
const MAX_EXCHANGES: usize = 16_384;
/// Bytes are counted in pieces of this size.
const PIECE_BYTES: usize = 1 << 10;

impl Judge {
    /// A judge with `threads` threads for long texts.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn new(
        engine: Engine,
        (audit, approvals): (Arc<dyn AuditLog>, Arc<Approvals>),
        metrics: Metrics,
        config: Config,
        threads: usize,
    ) -> std::io::Result<Self> {
        Ok(Self {
            engine: Arc::new(engine),
            audit,
            approvals,
            pool: Pool::start(threads)?,
            answers: Answers::new(config.remembered_answers),
            backlog: Backlog::default(),
            patience: config.shortest_deadline() / PATIENCE_SHARE,
            calls: Arc::new(Semaphore::new(config.max_in_flight)),
            bytes: Arc::new(Semaphore::new(config.max_in_flight_bytes / PIECE_BYTES)),
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
            exchanges: Arc::new(Semaphore::new(MAX_EXCHANGES)),
            deeper: Arc::new(Semaphore::new(MAX_DEEPER)),
            signed: Arc::new(Signed::by(SIGNER)),
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

    /// What people decide.
    pub const fn approvals(&self) -> &Arc<Approvals> {
        &self.approvals
    }

    /// Who signs hooks.
    pub const fn signed(&self) -> &Arc<Signed> {
        &self.signed
    }

    /// What is counted.
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// A seat for a call, to be held until it is answered.
    ///
    /// # Errors
    /// When too many are taken, or one more would wait too long for those at work.
    pub fn seat(&self) -> Result<Seat, Overload> {
        if !self.backlog.has_room(self.patience) {
            return Err(Overload);
        }
        let call = Arc::clone(&self.calls).try_acquire_owned();
        Ok(Seat::new(call.map_err(|_| Overload)?))
    }

    /// A place to wait for a person, which takes none from those who ask.
    ///
    /// # Errors
    /// When too many are taken.
    pub fn waiting_place(&self) -> Result<OwnedSemaphorePermit, Overload> {
        let place = Arc::clone(&self.waiting).try_acquire_owned();
        place.map_err(|_| Overload)
    }

    /// A place to follow an exchange from request to response, which takes none from those who ask.
    ///
    /// # Errors
    /// When too many are taken.
    pub fn exchange_place(&self) -> Result<OwnedSemaphorePermit, Overload> {
        let place = Arc::clone(&self.exchanges).try_acquire_owned();
        place.map_err(|_| Overload)
    }

    /// Charges `more` bytes of a body to its seat.
    ///
    /// # Errors
    /// When the bodies of all calls come to too much.
    pub fn charge(&self, seat: &mut Seat, more: usize) -> Result<(), Overload> {
        let pieces = u32::try_from(more.div_ceil(PIECE_BYTES)).map_err(|_| Overload)?;
        let permit = Arc::clone(&self.bytes).try_acquire_many_owned(pieces);
        seat.add(permit.map_err(|_| Overload)?);
        Ok(())
    }

    /// Judges, keeps the record and answers; never after the deadline.
    pub async fn judge(self: &Arc<Self>, inquiry: Inquiry) -> Arc<Verdict> {
        let same = inquiry.same();
        let known = same.as_ref().and_then(|same| self.answers.get(same));
        if let Some(verdict) = known.filter(|verdict| self.still_holds(verdict)) {
            self.metrics.repeated(inquiry.door);
            return verdict;
        }
        let at_work = self.backlog.enter();
        let (door, since) = (inquiry.door, inquiry.since);
        let (prepared, event) = self.engine.prepare(inquiry);
        let prepared = Arc::new(prepared);
        let due = prepared.deadline() - reserve(prepared.deadline() - since);
        // Whatever is waited for, the call comes back behind others.
        let due = due.checked_sub(self.backlog.wait()).unwrap_or(since);
        let (mut looked, failures) = self.look(&at_work, (&prepared, event), due).await;
        if let Some(looked) = &mut looked {
            self.classify(&at_work, (&prepared, looked), due).await;
        }
        let mut ruled = self.engine.rule(&prepared, looked, &failures);
        let asked = self.ask_person(&prepared, &mut ruled);
        let mut judged = self.engine.conclude(&prepared, ruled, Moment::InTime);
        judged.rows.extend(asked.row);
        let verdict = self.keep(&prepared, (judged, asked.kept), failures, due);
        let verdict = Arc::new(verdict.await);
        self.metrics.answered(door, &verdict, since.elapsed());
        if Instant::now() > prepared.deadline() {
            self.metrics.overdue();
        }
        if let Some(same) = same {
            self.answers.put(same, Arc::clone(&verdict));
        }
        verdict
    }

    /// Whether an answer is still the one to give: not where a person has decided since.
    fn still_holds(&self, verdict: &Verdict) -> bool {
        let id = verdict
            .approval
            .as_ref()
            .and_then(|one| one.id.parse().ok());
        id.is_none_or(|id| {
            let approval = self.approvals.get(id);
            approval.is_some_and(|approval| approval.state == State::Pending)
        })
    }

    /// Asks a person where one is to decide, and decides anew by what was said. Where nobody can be
    /// shown what about, nothing waits for a person.
    fn ask_person(&self, prepared: &Prepared, ruled: &mut Ruled) -> Asked {
        if !ruled.needs_person() {
            return Asked::default();
        }
        let Some(question) = self.engine.question(prepared, ruled) else {
            self.engine.hear(prepared, ruled, Answer::Unasked);
            return Asked::default();
        };
        let Heard { answer, row, kept } = self.approvals.ask(question);
        self.engine.hear(prepared, ruled, answer);
        Asked { row, kept }
    }

    async fn look(
        self: &Arc<Self>,
        at_work: &AtWork<'_>,
        (prepared, event): (&Arc<Prepared>, Event),
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
        let _away = at_work.away();
        match timeout_at(due.into(), &mut looked).await {
            Ok(Ok(looked)) => (Some(looked), Vec::new()),
            Ok(Err(_)) => (None, vec![Failure::Internal]),
            Err(_) => {
                self.hear_late(prepared, looked);
                (None, vec![Failure::Late])
            }
        }
    }

    /// Keeps the record and what became of the approval, and decides anew by posture where that fails
    /// or takes too long.
    async fn keep(
        &self,
        prepared: &Prepared,
        (judged, approval): (Judged, Option<Kept>),
        mut failures: Vec<Failure>,
        due: Instant,
    ) -> Verdict {
        let posture = self.engine.posture(prepared);
        let audit = match judged.verdict.decision {
            Decision::Allow | Decision::Redact => posture.audit,
            Decision::Downgrade | Decision::RequireApproval | Decision::Block => Audit::Written,
        };
        let has_approval = approval.is_some();
        let before = self.backlog.at_work();
        let both = both(self.audit.keep(judged.rows, audit), approval);
        match timeout_at(due.into(), both).await {
            Ok(Ok(since)) => {
                self.backlog.learn(before, since.elapsed());
                return judged.verdict;
            }
            Ok(Err(error)) => tracing::error!(%error, "verdict has no record; its posture decides"),
            Err(_) => tracing::warn!("verdict's record is late; its posture decides"),
        }
        failures.push(Failure::Unrecorded);
        let mut ruled = self.engine.rule(prepared, None, &failures);
        // Neither a use nor a question that may be lost counts, whatever the posture says; what waited
        // before is there all the same.
        let waits = judged.verdict.approval.is_some() && !has_approval;
        if has_approval || (ruled.needs_person() && !waits) {
            self.engine.hear(prepared, &mut ruled, Answer::Unasked);
        }
        let stricter = self.engine.conclude(prepared, ruled, Moment::Unrecorded);
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

/// What asking a person has changed, and when that is kept.
#[derive(Default)]
struct Asked {
    row: Option<Record>,
    kept: Option<Kept>,
}

/// Ends when both are kept, and says since when they are.
async fn both(record: Kept, approval: Option<Kept>) -> Result<Instant, AuditError> {
    let Some(approval) = approval else {
        return record.await;
    };
    Ok(approval.await?.max(record.await?))
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
pub(crate) mod tests;
