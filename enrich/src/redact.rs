//! Masks secrets in everything that is stored, sent or logged; the only maker of a [`Redacted`].
//!
//! Rules are data (`redact/rules/*.toml`). One compiled matcher sees all text of an event in one
//! pass: a prefilter over the literals of all rules, then, at the few places that it names, the one
//! rule whose literal stands there. Secrets become `[redacted:<kind>:<token>]`.

mod ascii;
mod assign;
mod block;
mod check;
mod config;
mod context;
mod example;
mod gitleaks;
mod header;
mod key;
mod marker;
mod merge;
mod named;
mod object;
mod placeholder;
mod plan;
mod prefilter;
mod private_key;
mod quote;
mod rule;
mod ruleset;
mod scan;
mod shape;
mod shipped;
mod steps;
mod stream;
mod token;
mod tree;
mod url_password;

use magistrate_event::{Event, Field, Finding, Redacted, Value};

pub use config::Config as RedactConfig;
pub use example::{Example, shipped_examples};
pub use gitleaks::{CustomRule, CustomRules, RuleFault, RuleFile, RuleWarning};
pub use key::{Epoch, KeyError, RedactKey};
pub use rule::RuleError;
pub use stream::StreamRedactor;

use plan::Plan;
use ruleset::RuleSet;
use scan::Scan;
use token::Tokenizer;

/// The compiled rules and the key of the tokens. Built once, shared by all threads.
pub struct Redactor {
    rules: RuleSet,
    tokens: Tokenizer,
}

impl Redactor {
    /// The shipped rules; tokens are made under `key` and `epoch`.
    ///
    /// # Errors
    /// When a shipped rule is faulty, which the tests rule out.
    pub fn new(key: &RedactKey, epoch: Epoch) -> Result<Self, RuleError> {
        Self::with_rules(key, epoch, CustomRules::default())
    }

    /// The shipped rules and a user's own.
    ///
    /// # Errors
    /// When a shipped rule is faulty, which the tests rule out.
    pub fn with_rules(
        key: &RedactKey,
        epoch: Epoch,
        custom: CustomRules,
    ) -> Result<Self, RuleError> {
        Ok(Self {
            rules: RuleSet::compile(shipped::rules()?, custom)?,
            tokens: Tokenizer::new(key, epoch),
        })
    }

    /// How many rules there are.
    pub fn rule_count(&self) -> usize {
        self.rules.len()
    }

    /// Masks every secret in `event`, in whatever field, key or value it stands.
    ///
    /// Fills `magistrate.redacted` and `magistrate.redacted_count` when there was one. A finding's
    /// place is in [`Event::buffer`] as it was; a masked number's is that of its key.
    pub fn redact(&self, mut event: Event) -> (Redacted, Vec<Finding>) {
        let mut scan = Scan::of(&self.rules, event.buffer());
        let has_named_key = scan.has_named_key();
        if has_named_key {
            scan.add(tree::texts_under_names(&self.rules, &mut event));
        }
        let plan = Plan::new(&self.rules, &self.tokens, event.buffer(), scan);
        let (edits, mut findings) = plan.into_parts();
        event.rewrite(&edits);
        if has_named_key {
            findings.extend(tree::mask_numbers(&self.rules, &self.tokens, &mut event));
        }
        note(&mut event, &findings);
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the redactor, the one place that may declare an event redacted"
        )]
        let redacted = Redacted::seal(event);
        (redacted, findings)
    }

    /// Masks every secret in a plain text: log lines, dead letters, error messages.
    pub fn redact_text(&self, text: &str) -> (String, Vec<Finding>) {
        let plan = self.plan(text);
        let masked = plan.apply(text);
        (masked, plan.into_findings())
    }

    fn plan(&self, text: &str) -> Plan {
        let scan = Scan::of(&self.rules, text);
        Plan::new(&self.rules, &self.tokens, text, scan)
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor")
            .field("rules", &self.rules.len())
            .field("key", &"***")
            .finish()
    }
}

/// Fills the columns that tell what was masked.
fn note(event: &mut Event, findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    let mut kinds: Vec<&str> = findings
        .iter()
        .map(|finding| finding.kind.as_str())
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    // Whatever key the buffer ends with, the kinds are not its value.
    event.push_text("");
    let kinds = kinds
        .into_iter()
        .map(|kind| Value::Text(event.push_text(kind)))
        .collect();
    event.set(Field::Redacted, Value::List(kinds));
    let count = i64::try_from(findings.len()).unwrap_or(i64::MAX);
    event.set_int(Field::RedactedCount, count);
}

#[cfg(test)]
mod detectors;
#[cfg(test)]
mod false_positives;
#[cfg(test)]
mod tests;
