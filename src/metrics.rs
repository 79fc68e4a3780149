//! What the program counts of itself, for `/metrics`.

use magistrate_event::{Receipt, Refusal, Source};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Labels of a count by source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BySource {
    source: &'static str,
}

/// Labels of a count by source and reason.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByReason {
    source: &'static str,
    reason: &'static str,
}

/// The counters of the path. Every label value comes from a fixed set.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    batches: Family<BySource, Counter>,
    accepted: Family<BySource, Counter>,
    duplicates: Family<BySource, Counter>,
    rejected: Family<ByReason, Counter>,
    refused: Family<ByReason, Counter>,
    masked: Family<BySource, Counter>,
    unknown_events: Family<BySource, Counter>,
    kept_raw: Family<BySource, Counter>,
}

impl Metrics {
    /// Names the counters in `registry`; each source is there from the start, with 0.
    pub(crate) fn register(&self, registry: &mut Registry) {
        for source in Source::ALL {
            for family in [
                &self.batches,
                &self.accepted,
                &self.duplicates,
                &self.masked,
            ] {
                family.get_or_create(&by(source)).inc_by(0);
            }
            for family in [&self.unknown_events, &self.kept_raw] {
                family.get_or_create(&by(source)).inc_by(0);
            }
        }
        let mut family = |name: &str, help: &str, family: &Family<BySource, Counter>| {
            registry.register(name, help, family.clone());
        };
        family(
            "magistrate_received_batches",
            "Batches received",
            &self.batches,
        );
        family(
            "magistrate_accepted_records",
            "Records stored and synced",
            &self.accepted,
        );
        family(
            "magistrate_duplicate_records",
            "Records that were stored before",
            &self.duplicates,
        );
        family(
            "magistrate_masked_values",
            "Stretches of text that were masked",
            &self.masked,
        );
        family(
            "magistrate_unknown_event_records",
            "Records kept whose event name is unknown",
            &self.unknown_events,
        );
        family(
            "magistrate_kept_raw_records",
            "Records kept raw or in part, with a reason",
            &self.kept_raw,
        );
        registry.register(
            "magistrate_rejected_records",
            "Records or payloads that could not be taken",
            self.rejected.clone(),
        );
        registry.register(
            "magistrate_refused_batches",
            "Batches refused, to be sent again",
            self.refused.clone(),
        );
    }

    /// A batch came.
    pub(crate) fn received(&self, source: Source) {
        self.batches.get_or_create(&by(source)).inc();
    }

    /// A batch was walked.
    pub(crate) fn walked(&self, source: Source, masked: u64, unknown_events: u64, kept_raw: u64) {
        self.masked.get_or_create(&by(source)).inc_by(masked);
        self.unknown_events
            .get_or_create(&by(source))
            .inc_by(unknown_events);
        self.kept_raw.get_or_create(&by(source)).inc_by(kept_raw);
    }

    /// Records were rejected.
    pub(crate) fn rejected(&self, source: Source, reason: &'static str, count: u64) {
        self.rejected
            .get_or_create(&ByReason {
                source: source.name(),
                reason,
            })
            .inc_by(count);
    }

    /// The queue answered.
    pub(crate) fn stored(&self, source: Source, outcome: &Result<Receipt, Refusal>) {
        match outcome {
            Ok(receipt) => {
                self.accepted
                    .get_or_create(&by(source))
                    .inc_by(receipt.accepted);
                self.duplicates
                    .get_or_create(&by(source))
                    .inc_by(receipt.duplicate);
            }
            Err(refusal) => {
                let labels = ByReason {
                    source: source.name(),
                    reason: refusal.reason(),
                };
                self.refused.get_or_create(&labels).inc();
            }
        }
    }
}

const fn by(source: Source) -> BySource {
    BySource {
        source: source.name(),
    }
}
