//! The standing proof of redaction: made-up secrets go in through every source, and no output may
//! let one out.
//!
//! Rows of the canary carry the sender identity [`NAME`], so that a reader can leave them out and
//! the guard of an output knows them at the cost of one substring search.

mod answered;
mod ask;
mod config;
mod doors;
mod grpc;
mod needles;
mod plant;
mod round;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use magistrate_sinks::Guard;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

pub(crate) use config::Config;
pub(crate) use round::{Parts, Rounds};

use needles::Needles;

/// The canary's name: as a sender's identity, as a product and in each of its rows.
pub(crate) const NAME: &str = "redaction-canary";

/// The outputs that are no forwarders.
pub(crate) mod output {
    /// Batches on their way into the queue's files.
    pub(crate) const QUEUE: &str = "queue";
    /// The Parquet files.
    pub(crate) const LAKE: &str = "lake";
    /// The program's own log.
    pub(crate) const LOG: &str = "log";
    /// The dead letters.
    pub(crate) const DEAD_LETTERS: &str = "dead_letters";
    /// The page of metrics.
    pub(crate) const METRICS: &str = "metrics";
    /// Rows on their way into the audit journal.
    pub(crate) const AUDIT: &str = "audit";
    /// Approvals on their way into their file.
    pub(crate) const APPROVALS: &str = "approvals";
    /// What rules and sessions remember, on its way into the state's file.
    pub(crate) const STATE: &str = "state";
    /// What the judge answers.
    pub(crate) const ANSWERS: &str = "answers";
}

/// Knows what was planted, where it came out, and what has stopped for it.
#[derive(Debug, Default)]
pub(crate) struct Canary {
    config: Config,
    needles: OnceLock<Needles>,
    /// Whether `stopped` holds anything: all that is looked at in ordinary times.
    any_stopped: AtomicBool,
    stopped: Mutex<BTreeSet<String>>,
    /// Not yet told.
    leaks: Mutex<Vec<Leak>>,
    planted: Counter,
    checked: Family<ByOutput, Counter>,
    leaked: Family<ByOutput, Counter>,
    last_success: Gauge,
}

/// A planted secret that came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leak {
    /// Where.
    pub(crate) output: String,
    /// What kind of secret, never the secret.
    pub(crate) kind: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByOutput {
    output: String,
}

impl Canary {
    /// A canary that plants the shipped examples and the samples of `config`.
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            ..Self::default()
        }
    }

    /// Names the counters in `registry`.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let canary = registry.sub_registry_with_prefix("redaction_canary");
        canary.register(
            "planted_secrets",
            "Made-up secrets sent in through the sources",
            self.planted.clone(),
        );
        canary.register(
            "checked_outputs",
            "Looks at an output that found nothing planted in it",
            self.checked.clone(),
        );
        canary.register(
            "leaks",
            "Planted secrets that came out; the output has stopped",
            self.leaked.clone(),
        );
        canary.register(
            "last_success_timestamp_seconds",
            "When a round last ended without a leak",
            self.last_success.clone(),
        );
    }

    /// Whether the output has stopped because of a leak.
    pub(crate) fn is_stopped(&self, output: &str) -> bool {
        self.any_stopped.load(Ordering::Acquire) && self.stopped().contains(output)
    }

    /// Whether `output` may let out `bytes`, which may be anything: looks for every planted secret
    /// once the first were planted.
    pub(crate) fn permits_any(&self, output: &str, bytes: &[u8]) -> bool {
        match self.needles.get() {
            Some(needles) => self.judge(output, needles.find_long(bytes)),
            None => true,
        }
    }

    /// The same for each of `rows`, counted as one look.
    pub(crate) fn permits_all<'a>(
        &self,
        output: &str,
        mut rows: impl Iterator<Item = &'a [u8]>,
    ) -> bool {
        let is_clean = rows.all(|row| self.permits_any(output, row));
        if is_clean && self.needles.get().is_some() {
            self.checked(output);
        }
        is_clean
    }

    /// What has come out since the last call.
    fn take_leaks(&self) -> Vec<Leak> {
        std::mem::take(&mut *self.leaks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn needles(&self) -> &Needles {
        self.needles
            .get_or_init(|| Needles::new(&self.config.samples))
    }

    fn judge(&self, output: &str, found: Option<&str>) -> bool {
        let Some(kind) = found else {
            return true;
        };
        self.leaked.get_or_create(&by(output)).inc();
        let is_news = self.stopped().insert(output.to_owned());
        self.any_stopped.store(true, Ordering::Release);
        if is_news {
            let leak = Leak {
                output: output.to_owned(),
                kind: kind.to_owned(),
            };
            let mut leaks = self.leaks.lock().unwrap_or_else(PoisonError::into_inner);
            leaks.push(leak);
        }
        false
    }

    fn stopped(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn checked(&self, output: &str) {
        self.checked.get_or_create(&by(output)).inc();
    }
}

impl Guard for Canary {
    fn permits(&self, output: &str, bytes: &[u8]) -> bool {
        if memchr::memmem::find(bytes, NAME.as_bytes()).is_none() {
            return true;
        }
        let is_clean = self.judge(output, self.needles().find(bytes));
        if is_clean {
            self.checked(output);
        }
        is_clean
    }
}

fn by(output: &str) -> ByOutput {
    ByOutput {
        output: output.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Raw, Timestamp};

    use super::*;
    use crate::store::open_path;

    fn canary(sample: &str) -> Canary {
        Canary::new(Config {
            samples: vec![sample.to_owned()],
            ..Config::default()
        })
    }

    #[test]
    fn a_sample_in_a_canary_row_stops_the_output_and_is_told_once() {
        let canary = canary("blue-heron-42");
        assert!(canary.permits("siem", b"blue-heron-42 in somebody's row"));
        assert!(canary.permits("siem", b"redaction-canary [redacted:x:y]"));
        assert!(!canary.is_stopped("siem"));
        assert!(!canary.permits("siem", b"redaction-canary blue-heron-42"));
        assert!(!canary.permits("siem", b"redaction-canary blue-heron-42"));
        assert!(canary.is_stopped("siem") && !canary.is_stopped("lake"));
        let leak = Leak {
            output: "siem".to_owned(),
            kind: "sample".to_owned(),
        };
        assert_eq!(canary.take_leaks(), [leak]);
        assert_eq!(canary.take_leaks(), []);
    }

    #[test]
    fn a_log_line_is_looked_at_once_something_was_planted() {
        let canary = canary("blue-heron-4242");
        assert!(canary.permits_any(output::LOG, b"blue-heron-4242"));
        canary.needles();
        assert!(!canary.permits_any(output::LOG, b"blue-heron-4242"));
        assert!(canary.is_stopped(output::LOG));
    }

    #[test]
    fn no_shipped_example_comes_through_any_source() {
        let folder = tempfile::tempdir().unwrap();
        let path = open_path(&crate::config::Config::default(), folder.path()).unwrap();
        let texts = path.canary.needles().texts();
        assert!(texts.len() > 50);
        for (origin, payload) in plant::payloads(texts, 1_795_422_300_000_000_000) {
            let source = origin.source.name();
            let raw = Raw {
                origin,
                received: Timestamp::default(),
                arrival: 1,
                payload,
            };
            let walked = path.walk(&raw).unwrap();
            assert!(
                walked.counts.masked > 0 && walked.rejected.is_empty(),
                "{source}"
            );
            let bytes = walked.batch.bytes();
            assert!(memchr::memmem::find(bytes, NAME.as_bytes()).is_some());
            let found = path.canary.needles().find(bytes);
            assert_eq!(found, None, "{source}");
        }
    }
}
