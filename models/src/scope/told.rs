//! What is known when an action is judged: the task, and what earlier calls said or brought.

use std::collections::HashSet;

use super::words::{stems, words};
use super::{Action, Arguments};

/// What is known when an action is judged.
pub(super) struct Told {
    /// In small letters.
    pub(super) task: String,
    pub(super) task_words: HashSet<String>,
    pub(super) task_stems: HashSet<String>,
    /// What earlier calls said or brought, in small letters.
    pub(super) seen: String,
    pub(super) seen_words: HashSet<String>,
}

impl Told {
    /// What is known of `action` before it.
    pub(super) fn of(action: &Action) -> Self {
        let mut parts = Vec::new();
        for call in &action.history {
            parts.extend(call.arguments.leaves());
            parts.extend(call.result.as_ref().and_then(Arguments::said));
        }
        let seen = parts.join("\n").to_lowercase();
        let task_words = words(&action.task);
        Self {
            task: action.task.to_lowercase(),
            task_stems: stems(&task_words),
            task_words: task_words.into_iter().collect(),
            seen_words: words(&seen).into_iter().collect(),
            seen,
        }
    }

    /// Whether the task has `word`.
    pub(super) fn names(&self, word: &str) -> bool {
        self.task_words.contains(word)
    }

    /// Whether the task or an earlier call has `word`.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.names(word) || self.seen_words.contains(word)
    }

    /// Whether neither the task nor earlier calls hold `text`.
    pub(super) fn is_new(&self, text: &str) -> bool {
        !self.task.contains(text) && !self.seen.contains(text)
    }
}
