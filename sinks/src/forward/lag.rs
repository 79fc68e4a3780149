//! How far each sink is behind, worked out when somebody asks: a request may be in flight for minutes,
//! and nothing happens meanwhile that could set a gauge.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use magistrate_event::{Clock, Timestamp};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

/// No record waits for delivery.
const NONE: i64 = i64::MIN;

/// The lags of all sinks, as `lag_seconds{sink}`.
#[derive(Debug, Clone, Default)]
pub(super) struct Lags {
    sinks: Arc<Mutex<Vec<Arc<Oldest>>>>,
}

/// The oldest record that a sink has not delivered.
pub(super) struct Oldest {
    sink: String,
    /// When it was received.
    micros: AtomicI64,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Name {
    sink: String,
}

impl Lags {
    /// Adds a sink, of which nothing waits.
    pub(super) fn add(&self, sink: &str, clock: Arc<dyn Clock>) -> Arc<Oldest> {
        let oldest = Arc::new(Oldest {
            sink: sink.to_owned(),
            micros: AtomicI64::new(NONE),
            clock,
        });
        let mut sinks = self.sinks.lock().unwrap_or_else(PoisonError::into_inner);
        sinks.retain(|one| one.sink != sink);
        sinks.push(Arc::clone(&oldest));
        oldest
    }
}

impl Oldest {
    /// Notes when the oldest record was received that is not delivered; none where nothing waits.
    pub(super) fn set(&self, received: Option<Timestamp>) {
        let micros = received.map_or(NONE, Timestamp::as_micros);
        self.micros.store(micros, Ordering::Relaxed);
    }

    fn age(&self) -> Duration {
        match self.micros.load(Ordering::Relaxed) {
            NONE => Duration::ZERO,
            micros => self.clock.now().since(Timestamp::from_micros(micros)),
        }
    }
}

impl Collector for Lags {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Age of the oldest record that is not delivered.";
        let mut family = encoder.encode_descriptor("lag_seconds", help, None, MetricType::Gauge)?;
        let sinks = self.sinks.lock().unwrap_or_else(PoisonError::into_inner);
        for oldest in sinks.iter() {
            let name = Name {
                sink: oldest.sink.clone(),
            };
            let age = ConstGauge::new(oldest.age().as_secs_f64());
            age.encode(family.encode_family(&name)?)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Oldest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oldest")
            .field("sink", &self.sink)
            .field("micros", &self.micros)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::super::Metrics;
    use super::*;

    struct HandClock(AtomicI64);

    impl Clock for HandClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::SeqCst))
        }
    }

    #[test]
    fn the_lag_grows_while_nothing_happens() {
        let clock = Arc::new(HandClock(AtomicI64::new(10_000)));
        let metrics = Metrics::default();
        let sink = metrics.of("peer", Arc::<HandClock>::clone(&clock));
        let mut registry = Registry::default();
        metrics.register(&mut registry);
        let shown = |at| {
            clock.0.store(at, Ordering::SeqCst);
            let mut text = String::new();
            encode(&mut text, &registry).unwrap();
            let line = text.lines().find(|line| line.contains("lag_seconds{"));
            line.unwrap().to_owned()
        };
        let line = |value| format!("magistrate_sink_lag_seconds{{sink=\"peer\"}} {value}");
        assert_eq!(shown(11_000), line("0.0"));
        sink.oldest.set(Some(Timestamp::from_millis(9_500)));
        assert_eq!(shown(12_000), line("2.5"));
        assert_eq!(shown(42_000), line("32.5"));
        sink.oldest.set(None);
        assert_eq!(shown(50_000), line("0.0"));
    }
}
