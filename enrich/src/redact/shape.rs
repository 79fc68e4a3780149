//! Finds secrets by their shape: a literal that gave the place away, then a pattern around it.

use std::ops::Range;

use memchr::memmem;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Anchored, Input, meta::Regex};

use super::ascii::{
    KEY_END_BYTE, VALUE_END_BYTE, byte, byte_before, is_at, is_token, skip, skip_back, slice,
    starts_token, starts_word,
};
use super::check::{Check, Verdict, entropy};
use super::context::each_value_start;
use super::placeholder::is_dummy;
use super::prefilter::Hit;
use super::rule::{Boundary, Seat};
use super::stand_in::{is_issued_stand_in, is_stand_in};
use super::steps::{Classes, Steps};

/// A compiled pattern with all that narrows it.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) matcher: Matcher,
    /// The first group, from this one on, that takes part is masked; 0 is the whole match.
    pub(crate) group: usize,
    pub(crate) boundary: Boundary,
    /// A byte and how far behind the literal's start it must stand.
    pub(crate) peek: Option<(usize, u8)>,
    /// How many bytes before the literal the match may begin.
    pub(crate) lead: usize,
    /// How many bytes from the literal on the pattern sees.
    pub(crate) window: usize,
    /// Least Shannon entropy of the secret, bits per byte.
    pub(crate) entropy: f64,
    pub(crate) check: Check,
    /// One of these words must precede on the same line; none are needed when empty.
    pub(crate) near: Vec<String>,
    /// How many bytes the pattern takes at least, if what is cut shorter can be told.
    pub(crate) least_len: Option<usize>,
    /// What the whole secret must not be: documented examples and the like.
    pub(crate) allow: Option<Regex>,
    pub(crate) seat: Seat,
}

/// A pattern, compiled.
#[derive(Debug)]
pub(crate) enum Matcher {
    /// Where the match begins is known, and each step can go one way only.
    Steps(Steps),
    Engine(Box<Regex>),
}

/// A secret that a pattern found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shaped {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) verdict: Verdict,
}

/// Groups of a pattern that can be masked: 0 to 3.
pub(crate) const MAX_GROUP: usize = 3;
/// A longer word before a `+` or `/` is data.
const MAX_WORD_LEN: usize = 24;
/// How far before a match its words of context may stand.
const NEAR_LEN: usize = 300;

impl Shape {
    /// The secret at `hit`. Looks at a bounded stretch only, so that hits in a row cost linear time.
    pub(crate) fn find(&self, classes: &Classes, text: &[u8], hit: Hit) -> Option<Shaped> {
        if !self.begins_at(text, hit) {
            return None;
        }
        match self.seat {
            Seat::Literal => self.find_around(classes, text, hit),
            Seat::Value => each_value_start(text, hit.start, hit.end, |start| {
                let to = self.window_end(text, start);
                let mut slots = [None; 2];
                self.matcher
                    .anchored(classes, text, start..to, &mut slots)?;
                self.judge(text, hit, start, slot(&slots, 1)?)
            }),
        }
    }

    /// Whether what stands around the literal at `hit` lets a secret begin there.
    pub(crate) fn begins_at(&self, text: &[u8], hit: Hit) -> bool {
        let is_elsewhere = |(offset, wanted)| byte(text, hit.start + offset) != wanted;
        let begins_here = self.lead > 0 || self.can_begin(text, hit.start);
        begins_here && !self.peek.is_some_and(is_elsewhere)
    }

    fn find_around(&self, classes: &Classes, text: &[u8], hit: Hit) -> Option<Shaped> {
        let from = self.window_start(text, hit.start);
        let to = self.window_end(text, hit.start);
        let mut all_slots = [None; 2 * (MAX_GROUP + 1)];
        // Asking for the whole match only spares the engine the search for groups.
        let groups = if self.group == 0 { 1 } else { MAX_GROUP + 1 };
        let slots = all_slots.get_mut(..2 * groups)?;
        if self.lead == 0 {
            self.matcher.anchored(classes, text, from..to, slots)?;
        } else {
            self.matcher.leading(text, hit, from, to, slots)?;
        }
        let match_end = slot(slots, 1)?;
        if self.lead > 0 && !self.can_begin(text, slot(slots, 0)?) {
            return None;
        }
        let (start, mut end) = self.secret(slots)?;
        let is_cut = to == hit.start + self.window;
        if is_cut && end == to && match_end == to {
            end = skip(text, end, usize::MAX, is_token);
        }
        self.judge(text, hit, start, end)
    }

    /// The place of the first group, from `group` on, that took part in the match.
    fn secret(&self, slots: &[Option<NonMaxUsize>]) -> Option<(usize, usize)> {
        let groups = slots.chunks_exact(2).skip(self.group);
        groups
            .filter_map(|pair| Some((slot(pair, 0)?, slot(pair, 1)?)))
            .next()
    }

    fn judge(&self, text: &[u8], hit: Hit, start: usize, end: usize) -> Option<Shaped> {
        let secret = slice(text, start, end);
        // A literal inside it tells who issued it.
        let is_issued = start <= hit.start && hit.start < end;
        let stands_in = if is_issued {
            is_issued_stand_in(secret)
        } else {
            is_stand_in(secret)
        };
        if secret.is_empty()
            || self.entropy > 0.0 && entropy(secret) < self.entropy
            || is_dummy(secret)
            || stands_in
            || self
                .allow
                .as_ref()
                .is_some_and(|allow| allow.is_match(secret))
        {
            return None;
        }
        let verdict = self.check.judge(secret);
        let fits = verdict != Verdict::Refused && self.has_context(text, hit.start);
        fits.then_some(Shaped {
            start,
            end,
            verdict,
        })
    }

    fn can_begin(&self, text: &[u8], start: usize) -> bool {
        match self.boundary {
            Boundary::None => true,
            Boundary::Word => starts_word(text, start),
            Boundary::Token => starts_token(text, start),
            Boundary::Base64 => {
                starts_token(text, start) && !matches!(byte_before(text, start), b'+' | b'/')
                    || follows_word(text, start)
            }
        }
    }

    fn window_start(&self, text: &[u8], start: usize) -> usize {
        let from = start.saturating_sub(self.lead);
        let before = slice(text, from, start);
        memchr::memrchr2(KEY_END_BYTE, VALUE_END_BYTE, before).map_or(from, |at| from + at + 1)
    }

    /// The end of what the pattern sees: it never runs on into the event's next text.
    fn window_end(&self, text: &[u8], start: usize) -> usize {
        let ahead = slice(text, start, start.saturating_add(self.window));
        let end = match &self.matcher {
            Matcher::Steps(steps) if steps.end_with_texts() => None,
            Matcher::Steps(_) | Matcher::Engine(_) => {
                memchr::memchr2(KEY_END_BYTE, VALUE_END_BYTE, ahead)
            }
        };
        start + end.unwrap_or(ahead.len())
    }

    fn has_context(&self, text: &[u8], start: usize) -> bool {
        if self.near.is_empty() {
            return true;
        }
        let before = slice(text, start.saturating_sub(NEAR_LEN), start);
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let line = slice(before, line_start, before.len());
        self.near
            .iter()
            .any(|word| memmem::find(line, word.as_bytes()).is_some())
    }
}

impl Matcher {
    /// Fills `slots` with the match that begins where `part` does and ends in it.
    fn anchored(
        &self,
        classes: &Classes,
        text: &[u8],
        part: Range<usize>,
        slots: &mut [Option<NonMaxUsize>],
    ) -> Option<()> {
        let is_match = match self {
            Self::Steps(steps) => steps.match_at(classes, text, part, slots),
            Self::Engine(regex) => {
                let input = Input::new(text).span(part).anchored(Anchored::Yes);
                regex.search_slots(&input, slots).is_some()
            }
        };
        is_match.then_some(())
    }

    /// Fills `slots` with the first match that begins at `from` or later and goes beyond the start
    /// of the literal.
    fn leading(
        &self,
        text: &[u8],
        hit: Hit,
        from: usize,
        to: usize,
        slots: &mut [Option<NonMaxUsize>],
    ) -> Option<()> {
        let Self::Engine(regex) = self else {
            return None;
        };
        let mut input = Input::new(text).span(from..to);
        loop {
            regex.search_slots(&input, slots)?;
            let match_end = slot(slots, 1)?;
            if match_end > hit.start || match_end <= input.start() {
                return Some(());
            }
            // An earlier secret inside the lead, which has its own hit.
            input.set_start(match_end);
        }
    }
}

/// Whether `at` follows a part of a path, or a word and the `+` that forms write for a blank, rather
/// than base64: `/v1/EAAA…`, `use+EAAA…`.
fn follows_word(text: &[u8], at: usize) -> bool {
    let Some(sign) = at.checked_sub(1) else {
        return false;
    };
    let is_part = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-')
    };
    match byte(text, sign) {
        b'+' => {
            let word = skip_back(text, sign, MAX_WORD_LEN, |byte| byte.is_ascii_lowercase());
            let before = byte_before(text, word);
            word < sign && !(is_token(before) || before == b'/')
        }
        // What begins a URL's host begins no piece of base64.
        b'/' if sign >= 2 && is_at(text, sign - 2, b"://") => true,
        b'/' => {
            let part = skip_back(text, sign, MAX_WORD_LEN, is_part);
            matches!(byte_before(text, part), b'/' | b' ' | b'"' | b'\'' | 0) && part < sign
        }
        _ => false,
    }
}

fn slot(slots: &[Option<NonMaxUsize>], index: usize) -> Option<usize> {
    slots.get(index).copied().flatten().map(NonMaxUsize::get)
}
