//! Masks secrets and personal data in everything that is stored, sent or logged; the only maker of a [`Redacted`].
//!
//! Rules are data (`redact/rules/*.toml`). One compiled matcher sees all text of an event in one
//! pass: a prefilter over the literals of all rules, then, at the few places that it names, the one
//! rule whose literal stands there. Secrets become `[redacted:<kind>:<token>]`.

mod ascii;
mod assign;
mod bits;
mod block;
mod census;
mod check;
mod config;
mod content;
mod context;
mod cut;
mod decode;
mod detector;
mod edit;
mod example;
mod gitleaks;
mod header;
mod key;
mod layers;
mod lists;
mod marker;
mod merge;
mod named;
mod names;
mod object;
mod originals;
mod parts;
mod personal;
mod placeholder;
mod plan;
mod prefilter;
mod private_key;
mod quote;
mod reply;
mod rule;
mod ruleset;
mod scan;
mod seal;
mod seal_key;
mod settled;
mod shape;
mod shipped;
mod stand_in;
mod steps;
mod stream;
mod stretch;
mod token;
mod tree;
mod url_password;

use magistrate_event::{Event, EventUid, Field, Finding, Redacted, Span, Value};

pub use census::Census;
pub use config::{Config as RedactConfig, KeyPlace, KeyPlaceError, SealConfig};
pub use decode::Decoded;
pub use detector::Detectors;
pub use example::{Example, shipped_examples};
pub use gitleaks::{CustomRule, CustomRules, RuleFault, RuleFile, RuleWarning};
pub use key::{Epoch, KeyError, RedactKey};
pub use lists::{FileError, FileFault, ListConfig, ListError, Lists, ListsBuilder, Loaded};
pub use originals::{MAX_ORIGINAL_BYTES, MAX_ORIGINALS, MAX_ROW_BYTES, Original, Originals};
pub use personal::{Choice, PersonalConfig};
pub use reply::MaskedReply;
pub use rule::RuleError;
pub use seal::{SealError, sealed_for, unseal};
pub use seal_key::{SealKey, SealKeyError, SealKeyId, UnsealKey};
pub use stream::StreamRedactor;
pub use token::parse_token;

pub(crate) use header::takes_parameters;
pub(crate) use marker::{MARKER_START, markers};

use content::{Content, MAX_SIGHTINGS, Sighting};
use parts::parts;
use plan::{Plan, Task};
use prefilter::Recent;
use ruleset::RuleSet;
use scan::Scan;
use token::Tokenizer;

/// The compiled rules and the key of the tokens. Built once, shared by all threads.
pub struct Redactor {
    rules: RuleSet,
    tokens: Tokenizer,
    seal: Option<SealKey>,
}

impl Redactor {
    /// The shipped rules and detectors; tokens are made under `key` and `epoch`.
    ///
    /// # Errors
    /// When a shipped rule is faulty, which the tests rule out.
    pub fn new(key: &RedactKey, epoch: Epoch) -> Result<Self, RuleError> {
        Self::with(key, epoch, CustomRules::default(), Detectors::default())
    }

    /// The shipped rules, a user's own, and `detectors` as they are configured.
    ///
    /// # Errors
    /// When a shipped rule is faulty, which the tests rule out.
    pub fn with(
        key: &RedactKey,
        epoch: Epoch,
        custom: CustomRules,
        detectors: Detectors,
    ) -> Result<Self, RuleError> {
        Ok(Self {
            rules: RuleSet::compile(shipped::rules()?, custom, detectors)?,
            tokens: Tokenizer::new(key, epoch),
            seal: None,
        })
    }

    /// Keeps what [`Rows::redact`] masks, sealed to `key`.
    #[must_use]
    pub fn with_seal(mut self, key: SealKey) -> Self {
        self.seal = Some(key);
        self
    }

    /// How many rules there are.
    pub fn rule_count(&self) -> usize {
        self.rules.len()
    }

    /// Masks every secret in `event`, in whatever field, key or value it stands, and personal data
    /// everywhere but in the columns that say who acted.
    ///
    /// Fills `magistrate.redacted` and `magistrate.redacted_count` when there was one, and
    /// `magistrate.content_findings`, which are among the findings but mask nothing. A finding's
    /// place is in [`Event::buffer`] as it was; a masked number's is that of its key.
    pub fn redact(&self, event: Event) -> (Redacted, Vec<Finding>) {
        let scan = Scan::of(&self.rules, event.buffer());
        self.mask(event, scan, |_, _| {})
    }

    /// A redactor of rows that come together, and so resemble each other.
    pub fn rows(&self) -> Rows<'_> {
        Rows {
            redactor: self,
            recent: Recent::default(),
        }
    }

    fn mask(
        &self,
        mut event: Event,
        mut scan: Scan,
        keep: impl FnOnce(&mut Event, &Originals),
    ) -> (Redacted, Vec<Finding>) {
        scan.add(tree::found_in_lists(&self.rules, &self.tokens, &event));
        let has_named_key = scan.has_named_key();
        if has_named_key {
            scan.add(tree::texts_under_names(&self.rules, &mut event));
        }
        let mut sightings = scan.take_sightings();
        let kept = || personal::identity_spans(&event);
        if !sightings.is_empty() {
            let kept = kept();
            sightings.retain(|one| !kept.iter().any(|column| column.holds(one.span)));
        }
        sightings.extend(source_code(event.buffer()));
        let task = self.task(event.buffer(), &kept);
        let plan = Plan::new(task, scan);
        let plan = plan.with_parts(task, || parts(&event)).with_echoes(task);
        let (edits, mut findings) = plan.into_parts();
        let mut originals = Originals::default();
        if self.seal.is_some() {
            originals.add_edits(event.buffer(), &edits);
        }
        event.rewrite(&edits);
        if has_named_key {
            let mut numbers = |marker: &str, plain: &str| originals.add(marker, plain);
            let tokens = &self.tokens;
            findings.extend(tree::mask_numbers(
                &self.rules,
                tokens,
                &mut event,
                &mut numbers,
            ));
        }
        note(&mut event, &findings);
        if !originals.is_empty() {
            keep(&mut event, &originals);
        }
        let told = content_findings(&event, &sightings);
        note_content(&mut event, told);
        findings.extend(sightings.iter().map(Sighting::finding));
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the redactor, the one place that may declare an event redacted"
        )]
        let redacted = Redacted::seal(event);
        (redacted, findings)
    }

    /// Masks every secret in a plain text: log lines, dead letters, error messages.
    pub fn redact_text(&self, text: &str) -> (String, Vec<Finding>) {
        let mut plan = self.plan(text);
        (plan.take_masked(text), plan.into_findings())
    }

    fn plan(&self, text: &str) -> Plan {
        Plan::new(self.task(text, &Vec::new), Scan::of(&self.rules, text))
    }

    fn task<'a>(&'a self, text: &'a str, kept: &'a dyn Fn() -> Vec<Span>) -> Task<'a> {
        Task {
            rules: &self.rules,
            tokens: &self.tokens,
            text,
            kept,
        }
    }
}

/// Redacts rows one after the other: what the next one's text begins with like the last one's is not
/// searched anew. Holds text that is not redacted, so it shall not outlive its batch.
#[derive(Debug)]
pub struct Rows<'a> {
    redactor: &'a Redactor,
    recent: Recent,
}

impl Rows<'_> {
    /// Like [`Redactor::redact`], for the row `uid`; where there is a seal key, also fills
    /// `magistrate.sealed` with what was masked.
    pub fn redact(&mut self, uid: EventUid, event: Event) -> (Redacted, Vec<Finding>) {
        let redactor = self.redactor;
        let scan = Scan::of_next(&redactor.rules, event.buffer(), &mut self.recent);
        redactor.mask(event, scan, |event, originals| {
            if let Some(key) = &redactor.seal {
                event.set_text(Field::Sealed, &seal::seal(key, uid, originals));
            }
        })
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

/// Where program text lies in `text`.
fn source_code(text: &str) -> Vec<Sighting> {
    let mut sightings = Vec::new();
    content::source_code(text.as_bytes(), |span| {
        if sightings.len() < MAX_SIGHTINGS {
            sightings.push(Sighting {
                what: Content::SourceCode,
                span,
            });
        }
    });
    sightings
}

/// What stands in `magistrate.content_findings`: what the text is, and its suspicious characters.
fn content_findings(event: &Event, sightings: &[Sighting]) -> Vec<String> {
    let mut seen: Vec<Content> = sightings.iter().map(|one| one.what).collect();
    seen.sort_unstable();
    seen.dedup();
    let mut told: Vec<String> = seen.iter().map(|what| what.kind().to_owned()).collect();
    let census = Census::of(event.buffer());
    if !census.is_empty() {
        told.push(census::KIND.to_owned());
        let classes = census.classes().filter(|(_, count)| *count > 0);
        told.extend(classes.map(|(class, count)| format!("{}.{class}={count}", census::KIND)));
    }
    told
}

/// Adds to the column that tells what was seen but not masked what it does not tell already.
fn note_content(event: &mut Event, findings: Vec<String>) {
    let mut told = match event.value(Field::ContentFindings) {
        Some(Value::List(told)) => told.clone(),
        Some(_) | None => Vec::new(),
    };
    let old_len = told.len();
    for finding in findings {
        let is_told = |old: &Value| matches!(old, Value::Text(old) if same_class(event.resolve(*old), &finding));
        if !told.iter().any(is_told) {
            if told.len() == old_len {
                // Whatever key the buffer ends with, this is not its value.
                event.push_text("");
            }
            told.push(Value::Text(event.push_text(&finding)));
        }
    }
    if told.len() > old_len {
        event.set(Field::ContentFindings, Value::List(told));
    }
}

/// A count that was told stays as it is: what a second pass counts includes the first one's words.
fn same_class(old: &str, new: &str) -> bool {
    old.split('=').next() == new.split('=').next()
}

/// Fills the columns that tell what was masked.
fn note(event: &mut Event, findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    let mut kinds: Vec<&str> = findings.iter().map(|finding| finding.kind).collect();
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
mod testing;
#[cfg(test)]
mod tests;
