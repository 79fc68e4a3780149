//! Counts what each sink does.

use std::sync::Arc;

use magistrate_event::Clock;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::lag::{Lags, Oldest};

/// The metrics of all sinks; names begin with `magistrate_sink_`.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    sent: Family<Name, Counter>,
    retried: Family<Name, Counter>,
    dead_lettered: Family<Name, Counter>,
    failed_requests: Family<Failure, Counter>,
    lags: Lags,
    parked: Family<Name, Gauge>,
    leaking: Family<Name, Gauge>,
    unconfirmed: Family<Name, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Name {
    sink: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failure {
    sink: String,
    class: &'static str,
}

/// The metrics of one sink.
#[derive(Debug, Clone)]
pub(super) struct SinkMetrics {
    name: String,
    failures: Family<Failure, Counter>,
    pub(super) sent: Counter,
    pub(super) retried: Counter,
    pub(super) dead_lettered: Counter,
    pub(super) oldest: Arc<Oldest>,
    pub(super) parked: Gauge,
    pub(super) leaking: Gauge,
    pub(super) unconfirmed: Gauge,
}

impl Metrics {
    /// Makes the metrics known to `registry`, which should have no prefix of its own.
    pub fn register(&self, registry: &mut Registry) {
        let sink = registry.sub_registry_with_prefix("magistrate_sink");
        sink.register(
            "sent_records",
            "Records that the peer confirmed",
            self.sent.clone(),
        );
        sink.register(
            "retried_records",
            "Records sent once more",
            self.retried.clone(),
        );
        sink.register(
            "dead_lettered_records",
            "Records that the peer will never take",
            self.dead_lettered.clone(),
        );
        sink.register(
            "failed_requests",
            "Requests that failed, by class of the answer",
            self.failed_requests.clone(),
        );
        sink.register_collector(Box::new(self.lags.clone()));
        sink.register(
            "parked",
            "1 while the peer waits for a person to correct its settings or ours",
            self.parked.clone(),
        );
        sink.register(
            "leaking",
            "1 when the sink has stopped because a record held a planted secret",
            self.leaking.clone(),
        );
        sink.register(
            "unconfirmed_records",
            "Records accepted and not yet acknowledged",
            self.unconfirmed.clone(),
        );
    }

    /// The metrics of the sink `name`; `clock` tells how old its records are.
    pub(super) fn of(&self, name: &str, clock: Arc<dyn Clock>) -> SinkMetrics {
        let labels = Name {
            sink: name.to_owned(),
        };
        SinkMetrics {
            name: name.to_owned(),
            failures: self.failed_requests.clone(),
            sent: self.sent.get_or_create_owned(&labels),
            retried: self.retried.get_or_create_owned(&labels),
            dead_lettered: self.dead_lettered.get_or_create_owned(&labels),
            oldest: self.lags.add(name, clock),
            parked: self.parked.get_or_create_owned(&labels),
            leaking: self.leaking.get_or_create_owned(&labels),
            unconfirmed: self.unconfirmed.get_or_create_owned(&labels),
        }
    }
}

impl SinkMetrics {
    /// Counts a request that failed.
    pub(super) fn failed(&self, class: &'static str) {
        let labels = Failure {
            sink: self.name.clone(),
            class,
        };
        self.failures.get_or_create(&labels).inc();
    }
}

/// A count of records as a metric takes it.
pub(super) fn count(records: usize) -> u64 {
    u64::try_from(records).unwrap_or(u64::MAX)
}
