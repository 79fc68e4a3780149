//! What the program counts of itself, for `/metrics`.

use magistrate_event::{Receipt, Refusal, Source};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::path::Counts;

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
    unknown_products: Family<BySource, Counter>,
    unknown_attributes: Family<BySource, Counter>,
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
                &self.unknown_events,
                &self.unknown_products,
                &self.unknown_attributes,
                &self.kept_raw,
            ] {
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
            "magistrate_unknown_product_records",
            "Records kept whose product is unknown",
            &self.unknown_products,
        );
        family(
            "magistrate_unknown_attributes",
            "Attributes kept whose name is unknown",
            &self.unknown_attributes,
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
    pub(crate) fn walked(&self, source: Source, counts: Counts) {
        for (family, count) in [
            (&self.masked, counts.masked),
            (&self.unknown_events, counts.unknown_events),
            (&self.unknown_products, counts.unknown_products),
            (&self.unknown_attributes, counts.unknown_attributes),
            (&self.kept_raw, counts.kept_raw),
        ] {
            family.get_or_create(&by(source)).inc_by(count);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_counted_by_source() {
        let metrics = Metrics::default();
        let mut registry = Registry::default();
        metrics.register(&mut registry);
        let counts = Counts {
            unknown_events: 1,
            unknown_products: 2,
            unknown_attributes: 3,
            ..Counts::default()
        };
        metrics.walked(Source::OtlpHttp, counts);
        let mut shown = String::new();
        prometheus_client::encoding::text::encode(&mut shown, &registry).unwrap();
        for line in [
            "magistrate_unknown_event_records_total{source=\"otlp_http\"} 1",
            "magistrate_unknown_product_records_total{source=\"otlp_http\"} 2",
            "magistrate_unknown_attributes_total{source=\"otlp_http\"} 3",
            "magistrate_unknown_attributes_total{source=\"replay\"} 0",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
        }
    }
}
