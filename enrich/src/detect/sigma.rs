//! The one place that knows rsigma: compiles Sigma rules and runs them over our events.

mod compile;
mod condition;
mod correlate;
mod correlation;
mod evidence;
mod fire;
mod gate;
mod lists;
mod memory;
mod seen;
#[cfg(test)]
mod tests;
mod written;

use std::collections::HashMap;
use std::sync::Arc;

use rsigma_eval::compiler::eval_condition;
use rsigma_eval::{
    CompiledRule, DetectionBody, EvaluationResult, ResultBody, RuleHeader, evaluate_rule,
};

use self::compile::Work;
use self::correlation::{Correlation, Watch};
use self::gate::{Bits, Gate};
use self::written::Written;
use super::fault::DetectFault;
use super::question::Answer;
use super::rule::Rule;
use super::source::{Sources, Wanted};
use super::view::View;

pub(super) use self::correlate::Correlations;
pub use self::lists::DetectLists;
pub(super) use self::memory::When;
#[cfg(test)]
pub(super) use self::written::MAX_FILE_BYTES;

/// What matched, as rsigma tells it.
pub(super) type Match = EvaluationResult;

/// More rules than this are a mistake.
pub(super) const MAX_RULES: usize = 20_000;

/// Rules of one log source, by their positions among those that look at one event.
struct Partition {
    wanted: Wanted,
    rules: Bits,
}

/// Some of the rules that look at one event.
#[derive(Debug, Clone)]
pub struct Chosen(Bits);

/// Compiled rules.
pub(super) struct Compiled {
    pub(super) rules: Vec<Arc<Rule>>,
    /// Those that look at one event, with their positions in `rules`, in ascending order.
    single: Vec<(usize, CompiledRule)>,
    gate: Gate,
    partitions: Vec<Partition>,
    by_id: HashMap<String, usize>,
    /// Rules that correlations look at, by id.
    watched: HashMap<String, Vec<Watch>>,
    correlations: Vec<Correlation>,
}

/// Which of the written rules are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// All of them.
    Everything,
    /// Those with a `judge:` block that look at one event.
    Policies,
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
    /// When the first of the events in the window happened, in seconds since the epoch.
    pub first: i64,
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
    /// What the rule asks, and what is known of it.
    pub answers: Vec<Answer>,
}

impl Compiled {
    /// Compiles what `files` hold, pairs of name and text. A faulty rule is left out. A rule whose
    /// id an earlier file has takes the earlier one's place.
    pub(super) fn new(files: &[(&str, &str)], lists: &DetectLists, which: Which) -> (Self, Notes) {
        let mut written = Written::default();
        for (name, text) in files {
            written.read(name, text);
        }
        Work::new(written, lists, which).finish()
    }

    /// Those of the rules that look at one event which `is_chosen` says yes to.
    pub(super) fn choose(&self, is_chosen: impl Fn(&Rule) -> bool) -> Chosen {
        let mut chosen = Bits::default();
        for (at, (index, _)) in self.single.iter().enumerate() {
            if self.rules.get(*index).is_some_and(|rule| is_chosen(rule)) {
                chosen.insert(at);
            }
        }
        Chosen(chosen)
    }

    /// The rules that match the event, correlations and what is not `chosen` left out.
    pub(super) fn matches(
        &self,
        view: &View<'_>,
        sources: Sources<'_>,
        chosen: Option<&Chosen>,
    ) -> Vec<Match> {
        let candidates = self.candidates(view, sources, chosen);
        let candidates = candidates.iter().filter_map(|at| self.single.get(at));
        candidates
            .filter_map(|(_, rule)| evaluate_rule(rule, view))
            .collect()
    }

    /// Like [`Compiled::matches`] for what correlates: of rules that make no alert of their own it is told
    /// that they match, not by which values.
    pub(super) fn noticed(&self, view: &View<'_>, sources: Sources<'_>) -> Vec<Match> {
        let candidates = self.candidates(view, sources, None);
        let candidates = candidates.iter().filter_map(|at| self.single.get(at));
        candidates
            .filter_map(|(index, rule)| match self.rules.get(*index) {
                Some(told) if !told.alerts => unexplained(rule, view),
                Some(_) | None => evaluate_rule(rule, view),
            })
            .collect()
    }

    /// The rules that could match the event.
    fn candidates(&self, view: &View<'_>, sources: Sources<'_>, chosen: Option<&Chosen>) -> Bits {
        let mut candidates = Bits::default();
        for partition in &self.partitions {
            if sources.are(&partition.wanted) {
                candidates.extend(&partition.rules);
            }
        }
        if let Some(Chosen(chosen)) = chosen {
            candidates.retain(chosen);
        }
        self.gate.sift(view, &mut candidates);
        candidates
    }

    /// Like [`Compiled::matches`] for the one rule `index`, whatever the event's log source.
    pub(super) fn matches_one(&self, index: usize, view: &View<'_>) -> Option<Match> {
        let at = self
            .single
            .binary_search_by_key(&index, |(index, _)| *index)
            .ok()?;
        evaluate_rule(&self.single.get(at)?.1, view)
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
        Some(Hit {
            rule: Arc::clone(rule),
            matched: matched.collect(),
            correlated: None,
            answers: Vec::new(),
        })
    }

    /// The rules that the correlation with that id looks at.
    pub(super) fn looked_at(&self, id: &str) -> impl Iterator<Item = usize> {
        let is_it = |correlation: &Correlation| correlation.rule.id.as_deref() == Some(id);
        let position = self.correlations.iter().position(is_it);
        let looks = move |watch: &Watch| Some(watch.correlation) == position;
        let watched = self.watched.iter();
        let watched = watched.filter(move |(_, watches)| watches.iter().any(looks));
        let mut rules: Vec<usize> = watched.filter_map(|(id, _)| self.index(id)).collect();
        rules.sort_unstable();
        rules.into_iter()
    }
}

/// The match of a rule, without what made it match.
fn unexplained(rule: &CompiledRule, view: &View<'_>) -> Option<Match> {
    let mut selections = Vec::new();
    let mut conditions = rule.conditions.iter();
    conditions
        .any(|one| eval_condition(one, &rule.detections, view, &mut selections))
        .then(|| Match {
            header: RuleHeader {
                rule_title: String::new(),
                rule_id: rule.id.clone(),
                level: rule.level,
                tags: Vec::new(),
                custom_attributes: Arc::clone(&rule.custom_attributes),
                enrichments: None,
            },
            body: ResultBody::Detection(DetectionBody {
                matched_selections: Vec::new(),
                matched_fields: Vec::new(),
                event: None,
            }),
        })
}
