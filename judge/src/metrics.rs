//! What is counted of questions and answers.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::decision::Decision;
use crate::inquiry::Door;
use crate::verdict::Verdict;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByDoor {
    door: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByDecision {
    door: &'static str,
    decision: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByReason {
    door: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByLate {
    decision: &'static str,
}

/// From 50 µs to about 1.6 s.
fn buckets() -> Histogram {
    Histogram::new(exponential_buckets(50e-6, 2.0, 16))
}

/// Counters of every door; clones share them.
#[derive(Debug, Clone)]
pub struct Metrics {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    answers: Family<ByDecision, Counter>,
    seconds: Family<ByDoor, Histogram, fn() -> Histogram>,
    refused: Family<ByReason, Counter>,
    repeated: Family<ByDoor, Counter>,
    degraded: Family<ByDoor, Counter>,
    late: Family<ByLate, Counter>,
    unrecorded: Counter,
    overdue: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            shared: Arc::new(Shared {
                answers: Family::default(),
                seconds: Family::new_with_constructor(buckets),
                refused: Family::default(),
                repeated: Family::default(),
                degraded: Family::default(),
                late: Family::default(),
                unrecorded: Counter::default(),
                overdue: Counter::default(),
            }),
        }
    }
}

impl Metrics {
    /// Names the counters in `registry`.
    pub fn register(&self, registry: &mut Registry) {
        let judge = registry.sub_registry_with_prefix("magistrate_judge");
        let shared = &self.shared;
        judge.register("answers", "Verdicts given", shared.answers.clone());
        judge.register(
            "answer_seconds",
            "Time from the read request to the verdict",
            shared.seconds.clone(),
        );
        judge.register(
            "refused",
            "Calls that got no verdict",
            shared.refused.clone(),
        );
        judge.register(
            "repeated",
            "Retries that got the answer of before",
            shared.repeated.clone(),
        );
        judge.register(
            "degraded",
            "Verdicts in which something failed or came too late",
            shared.degraded.clone(),
        );
        judge.register(
            "late",
            "Verdicts that were reached after the answer",
            shared.late.clone(),
        );
        judge.register(
            "unrecorded",
            "Verdicts whose record came too late, answered by posture",
            shared.unrecorded.clone(),
        );
        judge.register(
            "overdue",
            "Answers that were given after their deadline",
            shared.overdue.clone(),
        );
    }

    /// An answer was given.
    pub(crate) fn answered(&self, door: Door, verdict: &Verdict, took: Duration) {
        let by = ByDecision {
            door: door.name,
            decision: verdict.decision.name(),
        };
        self.shared.answers.get_or_create(&by).inc();
        let by = ByDoor { door: door.name };
        self.shared
            .seconds
            .get_or_create(&by)
            .observe(took.as_secs_f64());
        if verdict.degraded {
            self.shared.degraded.get_or_create(&by).inc();
        }
    }

    /// A retry got the answer of before.
    pub(crate) fn repeated(&self, door: Door) {
        let by = ByDoor { door: door.name };
        self.shared.repeated.get_or_create(&by).inc();
    }

    /// A call got no verdict.
    pub(crate) fn refused(&self, door: &'static str, reason: &'static str) {
        let by = ByReason { door, reason };
        self.shared.refused.get_or_create(&by).inc();
    }

    /// An answer was given after its deadline.
    pub(crate) fn overdue(&self) {
        self.shared.overdue.inc();
    }

    /// A verdict was reached after the answer.
    pub(crate) fn late(&self, decision: Decision) {
        let by = ByLate {
            decision: decision.name(),
        };
        self.shared.late.get_or_create(&by).inc();
    }

    /// A verdict was answered without its record.
    pub(crate) fn unrecorded(&self) {
        self.shared.unrecorded.inc();
    }
}
