//! Matches patterns that need no engine: runs of byte classes and fixed texts, one after the other,
//! where each run can only end in one place. Most formats of keys are such.
//!
//! An engine for each of several hundred formats takes megabytes, and text dense with secrets spends
//! its time on fetching them; a step takes 48 bytes.

use regex_automata::util::primitives::NonMaxUsize;
use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

use super::ascii::{KEY_END_BYTE, VALUE_END_BYTE, byte, is_word};

/// A pattern as alternatives, the first that matches counts.
#[derive(Debug)]
pub(crate) struct Steps {
    alternatives: Vec<Vec<Step>>,
    ends_with_texts: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// As many bytes of the class as there are, within limits.
    Run { class: Bytes, min: u32, max: u32 },
    /// These bytes.
    Text(Text),
    /// No letter, digit or underscore follows.
    WordEnds,
    /// The same, and one precedes.
    WordBound,
    /// The slot takes the place.
    Mark(usize),
}

/// A few bytes in a row, one at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Text {
    bytes: [u8; MAX_TEXT_LEN],
    len: u8,
}

/// What a step holds anyway.
const MAX_TEXT_LEN: usize = 32;

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Bytes([u64; 4]);

/// More alternatives than this are left to the engine.
const MAX_ALTERNATIVES: usize = 24;
/// So are longer ones.
const MAX_STEPS: usize = 400;

impl Steps {
    /// The steps of `hir`, if they are all that it needs.
    pub(crate) fn of(hir: &Hir) -> Option<Self> {
        let alternatives: Vec<_> = alternatives(hir)?.into_iter().map(put_together).collect();
        let are_simple = alternatives.iter().all(|steps| is_settled(steps));
        let goes_on = |step: &Step| {
            let separators = [KEY_END_BYTE, VALUE_END_BYTE];
            matches!(step, Step::Run { class, .. } if separators.iter().any(|&byte| class.has(byte)))
        };
        let ends_with_texts = !alternatives.iter().flatten().any(goes_on);
        are_simple.then_some(Self {
            alternatives,
            ends_with_texts,
        })
    }

    /// Whether none of them takes what separates the texts of an event.
    pub(crate) const fn end_with_texts(&self) -> bool {
        self.ends_with_texts
    }

    /// Matches at `from`, seeing no further than `to`; fills the slots that there are.
    pub(crate) fn match_at(
        &self,
        text: &[u8],
        from: usize,
        to: usize,
        slots: &mut [Option<NonMaxUsize>],
    ) -> bool {
        self.alternatives.iter().any(|steps| {
            slots.fill(None);
            let end = run(steps, text, from, to, slots);
            for (slot, place) in slots.iter_mut().zip([Some(from), end]) {
                *slot = place.and_then(NonMaxUsize::new);
            }
            end.is_some()
        })
    }
}

/// Where the steps that begin at `at` end.
fn run(
    steps: &[Step],
    text: &[u8],
    mut at: usize,
    to: usize,
    slots: &mut [Option<NonMaxUsize>],
) -> Option<usize> {
    for step in steps {
        match step {
            Step::Run { class, min, max } => {
                let rest = text.get(at..to)?;
                let rest = rest.get(..*max as usize).unwrap_or(rest);
                let len = rest
                    .iter()
                    .position(|&byte| !class.has(byte))
                    .unwrap_or(rest.len());
                if len < *min as usize {
                    return None;
                }
                at += len;
            }
            Step::Text(known) => {
                let rest = text.get(at..to)?;
                if !rest.starts_with(known.bytes()) {
                    return None;
                }
                at += known.bytes().len();
            }
            Step::WordEnds | Step::WordBound if is_word(byte(text, at)) => return None,
            Step::WordEnds | Step::WordBound => {}
            Step::Mark(slot) => {
                if let Some(slot) = slots.get_mut(*slot) {
                    *slot = NonMaxUsize::new(at);
                }
            }
        }
    }
    Some(at)
}

/// Every way through `hir`, in the order of preference.
fn alternatives(hir: &Hir) -> Option<Vec<Vec<Step>>> {
    let ways = match hir.kind() {
        HirKind::Empty => vec![Vec::new()],
        HirKind::Literal(literal) => {
            let one = |&byte: &u8| Step::once(Bytes::of(byte));
            vec![literal.0.iter().map(one).collect()]
        }
        HirKind::Class(class) => vec![vec![Step::once(Bytes::of_class(class)?)]],
        HirKind::Look(Look::WordEndHalfAscii) => vec![vec![Step::WordEnds]],
        HirKind::Look(Look::WordAscii) => vec![vec![Step::WordBound]],
        HirKind::Look(_) => return None,
        HirKind::Repetition(repetition) => repeated(repetition)?,
        HirKind::Capture(capture) => {
            let slot = 2 * usize::try_from(capture.index).ok()?;
            let mut ways = alternatives(&capture.sub)?;
            for way in &mut ways {
                way.insert(0, Step::Mark(slot));
                way.push(Step::Mark(slot + 1));
            }
            ways
        }
        HirKind::Concat(parts) => {
            let mut ways = vec![Vec::new()];
            for part in parts {
                ways = joined(&ways, &alternatives(part)?)?;
            }
            ways
        }
        HirKind::Alternation(parts) => {
            let parts: Option<Vec<_>> = parts.iter().map(alternatives).collect();
            parts?.into_iter().flatten().collect()
        }
    };
    let is_small = ways.len() <= MAX_ALTERNATIVES && ways.iter().all(|way| way.len() <= MAX_STEPS);
    is_small.then_some(ways)
}

/// The same steps, where bytes in a row are one: a long pattern is then no more than a few.
fn put_together(steps: Vec<Step>) -> Vec<Step> {
    let mut together: Vec<Step> = Vec::with_capacity(steps.len());
    for step in steps {
        let Some(byte) = step.only_byte() else {
            together.push(step);
            continue;
        };
        let is_added = match together.last_mut() {
            Some(Step::Text(text)) => text.add(byte),
            Some(_) | None => false,
        };
        if !is_added {
            together.push(Step::Text(Text::of(byte)));
        }
    }
    together
}

fn joined(firsts: &[Vec<Step>], seconds: &[Vec<Step>]) -> Option<Vec<Vec<Step>>> {
    if firsts.len() * seconds.len() > MAX_ALTERNATIVES {
        return None;
    }
    let all = firsts.iter().flat_map(|first| {
        seconds
            .iter()
            .map(|second| [first.as_slice(), second.as_slice()].concat())
    });
    Some(all.collect())
}

fn repeated(repetition: &Repetition) -> Option<Vec<Vec<Step>>> {
    let (min, max) = (repetition.min, repetition.max.unwrap_or(u32::MAX));
    let inner = alternatives(&repetition.sub)?;
    if let [single] = inner.as_slice()
        && let [
            Step::Run {
                class,
                min: 1,
                max: 1,
            },
        ] = single.as_slice()
        && (repetition.greedy || min == max)
    {
        let class = *class;
        return Some(vec![vec![Step::Run { class, min, max }]]);
    }
    let mut ways = vec![Vec::new()];
    match (min, max) {
        (0, 1) => {
            let with = inner.into_iter();
            let without = std::iter::once(Vec::new());
            Some(if repetition.greedy {
                with.chain(without).collect()
            } else {
                without.chain(with).collect()
            })
        }
        (min, max) if min == max && max <= 16 => {
            for _ in 0..max {
                ways = joined(&ways, &inner)?;
            }
            Some(ways)
        }
        (_, _) => None,
    }
}

/// Whether each run of `steps` must end where its class does: what follows begins with no byte of
/// it. Only then is taking as much as there is what an engine would come to.
fn is_settled(steps: &[Step]) -> bool {
    steps.iter().enumerate().all(|(at, step)| match step {
        Step::Run { class, min, max } if min < max => {
            let rest = steps.get(at + 1..).unwrap_or_default();
            follows_apart(*class, *max, rest)
        }
        Step::WordBound => {
            let before = steps.get(..at).unwrap_or_default();
            ends_in_word(before)
        }
        Step::Run { .. } | Step::Text(_) | Step::WordEnds | Step::Mark(_) => true,
    })
}

fn follows_apart(class: Bytes, max: u32, rest: &[Step]) -> bool {
    let words = Bytes::words();
    for step in rest {
        match step {
            Step::Mark(_) => {}
            // A shorter run would have a byte of the run behind it, which ends no word.
            Step::WordBound => return class.is_within(words),
            Step::WordEnds => {
                return class.is_within(words) || max == u32::MAX && words.is_within(class);
            }
            Step::Text(text) => return !text.bytes().first().is_some_and(|byte| class.has(*byte)),
            Step::Run { class: next, .. } if class.meets(*next) => return false,
            Step::Run { min: 0, .. } => {}
            Step::Run { .. } => return true,
        }
    }
    true
}

/// Whether the last byte that `steps` take is a letter, digit or underscore.
fn ends_in_word(steps: &[Step]) -> bool {
    let last = steps.iter().rev().find_map(|step| match step {
        Step::Run { class, min, .. } => Some(*min > 0 && class.is_within(Bytes::words())),
        Step::Text(text) => Some(text.bytes().last().is_some_and(|byte| is_word(*byte))),
        Step::WordEnds | Step::WordBound | Step::Mark(_) => None,
    });
    last.unwrap_or(false)
}

impl Step {
    const fn once(class: Bytes) -> Self {
        let (min, max) = (1, 1);
        Self::Run { class, min, max }
    }

    /// The byte that it takes, if it can be no other and no more than one.
    fn only_byte(&self) -> Option<u8> {
        match self {
            Self::Run {
                class,
                min: 1,
                max: 1,
            } => class.only(),
            Self::Run { .. } | Self::Text(_) | Self::WordEnds | Self::WordBound | Self::Mark(_) => {
                None
            }
        }
    }
}

impl Text {
    fn of(byte: u8) -> Self {
        let mut bytes = [0; MAX_TEXT_LEN];
        let [first, ..] = &mut bytes;
        *first = byte;
        Self { bytes, len: 1 }
    }

    /// Adds `byte`; says whether there was room for it.
    fn add(&mut self, byte: u8) -> bool {
        let place = self.bytes.get_mut(usize::from(self.len));
        let has_room = place.is_some();
        place.into_iter().for_each(|place| *place = byte);
        self.len += u8::from(has_room);
        has_room
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl Bytes {
    fn of(byte: u8) -> Self {
        let mut bytes = Self::default();
        bytes.add(byte);
        bytes
    }

    fn of_class(class: &Class) -> Option<Self> {
        let mut bytes = Self::default();
        match class {
            Class::Bytes(class) => {
                for range in class.ranges() {
                    (range.start()..=range.end()).for_each(|byte| bytes.add(byte));
                }
            }
            Class::Unicode(class) => {
                for range in class.ranges() {
                    let end = u8::try_from(range.end()).ok().filter(u8::is_ascii)?;
                    let start = u8::try_from(range.start()).ok()?;
                    (start..=end).for_each(|byte| bytes.add(byte));
                }
            }
        }
        Some(bytes)
    }

    /// The only byte of the set.
    fn only(self) -> Option<u8> {
        let mut bytes = (0..=u8::MAX).filter(|&byte| self.has(byte));
        let first = bytes.next()?;
        bytes.next().is_none().then_some(first)
    }

    fn words() -> Self {
        let mut bytes = Self::default();
        (0..=u8::MAX)
            .filter(|&byte| is_word(byte))
            .for_each(|byte| bytes.add(byte));
        bytes
    }

    fn add(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }

    #[inline]
    fn has(self, byte: u8) -> bool {
        let word = self.0.get(usize::from(byte >> 6)).copied().unwrap_or(0);
        word >> (byte & 63) & 1 == 1
    }

    fn meets(self, other: Self) -> bool {
        self.0.iter().zip(other.0).any(|(a, b)| a & b != 0)
    }

    fn is_within(self, other: Self) -> bool {
        self.0.iter().zip(other.0).all(|(a, b)| a & !b == 0)
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

    fn steps(pattern: &str) -> Option<Steps> {
        Steps::of(&syntax::parse_with(pattern, &config()).unwrap())
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
    ];

    #[test]
    fn patterns_of_runs_need_no_engine_and_others_do() {
        for pattern in PATTERNS {
            assert!(steps(pattern).is_some(), "{pattern}");
        }
        for pattern in [
            "a+ab",
            "a*?b",
            r"[a-]{2,}\b",
            "^a",
            "(ab){2,3}c",
            "[a-z]*[b]",
        ] {
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
                let steps = steps(pattern).unwrap();
                prop_assert_eq!(steps.match_at(text.as_bytes(), at, text.len(), &mut found), matches);
                if matches {
                    prop_assert_eq!(found, expected, "{} in {}", pattern, text);
                }
            }
        }
    }
}
