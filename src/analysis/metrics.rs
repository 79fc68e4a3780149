//! What the analysis counts, for `/metrics`.

use magistrate_enrich::Level;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Labels of a count by level.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByLevel {
    level: &'static str,
}

/// Labels of a count by outcome.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByOutcome {
    outcome: &'static str,
}

/// The counters. Every label value comes from a fixed set.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(super) events: Counter,
    pub(super) matches: Counter,
    pub(super) grouped: Counter,
    pub(super) folded: Counter,
    pub(super) suppressed: Counter,
    pub(super) notices: Counter,
    pub(super) throttled: Counter,
    pub(super) rules: Gauge,
    pub(super) correlation_groups: Gauge,
    pub(super) open_alerts: Gauge,
    pub(super) sessions: Gauge,
    alerts: Family<ByLevel, Counter>,
    loads: Family<ByOutcome, Counter>,
    judged: Family<ByOutcome, Counter>,
    calls: Family<ByOutcome, Counter>,
    model_loads: Family<ByOutcome, Counter>,
}

/// What can become of a text that models are to judge. `partial` counts beside `model`.
const JUDGED: [&str; 7] = [
    "model",
    "fast_model",
    "remembered",
    "partial",
    "missing",
    "slow",
    "failed",
];

/// What can become of a call that is to be held against its session's task.
const CALLS: [&str; 2] = ["judged", "slow"];

const LEVELS: [Level; 5] = [
    Level::Informational,
    Level::Low,
    Level::Medium,
    Level::High,
    Level::Critical,
];

impl Metrics {
    /// Names the counters in `registry`; each level is there from the start, with 0.
    pub(crate) fn register(&self, registry: &mut Registry) {
        for level in LEVELS {
            self.alerts.get_or_create(&by(level)).inc_by(0);
        }
        self.register_models(registry);
        let detect = registry.sub_registry_with_prefix("magistrate_detect");
        for (name, help, counter) in [
            ("events", "Events that rules looked at", &self.events),
            ("matches", "Matches of rules that alert", &self.matches),
            (
                "grouped_matches",
                "Matches that joined an open alert",
                &self.grouped,
            ),
            (
                "folded_matches",
                "Matches taken in by the alert of a chain",
                &self.folded,
            ),
            (
                "suppressed_matches",
                "Matches taken out by detect.suppress",
                &self.suppressed,
            ),
            (
                "throttled_matches",
                "Matches left out because their rule makes too many alerts",
                &self.throttled,
            ),
            (
                "notices",
                "Things noticed of the record itself: gaps, silence, lost attributes",
                &self.notices,
            ),
        ] {
            detect.register(name, help, counter.clone());
        }
        for (name, help, gauge) in [
            ("rules", "Rules that are loaded", &self.rules),
            (
                "correlation_groups",
                "Groups of events that correlations remember",
                &self.correlation_groups,
            ),
            (
                "open_alerts",
                "Alerts that more matches would join",
                &self.open_alerts,
            ),
        ] {
            detect.register(name, help, gauge.clone());
        }
        detect.register(
            "sessions",
            "Sessions that are remembered",
            self.sessions.clone(),
        );
        detect.register("alerts", "Alerts stored, by level", self.alerts.clone());
        detect.register(
            "rule_loads",
            "Times that rules were read, by outcome",
            self.loads.clone(),
        );
    }

    /// Alerts so far, by level, the worst first.
    pub(crate) fn alerts(&self) -> Vec<(&'static str, u64)> {
        let levels = LEVELS.iter().rev();
        levels
            .map(|level| (level.name(), self.alerts.get_or_create(&by(*level)).get()))
            .collect()
    }

    fn register_models(&self, registry: &mut Registry) {
        for outcome in JUDGED {
            self.judged.get_or_create(&ByOutcome { outcome }).inc_by(0);
        }
        for outcome in CALLS {
            self.calls.get_or_create(&ByOutcome { outcome }).inc_by(0);
        }
        let models = registry.sub_registry_with_prefix("magistrate_models");
        models.register(
            "texts",
            "Texts of the log by what became of them: the tier whose score counts, or why there is none",
            self.judged.clone(),
        );
        models.register(
            "calls",
            "Calls of the log that have a task to be held against: judged, or slow where models had had their share of the time",
            self.calls.clone(),
        );
        models.register(
            "loads",
            "Times that models were read, by outcome",
            self.model_loads.clone(),
        );
    }

    /// One more text was judged, or could not be; `outcome` is one of [`JUDGED`].
    pub(super) fn judged(&self, outcome: &'static str) {
        self.judged.get_or_create(&ByOutcome { outcome }).inc();
    }

    /// One more call was held against its task, or could not be; `outcome` is one of [`CALLS`].
    pub(super) fn called(&self, outcome: &'static str) {
        self.calls.get_or_create(&ByOutcome { outcome }).inc();
    }

    /// Models were read; `outcome` is `loaded` or `refused`.
    pub(super) fn models_loaded(&self, outcome: &'static str) {
        self.model_loads.get_or_create(&ByOutcome { outcome }).inc();
    }

    /// One more alert.
    pub(super) fn alerted(&self, level: Level) {
        self.alerts.get_or_create(&by(level)).inc();
    }

    /// Rules were read; `outcome` is `loaded` or `refused`.
    pub(super) fn loaded(&self, outcome: &'static str) {
        self.loads.get_or_create(&ByOutcome { outcome }).inc();
    }
}

const fn by(level: Level) -> ByLevel {
    ByLevel {
        level: level.name(),
    }
}
