//! Compiles written rules: lists put in, evidence checked, filters applied, an engine a log source.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use rsigma_eval::{CompiledRule, Engine, compile_rule};
use rsigma_parser::{
    CorrelationRule, FilterRule, FilterRuleTarget, LogSource as SigmaSource, SigmaRule,
};

use super::correlation::{Correlation, Watch};
use super::gate::{Bits, Gate};
use super::written::{self, Placed, Written};
use super::{Compiled, DetectLists, MAX_RULES, Notes, Partition, Which, evidence, lists};
use crate::detect::fault::DetectFault;
use crate::detect::rule::{Rule, RuleKind};
use crate::detect::source::LogSource;

/// Rules on their way from written to compiled.
pub(super) struct Work {
    notes: Notes,
    rules: Vec<Arc<Rule>>,
    by_id: HashMap<String, usize>,
    single: Vec<(usize, CompiledRule)>,
    parsed: Vec<SigmaRule>,
    correlations: Vec<(CorrelationRule, Correlation)>,
    filters: Vec<FilterRule>,
}

impl Work {
    pub(super) fn new(mut written: Written, lists: &DetectLists, which: Which) -> Self {
        let mut work = Self {
            notes: Notes {
                faults: std::mem::take(&mut written.faults),
                warnings: Vec::new(),
            },
            rules: Vec::new(),
            by_id: HashMap::new(),
            single: Vec::new(),
            parsed: Vec::new(),
            correlations: Vec::new(),
            filters: Vec::new(),
        };
        let count = written.rules.len() + written.correlations.len() + written.filters.len();
        if count > MAX_RULES {
            let (file, line) = (String::new(), 1);
            let fault =
                format!("there are {count} rules, expected at most {MAX_RULES}; leave some out");
            let rule = None;
            work.notes.faults.push(DetectFault {
                file,
                line,
                rule,
                fault,
            });
            return work;
        }
        let is_everything = which == Which::Everything;
        for placed in written::latest(written.rules, &mut work.notes) {
            let has_values = |name: &String| lists.get(name).is_some_and(|list| !list.is_empty());
            let is_in_force = placed.needs_lists.iter().all(has_values);
            if is_in_force && (is_everything || placed.policy.is_some()) {
                work.rule(placed, lists);
            }
        }
        if is_everything {
            for placed in written::latest(written.correlations, &mut work.notes) {
                work.correlation(placed);
            }
        }
        for placed in written.filters {
            work.filter(placed, lists);
        }
        work
    }

    fn rule(&mut self, mut placed: Placed<SigmaRule>, lists: &DetectLists) {
        let title = placed.what.title.clone();
        let missing = lists::expand(&mut placed.what.detection, lists);
        let warnings = missing.iter().map(|name| {
            let message = format!("list `%{name}%` is not configured and lets nothing pass; set `{name}` under `[lists]`");
            placed.fault(&title, &message)
        });
        self.notes.warnings.extend(warnings);
        let faults = evidence::faults(&placed.what.detection);
        if !faults.is_empty() {
            let told = faults.iter().map(|fault| placed.fault(&title, fault));
            return self.notes.faults.extend(told);
        }
        let id = written::id_of(&mut placed.what.id, &placed.place, &title);
        let compiled = match compile_rule(&placed.what) {
            Ok(compiled) => compiled,
            Err(error) => {
                return self
                    .notes
                    .faults
                    .push(placed.fault(&title, &error.to_string()));
            }
        };
        let has_source = source_of(&placed.what.logsource).wanted().is_some();
        let index = self.rules.len();
        self.rules.push(Arc::new(written::rule_of(
            &placed,
            &id,
            RuleKind::Detection,
            has_source,
        )));
        self.by_id.insert(id, index);
        self.single.push((index, compiled));
        self.parsed.push(placed.what);
    }

    fn correlation(&mut self, mut placed: Placed<CorrelationRule>) {
        let title = placed.what.title.clone();
        let id = written::id_of(&mut placed.what.id, &placed.place, &title);
        let compiled = match Correlation::compile(&placed.what) {
            Ok(compiled) => compiled,
            Err(error) => {
                return self
                    .notes
                    .faults
                    .push(placed.fault(&title, &error.to_string()));
            }
        };
        self.by_id.insert(id.clone(), self.rules.len());
        self.rules.push(Arc::new(written::rule_of(
            &placed,
            &id,
            RuleKind::Correlation,
            true,
        )));
        self.correlations.push((placed.what, compiled));
    }

    fn filter(&mut self, mut placed: Placed<FilterRule>, lists: &DetectLists) {
        let title = placed.what.title.clone();
        let faults = evidence::faults_of_filter(&placed.what.detection);
        if !faults.is_empty() {
            let told = faults.iter().map(|fault| placed.fault(&title, fault));
            return self.notes.faults.extend(told);
        }
        lists::expand(&mut placed.what.detection, lists);
        if let Err(error) = Engine::new().apply_filter(&placed.what) {
            return self
                .notes
                .faults
                .push(placed.fault(&title, &error.to_string()));
        }
        if let FilterRuleTarget::Specific(names) = &placed.what.rules {
            let unknown = names.iter().filter(|name| !self.knows(name));
            let told = unknown.map(|name| placed.fault(&title, &format!("no rule is called `{name}`; name the id, name or title of a rule that is loaded")));
            let told: Vec<_> = told.collect();
            self.notes.warnings.extend(told);
        }
        // Names stand for ids: rsigma's filters know ids and titles only.
        if let FilterRuleTarget::Specific(names) = &mut placed.what.rules {
            for name in names {
                let named = self
                    .parsed
                    .iter()
                    .find(|rule| rule.name.as_ref() == Some(name));
                if let Some(id) = named.and_then(|rule| rule.id.as_ref()) {
                    name.clone_from(id);
                }
            }
        }
        self.filters.push(placed.what);
    }

    fn knows(&self, name: &str) -> bool {
        self.parsed
            .iter()
            .any(|rule| is_called(rule, name) || rule.title == name)
    }

    /// Joins correlations with what they look at, and builds an engine a log source.
    pub(super) fn finish(mut self) -> (Compiled, Notes) {
        self.drop_dangling();
        let mut watched: HashMap<String, Vec<Watch>> = HashMap::new();
        let mut silent = HashSet::new();
        for (position, (written, correlation)) in self.correlations.iter().enumerate() {
            for rule in &self.parsed {
                let Some(watch) = correlation.watch(position, written, rule) else {
                    continue;
                };
                let id = rule.id.clone().unwrap_or_default();
                if !written.generate {
                    silent.insert(id.clone());
                }
                watched.entry(id).or_default().push(watch);
            }
        }
        for rule in self
            .rules
            .iter_mut()
            .filter(|rule| silent.contains(&rule.id))
        {
            Arc::make_mut(rule).alerts = false;
        }
        let single = unnamed(filtered(self.single, &self.filters));
        let partitions = partitions(&self.parsed);
        let correlations = self.correlations.into_iter();
        let mut correlations: Vec<_> = correlations.map(|(_, compiled)| compiled).collect();
        Correlation::join(&mut correlations);
        let compiled = Compiled {
            gate: Gate::new(single.iter().map(|(_, rule)| rule)),
            rules: self.rules,
            single,
            partitions,
            by_id: self.by_id,
            watched,
            correlations,
        };
        (compiled, self.notes)
    }

    /// Leaves out correlations of rules that are not there, and says so.
    fn drop_dangling(&mut self) {
        let (rules, notes) = (&self.rules, &mut self.notes);
        let known: HashSet<String> = self
            .parsed
            .iter()
            .map(|rule| (&rule.id, &rule.name))
            .chain(
                self.correlations
                    .iter()
                    .map(|(rule, _)| (&rule.id, &rule.name)),
            )
            .flat_map(|(id, name)| id.iter().chain(name).cloned())
            .collect();
        self.correlations.retain(|(correlation, _)| {
            let missing = correlation.rules.iter().find(|name| !known.contains(*name));
            let Some(missing) = missing else {
                return true;
            };
            let place = rules
                .iter()
                .find(|rule| Some(&rule.id) == correlation.id.as_ref());
            let message = format!("unknown rule reference `{missing}`");
            notes
                .faults
                .extend(place.map(|rule| written::fault_at(rule, &message)));
            false
        });
    }
}

fn is_called(rule: &SigmaRule, name: &str) -> bool {
    rule.id.as_deref() == Some(name) || rule.name.as_deref() == Some(name)
}

/// The rules with all filters applied.
fn filtered(
    rules: Vec<(usize, CompiledRule)>,
    filters: &[FilterRule],
) -> Vec<(usize, CompiledRule)> {
    if filters.is_empty() {
        return rules;
    }
    let (indexes, compiled): (Vec<_>, Vec<_>) = rules.into_iter().unzip();
    let mut engine = Engine::new();
    engine.extend_compiled_rules(compiled);
    for filter in filters {
        // It was tried before, and did so without fault.
        let _ = engine.apply_filter(filter);
    }
    let compiled = engine.rules().iter().cloned();
    indexes.into_iter().zip(compiled).collect()
}

/// Without what rsigma would copy into every match: of a rule that matches, the id says which it is.
fn unnamed(mut rules: Vec<(usize, CompiledRule)>) -> Vec<(usize, CompiledRule)> {
    for (_, rule) in &mut rules {
        (rule.title, rule.tags) = (String::new(), Vec::new());
    }
    rules
}

/// The rules of each log source that events of ours can have.
fn partitions(rules: &[SigmaRule]) -> Vec<Partition> {
    let mut by_source: BTreeMap<LogSource, Bits> = BTreeMap::new();
    for (at, rule) in rules.iter().enumerate() {
        let source = source_of(&rule.logsource);
        by_source.entry(source).or_default().insert(at);
    }
    let by_source = by_source.into_iter();
    by_source
        .filter_map(|(source, rules)| {
            let wanted = source.wanted()?;
            Some(Partition { wanted, rules })
        })
        .collect()
}

pub(super) fn source_of(source: &SigmaSource) -> LogSource {
    let lower = |text: &Option<String>| text.as_deref().map(str::to_ascii_lowercase);
    LogSource {
        product: lower(&source.product),
        category: lower(&source.category),
        service: lower(&source.service),
    }
}
