//! A text that tier 1 is not sure of: what tier 2 is asked, and what it has found so far.

use std::ops::Range;

use super::opinion::{Opinion, Silence};
use crate::prepare::{Part, Prepared};
use crate::tier1::Window;
use crate::tier2::{Judged, TokenWindow};

/// What tier 1 made of a text.
pub(crate) enum Begun {
    /// No more is to be asked.
    Answered(Opinion),
    /// Tier 2 is to be asked.
    Doubtful(Doubt),
}

/// A text that tier 1 is not sure of.
#[derive(Debug)]
pub(crate) struct Doubt {
    /// Its inputs, in their order.
    pub(super) inputs: Vec<Input>,
    /// What tier 1 finds worst of them, by number.
    pub(super) worst: usize,
    /// The windows to judge, what tier 1 suspects first.
    pub(crate) windows: Vec<DoubtfulWindow>,
}

/// One input of a text, and what tier 1 makes of it.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) text: Prepared,
    pub(super) first: Window,
}

/// A window, and which input it is of.
#[derive(Debug)]
pub(crate) struct DoubtfulWindow {
    pub(super) input: usize,
    pub(super) part: Part,
    pub(super) window: TokenWindow,
    /// What tier 1 adds to its log odds.
    pub(super) added: f64,
}

/// A window that was judged.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Guilty {
    pub(super) odds: f64,
    pub(super) input: usize,
    pub(super) part: Part,
    /// Where it stands in its input.
    pub(super) range: Range<usize>,
}

/// What tier 2 has found in a text so far.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(super) worst: Option<Guilty>,
    /// The worst of what a page hides.
    pub(super) hidden: Option<Guilty>,
    /// Whether a window was left out for want of time.
    pub(crate) is_partial: bool,
    /// Why there is no score at all.
    pub(crate) failure: Option<Silence>,
}

impl DoubtfulWindow {
    /// How many tokens there are, marks included: what judging costs grows with it.
    pub(crate) const fn tokens(&self) -> usize {
        self.window.tokens()
    }

    /// What `judged` says of it.
    pub(super) fn guilt(&self, judged: Judged) -> Guilty {
        Guilty {
            odds: f64::from(judged.logits.odds()) + self.added,
            input: self.input,
            part: self.part,
            range: judged.range,
        }
    }
}

impl Found {
    /// Takes one more window into account.
    pub(super) fn add(&mut self, guilty: Guilty) {
        let is_worse = |worst: &Guilty| guilty.odds > worst.odds;
        if guilty.part == Part::Hidden && self.hidden.as_ref().is_none_or(is_worse) {
            self.hidden = Some(guilty.clone());
        }
        if self.worst.as_ref().is_none_or(is_worse) {
            self.worst = Some(guilty);
        }
    }

    /// Takes into account what was found in other windows of the same text.
    pub(crate) fn join(&mut self, other: Self) {
        for guilty in other.hidden.into_iter().chain(other.worst) {
            self.add(guilty);
        }
        self.is_partial |= other.is_partial;
        self.failure = self.failure.take().or(other.failure);
    }
}
