//! What was heard of one session: the numbers of its events, and whether hooks run.

use magistrate_event::Field;
use serde::{Deserialize, Serialize};

use super::notice::{About, Notice};
use super::sequences::Sequences;
use super::{Heard, tag, words};
use crate::kept::Aging;

/// A gap is told when it is known for so long: batches come late.
const GRACE_S: u32 = 120;
/// A gap in what comes from a file is told when it is known for so long: files are read in pieces, side
/// by side.
pub(super) const FILE_GRACE_S: u32 = 5;
/// So many calls without a hook are no chance.
const CALLS_WITHOUT_HOOKS: usize = 3;

/// What a piece of telemetry tells of hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hooks {
    /// One ran for a call of a tool.
    Ran,
    /// A tool was called for which hooks ran before.
    Expected,
    /// Nothing.
    Untold,
}

/// What was heard of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Session {
    about: About,
    sequences: Sequences,
    is_history: bool,
    /// Calls that were decided and that hooks should have run for, by hash, as long as none ran.
    decided: Vec<u32>,
    has_hooks: bool,
    last_used: u32,
}

impl Aging for Session {
    fn last_used(&self) -> u32 {
        self.last_used
    }
}

impl Session {
    pub(super) fn new(about: About) -> Self {
        Self {
            about,
            ..Self::default()
        }
    }

    /// Takes a piece of telemetry over. Tells of whom it is when that makes enough calls without the
    /// hooks that ran before.
    pub(super) fn hear(&mut self, heard: &Heard<'_>, hooks: Hooks) -> Option<About> {
        let event = heard.event;
        self.last_used = self.last_used.max(heard.received);
        // Of what comes from a file nothing more is to come.
        self.is_history = heard.is_history();
        self.has_hooks |= hooks == Hooks::Ran;
        let number = event.int(Field::Sequence);
        if let Some(number) = number.and_then(|number| u32::try_from(number).ok()) {
            let ms = event.time().as_millis();
            self.sequences.add(number, ms, heard.received);
        }
        let is_told = self.has_hooks || self.decided.len() >= CALLS_WITHOUT_HOOKS;
        if hooks != Hooks::Expected || is_told {
            return None;
        }
        let call = tag(event.text(Field::ApiRequestUid).unwrap_or_default());
        if self.decided.contains(&call) {
            return None;
        }
        self.decided.push(call);
        (self.decided.len() == CALLS_WITHOUT_HOOKS).then(|| self.about.clone())
    }

    /// Whether a gap is not told yet, or a told one has closed.
    pub(super) fn has_news(&self) -> bool {
        self.sequences.has_news()
    }

    /// What became of gaps, at `now` in seconds; those of files are told when they are known for
    /// `of_files` seconds.
    pub(super) fn news(&mut self, now: u32, of_files: u32) -> Vec<Notice> {
        let grace = if self.is_history { of_files } else { GRACE_S };
        let news = self.sequences.news(now, grace);
        news.into_iter()
            .map(|one| words::gap(&self.about, one))
            .collect()
    }
}
