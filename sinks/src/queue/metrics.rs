//! What the queue counts, for `/metrics`.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// The queue's counters; clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Records stored and synced.
    pub appended: Counter,
    /// Records that were stored before and were dropped.
    pub duplicates: Counter,
    /// Time of one sync of the disk, in seconds.
    pub sync_seconds: Histogram,
    /// Batches that shared one sync.
    pub group_batches: Histogram,
    /// Failed writes and syncs, by cause.
    pub write_errors: Family<Reason, Counter>,
    /// Failed reads.
    pub read_errors: Counter,
    /// Records lost to damaged queue files.
    pub corrupt_records: Counter,
    /// Bytes of damaged stretches, copied to the quarantine or not.
    pub corrupt_bytes: Counter,
    /// Bytes copied to the quarantine.
    pub quarantined_bytes: Counter,
    /// Bytes cut off the newest segment at start: writes that a crash had interrupted.
    pub torn_bytes: Counter,
    /// The size of all segments.
    pub bytes: Gauge,
    /// The number of segments.
    pub segments: Gauge,
    /// The bytes that wait for the disk.
    pub waiting_bytes: Gauge,
    /// Ids in the duplicate index.
    pub known_ids: Gauge,
    /// About how many records a consumer has before it.
    pub queued: Family<Consumer, Gauge>,
    /// The age of the oldest record that a consumer has not finished with.
    pub oldest_seconds: Family<Consumer, Gauge>,
    /// 1 while a consumer cannot go on.
    pub stalled: Family<Consumer, Gauge>,
}

/// Why something was refused or failed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Reason {
    /// A short word, as [`crate::QueueError::reason`] gives it.
    pub reason: &'static str,
}

/// Whose figure it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Consumer {
    /// The consumer's name.
    pub consumer: String,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            appended: Counter::default(),
            duplicates: Counter::default(),
            sync_seconds: Histogram::new(exponential_buckets(0.000_1, 2.0, 18)),
            group_batches: Histogram::new(exponential_buckets(1.0, 2.0, 10)),
            write_errors: Family::default(),
            read_errors: Counter::default(),
            corrupt_records: Counter::default(),
            corrupt_bytes: Counter::default(),
            quarantined_bytes: Counter::default(),
            torn_bytes: Counter::default(),
            bytes: Gauge::default(),
            segments: Gauge::default(),
            waiting_bytes: Gauge::default(),
            known_ids: Gauge::default(),
            queued: Family::default(),
            oldest_seconds: Family::default(),
            stalled: Family::default(),
        }
    }
}

impl Metrics {
    /// Makes the figures known to `registry`, under names that begin with `magistrate_queue_`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("magistrate_queue");
        self.register_counters(registry);
        self.register_gauges(registry);
    }

    fn register_counters(&self, registry: &mut Registry) {
        registry.register(
            "appended",
            "Records stored and synced",
            self.appended.clone(),
        );
        registry.register(
            "duplicates",
            "Records dropped because they were stored before",
            self.duplicates.clone(),
        );
        registry.register_with_unit(
            "sync",
            "Time of one sync of the disk",
            Unit::Seconds,
            self.sync_seconds.clone(),
        );
        registry.register(
            "group_batches",
            "Batches that shared one sync",
            self.group_batches.clone(),
        );
        registry.register(
            "write_errors",
            "Failed writes and syncs, by cause",
            self.write_errors.clone(),
        );
        registry.register("read_errors", "Failed reads", self.read_errors.clone());
        registry.register(
            "corrupt_records",
            "Records lost to damaged queue files",
            self.corrupt_records.clone(),
        );
        registry.register_with_unit(
            "corrupt",
            "Size of damaged stretches of queue files",
            Unit::Bytes,
            self.corrupt_bytes.clone(),
        );
        registry.register_with_unit(
            "quarantined",
            "Damaged bytes copied to the quarantine",
            Unit::Bytes,
            self.quarantined_bytes.clone(),
        );
        registry.register_with_unit(
            "torn",
            "Unfinished writes cut off at start",
            Unit::Bytes,
            self.torn_bytes.clone(),
        );
    }

    fn register_gauges(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "size",
            "Size of all segments",
            Unit::Bytes,
            self.bytes.clone(),
        );
        registry.register("segments", "Number of segments", self.segments.clone());
        registry.register_with_unit(
            "waiting",
            "Bytes that wait for the disk",
            Unit::Bytes,
            self.waiting_bytes.clone(),
        );
        registry.register(
            "known_ids",
            "Ids in the duplicate index",
            self.known_ids.clone(),
        );
        registry.register(
            "records",
            "Records that a consumer has before it, about",
            self.queued.clone(),
        );
        registry.register_with_unit(
            "oldest",
            "Age of the oldest record that a consumer has not finished with",
            Unit::Seconds,
            self.oldest_seconds.clone(),
        );
        registry.register(
            "consumer_stalled",
            "1 while a consumer cannot go on",
            self.stalled.clone(),
        );
    }
}

/// A gauge's value from a size or count; saturates.
pub(super) fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn the_names_are_those_of_the_documentation() {
        let metrics = Metrics::default();
        metrics.appended.inc_by(3);
        metrics
            .write_errors
            .get_or_create(&Reason {
                reason: "disk_full",
            })
            .inc();
        let mut registry = Registry::default();
        metrics.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            "magistrate_queue_appended_total 3",
            "magistrate_queue_write_errors_total{reason=\"disk_full\"} 1",
            "magistrate_queue_sync_seconds_count 0",
            "magistrate_queue_size_bytes 0",
            "magistrate_queue_quarantined_bytes_total 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
