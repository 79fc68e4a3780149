//! Reads rule files: documents with their lines, and the blocks that Sigma does not know.

use std::collections::HashMap;

use rsigma_parser::{
    CorrelationRule, FilterRule, Level as SigmaLevel, SigmaRule, parse_sigma_yaml,
};

use super::Notes;
use super::condition::ask_for_all;

use crate::detect::example::RuleExamples;
use crate::detect::fault::{DetectFault, advised, locate};
use crate::detect::judge::Policy;
use crate::detect::question::{self, Question};
use crate::detect::rule::{Level, Rule, RuleKind, RulePlace};

/// Rule files are small; more is a mistake.
pub(in crate::detect) const MAX_FILE_BYTES: usize = 16 * 1024 * 1024;

/// Something written in a file, and where.
#[derive(Debug)]
pub(super) struct Placed<T> {
    pub(super) place: RulePlace,
    /// The document's text, to find lines in.
    pub(super) text: String,
    pub(super) what: T,
    pub(super) policy: Option<Policy>,
    pub(super) examples: RuleExamples,
    /// Lists without whose values the rule means nothing.
    pub(super) needs_lists: Vec<String>,
    /// What its alerts ask.
    pub(super) questions: Vec<Question>,
    /// Whether it looks at a chain of steps.
    pub(super) is_chain: bool,
}

/// What rule files hold.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) rules: Vec<Placed<SigmaRule>>,
    pub(super) correlations: Vec<Placed<CorrelationRule>>,
    pub(super) filters: Vec<Placed<FilterRule>>,
    pub(super) faults: Vec<DetectFault>,
}

impl<T> Placed<T> {
    /// A fault of this rule: `message` is what is wrong, without what to do about it.
    pub(super) fn fault(&self, title: &str, message: &str) -> DetectFault {
        DetectFault {
            file: self.place.file.clone(),
            line: self.place.line + locate(&self.text, message),
            rule: Some(title.to_owned()),
            fault: advised(message),
        }
    }
}

impl Written {
    /// Adds what the file `name` holds.
    pub(super) fn read(&mut self, name: &str, text: &str) {
        if text.len() > MAX_FILE_BYTES {
            self.faults.push(DetectFault {
                file: name.to_owned(),
                line: 1,
                rule: None,
                fault: format!("it is larger than {MAX_FILE_BYTES} bytes; split it"),
            });
            return;
        }
        // With collection actions one document changes another: they are read as a whole.
        if text.lines().any(|line| line.starts_with("action:")) {
            self.document(name, 1, text);
            return;
        }
        for (line, document) in documents(text) {
            self.document(name, line, document);
        }
    }

    fn document(&mut self, file: &str, line: usize, text: &str) {
        if is_blank(text) {
            return;
        }
        let place = RulePlace {
            file: file.to_owned(),
            line,
        };
        let collection = match parse_sigma_yaml(text) {
            Ok(collection) => collection,
            Err(error) => return self.fault(&place, text, &error.to_string()),
        };
        for error in &collection.errors {
            self.fault(&place, text, error);
        }
        for mut rule in collection.rules {
            let own = Blocks::take(&mut rule.custom_attributes);
            let placed = self.placed(&place, text, rule, own, |rule| &rule.title);
            self.rules.push(placed);
        }
        for mut rule in collection.correlations {
            ask_for_all(&mut rule, text);
            let own = Blocks::take(&mut rule.custom_attributes);
            let placed = self.placed(&place, text, rule, own, |rule| &rule.title);
            self.correlations.push(placed);
        }
        for mut rule in collection.filters {
            let own = Blocks::take(&mut rule.custom_attributes);
            let mut placed = self.placed(&place, text, rule, own, |rule| &rule.title);
            if placed.policy.take().is_some() {
                let title = placed.what.title.clone();
                let message = "a filter has no `judge` block; write it at the rule";
                self.faults.push(placed.fault(&title, message));
            }
            self.filters.push(placed);
        }
    }

    fn placed<T>(
        &mut self,
        place: &RulePlace,
        text: &str,
        what: T,
        own: Blocks,
        title: impl Fn(&T) -> &String,
    ) -> Placed<T> {
        let placed = Placed {
            place: place.clone(),
            text: text.to_owned(),
            what,
            policy: own.policy,
            examples: own.examples,
            needs_lists: own.needs_lists,
            questions: own.questions,
            is_chain: own.is_chain,
        };
        let title = title(&placed.what);
        let faults = own.faults.iter().map(|fault| placed.fault(title, fault));
        self.faults.extend(faults);
        placed
    }

    fn fault(&mut self, place: &RulePlace, text: &str, message: &str) {
        let title = text.lines().find_map(|line| line.strip_prefix("title:"));
        self.faults.push(DetectFault {
            file: place.file.clone(),
            line: place.line + locate(text, message),
            rule: title.map(|title| title.trim().trim_matches(['\'', '"']).to_owned()),
            fault: advised(message),
        });
    }
}

/// Of rules with one id the latest; two in one file are a fault.
pub(super) fn latest<T: Headed>(rules: Vec<Placed<T>>, notes: &mut Notes) -> Vec<Placed<T>> {
    let mut kept: Vec<Placed<T>> = Vec::with_capacity(rules.len());
    let mut places: HashMap<String, usize> = HashMap::new();
    for rule in rules {
        let Some(id) = rule.what.head().id.map(str::to_owned) else {
            kept.push(rule);
            continue;
        };
        match places.get(&id).and_then(|at| kept.get_mut(*at)) {
            Some(earlier) if earlier.place.file == rule.place.file => {
                let message =
                    format!("another rule of this file has the id `{id}`; give it one of its own");
                notes
                    .faults
                    .push(rule.fault(rule.what.head().title, &message));
            }
            Some(earlier) => *earlier = rule,
            None => {
                places.insert(id, kept.len());
                kept.push(rule);
            }
        }
    }
    kept
}

/// What rules and correlations have in common.
pub(super) struct Head<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) title: &'a str,
    description: Option<&'a str>,
    author: Option<&'a str>,
    level: Option<SigmaLevel>,
    tags: &'a [String],
    references: &'a [String],
    false_positives: &'a [String],
}

/// Writes the one head of two kinds of rules, whose fields have the same names.
macro_rules! headed {
    ($($kind:ty)*) => {$(
        impl Headed for $kind {
            fn head(&self) -> Head<'_> {
                Head {
                    id: self.id.as_deref(),
                    title: &self.title,
                    description: self.description.as_deref(),
                    author: self.author.as_deref(),
                    level: self.level,
                    tags: &self.tags,
                    references: &self.references,
                    false_positives: &self.falsepositives,
                }
            }
        }
    )*};
}

/// What has a head.
pub(super) trait Headed {
    fn head(&self) -> Head<'_>;
}

headed! { SigmaRule CorrelationRule }

/// The rule's id; one that has none is given one that stays the same while file and title do.
pub(super) fn id_of(id: &mut Option<String>, place: &RulePlace, title: &str) -> String {
    id.get_or_insert_with(|| {
        let name = format!("{}\0{}\0{title}", place.file, place.line);
        let hash = blake3::hash(name.as_bytes()).to_hex();
        hash.chars().take(32).collect()
    })
    .clone()
}

/// What is known of a rule or a correlation; `has_source` says whether events of its log source
/// can come at all.
pub(super) fn rule_of<T: Headed>(
    placed: &Placed<T>,
    id: &str,
    kind: RuleKind,
    has_source: bool,
) -> Rule {
    let head = placed.what.head();
    Rule {
        id: id.to_owned(),
        title: head.title.to_owned(),
        description: head.description.unwrap_or_default().to_owned(),
        false_positives: head.false_positives.to_vec(),
        references: head.references.to_vec(),
        author: head.author.unwrap_or_default().to_owned(),
        level: level_of(head.level),
        tags: head.tags.to_vec(),
        kind,
        alerts: true,
        policy: placed.policy.clone(),
        examples: placed.examples.clone(),
        questions: placed.questions.clone(),
        is_chain: placed.is_chain,
        place: placed.place.clone(),
        has_source,
    }
}

fn level_of(level: Option<SigmaLevel>) -> Level {
    match level {
        Some(SigmaLevel::Informational) => Level::Informational,
        Some(SigmaLevel::Low) => Level::Low,
        Some(SigmaLevel::Medium) | None => Level::Medium,
        Some(SigmaLevel::High) => Level::High,
        Some(SigmaLevel::Critical) => Level::Critical,
    }
}

/// A fault of a rule whose text is not at hand any more.
pub(super) fn fault_at(rule: &Rule, message: &str) -> DetectFault {
    DetectFault {
        file: rule.place.file.clone(),
        line: rule.place.line,
        rule: Some(rule.title.clone()),
        fault: advised(message),
    }
}

/// The fields of `rule`'s events that `correlation` groups by.
pub(super) fn group_fields<'a>(
    correlation: &'a CorrelationRule,
    rule: &'a SigmaRule,
) -> impl Iterator<Item = String> + 'a {
    correlation.group_by.iter().map(move |field| {
        let alias = correlation.aliases.iter().find(|one| one.alias == *field);
        let names = [rule.id.as_ref(), rule.name.as_ref()];
        let mapped = alias.and_then(|alias| {
            let mut names = names.into_iter().flatten();
            names.find_map(|name| alias.mapping.get(name))
        });
        mapped.unwrap_or(field).clone()
    })
}

/// The blocks that are ours.
#[derive(Default)]
struct Blocks {
    policy: Option<Policy>,
    examples: RuleExamples,
    needs_lists: Vec<String>,
    questions: Vec<Question>,
    is_chain: bool,
    faults: Vec<String>,
}

impl Blocks {
    fn take<V: serde::Serialize>(attributes: &mut HashMap<String, V>) -> Self {
        let mut own = Self::default();
        let mut block = |name: &str| {
            let value = attributes.remove(name)?;
            Some(serde_json::to_value(value).map_err(|error| format!("`{name}`: {error}")))
        };
        match block("judge") {
            None => {}
            Some(Err(fault)) => own.faults.push(fault),
            Some(Ok(value)) => match serde_json::from_value::<Policy>(value) {
                Ok(policy) => {
                    own.faults.extend(policy.faults());
                    own.policy = Some(policy);
                }
                Err(error) => own.faults.push(format!("`judge`: {error}")),
            },
        }
        match block("needs_lists") {
            None => {}
            Some(Err(fault)) => own.faults.push(fault),
            Some(Ok(value)) => match serde_json::from_value(value) {
                Ok(names) => own.needs_lists = names,
                Err(_) => own.faults.push(
                    "`needs_lists` is no list of names; write `needs_lists: [corporate_domains]`"
                        .to_owned(),
                ),
            },
        }
        match block("questions") {
            None => {}
            Some(Err(fault)) => own.faults.push(fault),
            Some(Ok(value)) => match serde_json::from_value::<Vec<Question>>(value) {
                Ok(questions) => {
                    own.faults.extend(question::faults(&questions));
                    own.questions = questions;
                }
                Err(error) => own.faults.push(format!("`questions`: {error}")),
            },
        }
        match block("chain") {
            None => {}
            Some(Ok(serde_json::Value::Bool(is_chain))) => own.is_chain = is_chain,
            Some(_) => own
                .faults
                .push("`chain` is no truth value; write `chain: true`, or leave it out".to_owned()),
        }
        match block("examples") {
            None => {}
            Some(Err(fault)) => own.faults.push(fault),
            Some(Ok(value)) => match RuleExamples::read(&value) {
                Ok(examples) => own.examples = examples,
                Err(fault) => own.faults.push(fault),
            },
        }
        own
    }
}

/// The documents of a YAML text, each with its first line's number.
fn documents(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let (mut start, mut first) = (0, 1);
    let mut offset = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let is_mark = line.trim_end() == "---" || line.starts_with("--- ");
        if is_mark {
            found.push((first, text.get(start..offset).unwrap_or_default()));
            (start, first) = (offset + line.len(), number + 1);
        }
        offset += line.len();
    }
    found.push((first, text.get(start..).unwrap_or_default()));
    found
}

fn is_blank(text: &str) -> bool {
    text.lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_keep_their_lines() {
        let found = documents("---\na: 1\n---\n# c\nb: 2\n");
        assert_eq!(found, [(1, ""), (2, "a: 1\n"), (4, "# c\nb: 2\n")]);
    }
}
