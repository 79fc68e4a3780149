//! Which consumers cannot go on, and why: for metrics, readiness and people.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The consumers that cannot go on, by name.
#[derive(Debug, Default)]
pub(super) struct Stalls {
    reasons: Mutex<BTreeMap<String, String>>,
}

impl Stalls {
    /// Notes that `consumer` cannot go on.
    pub(super) fn note(&self, consumer: &str, why: &dyn Error) {
        self.reasons().insert(consumer.to_owned(), told(why));
    }

    /// Notes that `consumer` goes on.
    pub(super) fn clear(&self, consumer: &str) {
        self.reasons().remove(consumer);
    }

    /// Each consumer that cannot go on, with the reason.
    pub(super) fn all(&self) -> Vec<(String, String)> {
        let reasons = self.reasons();
        let all = reasons.iter();
        all.map(|(name, why)| (name.clone(), why.clone())).collect()
    }

    /// Whether `consumer` cannot go on.
    pub(super) fn has(&self, consumer: &str) -> bool {
        self.reasons().contains_key(consumer)
    }

    fn reasons(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What went wrong and why, in one line.
fn told(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        source = cause.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;
    use std::time::Duration;

    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::super::QueueError;
    use super::super::testing::{Bench, batch};

    #[test]
    fn a_consumer_that_cannot_go_on_is_shown_until_its_cursor_moves() {
        let bench = Bench::new(1);
        let queue = bench.open(&["lake", "sink:a"]).unwrap();
        queue.append_and_wait(batch(0..3)).unwrap();
        let mut registry = Registry::default();
        queue.metrics().register(&mut registry);
        let shown = || {
            queue.status();
            let mut text = String::new();
            encode(&mut text, &registry).unwrap();
            text
        };
        let line =
            |value| format!("magistrate_queue_consumer_stalled{{consumer=\"lake\"}} {value}\n");
        assert!(shown().contains(&line(0)), "{}", shown());
        let mut lake = queue.consumer("lake").unwrap();
        let read = lake.read(9, Duration::ZERO).unwrap();
        let full = io::ErrorKind::StorageFull.into();
        lake.stall(&QueueError::disk("write", Path::new("x"), full));
        assert!(shown().contains(&line(1)));
        let [(name, why)] = &queue.stalled()[..] else {
            panic!("one is stalled");
        };
        assert_eq!(name, "lake");
        assert!(why.contains("no storage space"), "{why}");
        lake.commit(read[1].end).unwrap();
        assert_eq!(queue.stalled(), []);
        assert!(shown().contains(&line(0)));
    }
}
