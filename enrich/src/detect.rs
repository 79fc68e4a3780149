//! Runs Sigma rules over events: each alone, and over time.

mod alert;
mod chain;
mod config;
mod encoded;
mod example;
mod fault;
mod group;
mod judge;
mod language;
mod lookups;
mod model_scores;
mod moment;
mod name_table;
mod names;
mod programs;
mod question;
mod rate_limit;
mod recall;
mod reference;
mod risk;
mod rule;
mod sample;
mod seen;
mod sends;
mod session_names;
mod shipped;
mod sigma;
mod sigma_names;
mod source;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;

use magistrate_event::{Event, EventUid, Timestamp};
use serde_json::{Map, Value as Json};

use self::name_table::NameTable;
use self::sigma::{Compiled, Correlations, When, Which};
use self::source::Sources;
use self::view::View;
use crate::context::SessionFacts;

pub use self::alert::Stage;
pub use self::config::{DetectConfig, ListValues, Suppression};
pub use self::example::{RuleExample, RuleExamples, Sample, Step};
pub use self::fault::DetectFault;
pub use self::group::{Alert, Grouper, Tally};
pub use self::judge::{Decision, Policy};
pub(crate) use self::lookups::lookups;
pub use self::model_scores::{ModelScores, TextPart, Unjudged};
pub(crate) use self::programs::{fetches, walk, words};
pub use self::question::{Answer, Question};
pub use self::rate_limit::RateLimit;
pub use self::recall::recalled;
pub use self::reference::detection_reference;
pub use self::risk::Risks;
pub use self::rule::{Level, Rule, RuleKind, RulePlace};
pub use self::sample::Sampled;
pub use self::shipped::{shipped_detections, shipped_lists, shipped_policies};
pub use self::sigma::{Chosen, Correlated, DetectLists, Hit, Matched};

/// One rule file.
#[derive(Debug, Clone)]
pub struct DetectFile {
    /// Its name, for faults and alerts.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// An event as rules look at it: with what its session's context and the models say of it.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The event's id; none where it has none yet.
    pub uid: Option<EventUid>,
    /// The event.
    pub event: &'a Event,
    /// What the context says of it.
    pub facts: &'a SessionFacts,
    /// What the models say of it.
    pub scores: &'a ModelScores,
}

impl<'a> Case<'a> {
    /// An event of which no context knows anything, and that nobody has judged.
    pub fn alone(event: &'a Event) -> Self {
        static UNKNOWN: SessionFacts = SessionFacts::UNKNOWN;
        Self {
            uid: None,
            event,
            facts: &UNKNOWN,
            scores: &ModelScores::NONE,
        }
    }
}

/// Compiled rules, ready to run. They see one event at a time; [`Correlator`] sees several.
pub struct Ruleset {
    compiled: Compiled,
    names: NameTable,
}

/// Rules, and what is wrong with those that are left out.
pub struct LoadedRules {
    /// The sound ones.
    pub rules: Ruleset,
    /// What is wrong, in the order of the files.
    pub faults: Vec<DetectFault>,
    /// What works, but should be known.
    pub warnings: Vec<DetectFault>,
}

impl Ruleset {
    /// Compiles what `files` hold. A faulty rule is left out; a rule whose id a rule of an earlier
    /// file has takes that one's place.
    pub fn compile(files: &[DetectFile], lists: &DetectLists) -> LoadedRules {
        Self::compile_which(files, lists, Which::Everything)
    }

    /// Like [`Ruleset::compile`], with the rules that have a `judge:` block alone.
    pub fn compile_policies(files: &[DetectFile], lists: &DetectLists) -> LoadedRules {
        Self::compile_which(files, lists, Which::Policies)
    }

    fn compile_which(files: &[DetectFile], lists: &DetectLists, which: Which) -> LoadedRules {
        let texts: Vec<_> = files
            .iter()
            .map(|file| (file.name.as_str(), file.text.as_str()))
            .collect();
        let (compiled, mut notes) = Compiled::new(&texts, lists, which);
        notes.faults.sort();
        notes.warnings.sort();
        LoadedRules {
            rules: Self {
                compiled,
                names: NameTable::new(),
            },
            faults: notes.faults,
            warnings: notes.warnings,
        }
    }

    /// Every rule, in the order of the files.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = &Rule> {
        self.compiled.rules.iter().map(AsRef::as_ref)
    }

    /// Lets rules make no alert of their own, such as policies of other profiles.
    pub fn silence(&mut self, is_silent: impl Fn(&Rule) -> bool) {
        let rules = self.compiled.rules.iter_mut();
        for rule in rules.filter(|rule| is_silent(rule)) {
            Arc::make_mut(rule).alerts = false;
        }
    }

    /// The rule with that id.
    pub fn rule(&self, id: &str) -> Option<&Arc<Rule>> {
        self.compiled.rule(id)
    }

    /// Whether `name` has `value` of an event or its session, as text; of several, one of them.
    pub fn has_value(&self, case: Case<'_>, name: &str, value: &str) -> bool {
        View::new(case, &self.names)
            .get(name)
            .is_some_and(|seen| seen.is(value))
    }

    /// The rules that `is_chosen` says yes to, for [`Ruleset::matches_of`].
    pub fn choose(&self, is_chosen: impl Fn(&Rule) -> bool) -> Chosen {
        self.compiled.choose(is_chosen)
    }

    /// The rules that match this one event, those that make no alert of their own included.
    pub fn matches(&self, case: Case<'_>) -> Vec<Hit> {
        self.matching(case, None)
    }

    /// Like [`Ruleset::matches`] for `chosen` rules of this very set alone.
    pub fn matches_of(&self, case: Case<'_>, chosen: &Chosen) -> Vec<Hit> {
        self.matching(case, Some(chosen))
    }

    fn matching(&self, case: Case<'_>, chosen: Option<&Chosen>) -> Vec<Hit> {
        let view = View::new(case, &self.names);
        let sources = Sources::of(case.event);
        let matches = self.compiled.matches(&view, sources, chosen);
        let mut hits = self.hits(&matches);
        answer(&mut hits, &view);
        hits
    }

    /// The event and the facts of an example that is written in the names of the rule language.
    ///
    /// # Errors
    /// With the name that no event can have, and what to do about it.
    pub fn sample(&self, fields: &Map<String, Json>, time: Timestamp) -> Result<Sampled, String> {
        sample::sampled(fields, &self.names, time)
    }

    fn hits(&self, results: &[sigma::Match]) -> Vec<Hit> {
        let hits = results
            .iter()
            .filter_map(|result| self.compiled.hit(result));
        hits.collect()
    }
}

/// What rules have seen so far, for those that look at several events.
pub struct Correlator {
    correlations: Correlations,
}

impl Correlator {
    /// Nothing seen yet. Of groups of events, `max_groups` are remembered over all correlations;
    /// beyond that those are forgotten whose windows end first.
    pub fn new(max_groups: usize) -> Self {
        Self {
            correlations: Correlations::new(max_groups),
        }
    }

    /// Takes an event into account: the rules that match it, and those that fire over what came
    /// before. `now` bounds the event's own time, which its sender chose.
    pub fn observe(&mut self, rules: &Ruleset, case: Case<'_>, now: Timestamp) -> Vec<Hit> {
        let view = View::new(case, &rules.names);
        let sources = Sources::of(case.event);
        let matches = rules.compiled.noticed(&view, sources);
        if matches.is_empty() {
            return Vec::new();
        }
        self.correlate(rules, &view, &matches, case.event.time().min(now))
    }

    /// Like [`Correlator::observe`] for the rule `id` and those that it looks at alone, as if the
    /// event were of their log source.
    pub fn observe_one(&mut self, rules: &Ruleset, id: &str, case: Case<'_>) -> Vec<Hit> {
        let view = View::new(case, &rules.names);
        let own = rules.compiled.index(id).into_iter();
        let indexes = own.chain(rules.compiled.looked_at(id));
        let matches = indexes.filter_map(|index| rules.compiled.matches_one(index, &view));
        let matches: Vec<_> = matches.collect();
        self.correlate(rules, &view, &matches, case.event.time())
    }

    fn correlate(
        &mut self,
        rules: &Ruleset,
        view: &View<'_>,
        matches: &[sigma::Match],
        time: Timestamp,
    ) -> Vec<Hit> {
        let at = When::of(time);
        let mut hits = rules.hits(matches);
        hits.extend(
            self.correlations
                .observe(&rules.compiled, view, matches, at),
        );
        answer(&mut hits, view);
        hits
    }

    /// How many groups of events are remembered.
    pub fn groups(&self) -> usize {
        self.correlations.groups()
    }

    /// Gives `take` what has changed since this was asked last: the key of a group of events and what
    /// is remembered of it, none where that is nothing any more.
    pub fn changes(&mut self, take: impl FnMut([u8; 16], Option<Vec<u8>>)) {
        self.correlations.changes(take);
    }

    /// Takes back what [`Correlator::changes`] gave; says whether it could be read.
    pub fn restore(&mut self, key: [u8; 16], bytes: &[u8]) -> bool {
        self.correlations.restore(key, bytes)
    }
}

/// Answers the questions that rules ask.
fn answer(hits: &mut [Hit], view: &View<'_>) {
    for hit in hits {
        if !hit.rule.questions.is_empty() {
            hit.answers = question::answers(&hit.rule.questions, view);
        }
    }
}
