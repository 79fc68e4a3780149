//! Says which matches a user's allowlists let stand.

use memchr::memchr;
use regex_automata::meta::Regex;

/// One allowlist, compiled.
#[derive(Debug)]
pub(super) struct Allow {
    pub(super) condition: Condition,
    pub(super) target: Target,
    /// One of them must match; none are asked for when empty.
    pub(super) regexes: Vec<Regex>,
    /// Lower case; one of them must stand in the secret; none are asked for when empty.
    pub(super) stopwords: Vec<String>,
    /// Whether it also asks for paths or commits, which text has none of.
    pub(super) place: Place,
}

/// How the parts of an allowlist are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// One part is enough.
    Any,
    /// Every part that is given must agree.
    All,
}

/// What an allowlist's patterns look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The secret.
    Secret,
    /// All that the rule's pattern matched.
    Match,
    /// The line that the match begins in.
    Line,
}

/// Whether an allowlist asks where the text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It does not.
    Anywhere,
    /// It asks for a path or commit, so that its other parts alone cannot satisfy `All`.
    Asked,
}

/// A match of a rule in a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matched<'a> {
    pub(super) text: &'a [u8],
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) secret: &'a [u8],
}

impl Allow {
    /// Whether the match shall stand.
    pub(super) fn lets(&self, matched: Matched<'_>) -> bool {
        let by_regex = (!self.regexes.is_empty()).then(|| self.matches(matched));
        let by_word = (!self.stopwords.is_empty()).then(|| self.has_stopword(matched.secret));
        let parts = [by_regex, by_word];
        match self.condition {
            Condition::Any => parts.contains(&Some(true)),
            Condition::All => {
                self.place == Place::Anywhere
                    && parts.contains(&Some(true))
                    && !parts.contains(&Some(false))
            }
        }
    }

    fn matches(&self, matched: Matched<'_>) -> bool {
        let target = match self.target {
            Target::Secret => matched.secret,
            Target::Match => matched
                .text
                .get(matched.start..matched.end)
                .unwrap_or_default(),
            Target::Line => line(matched),
        };
        self.regexes.iter().any(|regex| regex.is_match(target))
    }

    fn has_stopword(&self, secret: &[u8]) -> bool {
        let lower = secret.to_ascii_lowercase();
        let is_in = |word: &String| memchr::memmem::find(&lower, word.as_bytes()).is_some();
        self.stopwords.iter().any(is_in)
    }
}

fn line(matched: Matched<'_>) -> &[u8] {
    let Matched { text, start, .. } = matched;
    let before = text.get(..start).unwrap_or_default();
    let from = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let rest = text.get(from..).unwrap_or_default();
    let len = memchr(b'\n', rest.get(start - from..).unwrap_or_default())
        .map_or(rest.len(), |at| start - from + at);
    rest.get(..len).unwrap_or_default()
}
