//! What is counted of the calls of a language model.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::trouble::Trouble;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByReason {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByOpinion {
    opinion: &'static str,
}

/// Counters of the calls.
#[derive(Debug)]
pub(super) struct Metrics {
    asked: Counter,
    answered: Family<ByOpinion, Counter>,
    failed: Family<ByReason, Counter>,
    breaker: Gauge,
    seconds: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            asked: Counter::default(),
            answered: Family::default(),
            failed: Family::default(),
            breaker: Gauge::default(),
            // From 5 ms to about 80 s.
            seconds: Histogram::new(exponential_buckets(5e-3, 2.0, 15)),
        }
    }
}

impl Metrics {
    /// Names the counters in `registry`.
    pub(super) fn register(&self, registry: &mut Registry) {
        let llm = registry.sub_registry_with_prefix("magistrate_judge_llm");
        llm.register("asked", "Calls of the language model", self.asked.clone());
        llm.register("answered", "Opinions it gave", self.answered.clone());
        llm.register(
            "failed",
            "Questions it gave no opinion on, by reason",
            self.failed.clone(),
        );
        llm.register(
            "breaker",
            "0 while it is asked, 1 while it is not, 2 while one call tries",
            self.breaker.clone(),
        );
        llm.register("seconds", "Time of a call", self.seconds.clone());
    }

    pub(super) fn asked(&self) {
        self.asked.inc();
    }

    pub(super) fn took(&self, took: Duration) {
        self.seconds.observe(took.as_secs_f64());
    }

    pub(super) fn answered(&self, is_harmful: bool) {
        let opinion = if is_harmful { "harmful" } else { "harmless" };
        self.answered.get_or_create(&ByOpinion { opinion }).inc();
    }

    pub(super) fn failed(&self, trouble: Trouble) {
        let reason = trouble.name();
        self.failed.get_or_create(&ByReason { reason }).inc();
    }

    pub(super) fn breaker(&self, state: i64) {
        self.breaker.set(state);
    }
}
