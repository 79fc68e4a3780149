//! Matches patterns that need no engine: runs of byte classes and fixed texts, one after the other.
//! Most formats of keys are such.
//!
//! An engine for each of several hundred formats takes megabytes, and text dense with secrets spends
//! its time on fetching them; the steps of a format lie in a line or two of the cache.

mod bytes;
mod ways;

use std::ops::Range;

use regex_automata::util::primitives::NonMaxUsize;
use regex_syntax::hir::Hir;

use super::ascii::{byte, byte_before, is_word, slice};

pub(crate) use bytes::Classes;

use bytes::Class;

/// A pattern as alternatives, the first that matches counts.
#[derive(Debug)]
pub(crate) struct Steps {
    /// Those of each alternative behind its [`Step::Way`].
    steps: Box<[Step]>,
    ends_with_texts: bool,
}

/// Eight bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// So many steps are an alternative.
    Way(u16),
    /// As many bytes of the class as there are, within limits.
    Run { class: Class, min: u16, max: u32 },
    /// The same, or fewer where what follows asks for it.
    Giving { class: Class, min: u16, max: u32 },
    /// These bytes.
    Text(Text),
    /// No letter, digit or underscore follows.
    WordEnds,
    /// A word begins or ends here.
    WordBound,
    /// The slot takes the place.
    Mark(u8),
}

/// A few bytes in a row, one at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Text {
    len: u8,
    bytes: [u8; MAX_TEXT_LEN],
}

/// What a step holds anyway.
const MAX_TEXT_LEN: usize = 6;

impl Steps {
    /// The steps of `hir`, if they are all that it needs; their classes are added to `classes`.
    pub(crate) fn of(hir: &Hir, classes: &mut Classes) -> Option<Self> {
        let ways = ways::ways(hir)?;
        Some(Self {
            ends_with_texts: ways.end_with_texts(),
            steps: ways.encode(classes)?,
        })
    }

    /// Whether none of them takes what separates the texts of an event.
    pub(crate) const fn end_with_texts(&self) -> bool {
        self.ends_with_texts
    }

    /// Matches at the beginning of `part` and no further than its end; fills the slots that there are.
    pub(crate) fn match_at(
        &self,
        classes: &Classes,
        text: &[u8],
        part: Range<usize>,
        slots: &mut [Option<NonMaxUsize>],
    ) -> bool {
        let seen = slice(text, 0, part.end);
        let view = View {
            classes,
            text,
            seen,
        };
        let mut rest = &*self.steps;
        while let [Step::Way(len), after @ ..] = rest {
            let Some((way, next)) = after.split_at_checked(usize::from(*len)) else {
                return false;
            };
            rest = next;
            slots.fill(None);
            if let Some(end) = view.run(way, part.start, slots) {
                for (slot, place) in slots.iter_mut().zip([part.start, end]) {
                    *slot = NonMaxUsize::new(place);
                }
                return true;
            }
        }
        false
    }
}

/// What steps look at.
#[derive(Clone, Copy)]
struct View<'a> {
    classes: &'a Classes,
    text: &'a [u8],
    /// The text as far as a match may go.
    seen: &'a [u8],
}

impl View<'_> {
    /// Where the steps that begin at `at` end.
    fn run(
        self,
        mut steps: &[Step],
        mut at: usize,
        slots: &mut [Option<NonMaxUsize>],
    ) -> Option<usize> {
        while let [step, after @ ..] = steps {
            steps = after;
            match *step {
                Step::Run { class, min, max } => at += self.most(at, class, min, max)?,
                Step::Giving { class, min, max } => {
                    let most = self.most(at, class, min, max)?;
                    let mut lens = (usize::from(min)..=most).rev();
                    return lens.find_map(|len| self.run(after, at + len, &mut *slots));
                }
                Step::Text(known) => {
                    if !known.is_at(self.seen, at) {
                        return None;
                    }
                    at += usize::from(known.len);
                }
                Step::WordEnds if is_word(byte(self.text, at)) => return None,
                Step::WordBound
                    if is_word(byte(self.text, at)) == is_word(byte_before(self.text, at)) =>
                {
                    return None;
                }
                Step::Mark(slot) => {
                    if let Some(slot) = slots.get_mut(usize::from(slot)) {
                        *slot = NonMaxUsize::new(at);
                    }
                }
                Step::WordEnds | Step::WordBound | Step::Way(_) => {}
            }
        }
        Some(at)
    }

    /// How many bytes of `class` stand at `at`, `max` at most; `None` where they are less than `min`.
    fn most(self, at: usize, class: Class, min: u16, max: u32) -> Option<usize> {
        let class = self.classes.get(class);
        let rest = self.seen.get(at..)?;
        let rest = rest.get(..max as usize).unwrap_or(rest);
        let end = rest.iter().position(|&byte| !class.has(byte));
        let len = end.unwrap_or(rest.len());
        (len >= usize::from(min)).then_some(len)
    }
}

impl Text {
    /// Whether it stands at `at`.
    #[inline]
    fn is_at(self, seen: &[u8], at: usize) -> bool {
        let Some(rest) = seen.get(at..) else {
            return false;
        };
        match rest.first_chunk::<8>() {
            Some(there) => {
                let [a, b, c, d, e, f] = self.bytes;
                let known = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]);
                let mask = (1_u64 << (8 * self.len)) - 1;
                u64::from_le_bytes(*there) & mask == known
            }
            None => rest.starts_with(self.bytes()),
        }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex_automata::meta::Regex;
    use regex_automata::util::syntax;
    use regex_automata::{Anchored, Input};

    fn config() -> syntax::Config {
        syntax::Config::new().unicode(false).utf8(false)
    }

    fn steps(pattern: &str) -> Option<(Steps, Classes)> {
        let mut classes = Classes::default();
        let steps = Steps::of(
            &syntax::parse_with(pattern, &config()).unwrap(),
            &mut classes,
        );
        Some((steps?, classes))
    }

    const PATTERNS: &[&str] = &[
        "ab[a-c]{2,4}",
        r"ab[a-c]{2,}\b",
        r"a[a-zA-Z0-9_-]{2,}\b{end-half}",
        "(a|b)c{1,3}(a?)",
        "a(?:bc)?(b{2})",
        r"[ab]{2}-([ab]{1,3})(?:-c)?\b{end-half}",
        "(?i)aB(c{2,3}|a)",
        r"a\.b?c",
        r"(?:a{3}|a{2}|b)\b{end-half}",
        "a(?:-[ab]{2}){2}",
        "abc[ab]{1,2}cc(b?)",
        r"(?:abcabcabcabcabcabc|abcabc)abcabcabcabcabcabc\b",
        r"a[a-]{1,3}\b{end-half}",
        r"[a-]{2,}\b",
        r"[a.]{1,}b{0,2}\b{end-half}",
        r"[ab]{1,}-?b{0,2}\b",
        r"a[ab]{0,2}(b)",
        r"[a-c]*\b",
        r"([a.-]{1,4})(-[a.]{0,2})a?",
        "a+ab",
        "(?:ab|a-)[a-c]{1,}b",
    ];

    #[test]
    fn patterns_of_runs_need_no_engine_and_others_do() {
        for pattern in PATTERNS {
            assert!(steps(pattern).is_some(), "{pattern}");
        }
        for pattern in ["a*?b", "^a", "(ab){2,3}c", r"[^\s]*a[^\s]*b"] {
            assert!(steps(pattern).is_none(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn steps_match_what_an_engine_matches(
            text in "[abc.-]{0,12}|(abc){8,13}[abc.-]{0,2}",
            at in 0_usize..4,
        ) {
            let at = at.min(text.len());
            for pattern in PATTERNS {
                let regex = Regex::builder().syntax(config()).build(pattern).unwrap();
                let input = Input::new(&text).span(at..text.len()).anchored(Anchored::Yes);
                let mut expected = [None; 6];
                let matches = regex.search_slots(&input, &mut expected).is_some();
                let mut found = [None; 6];
                let (steps, classes) = steps(pattern).unwrap();
                let is_match = steps.match_at(&classes, text.as_bytes(), at..text.len(), &mut found);
                prop_assert_eq!(is_match, matches, "{} in {}", pattern, text);
                if matches {
                    prop_assert_eq!(found, expected, "{} in {}", pattern, text);
                }
            }
        }
    }
}
