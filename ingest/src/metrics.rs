//! What the doors count: requests, refusals, bytes, connections, latencies. Labels are fixed words.

use std::time::Duration;

use magistrate_event::Source;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::config::Listener;

/// The counters of all doors; cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    refused: Family<ReasonLabels, Counter>,
    rejected: Family<ReasonLabels, Counter>,
    bytes: Family<BytesLabels, Counter>,
    auth_failures: Family<SourceLabels, Counter>,
    seconds: Family<SourceLabels, Histogram>,
    connections: Family<ListenerLabels, Gauge>,
    connections_refused: Family<ConnectionLabels, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabels {
    source: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    source: &'static str,
    code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    source: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BytesLabels {
    source: &'static str,
    stage: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ListenerLabels {
    listener: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConnectionLabels {
    listener: &'static str,
    reason: &'static str,
}

/// At which point bytes are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// As sent.
    Wire,
    /// After decompression.
    Decompressed,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            refused: Family::default(),
            rejected: Family::default(),
            bytes: Family::default(),
            auth_failures: Family::default(),
            seconds: Family::new_with_constructor(latency),
            connections: Family::default(),
            connections_refused: Family::default(),
        }
    }
}

fn latency() -> Histogram {
    Histogram::new([
        0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
    ])
}

impl Metrics {
    /// Registers everything under `magistrate_ingest_`.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        let ours = registry.sub_registry_with_prefix("magistrate_ingest");
        ours.register(
            "requests",
            "Requests answered, by source and status (HTTP status, or gRPC code)",
            metrics.requests.clone(),
        );
        ours.register(
            "refused",
            "Requests not taken, by source and reason",
            metrics.refused.clone(),
        );
        ours.register(
            "rejected_records",
            "Records left out of batches that were taken, by source and reason",
            metrics.rejected.clone(),
        );
        ours.register(
            "received_bytes",
            "Bytes of request bodies, as sent (wire) and after decompression",
            metrics.bytes.clone(),
        );
        ours.register(
            "auth_failures",
            "Requests without a token that is known",
            metrics.auth_failures.clone(),
        );
        ours.register(
            "request_seconds",
            "Time from a request's headers to its answer",
            metrics.seconds.clone(),
        );
        ours.register(
            "connections",
            "Open connections",
            metrics.connections.clone(),
        );
        ours.register(
            "connections_refused",
            "Connections closed at once or before a request, by reason",
            metrics.connections_refused.clone(),
        );
        metrics
    }

    /// One request has been answered.
    pub fn answered(&self, source: Source, code: u16, took: Duration) {
        let source = source.name();
        self.requests
            .get_or_create(&RequestLabels { source, code })
            .inc();
        self.seconds
            .get_or_create(&SourceLabels { source })
            .observe(took.as_secs_f64());
    }

    /// One request, line or connection's data has not been taken.
    pub fn refused(&self, source: Source, reason: &'static str) {
        let source = source.name();
        self.refused
            .get_or_create(&ReasonLabels { source, reason })
            .inc();
    }

    /// Records were left out of a batch that was taken.
    pub fn rejected(&self, source: Source, reason: &'static str, records: u64) {
        let source = source.name();
        self.rejected
            .get_or_create(&ReasonLabels { source, reason })
            .inc_by(records);
    }

    /// Bytes came in.
    pub fn received(&self, source: Source, stage: Stage, bytes: usize) {
        let labels = BytesLabels {
            source: source.name(),
            stage: match stage {
                Stage::Wire => "wire",
                Stage::Decompressed => "decompressed",
            },
        };
        self.bytes.get_or_create(&labels).inc_by(bytes as u64);
    }

    /// Somebody showed no token that is known.
    pub fn auth_failure(&self, source: Source) {
        let source = source.name();
        self.auth_failures
            .get_or_create(&SourceLabels { source })
            .inc();
    }

    /// A connection was closed before it could send a request.
    pub fn connection_refused(&self, listener: Listener, reason: &'static str) {
        let listener = listener.name();
        self.connections_refused
            .get_or_create(&ConnectionLabels { listener, reason })
            .inc();
    }

    /// A connection was opened; it counts until the guard is dropped.
    pub fn connection(&self, listener: Listener) -> ConnectionCount {
        let labels = ListenerLabels {
            listener: listener.name(),
        };
        let gauge = self.connections.get_or_create_owned(&labels);
        gauge.inc();
        ConnectionCount { gauge }
    }
}

/// Counts one open connection while it lives.
#[derive(Debug)]
pub struct ConnectionCount {
    gauge: Gauge,
}

impl Drop for ConnectionCount {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_is_registered_under_the_prefix() {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        metrics.answered(Source::OtlpHttp, 200, Duration::from_millis(3));
        metrics.refused(Source::OtlpGrpc, "busy");
        metrics.rejected(Source::OtlpHttp, "depth", 2);
        metrics.received(Source::OtlpHttp, Stage::Wire, 10);
        metrics.auth_failure(Source::OtlpHttp);
        metrics.connection_refused(Listener::OtlpHttp, "peer");
        let open = metrics.connection(Listener::OtlpHttp);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            r#"magistrate_ingest_requests_total{source="otlp_http",code="200"} 1"#,
            r#"magistrate_ingest_refused_total{source="otlp_grpc",reason="busy"} 1"#,
            r#"magistrate_ingest_rejected_records_total{source="otlp_http",reason="depth"} 2"#,
            r#"magistrate_ingest_received_bytes_total{source="otlp_http",stage="wire"} 10"#,
            r#"magistrate_ingest_auth_failures_total{source="otlp_http"} 1"#,
            r#"magistrate_ingest_connections_refused_total{listener="otlp_http",reason="peer"} 1"#,
            r#"magistrate_ingest_connections{listener="otlp_http"} 1"#,
            r#"magistrate_ingest_request_seconds_count{source="otlp_http"} 1"#,
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        drop(open);
        text.clear();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        assert!(text.contains(r#"magistrate_ingest_connections{listener="otlp_http"} 0"#));
    }
}
