//! Where records meet rules: the rules in force and what they remember.

use magistrate_enrich::{
    Alert, Case, Context, Correlator, DetectConfig, Grouper, LoadedRules, Ruleset, Tally,
};
use magistrate_event::{Record, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::metrics::Metrics;
use super::rules::Source;
use super::{Parts, is_of_interest};
use crate::store::ANALYSIS;

/// The rules in force and what they remember.
pub(super) struct Desk {
    config: DetectConfig,
    rules: Ruleset,
    correlator: Correlator,
    grouper: Grouper,
}

/// What outlives a restart.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Memory {
    /// What correlations remember, as their engine writes it.
    correlations: Box<RawValue>,
    /// Open alerts.
    groups: Grouper,
}

impl Desk {
    /// Compiles the rules and takes back what was remembered before.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub(super) fn open(source: &mut Source, parts: &Parts) -> anyhow::Result<Self> {
        let loaded = source.load();
        report(&loaded);
        let config = parts.config.detect.clone();
        let mut desk = Self {
            correlator: Correlator::new(&loaded.rules, config.max_groups),
            rules: loaded.rules,
            grouper: Grouper::default(),
            config,
        };
        parts.metrics.loaded("loaded");
        let Some(bytes) = parts.state.note_of(ANALYSIS)? else {
            return Ok(desk);
        };
        match serde_json::from_slice::<Memory>(&bytes) {
            Ok(memory) => {
                desk.grouper = memory.groups;
                desk.restore(memory.correlations.get().as_bytes());
            }
            Err(error) => {
                tracing::warn!(%error, "what rules remembered cannot be read; starting anew")
            }
        }
        Ok(desk)
    }

    fn restore(&mut self, correlations: &[u8]) {
        if !self.correlator.restore(correlations) {
            tracing::warn!("what correlations remembered cannot be read; starting anew");
        }
    }

    /// Puts other rules in force where their files have changed and have no fault.
    pub(super) fn reload(&mut self, source: &mut Source, parts: &Parts) {
        let Some(loaded) = source.load_if_changed() else {
            return;
        };
        if !loaded.faults.is_empty() {
            report(&loaded);
            parts.metrics.loaded("refused");
            tracing::error!("rule files have changed and have faults; the rules in force stay");
            return;
        }
        let remembered = self.correlator.snapshot();
        self.rules = loaded.rules;
        self.correlator = Correlator::new(&self.rules, self.config.max_groups);
        match remembered {
            Ok(text) => self.restore(text.as_bytes()),
            Err(error) => tracing::warn!(%error, "what correlations remembered is lost"),
        }
        parts.metrics.loaded("loaded");
        tracing::info!(rules = self.rules.rules().len(), "rules were read anew");
    }

    /// The findings that `record` leads to.
    pub(super) fn look_at(&mut self, record: &Record, parts: &Parts) -> Vec<Record> {
        if !is_of_interest(record) {
            return Vec::new();
        }
        parts.metrics.events.inc();
        parts.path.tool_names.learn(record);
        let named = parts.path.tool_names.apply(record);
        let record = named.as_ref().unwrap_or(record);
        let (uid, event, now) = (record.uid(), record.event(), record.received());
        let facts = parts.context.observe(event, now);
        let case = Case {
            uid: Some(uid),
            event,
            facts: &facts,
        };
        let hits = self.correlator.observe(&self.rules, case, now);
        let about = (uid, event);
        let alerts = self
            .grouper
            .take(&self.rules, &self.config, &hits, about, now);
        alerts
            .into_iter()
            .map(|alert| stored(alert, now, parts))
            .collect()
    }

    /// The findings that the mere passing of time leads to.
    pub(super) fn idle(&mut self, now: Timestamp, parts: &Parts) -> Vec<Record> {
        let alerts = self.grouper.close(&self.rules, now);
        alerts
            .into_iter()
            .map(|alert| stored(alert, now, parts))
            .collect()
    }

    /// What must outlive a restart.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub(super) fn memory(&self) -> Result<Memory, serde_json::Error> {
        Ok(Memory {
            correlations: RawValue::from_string(self.correlator.snapshot()?)?,
            groups: self.grouper.clone(),
        })
    }

    /// Brings the counters up to date.
    pub(super) fn count(&mut self, context: &Context, metrics: &Metrics) {
        let Tally {
            matched,
            grouped,
            suppressed,
            throttled,
        } = self.grouper.tally();
        metrics.matches.inc_by(matched);
        metrics.grouped.inc_by(grouped);
        metrics.suppressed.inc_by(suppressed);
        metrics.throttled.inc_by(throttled);
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        metrics.rules.set(number(self.rules.rules().len()));
        metrics
            .correlation_groups
            .set(number(self.correlator.groups()));
        metrics.open_alerts.set(number(self.grouper.open_groups()));
        metrics.sessions.set(number(context.len()));
    }
}

/// Redacts a finding once more: rules bring text of their own.
fn stored(alert: Alert, now: Timestamp, parts: &Parts) -> Record {
    parts.metrics.alerted(alert.level);
    let (redacted, _) = parts.path.redactor.rows().redact(alert.uid, alert.event);
    Record::new(alert.uid, now, redacted)
}

fn report(loaded: &LoadedRules) {
    for fault in &loaded.faults {
        tracing::error!(%fault, "rule is left out");
    }
    for warning in &loaded.warnings {
        tracing::warn!(%warning, "rule");
    }
}
