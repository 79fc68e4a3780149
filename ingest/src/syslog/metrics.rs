//! What the syslog door counts. Labels are fixed words.

use magistrate_event::Source;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The counters of the syslog door; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    messages: Family<SourceLabels, Counter>,
    bytes: Family<SourceLabels, Counter>,
    truncated: Family<SourceLabels, Counter>,
    rejected: Family<ReasonLabels, Counter>,
    waits: Family<ReasonLabels, Counter>,
    lost: Family<ReasonLabels, Counter>,
    connections: Gauge,
    connections_refused: Family<WordLabels, Counter>,
    connections_closed: Family<WordLabels, Counter>,
    udp_dropped: Family<WordLabels, Counter>,
    udp_kernel_dropped: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabels {
    source: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    source: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WordLabels {
    reason: &'static str,
}

/// How much came in at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) truncated: u64,
}

impl Metrics {
    /// Registers everything under `magistrate_syslog_`.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        metrics.register_in(registry);
        metrics
    }

    fn register_in(&self, registry: &mut Registry) {
        let ours = registry.sub_registry_with_prefix("magistrate_syslog");
        ours.register(
            "messages",
            "Messages taken out of their framing",
            self.messages.clone(),
        );
        ours.register(
            "bytes",
            "Bytes of those messages as kept",
            self.bytes.clone(),
        );
        ours.register(
            "truncated",
            "Messages cut because they were over the limit or ended early",
            self.truncated.clone(),
        );
        ours.register(
            "rejected_messages",
            "Messages that the pipeline could not take, by reason",
            self.rejected.clone(),
        );
        ours.register(
            "waits",
            "Times that TCP stopped reading because a batch was refused, by reason",
            self.waits.clone(),
        );
        ours.register(
            "lost",
            "Messages over TCP that were read, but could not be submitted, by reason",
            self.lost.clone(),
        );
        ours.register(
            "connections",
            "Open TCP connections",
            self.connections.clone(),
        );
        ours.register(
            "connections_refused",
            "TCP connections closed at once, by reason",
            self.connections_refused.clone(),
        );
        ours.register(
            "connections_closed",
            "TCP connections that ended, by reason",
            self.connections_closed.clone(),
        );
        ours.register(
            "udp_dropped",
            "Messages over UDP that were received, but could not be submitted, by reason",
            self.udp_dropped.clone(),
        );
        ours.register(
            "udp_kernel_dropped",
            "Datagrams that the kernel dropped because its buffer was full",
            self.udp_kernel_dropped.clone(),
        );
    }

    pub(super) fn received(&self, source: Source, tally: Tally) {
        let labels = SourceLabels {
            source: source.name(),
        };
        self.messages.get_or_create(&labels).inc_by(tally.messages);
        self.bytes.get_or_create(&labels).inc_by(tally.bytes);
        if tally.truncated > 0 {
            self.truncated
                .get_or_create(&labels)
                .inc_by(tally.truncated);
        }
    }

    pub(super) fn rejected(&self, source: Source, reason: &'static str) {
        self.rejected.get_or_create(&labels(source, reason)).inc();
    }

    pub(super) fn waits(&self, source: Source, reason: &'static str) {
        self.waits.get_or_create(&labels(source, reason)).inc();
    }

    pub(super) fn lost(&self, source: Source, reason: &'static str, messages: u64) {
        self.lost
            .get_or_create(&labels(source, reason))
            .inc_by(messages);
    }

    /// Counts a connection as open until the guard is dropped.
    pub(super) fn connection(&self) -> OpenConnection {
        self.connections.inc();
        OpenConnection(self.connections.clone())
    }

    pub(super) fn connection_refused(&self, reason: &'static str) {
        self.connections_refused
            .get_or_create(&WordLabels { reason })
            .inc();
    }

    pub(super) fn connection_closed(&self, reason: &'static str) {
        self.connections_closed
            .get_or_create(&WordLabels { reason })
            .inc();
    }

    pub(super) fn udp_dropped(&self, reason: &'static str, messages: u64) {
        self.udp_dropped
            .get_or_create(&WordLabels { reason })
            .inc_by(messages);
    }

    pub(super) fn udp_kernel_dropped(&self, datagrams: u64) {
        self.udp_kernel_dropped.inc_by(datagrams);
    }
}

const fn labels(source: Source, reason: &'static str) -> ReasonLabels {
    ReasonLabels {
        source: source.name(),
        reason,
    }
}

/// One open connection.
#[derive(Debug)]
pub(super) struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
impl Metrics {
    /// The exposition text, for tests.
    pub(super) fn shown(&self) -> String {
        let mut registry = Registry::default();
        self.register_in(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        text
    }
}
