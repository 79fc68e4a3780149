//! Asks the models and the language model as far as the time goes, and keeps what comes later as a
//! verdict that can only revoke.

use std::sync::Arc;
use std::time::{Duration, Instant};

use magistrate_enrich::Unjudged;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout_at;

use super::Judge;
use super::backlog::AtWork;
use crate::category::Audit;
use crate::engine::{Looked, Moment, Prepared};
use crate::llm::{Opinion, Trouble};

/// Kept back from the models for deciding.
const MODEL_RESERVE: Duration = Duration::from_millis(1);
/// Kept back from the language model, who takes long anyhow, for deciding and for the record.
const LLM_RESERVE: Duration = Duration::from_millis(20);
/// The part of what is left of a deadline that is kept back from it at most.
const LLM_RESERVE_SHARE: u32 = 8;
/// How long the models may take where nobody waits for them any more.
const DEEPER: Duration = Duration::from_secs(2);
/// Questions that are judged once more at a time.
pub(super) const MAX_DEEPER: usize = 16;

impl Judge {
    /// Asks the models and, about what they leave in the grey, the language model, as far as the time
    /// goes.
    pub(super) async fn classify(
        self: &Arc<Self>,
        at_work: &AtWork<'_>,
        (prepared, looked): (&Arc<Prepared>, &mut Looked),
        due: Instant,
    ) {
        let until = due.checked_sub(MODEL_RESERVE).unwrap_or(due);
        if let Some(asking) = self.engine.ask_models(looked, until) {
            let said = if asking.is_answered() {
                asking.wait()
            } else {
                let slow = asking.without_texts();
                let _away = at_work.away();
                // It waits, and uses no processor meanwhile.
                let waiting = spawn_blocking(move || asking.wait());
                let said = timeout_at(due.into(), waiting).await;
                said.ok().and_then(Result::ok).unwrap_or(slow)
            };
            let is_late = said.scores.unjudged == Some(Unjudged::Slow);
            self.engine.weigh(prepared, looked, said);
            if is_late {
                self.go_deeper(prepared, looked.clone());
                return;
            }
        }
        self.consult(at_work, (prepared, looked), due).await;
    }

    /// Asks the language model, and waits for it as far as the time goes.
    async fn consult(
        self: &Arc<Self>,
        at_work: &AtWork<'_>,
        (prepared, looked): (&Arc<Prepared>, &mut Looked),
        due: Instant,
    ) {
        let Some(question) = self.engine.consult(prepared, looked) else {
            return;
        };
        let mut asked = tokio::spawn(question);
        let _away = at_work.away();
        let left = due.saturating_duration_since(Instant::now());
        let until = due - LLM_RESERVE.min(left / LLM_RESERVE_SHARE);
        let heard = match timeout_at(until.into(), &mut asked).await {
            Ok(Ok(heard)) => heard,
            Ok(Err(_panic)) => Err(Trouble::Internal),
            Err(_) => {
                self.hear_llm_late(prepared, looked.clone(), asked);
                Err(Trouble::Slow)
            }
        };
        self.engine.hear_llm(prepared, looked, heard);
    }

    /// Waits for an opinion that nobody waits for any more; its own limits end it.
    fn hear_llm_late(
        self: &Arc<Self>,
        prepared: &Arc<Prepared>,
        mut looked: Looked,
        asked: JoinHandle<Result<Opinion, Trouble>>,
    ) {
        let (judge, prepared) = (Arc::clone(self), Arc::clone(prepared));
        tokio::spawn(async move {
            if let Ok(Ok(opinion)) = asked.await {
                let engine = &judge.engine;
                engine.hear_llm(&prepared, &mut looked, Ok(opinion));
                judge.keep_late(&prepared, looked).await;
            }
        });
    }

    /// Asks the models once more, without the caller's deadline, and keeps what they say as a verdict
    /// that can only revoke. A few at once: the rest keeps the answer that it got.
    fn go_deeper(self: &Arc<Self>, prepared: &Arc<Prepared>, mut looked: Looked) {
        let Ok(place) = Arc::clone(&self.deeper).try_acquire_owned() else {
            return;
        };
        let (judge, prepared) = (Arc::clone(self), Arc::clone(prepared));
        tokio::spawn(async move {
            let engine = Arc::clone(&judge.engine);
            let question = Arc::clone(&prepared);
            let deeper = spawn_blocking(move || {
                let _place = place;
                let asking = engine.ask_models(&looked, Instant::now() + DEEPER)?;
                let said = asking.wait();
                let is_judged = said.scores.unjudged.is_none();
                engine.weigh(&question, &mut looked, said);
                is_judged.then_some(looked)
            });
            if let Ok(Some(mut looked)) = deeper.await {
                // Without an opinion the models' word is the verdict: nothing is revoked by posture.
                if let Some(asked) = judge.engine.consult(&prepared, &looked)
                    && let Ok(opinion) = asked.await
                {
                    judge.engine.hear_llm(&prepared, &mut looked, Ok(opinion));
                }
                judge.keep_late(&prepared, looked).await;
            }
        });
    }

    async fn keep_late(&self, prepared: &Prepared, looked: Looked) {
        let ruled = self.engine.rule(prepared, Some(looked), &[]);
        let judged = self.engine.conclude(prepared, ruled, Moment::Late);
        self.metrics.late(judged.verdict.decision);
        if let Err(error) = self.audit.keep(judged.rows, Audit::Written).await {
            tracing::error!(%error, "late verdict is lost");
        }
    }

    /// Waits for what came too late, and keeps it as a verdict that can only revoke.
    pub(super) fn hear_late(
        self: &Arc<Self>,
        prepared: &Arc<Prepared>,
        looked: oneshot::Receiver<Looked>,
    ) {
        let (judge, prepared) = (Arc::clone(self), Arc::clone(prepared));
        tokio::spawn(async move {
            if let Ok(looked) = looked.await {
                judge.keep_late(&prepared, looked).await;
            }
        });
    }
}
