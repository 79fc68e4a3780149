//! The one place that knows rsigma: compiles Sigma rules and runs them over our events.

mod compile;
mod evidence;
mod lists;
mod seen;
#[cfg(test)]
mod tests;
mod written;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rsigma_eval::{
    CorrelationAction, CorrelationConfig, CorrelationEngine, CorrelationEventMode, Engine,
    EvaluationResult, evaluate_rule,
};
use rsigma_parser::{CorrelationRule, SigmaRule};

use self::compile::Work;
use self::written::Written;
use super::fault::DetectFault;
use super::rule::Rule;
use super::source::{Sources, Wanted};
use super::view::View;

pub use self::lists::DetectLists;
#[cfg(test)]
pub(super) use self::written::MAX_FILE_BYTES;

/// What matched, as rsigma tells it.
pub(super) type Match = EvaluationResult;

/// More rules than this are a mistake.
pub(super) const MAX_RULES: usize = 20_000;
/// Events that a group remembers for its count; more of them do not raise it.
const MAX_GROUP_EVENTS: usize = 10_000;
/// Ids of events that an alert of a correlation can name.
const MAX_NAMED_EVENTS: usize = 32;

/// Rules of one log source.
struct Partition {
    wanted: Wanted,
    engine: Engine,
    /// By position in the engine: the rule.
    rules: Vec<usize>,
}

/// Compiled rules.
pub(super) struct Compiled {
    pub(super) rules: Vec<Arc<Rule>>,
    partitions: Vec<Partition>,
    by_id: HashMap<String, usize>,
    /// Rules that correlations look at, by id: the fields that those group by.
    watched: HashMap<String, HashSet<String>>,
    correlations: Vec<CorrelationRule>,
    /// What [`Correlations::new`] gives its engine, so that it knows names and ids.
    watched_rules: Vec<SigmaRule>,
}

/// What compiling found out beside the rules.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) faults: Vec<DetectFault>,
    pub(super) warnings: Vec<DetectFault>,
}

/// One value that made a rule match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// The name that the rule uses.
    pub field: String,
    /// The event's value.
    pub value: String,
}

/// What a correlation saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlated {
    /// The fields that it groups by, and their values.
    pub group: Vec<(String, String)>,
    /// Count, sum or other value that it compared.
    pub value: f64,
    /// Length of its window.
    pub window_secs: u64,
    /// Ids of the events in the window, as far as remembered.
    pub events: Vec<String>,
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The rule.
    pub rule: Arc<Rule>,
    /// The values that made it match; none for a correlation.
    pub matched: Vec<Matched>,
    /// Set for a correlation.
    pub correlated: Option<Correlated>,
}

impl Compiled {
    /// Compiles what `files` hold, pairs of name and text. A faulty rule is left out. A rule whose
    /// id an earlier file has takes the earlier one's place.
    pub(super) fn new(files: &[(&str, &str)], lists: &DetectLists) -> (Self, Notes) {
        let mut written = Written::default();
        for (name, text) in files {
            written.read(name, text);
        }
        Work::new(written, lists).finish()
    }

    /// The rules that match the event, correlations left out.
    pub(super) fn matches(&self, view: &View<'_>, sources: Sources<'_>) -> Vec<Match> {
        let mut found = Vec::new();
        for partition in &self.partitions {
            if sources.are(&partition.wanted) {
                found.append(&mut partition.engine.evaluate(view));
            }
        }
        found
    }

    /// Like [`Compiled::matches`] for the one rule `index`, whatever the event's log source.
    pub(super) fn matches_one(&self, index: usize, view: &View<'_>) -> Option<Match> {
        let compiled = self.partitions.iter().find_map(|partition| {
            let at = partition.rules.iter().position(|rule| *rule == index)?;
            partition.engine.rules().get(at)
        })?;
        evaluate_rule(compiled, view)
    }

    /// The position of the rule with that id.
    pub(super) fn index(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The rule with that id.
    pub(super) fn rule(&self, id: &str) -> Option<&Arc<Rule>> {
        self.rules.get(*self.by_id.get(id)?)
    }

    /// What of `result` is told.
    pub(super) fn hit(&self, result: &Match) -> Option<Hit> {
        let rule = self.rule(result.header.rule_id.as_deref()?)?;
        let fields = result.as_detection().into_iter();
        let matched = fields
            .flat_map(|body| &body.matched_fields)
            .map(|one| Matched {
                field: one.field.clone(),
                value: one
                    .value
                    .as_str()
                    .map_or_else(|| one.value.to_string(), str::to_owned),
            });
        let correlated = result.as_correlation().map(|body| Correlated {
            group: body.group_key.clone(),
            value: body.aggregated_value,
            window_secs: body.timespan_secs,
            events: body
                .event_refs
                .iter()
                .flatten()
                .filter_map(|one| one.id.clone())
                .collect(),
        });
        Some(Hit {
            rule: Arc::clone(rule),
            matched: matched.collect(),
            correlated,
        })
    }

    /// The names or ids of the rules that the correlation with that id looks at.
    pub(super) fn looked_at(&self, id: &str) -> impl Iterator<Item = usize> {
        let names = self
            .correlations
            .iter()
            .filter(move |one| one.id.as_deref() == Some(id))
            .flat_map(|one| &one.rules);
        names.filter_map(|name| {
            let by_name = |rule: &&SigmaRule| {
                rule.name.as_deref() == Some(name) || rule.id.as_deref() == Some(name)
            };
            let id = self.watched_rules.iter().find(by_name)?.id.as_deref()?;
            self.by_id.get(id).copied()
        })
    }
}

/// The state of all correlations.
pub(super) struct Correlations {
    engine: CorrelationEngine,
}

impl Correlations {
    /// No events seen yet.
    pub(super) fn new(rules: &Compiled, max_groups: usize) -> Self {
        let mut engine = engine(max_groups);
        // They were compiled before, and did so without fault.
        for rule in &rules.watched_rules {
            let _ = engine.add_rule(rule);
        }
        for rule in &rules.correlations {
            let _ = engine.add_correlation(rule);
        }
        Self { engine }
    }

    /// Takes what matched one event into account; returns the correlations that fire on it.
    pub(super) fn observe(
        &mut self,
        rules: &Compiled,
        view: &View<'_>,
        matches: &[Match],
        seconds: i64,
    ) -> Vec<Match> {
        // An event without what a correlation groups by belongs to no group.
        let watched = matches.iter().filter(|result| {
            let id = result.header.rule_id.as_deref().unwrap_or_default();
            let fields = rules.watched.get(id);
            fields.is_some_and(|fields| fields.iter().all(|field| view.get(field).is_some()))
        });
        let watched: Vec<_> = watched.cloned().collect();
        if watched.is_empty() {
            return Vec::new();
        }
        let mut found = self.engine.process_with_detections(view, watched, seconds);
        found.retain(EvaluationResult::is_correlation);
        found
    }

    /// How many groups are remembered.
    pub(super) fn groups(&self) -> usize {
        self.engine.state_count()
    }

    /// All that was seen, for a later [`Correlations::restore`].
    pub(super) fn snapshot(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self.engine.export_state())
    }

    /// Takes back what [`Correlations::snapshot`] gave; what rules no longer ask for is left out.
    pub(super) fn restore(&mut self, bytes: &[u8]) -> bool {
        serde_json::from_slice(bytes).is_ok_and(|state| self.engine.import_state(state))
    }
}

fn engine(max_groups: usize) -> CorrelationEngine {
    CorrelationEngine::new(CorrelationConfig {
        max_state_entries: max_groups,
        max_group_entries: Some(MAX_GROUP_EVENTS),
        action_on_match: CorrelationAction::Reset,
        emit_detections: true,
        correlation_event_mode: CorrelationEventMode::Refs,
        max_correlation_events: MAX_NAMED_EVENTS,
        ..CorrelationConfig::default()
    })
}
