//! What the lake counts about itself.

use magistrate_event::Class;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// Counters of the lake; clones share their values.
#[derive(Debug, Clone)]
pub struct Metrics {
    rows: Family<Table, Counter>,
    files: Family<Table, Counter>,
    pub(super) bytes: Counter,
    pub(super) misfits: Counter,
    pub(super) failures: Counter,
    pub(super) buffered_bytes: Gauge,
    pub(super) checkpoint_seconds: Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Table {
    class: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            rows: Family::default(),
            files: Family::default(),
            bytes: Counter::default(),
            misfits: Counter::default(),
            failures: Counter::default(),
            buffered_bytes: Gauge::default(),
            // 1 ms to 16 s.
            checkpoint_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 15)),
        }
    }
}

impl Metrics {
    /// Adds the counters to `registry`, under names that begin with `magistrate_lake_`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("magistrate_lake");
        registry.register("rows", "Rows in finished files", self.rows.clone());
        registry.register("files", "Finished files", self.files.clone());
        registry.register("bytes", "Bytes of finished files", self.bytes.clone());
        registry.register(
            "misfits",
            "Values whose type did not fit their column, kept under unmapped",
            self.misfits.clone(),
        );
        registry.register("failures", "Failed checkpoints", self.failures.clone());
        registry.register(
            "buffered_bytes",
            "Bytes of rows that wait for their file",
            self.buffered_bytes.clone(),
        );
        registry.register(
            "checkpoint_seconds",
            "Duration of a checkpoint, from the first file to the last rename",
            self.checkpoint_seconds.clone(),
        );
    }

    /// Counts one finished file.
    pub(super) fn count_file(&self, class: Class, rows: u64, bytes: u64) {
        let table = Table {
            class: class.name(),
        };
        self.rows.get_or_create(&table).inc_by(rows);
        self.files.get_or_create(&table).inc();
        self.bytes.inc_by(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_bear_the_prefix() {
        let metrics = Metrics::default();
        metrics.count_file(Class::ApiActivity, 3, 100);
        let mut registry = Registry::default();
        metrics.register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            r#"magistrate_lake_rows_total{class="api_activity"} 3"#,
            r#"magistrate_lake_files_total{class="api_activity"} 1"#,
            "magistrate_lake_bytes_total 100",
            "magistrate_lake_failures_total 0",
            "magistrate_lake_checkpoint_seconds_count 0",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
