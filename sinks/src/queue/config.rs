//! The `[queue]` section of the configuration.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ByteSize;

/// How the durable queue uses disk and memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The most disk space that records may take while a consumer has not read them. Beyond it,
    /// senders are told to try again later. Default `10GiB`, at least four segments.
    pub max_bytes: ByteSize,
    /// The size at which a queue file is closed and a new one begun; a file is deleted when every
    /// consumer has passed it. Default `64MiB`, from `1MiB` to `1GiB`.
    pub segment_bytes: ByteSize,
    /// The most memory for records that wait for the disk. Beyond it, senders are told to try
    /// again at once. Default `64MiB`, at least `1MiB`.
    pub max_waiting_bytes: ByteSize,
    /// How many event ids are remembered so that the same event sent again is stored once; each
    /// takes up to 14 bytes of memory (25 million 340 MiB). Default 50 million.
    pub dedup_max_ids: u64,
    /// For how many hours an event id is remembered at least, unless `dedup_max_ids` is reached
    /// before. Default 24.
    pub dedup_hours: u32,
    /// The most disk space for the copies of damaged stretches of queue files. Default `64MiB`.
    pub quarantine_bytes: ByteSize,
}

/// A setting of `[queue]` that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A value outside its range.
    #[error("queue.{key} is `{value}`; it must be {range}")]
    Range {
        /// The setting.
        key: &'static str,
        /// What was written.
        value: String,
        /// What it may be.
        range: &'static str,
    },
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_bytes: ByteSize::from_mib(10 << 10),
            segment_bytes: ByteSize::from_mib(64),
            max_waiting_bytes: ByteSize::from_mib(64),
            dedup_max_ids: 50_000_000,
            dedup_hours: 24,
            quarantine_bytes: ByteSize::from_mib(64),
        }
    }
}

impl Config {
    /// Every setting that cannot be; none when all is well.
    pub fn faults(&self) -> Vec<ConfigError> {
        let segment = self.segment_bytes.bytes();
        let mut faults = Vec::new();
        let mut check = |good: bool, key, value: String, range| {
            if !good {
                faults.push(ConfigError::Range { key, value, range });
            }
        };
        check(
            (1 << 20..=1 << 30).contains(&segment),
            "segment_bytes",
            self.segment_bytes.to_string(),
            "from 1MiB to 1GiB",
        );
        check(
            self.max_bytes.bytes() >= segment.saturating_mul(4),
            "max_bytes",
            self.max_bytes.to_string(),
            "at least four times queue.segment_bytes",
        );
        check(
            self.max_waiting_bytes.bytes() >= 1 << 20,
            "max_waiting_bytes",
            self.max_waiting_bytes.to_string(),
            "at least 1MiB",
        );
        check(
            self.dedup_max_ids >= 1000,
            "dedup_max_ids",
            self.dedup_max_ids.to_string(),
            "at least 1000",
        );
        check(
            (1..=8784).contains(&self.dedup_hours),
            "dedup_hours",
            self.dedup_hours.to_string(),
            "from 1 to 8784",
        );
        faults
    }

    pub(super) const fn dedup_age(&self) -> Duration {
        Duration::from_secs(self.dedup_hours as u64 * 3600)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_have_no_fault_and_unknown_keys_are_refused() {
        assert_eq!(Config::default().faults(), []);
        let config: Config = serde_json::from_str(r#"{"max_bytes": "1GiB"}"#).unwrap();
        assert_eq!(config.max_bytes, ByteSize::from_mib(1024));
        assert!(serde_json::from_str::<Config>(r#"{"max_byte": 1}"#).is_err());
    }

    #[test]
    fn every_fault_is_told() {
        let config = Config {
            max_bytes: ByteSize::from_bytes(1),
            segment_bytes: ByteSize::from_bytes(2),
            max_waiting_bytes: ByteSize::from_bytes(3),
            dedup_max_ids: 4,
            dedup_hours: 0,
            quarantine_bytes: ByteSize::from_bytes(0),
        };
        let faults = config.faults();
        assert_eq!(faults.len(), 5);
        assert!(faults[0].to_string().contains("queue.segment_bytes is `2`"));
    }
}
