//! Works out all edits of one text, until a further pass would find nothing more.

use std::collections::HashSet;

use magistrate_event::{Finding, Span};
use memchr::memmem;

use super::decode::sign::Signs;
use super::decode::{Decoder, token_of};
use super::edit::Edit;
use super::marker::{Marker, markers};
use super::merge::Found;
use super::parts::Part;
use super::placeholder::looks_random;
use super::ruleset::RuleSet;
use super::scan::Scan;
use super::settled::is_settled;
use super::stretch::lines_around;
use super::token::Tokenizer;

/// The edits of one text, sorted and disjoint.
#[derive(Default)]
pub(crate) struct Plan {
    edits: Vec<Edit>,
    /// The text with every edit made, where it was looked at and nothing more was found.
    masked: Option<String>,
}

/// A masked secret can uncover its neighbour: `…xyz` after a marker begins a word. Real text needs
/// one further pass, which finds nothing; more than these only a contrived one would.
const MAX_PASSES: usize = 4;

/// Whether a secret is so unlike a word that the same text elsewhere is the same secret.
fn is_worth_echo(secret: &[u8]) -> bool {
    // Full-width and mathematical digits are some too.
    let text = std::str::from_utf8(secret).unwrap_or_default();
    let is_disguised = !text.is_ascii() && text.chars().any(char::is_numeric);
    (MIN_ECHO_LEN..=MAX_ECHO_LEN).contains(&secret.len())
        && (looks_random(secret) || secret.contains(&0) || is_disguised)
}

/// Secrets of one event that are looked for once more.
const MAX_ECHOED: usize = 64;
/// How often, all of them together.
const MAX_ECHOES: usize = 1024;
/// How long one must be, in bytes, and what is longer stands nowhere else.
const MIN_ECHO_LEN: usize = 10;
const MAX_ECHO_LEN: usize = 4096;
/// Kinds of secrets that take many lines.
const KEY_BLOCKS: [&str; 2] = ["credential.private_key", "credential.putty_key"];
/// What ends further from the end of a text does not go on behind it, in bytes: the lines of a key
/// that are written in more than one way end where one of them does.
const NEAR_END_LEN: usize = 16 << 10;

/// The text that a plan is made for, and what is made of it.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a> {
    pub(crate) rules: &'a RuleSet,
    pub(crate) tokens: &'a Tokenizer,
    pub(crate) text: &'a str,
    /// The stretches that detectors spare; asked for when they found something.
    pub(crate) kept: &'a dyn Fn() -> Vec<Span>,
}

impl Plan {
    /// The edits of a text whose first scan was `scan`.
    pub(crate) fn new(task: Task<'_>, scan: Scan) -> Self {
        let mut plan = Self::default();
        let (found, signs) = all_found(task, scan);
        let text = task.text.as_bytes();
        plan.add(task, found, |one| is_settled(text, &signs, one));
        plan.settle(task);
        plan
    }

    /// Looks at the masked text, where it may read otherwise than before, until nothing more is found.
    fn settle(&mut self, task: Task<'_>) {
        self.masked = None;
        for _ in 1..MAX_PASSES {
            let unsettled = self.unsettled();
            if unsettled.is_empty() {
                return;
            }
            let masked = self.apply(task.text);
            let further = self.found_in(task, &masked, &lines_around(&masked, &unsettled));
            if further.is_empty() {
                self.masked = Some(masked);
                return;
            }
            let further = self.in_original(further);
            self.edits
                .iter_mut()
                .for_each(|edit| edit.is_settled = true);
            self.add(task, further, |_| false);
        }
    }

    /// What is found in `stretches` of the masked text.
    fn found_in(&self, task: Task<'_>, masked: &str, stretches: &[Span]) -> Vec<Found> {
        let mut found = Vec::new();
        for stretch in stretches {
            let Some(text) = masked.get(stretch.start()..stretch.end()) else {
                continue;
            };
            let kept = || {
                let kept = self.in_masked(&(task.kept)());
                let kept = kept.into_iter().map(|span| within(span, *stretch));
                kept.flatten().collect()
            };
            let part = Task {
                text,
                kept: &kept,
                ..task
            };
            let (more, _) = all_found(part, Scan::of(task.rules, text));
            found.extend(more.into_iter().filter_map(|one| {
                let (start, end) = (one.span.start(), one.span.end());
                let span = Span::new(stretch.start() + start, stretch.start() + end).ok()?;
                Some(Found { span, ..one })
            }));
        }
        found
    }

    /// Where the markers of edits lie in the masked text around which it may read otherwise.
    fn unsettled(&self) -> Vec<Span> {
        let (mut masked_at, mut original_at) = (0, 0);
        let mut unsettled = Vec::new();
        for edit in &self.edits {
            let start = masked_at + (edit.span.start() - original_at);
            (masked_at, original_at) = (start + edit.marker.len(), edit.span.end());
            if !edit.is_settled {
                unsettled.extend(Span::new(start, masked_at));
            }
        }
        unsettled
    }

    /// The same as [`Plan::apply`] for the text of the plan, once.
    pub(crate) fn take_masked(&mut self, text: &str) -> String {
        self.masked.take().unwrap_or_else(|| self.apply(text))
    }

    /// `text` with every edit made.
    pub(crate) fn apply(&self, text: &str) -> String {
        let edits = self.edits.iter();
        let (old, new) = edits.fold((0, 0), |(old, new), edit| {
            (old + edit.span.len(), new + edit.marker.len())
        });
        let mut masked = String::with_capacity((text.len() + new).saturating_sub(old));
        let mut copied = 0;
        for edit in &self.edits {
            masked.push_str(text.get(copied..edit.span.start()).unwrap_or_default());
            edit.marker.push_to(&mut masked);
            copied = edit.span.end();
        }
        masked.push_str(text.get(copied..).unwrap_or_default());
        masked
    }

    /// Masks what was found in a column also in the columns that hold a part of it.
    pub(crate) fn with_parts(mut self, task: Task<'_>, parts: impl FnOnce() -> Vec<Part>) -> Self {
        if self.edits.is_empty() {
            return self;
        }
        let parts = parts();
        let edits = self.edits.iter();
        let mirrored = edits.flat_map(|edit| {
            let places = parts.iter().filter_map(|part| part.mirrored(edit.span));
            places.map(|span| edit.again(span))
        });
        let mirrored: Vec<Edit> = mirrored.collect();
        if mirrored.is_empty() {
            return self;
        }
        for mut edit in mirrored {
            // What was found of it there is a part of it.
            self.edits.retain(|old| {
                let is_apart =
                    old.span.end() <= edit.span.start() || edit.span.end() <= old.span.start();
                if !is_apart {
                    edit = edit.again(edit.span.join(old.span));
                }
                is_apart
            });
            self.edits.push(edit);
        }
        self.edits.sort_by_key(|edit| edit.span);
        self.settle(task);
        self
    }

    /// Masks each credential also where it stands in the text once more: an event's columns hold parts
    /// of each other, and the name that tells a secret may be in another one. Columns that say who
    /// acted keep their value: a sender may call anything a password.
    pub(crate) fn with_echoes(mut self, task: Task<'_>) -> Self {
        let mut echoes = self.echoes(task);
        if echoes.is_empty() {
            return self;
        }
        self.edits.append(&mut echoes);
        self.edits.sort_by_key(|edit| edit.span);
        let mut end = 0;
        self.edits.retain(|edit| {
            let is_after = edit.span.start() >= end;
            end = end.max(edit.span.end());
            is_after
        });
        self.settle(task);
        self
    }

    fn echoes(&self, task: Task<'_>) -> Vec<Edit> {
        let secret = |edit: &Edit| task.text.get(edit.span.start()..edit.span.end());
        let mut echoed = HashSet::new();
        let worth = self.edits.iter().filter_map(|edit| {
            let secret = secret(edit)?;
            let is_worth =
                edit.finding.kind.starts_with("credential.") && is_worth_echo(secret.as_bytes());
            (is_worth && echoed.insert(secret)).then_some((edit, secret))
        });
        let worth: Vec<_> = worth.take(MAX_ECHOED).collect();
        if worth.is_empty() {
            return Vec::new();
        }
        let (kept, markers) = ((task.kept)(), markers(task.text.as_bytes()));
        let meets =
            |span: Span, other: &Span| span.start() < other.end() && other.start() < span.end();
        let is_free = |span: Span| {
            let edit = self
                .edits
                .partition_point(|edit| edit.span.end() <= span.start());
            let marker = markers.partition_point(|marker| marker.end() <= span.start());
            !self
                .edits
                .get(edit)
                .is_some_and(|edit| meets(span, &edit.span))
                && !markers
                    .get(marker)
                    .is_some_and(|marker| meets(span, marker))
                && !kept.iter().any(|column| meets(span, column))
        };
        let echoes = worth.into_iter().flat_map(|(edit, secret)| {
            let places = memmem::find_iter(task.text.as_bytes(), secret);
            places.filter_map(move |at| Some((edit, Span::new(at, at + secret.len()).ok()?)))
        });
        let free = echoes.filter(|(_, span)| is_free(*span));
        free.take(MAX_ECHOES)
            .map(|(edit, span)| edit.again(span))
            .collect()
    }

    /// Where the first of the key blocks begins that end so near the end of the text, `len` bytes long,
    /// that it may go on.
    pub(crate) fn key_block_near_end(&self, len: usize) -> Option<usize> {
        let blocks = self
            .edits
            .iter()
            .rev()
            .take_while(|edit| edit.span.end() + NEAR_END_LEN > len);
        let blocks = blocks.filter(|edit| KEY_BLOCKS.contains(&edit.finding.kind));
        blocks.last().map(|edit| edit.span.start())
    }

    /// Where the last edit ends in the original text.
    pub(crate) fn last_end(&self) -> Option<usize> {
        self.edits.last().map(|edit| edit.span.end())
    }

    /// The edits as an event takes them, and the findings.
    pub(crate) fn into_parts(self) -> (Vec<(Span, String)>, Vec<Finding>) {
        self.edits
            .into_iter()
            .map(|edit| ((edit.span, edit.marker.to_string()), edit.finding))
            .unzip()
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.edits.into_iter().map(|edit| edit.finding).collect()
    }

    fn add(&mut self, task: Task<'_>, found: Vec<Found>, settled: impl Fn(Found) -> bool) {
        let old_len = self.edits.len();
        let new = found.into_iter().filter_map(|one| {
            let label = task.rules.label(one.by)?;
            let secret = task.text.get(one.span.start()..one.span.end())?;
            let token = one.token.unwrap_or_else(|| token_of(task.tokens, secret));
            let marker = Marker::new(label.kind, token, secret.as_bytes());
            // What a JWT's marker tells is text too.
            let is_settled = marker.is_bare() && settled(one);
            Some(Edit::new(one, label, marker, is_settled))
        });
        self.edits.extend(new);
        if old_len > 0 {
            self.edits.sort_unstable_by_key(|edit| edit.span);
        }
    }

    /// Where stretches of the original text, whose ends no edit covers in part, lie in the masked.
    fn in_masked(&self, spans: &[Span]) -> Vec<Span> {
        let place = |at: usize| {
            let before = self.edits.partition_point(|edit| edit.span.start() < at);
            let edits = self.edits.get(..before).unwrap_or_default();
            let grown: usize = edits.iter().map(|edit| edit.marker.len()).sum();
            let shrunk: usize = edits.iter().map(|edit| edit.span.len()).sum();
            (at + grown).saturating_sub(shrunk)
        };
        let moved = spans
            .iter()
            .filter_map(|span| Span::new(place(span.start()), place(span.end())).ok());
        moved.collect()
    }

    /// Moves stretches of the masked text, which never meet a marker, back to the original.
    fn in_original(&self, found: Vec<Found>) -> Vec<Found> {
        let mut edits = self.edits.iter().peekable();
        let mut masked_at = 0;
        let mut original_at = 0;
        let mut moved = Vec::with_capacity(found.len());
        for one in found {
            while let Some(edit) = edits.peek() {
                let marker_end = masked_at + (edit.span.start() - original_at) + edit.marker.len();
                if marker_end > one.span.start() {
                    break;
                }
                masked_at = marker_end;
                original_at = edit.span.end();
                edits.next();
            }
            let place = |at: usize| at - masked_at + original_at;
            let span = Span::new(place(one.span.start()), place(one.span.end()));
            moved.extend(span.map(|span| Found { span, ..one }));
        }
        moved
    }
}

/// The part of `span` that lies in `stretch`, counted from where that begins.
fn within(span: Span, stretch: Span) -> Option<Span> {
    let start = span.start().max(stretch.start());
    let end = span.end().min(stretch.end());
    Span::new(
        start.checked_sub(stretch.start())?,
        end.checked_sub(stretch.start())?,
    )
    .ok()
}

/// What `scan`, and the decoders behind it, found, and the signs by which they went.
fn all_found(task: Task<'_>, mut scan: Scan) -> (Vec<Found>, Signs) {
    let text = task.text;
    let mut decoder = Decoder::new(task.rules, task.tokens, text.len());
    let signs = scan.take_signs(text);
    decoder.search(text, &signs);
    scan.add_decoded(text, decoder.into_found());
    if scan.has_detected() {
        scan.spare(&(task.kept)());
    }
    (scan.into_found(text), signs)
}
