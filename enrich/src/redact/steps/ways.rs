//! Reads a pattern as alternatives of steps, and says whether they are few and cheap.

use regex_syntax::hir::{Hir, HirKind, Look, Repetition};

use super::super::ascii::{KEY_END_BYTE, VALUE_END_BYTE};
use super::bytes::{Bytes, Classes};
use super::{MAX_TEXT_LEN, Step, Text};

/// Every way through a pattern, in the order of preference.
pub(super) struct Ways(Vec<Vec<Part>>);

/// A step as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Run { class: Bytes, min: u32, max: u32 },
    WordEnds,
    WordBound,
    Mark(u8),
}

/// More alternatives than this are left to the engine.
const MAX_WAYS: usize = 24;
/// So are longer ones, in parts.
const MAX_PARTS: usize = 400;
/// And those where giving back bytes takes more tries, each of a byte or step.
const MAX_TRIES: u64 = 1 << 13;
/// What patterns see is seldom longer, in bytes.
const USUAL_LEN: u32 = 512;

/// The ways through `hir`, if they are all that it needs.
pub(super) fn ways(hir: &Hir) -> Option<Ways> {
    let ways = alternatives(hir)?;
    let are_cheap = ways.iter().all(|parts| tries(parts) <= MAX_TRIES);
    (are_cheap && !part_too_late(&ways)).then_some(Ways(ways))
}

/// Whether two ways go the same way up to a run that gives back bytes, and part behind it: an engine
/// tries all of them with the longest run first, rather than all runs with the first of them.
fn part_too_late(ways: &[Vec<Part>]) -> bool {
    let gives_at = |parts: &[Part]| (0..parts.len()).find(|&at| gives(parts, at));
    ways.iter().enumerate().any(|(number, parts)| {
        gives_at(parts).is_some_and(|at| {
            let mut others = ways
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != number);
            others.any(|(_, other)| parts.get(..=at) == other.get(..=at))
        })
    })
}

impl Ways {
    /// Whether none of them takes what separates the texts of an event.
    pub(super) fn end_with_texts(&self) -> bool {
        let goes_on = |part: &Part| {
            let separators = [KEY_END_BYTE, VALUE_END_BYTE];
            matches!(part, Part::Run { class, .. } if separators.iter().any(|&byte| class.has(byte)))
        };
        !self.0.iter().flatten().any(goes_on)
    }

    /// The steps one after the other; `None` when they do not fit.
    pub(super) fn encode(&self, classes: &mut Classes) -> Option<Box<[Step]>> {
        let mut all = Vec::new();
        for parts in &self.0 {
            let steps = encoded(parts, classes)?;
            all.push(Step::Way(u16::try_from(steps.len()).ok()?));
            all.extend(steps);
        }
        Some(all.into_boxed_slice())
    }
}

/// The steps of one way. Bytes in a row are one step: a long pattern is then no more than a few.
fn encoded(parts: &[Part], classes: &mut Classes) -> Option<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::with_capacity(parts.len());
    for (at, part) in parts.iter().enumerate() {
        if let Some(byte) = part.only_byte() {
            let is_added = match steps.last_mut() {
                Some(Step::Text(text)) => text.add(byte),
                Some(_) | None => false,
            };
            if !is_added {
                steps.push(Step::Text(Text::of(byte)));
            }
            continue;
        }
        steps.push(match *part {
            Part::Run { class, min, max } => {
                let is_giving = gives(parts, at);
                let (class, min) = (classes.number(class)?, u16::try_from(min).ok()?);
                if is_giving {
                    Step::Giving { class, min, max }
                } else {
                    Step::Run { class, min, max }
                }
            }
            Part::WordEnds => Step::WordEnds,
            Part::WordBound => Step::WordBound,
            Part::Mark(slot) => Step::Mark(slot),
        });
    }
    Some(steps)
}

/// Every way through `hir`, in the order of preference.
fn alternatives(hir: &Hir) -> Option<Vec<Vec<Part>>> {
    let ways = match hir.kind() {
        HirKind::Empty => vec![Vec::new()],
        HirKind::Literal(literal) => {
            let one = |&byte: &u8| Part::once(Bytes::of(byte));
            vec![literal.0.iter().map(one).collect()]
        }
        HirKind::Class(class) => vec![vec![Part::once(Bytes::of_class(class)?)]],
        HirKind::Look(Look::WordEndHalfAscii) => vec![vec![Part::WordEnds]],
        HirKind::Look(Look::WordAscii) => vec![vec![Part::WordBound]],
        HirKind::Look(_) => return None,
        HirKind::Repetition(repetition) => repeated(repetition)?,
        HirKind::Capture(capture) => {
            let slot = u8::try_from(2 * capture.index).ok()?;
            let mut ways = alternatives(&capture.sub)?;
            for way in &mut ways {
                way.insert(0, Part::Mark(slot));
                way.push(Part::Mark(slot + 1));
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
    let is_small = ways.len() <= MAX_WAYS && ways.iter().all(|way| way.len() <= MAX_PARTS);
    is_small.then_some(ways)
}

fn joined(firsts: &[Vec<Part>], seconds: &[Vec<Part>]) -> Option<Vec<Vec<Part>>> {
    if firsts.len() * seconds.len() > MAX_WAYS {
        return None;
    }
    let all = firsts.iter().flat_map(|first| {
        seconds
            .iter()
            .map(|second| [first.as_slice(), second.as_slice()].concat())
    });
    Some(all.collect())
}

fn repeated(repetition: &Repetition) -> Option<Vec<Vec<Part>>> {
    let (min, max) = (repetition.min, repetition.max.unwrap_or(u32::MAX));
    let inner = alternatives(&repetition.sub)?;
    if let [single] = inner.as_slice()
        && let [
            Part::Run {
                class,
                min: 1,
                max: 1,
            },
        ] = single.as_slice()
        && (repetition.greedy || min == max)
    {
        let class = *class;
        return Some(vec![vec![Part::Run { class, min, max }]]);
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

/// How often a byte or step is looked at where what follows a run has it give back bytes.
fn tries(parts: &[Part]) -> u64 {
    let mut tries = 1;
    for (at, part) in parts.iter().enumerate().rev() {
        tries += match *part {
            Part::Run { min, max, .. } if gives(parts, at) => {
                u64::from(max.min(USUAL_LEN).saturating_sub(min)) * tries
            }
            Part::Run { max, .. } => u64::from(max.min(USUAL_LEN)),
            Part::WordEnds | Part::WordBound | Part::Mark(_) => 1,
        };
    }
    let gives_any = (0..parts.len()).any(|at| gives(parts, at));
    if gives_any { tries } else { 0 }
}

/// Whether the run at `at` may have to end before its class does, because what follows begins with a
/// byte of it. Otherwise taking as much as there is is what an engine would come to.
fn gives(parts: &[Part], at: usize) -> bool {
    let Some((Part::Run { class, min, max }, rest)) =
        parts.get(at..).and_then(<[Part]>::split_first)
    else {
        return false;
    };
    min < max && !follows_apart(*class, *min, *max, rest)
}

fn follows_apart(class: Bytes, min: u32, max: u32, mut rest: &[Part]) -> bool {
    let words = Bytes::words();
    while let [part, after @ ..] = rest {
        rest = after;
        match part {
            Part::Mark(_) => {}
            // A shorter run would have a byte of the run behind it, which ends no word.
            Part::WordBound => return min > 0 && class.is_within(words),
            Part::WordEnds if class.is_within(words) => return true,
            // A run to the end of its class has no letter behind it.
            Part::WordEnds => {
                let is_last = after.iter().all(|part| matches!(part, Part::Mark(_)));
                return is_last && max == u32::MAX && words.is_within(class);
            }
            Part::Run { class: next, .. } if class.meets(*next) => return false,
            Part::Run { min: 0, .. } => {}
            Part::Run { .. } => return true,
        }
    }
    true
}

impl Part {
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
            Self::Run { .. } | Self::WordEnds | Self::WordBound | Self::Mark(_) => None,
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
}
