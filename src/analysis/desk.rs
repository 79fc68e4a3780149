//! Where records meet rules: the rules in force and what they remember.

use std::time::Duration;

use magistrate_enrich::{
    Alert, Case, Context, ContextRow, Correlator, DetectConfig, Grouper, LoadedRules, Notice,
    Observation, Rank, Risks, Ruleset, Stage, Tally, Watch,
};
use magistrate_event::{Event, Record, Timestamp};
use serde::{Deserialize, Serialize};

use super::acts::Acts;
use super::metrics::Metrics;
use super::rules::Source;
use super::scores::{Pending, Said, Scorer};
use super::{Parts, is_of_interest};
use crate::store::ANALYSIS;

/// So often it is looked what the passing of time shows.
const LOOK: Duration = Duration::from_secs(1);

/// The rules in force and what they remember.
pub(super) struct Desk {
    config: DetectConfig,
    rules: Ruleset,
    correlator: Correlator,
    grouper: Grouper,
    risks: Risks,
    watch: Watch,
    acts: Acts,
    /// When it was looked last what the passing of time shows.
    looked: Timestamp,
    /// None where models are switched off.
    scorer: Option<Scorer>,
}

/// What outlives a restart.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Memory {
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
            correlator: Correlator::new(config.max_groups),
            rules: loaded.rules,
            grouper: Grouper::default(),
            risks: Risks::new(&config),
            watch: Watch::new(parts.config.coverage.clone()),
            acts: Acts::default(),
            looked: Timestamp::default(),
            scorer: parts.models.clone().map(|models| {
                parts
                    .metrics
                    .models_loaded(if models.in_force().swaps() > 0 {
                        "loaded"
                    } else {
                        "refused"
                    });
                Scorer::new(models, &parts.config.models, parts.pace)
            }),
            config,
        };
        parts.metrics.loaded("loaded");
        desk.recall(parts)?;
        Ok(desk)
    }

    fn recall(&mut self, parts: &Parts) -> anyhow::Result<()> {
        let mut unreadable = 0_u64;
        parts.state.rows(ANALYSIS, |key, bytes| {
            if let Some(group) = group_of(key) {
                unreadable += u64::from(!self.correlator.restore(group, bytes));
            } else if !self.risks.restore(key, bytes) {
                self.watch.restore(key, bytes);
            }
        })?;
        if unreadable > 0 {
            tracing::warn!(
                unreadable,
                "what correlations remember of some groups cannot be read; they start anew"
            );
        }
        let Some(bytes) = parts.state.note_of(ANALYSIS)? else {
            return Ok(());
        };
        match serde_json::from_slice::<Memory>(&bytes) {
            Ok(memory) => self.grouper = memory.groups,
            Err(error) => tracing::warn!(%error, "open alerts cannot be read; starting anew"),
        }
        Ok(())
    }

    /// Puts other rules and models in force where their files have changed and have no fault.
    pub(super) fn reload(&mut self, source: &mut Source, parts: &Parts) {
        if let Some(scorer) = &mut self.scorer {
            scorer.reload(&parts.metrics);
        }
        let Some(loaded) = source.load_if_changed() else {
            return;
        };
        if !loaded.faults.is_empty() {
            report(&loaded);
            parts.metrics.loaded("refused");
            tracing::error!("rule files have changed and have faults; the rules in force stay");
            return;
        }
        self.rules = loaded.rules;
        parts.metrics.loaded("loaded");
        tracing::info!(rules = self.rules.rules().len(), "rules were read anew");
    }

    /// Begins to judge the texts of `record`, so that the models have work while rules run.
    pub(super) fn ask(&self, record: &Record, parts: &Parts) -> Pending {
        match &self.scorer {
            Some(scorer) if is_of_interest(record) => scorer.ask(record, &parts.path.redactor),
            Some(_) | None => Pending::default(),
        }
    }

    /// The findings that `record` leads to, whose texts `pending` are.
    pub(super) fn look_at(
        &mut self,
        record: &Record,
        pending: Pending,
        parts: &Parts,
    ) -> Vec<Record> {
        if !is_of_interest(record) {
            return Vec::new();
        }
        parts.metrics.events.inc();
        parts.path.tool_names.learn(record);
        let named = parts.path.tool_names.apply(record);
        let record = named.as_ref().unwrap_or(record);
        let (uid, event, now) = (record.uid(), record.event(), record.received());
        let said = match &mut self.scorer {
            Some(scorer) => scorer.answer(record, pending, &parts.metrics),
            None => Said::default(),
        };
        let Observation { facts, has_read } = parts.context.observe(event, now);
        let case = Case {
            uid: Some(uid),
            event,
            facts: &facts,
            scores: &said.scores,
        };
        let mut hits = self.correlator.observe(&self.rules, case, now);
        for hit in &mut hits {
            let behind = said.behind(&hit.matched, &facts);
            hit.matched.extend(behind);
        }
        let mut alerts = self
            .grouper
            .take(&self.rules, &self.config, &hits, case, now);
        if has_read {
            alerts.extend(self.look_again(event, now, parts));
        }
        self.acts.remember(record, &facts, &hits);
        let mut notices = Vec::new();
        for alert in &mut alerts {
            notices.extend(self.risks.add(alert, event, now));
        }
        notices.extend(self.watch.observe(event, now));
        let alerts = alerts.into_iter().map(|alert| stored(alert, now, parts));
        let notices = notices.into_iter().map(|one| noticed(one, now, parts));
        alerts.chain(notices).collect()
    }

    /// The findings about what was done after `event` and was heard of before it, where that says more
    /// against it than was known.
    fn look_again(&mut self, event: &Event, now: Timestamp, parts: &Parts) -> Vec<Alert> {
        let mut alerts = Vec::new();
        for act in self.acts.after(event) {
            let (done, received) = (act.record.event(), act.record.received());
            let facts = parts.context.facts(done, received, Rank::Anybody);
            if !act.learns(&facts) {
                continue;
            }
            let mut hits = self.rules.matches(act.case(&facts));
            act.leave_new(&mut hits);
            let case = act.case(&facts);
            let found = self
                .grouper
                .take(&self.rules, &self.config, &hits, case, now);
            alerts.extend(found);
        }
        alerts
    }

    /// Has [`Desk::passed`] look at once, since there may be no later.
    pub(super) const fn hurry(&mut self) {
        self.watch.hurry();
        self.grouper.hurry();
        self.looked = Timestamp::from_micros(0);
    }

    /// The findings and notices that the mere passing of time leads to.
    pub(super) fn passed(&mut self, now: Timestamp, parts: &Parts) -> Vec<Record> {
        if now.since(self.looked) < LOOK {
            return Vec::new();
        }
        self.looked = now;
        let alerts = self.grouper.close(&self.rules, now);
        let notices = self.watch.due(now);
        let alerts = alerts.into_iter().map(|alert| stored(alert, now, parts));
        let notices = notices.into_iter().map(|one| noticed(one, now, parts));
        alerts.chain(notices).collect()
    }

    /// What must outlive a restart, in one piece.
    pub(super) fn memory(&self) -> Memory {
        Memory {
            groups: self.grouper.clone(),
        }
    }

    /// The rows that must outlive a restart and are others than when this was asked last.
    pub(super) fn changes(&mut self, mut take: impl FnMut(ContextRow)) {
        self.correlator
            .changes(|group, bytes| take((row_key(group), bytes)));
        self.risks.changes(&mut take);
        self.watch.changes(take);
    }

    /// Brings the counters up to date.
    pub(super) fn count(&mut self, context: &Context, metrics: &Metrics) {
        let Tally {
            matched,
            grouped,
            folded,
            suppressed,
            throttled,
        } = self.grouper.tally();
        metrics.matches.inc_by(matched);
        metrics.grouped.inc_by(grouped);
        metrics.folded.inc_by(folded);
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

/// What the first byte of the key says of a row that is a correlation's.
const GROUP: u8 = b'g';

fn row_key(group: [u8; 16]) -> Vec<u8> {
    let mut key = vec![GROUP];
    key.extend_from_slice(&group);
    key
}

fn group_of(key: &[u8]) -> Option<[u8; 16]> {
    let group = key.strip_prefix(&[GROUP])?;
    group.try_into().ok()
}

/// Redacts a finding once more: rules bring text of their own.
fn stored(alert: Alert, now: Timestamp, parts: &Parts) -> Record {
    // A step that is closed was counted when it was told.
    if alert.stage != Stage::Folded {
        parts.metrics.alerted(alert.level);
    }
    let (redacted, _) = parts.path.redactor.rows().redact(alert.uid, alert.event);
    Record::new(alert.uid, now, redacted)
}

/// Redacts a notice once more: it brings words of its own.
fn noticed(notice: Notice, now: Timestamp, parts: &Parts) -> Record {
    parts.metrics.notices.inc();
    let (redacted, _) = parts.path.redactor.rows().redact(notice.uid, notice.event);
    Record::new(notice.uid, now, redacted)
}

fn report(loaded: &LoadedRules) {
    for fault in &loaded.faults {
        tracing::error!(%fault, "rule is left out");
    }
    for warning in &loaded.warnings {
        tracing::warn!(%warning, "rule");
    }
}
