//! Finds what a user's rules match.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use regex_automata::Input;
use regex_automata::meta::Regex;

use super::super::ascii::{KEY_END_BYTE, VALUE_END_BYTE};
use super::super::check::entropy;
use super::RuleWarning;
use super::allow::{Allow, Matched};

/// A user's rules, ready to be used.
#[derive(Debug, Default)]
pub struct CustomRules {
    pub(crate) rules: Vec<CustomRule>,
    pub(super) warnings: Vec<RuleWarning>,
}

/// One of a user's rules.
#[derive(Debug)]
pub struct CustomRule {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) regex: Regex,
    /// `None`: the first group that took part, else the whole match.
    pub(super) group: Option<usize>,
    pub(super) entropy: f64,
    /// Lower case. None: every text is looked at.
    pub(super) keywords: Vec<Vec<u8>>,
    pub(super) allow: Vec<Arc<Allow>>,
}

/// What rules with nothing but a pattern are worth, in percent.
pub(crate) const CONFIDENCE: u8 = 80;
/// How much of a text a pattern sees at once, in bytes: matches that begin anew at every byte must
/// not cost the square of a long text.
const CHUNK_LEN: usize = 32 * 1024;
/// How much of it is seen again with what follows: no longer match is sure to be found.
const OVERLAP_LEN: usize = 8 * 1024;

impl CustomRules {
    /// These and `further` ones.
    #[must_use]
    pub fn and(mut self, further: Self) -> Self {
        self.rules.extend(further.rules);
        self.warnings.extend(further.warnings);
        self
    }

    /// What has no effect, or is dear.
    pub fn warnings(&self) -> &[RuleWarning] {
        &self.warnings
    }

    /// The rules that look at every text, because nothing says which texts they cannot match.
    pub fn unfiltered(&self) -> impl Iterator<Item = &CustomRule> {
        self.rules.iter().filter(|rule| rule.keywords.is_empty())
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

impl CustomRule {
    /// What findings call it: `custom:` and the id in the file.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Looks at a sample of ordinary telemetry; returns its length in bytes. For whoever wants to
    /// know how long that takes.
    pub fn look_at_sample(&self) -> usize {
        let sample = include_str!("../ordinary.txt");
        std::hint::black_box(self.regex.find_iter(sample).count());
        sample.len()
    }

    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    pub(crate) fn keywords(&self) -> &[Vec<u8>] {
        &self.keywords
    }

    /// Calls `found` for each secret in `text`, in whatever entry of an event it stands. A key and
    /// its value are seen as `key=value`.
    pub(crate) fn each(&self, text: &[u8], mut found: impl FnMut(usize, usize)) {
        let joined: Cow<'_, [u8]> = if memchr::memchr(KEY_END_BYTE, text).is_some() {
            let sign = |&byte: &u8| if byte == KEY_END_BYTE { b'=' } else { byte };
            text.iter().map(sign).collect()
        } else {
            text.into()
        };
        let mut start = 0;
        for piece in joined.split(|&byte| byte == VALUE_END_BYTE) {
            self.each_in(piece, |from, to| {
                each_without_key_end(text, start + from, start + to, &mut found);
            });
            start += piece.len() + 1;
        }
    }

    fn each_in(&self, piece: &[u8], mut found: impl FnMut(usize, usize)) {
        let mut captures = self.regex.create_captures();
        let (mut from, mut chunk) = (0, 0);
        while from < piece.len() {
            let to = piece.len().min(chunk + CHUNK_LEN);
            let input = Input::new(piece).span(from..to);
            self.regex.search_captures(&input, &mut captures);
            let Some(whole) = captures.get_match() else {
                if to == piece.len() {
                    return;
                }
                chunk = to - OVERLAP_LEN;
                from = from.max(chunk);
                continue;
            };
            let groups = captures.group_len();
            let secret = match self.group {
                Some(group) => captures.get_group(group),
                None => (1..groups)
                    .find_map(|group| captures.get_group(group).filter(|span| !span.is_empty())),
            };
            let secret = secret.unwrap_or(whole.span());
            if self.is_secret(piece, whole.range(), secret.range()) {
                found(secret.start, secret.end);
            }
            from = whole.end().max(from + 1);
            if from >= to {
                chunk = from;
            }
        }
    }

    fn is_secret(&self, text: &[u8], whole: Range<usize>, secret: Range<usize>) -> bool {
        let plain = text.get(secret).unwrap_or_default();
        let matched = Matched {
            text,
            start: whole.start,
            end: whole.end,
            secret: plain,
        };
        !plain.is_empty()
            && (self.entropy <= 0.0 || entropy(plain) > self.entropy)
            && !self.allow.iter().any(|allow| allow.lets(matched))
    }
}

/// A secret never holds the sign between a key and its value.
fn each_without_key_end(
    text: &[u8],
    start: usize,
    end: usize,
    found: &mut impl FnMut(usize, usize),
) {
    let mut from = start;
    let inside = text.get(start..end).unwrap_or_default();
    for part in inside.split(|&byte| byte == KEY_END_BYTE) {
        if !part.is_empty() {
            found(from, from + part.len());
        }
        from += part.len() + 1;
    }
}
