//! The tiers one after the other: the first sends doubtful text on, the second answers within a budget.

mod doubt;
mod opinion;

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::prepare::{Prepared, inputs, prepare};
use crate::tier1::Tier1;
use crate::tier2::{JudgeError, Tier2};
use doubt::Input;
pub(crate) use doubt::{Begun, Doubt, DoubtfulWindow, Found};
pub use opinion::{ALARM_AT, Budget, Classifier, Depth, Opinion, Score, Silence, Thresholds};
use opinion::{chance, probability};

/// Tier 1 and, where it is there, tier 2.
#[derive(Debug)]
pub struct Cascade {
    tier1: Tier1,
    tier2: Option<Tier2>,
    thresholds: Thresholds,
    /// What a token of tier 2 costs, in nanoseconds: the last ones' mean, most to the newest.
    token_nanos: AtomicU64,
}

/// Before anything was measured a token is believed to cost this much.
const FIRST_TOKEN_NANOS: u64 = 100_000;
/// The newest measurement has one part in so many of the mean.
const MEMORY: u64 = 8;

/// Both tiers' scores of one text, as they are measured: nothing left out, however long it takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    /// Tier 1's logit.
    pub tier1: f64,
    /// The log odds of an attack: tier 2's, with tier 1's in scripts that tier 2 does not read.
    pub odds: f64,
    /// What the cascade says: the log odds where tier 1 was not sure.
    pub cascade: f64,
    /// The same as a score of 0 to 1, on which the alarm stands at [`ALARM_AT`].
    pub score: f64,
}

impl Scores {
    /// Of two texts of one row, what each way of judging finds worst.
    #[must_use]
    pub const fn worse(self, other: Self) -> Self {
        Self {
            tier1: self.tier1.max(other.tier1),
            odds: self.odds.max(other.odds),
            cascade: self.cascade.max(other.cascade),
            score: self.score.max(other.score),
        }
    }
}

/// A text with more of other scripts than this is judged by both tiers together.
const FOREIGN_SHARE: f64 = 0.02;
/// What the cascade says where tier 1 is sure: less than any text that tier 2 was asked about.
const SURE: f64 = -1e6;
/// The same on the scale of scores.
const SURE_SCORE: f64 = 1e-9;

impl Cascade {
    /// Joins the tiers. Without tier 2 doubtful text has no score of it.
    pub const fn new(tier1: Tier1, tier2: Option<Tier2>, thresholds: Thresholds) -> Self {
        Self {
            tier1,
            tier2,
            thresholds,
            token_nanos: AtomicU64::new(FIRST_TOKEN_NANOS),
        }
    }

    /// Tier 2, where it is there.
    pub(crate) const fn tier2(&self) -> Option<&Tier2> {
        self.tier2.as_ref()
    }

    /// The scores of a text; `None` where it has no words.
    ///
    /// # Errors
    /// When tier 2 is missing or fails.
    pub fn scores(&self, text: &str) -> Result<Option<Scores>, Silence> {
        self.worst_of(&inputs(text))
    }

    /// The scores of a text that is not taken apart, whatever markup it has.
    ///
    /// # Errors
    /// When tier 2 is missing or fails.
    pub fn scores_whole(&self, text: &str) -> Result<Option<Scores>, Silence> {
        self.worst_of(&[prepare(text)])
    }

    fn worst_of(&self, inputs: &[Prepared]) -> Result<Option<Scores>, Silence> {
        let mut worst: Option<Scores> = None;
        for input in inputs {
            worst = match (worst, self.scores_of(input)?) {
                (Some(one), Some(other)) => Some(one.worse(other)),
                (one, other) => one.or(other),
            };
        }
        Ok(worst)
    }

    fn scores_of(&self, prepared: &Prepared) -> Result<Option<Scores>, Silence> {
        let Some(first) = self.tier1.worst(prepared) else {
            return Ok(None);
        };
        let tier2 = self.tier2.as_ref().ok_or(Silence::Missing)?;
        let worst = tier2.worst(prepared);
        let worst = worst.map_err(|error| Silence::Failed(error.to_string()))?;
        let Some(worst) = worst else {
            return Ok(None);
        };
        let odds = f64::from(worst.logits.odds()) + added(prepared, first.logit);
        let is_sure = first.logit <= self.thresholds.sure_below;
        Ok(Some(Scores {
            tier1: first.logit,
            odds,
            cascade: if is_sure { SURE + first.logit } else { odds },
            score: if is_sure {
                SURE_SCORE * chance(first.logit)
            } else {
                SURE_SCORE.max(chance(self.thresholds.calibrated(odds)))
            },
        }))
    }

    /// The beginning of a text, as far as one window of tier 2 reaches: what a model without windows
    /// would see.
    ///
    /// # Errors
    /// When tier 2 is missing or fails.
    pub fn beginning<'a>(&self, text: &'a str) -> Result<&'a str, Silence> {
        let prepared = prepare(text);
        let tier2 = self.tier2.as_ref().ok_or(Silence::Missing)?;
        let windows = tier2.windows(&prepared).map_err(failed)?;
        let first = windows.first().map_or(0..0, |first| first.range().clone());
        Ok(text.get(..prepared.origin(first).end).unwrap_or(text))
    }

    /// Asks tier 1, and cuts what it is not sure of into tier 2's windows.
    pub(crate) fn begin(&self, text: &str, depth: Depth) -> Begun {
        let inputs: Vec<Input> = inputs(text)
            .into_iter()
            .filter_map(|text| {
                let first = self.tier1.worst(&text)?;
                Some(Input { text, first })
            })
            .collect();
        let numbered = inputs.iter().enumerate();
        let worst = numbered.reduce(|worst, other| {
            let is_worse = other.1.first.logit > worst.1.first.logit;
            if is_worse { other } else { worst }
        });
        let Some((worst, guilty)) = worst else {
            return Begun::Answered(Opinion {
                fast: Err(Silence::Empty),
                model: Err(Silence::Empty),
            });
        };
        let is_sure = self.is_sure(guilty);
        let windows = if is_sure || depth == Depth::Fast {
            Err(Silence::NotAsked)
        } else {
            self.windows(&inputs)
        };
        match windows {
            Ok(windows) => Begun::Doubtful(Doubt {
                inputs,
                worst,
                windows,
            }),
            Err(silence) => Begun::Answered(Opinion {
                fast: Ok(fast(guilty)),
                model: Err(silence),
            }),
        }
    }

    /// The opinion of a text whose windows were judged as far as `found` says.
    pub(crate) fn end(&self, doubt: &Doubt, found: Found) -> Opinion {
        let worst = doubt.inputs.get(doubt.worst);
        Opinion {
            fast: worst.map(fast).ok_or(Silence::Empty),
            model: self.model(doubt, found),
        }
    }

    fn is_sure(&self, input: &Input) -> bool {
        input.first.logit <= self.thresholds.sure_below
    }

    fn windows(&self, inputs: &[Input]) -> Result<Vec<DoubtfulWindow>, Silence> {
        let tier2 = self.tier2.as_ref().ok_or(Silence::Missing)?;
        let mut windows = Vec::new();
        for (number, input) in inputs.iter().enumerate() {
            if self.is_sure(input) {
                continue;
            }
            let added = added(&input.text, input.first.logit);
            let own = tier2.windows(&input.text).map_err(failed)?.into_iter();
            windows.extend(own.map(|window| DoubtfulWindow {
                input: number,
                part: input.text.part(),
                window,
                added,
            }));
        }
        // What tier 1 suspects comes first, should the time not be enough for all.
        windows.sort_by_key(|one| {
            let input = inputs.get(one.input);
            !input.is_some_and(|input| meets(one.window.range(), &input.first.range))
        });
        Ok(windows)
    }

    fn model(&self, doubt: &Doubt, found: Found) -> Result<Score, Silence> {
        if let Some(failure) = found.failure {
            return Err(failure);
        }
        let without = if found.is_partial {
            Silence::Slow
        } else {
            Silence::Empty
        };
        let worst = found.worst.ok_or(without)?;
        let odds = worst.odds;
        // What is hidden and gives orders by itself says more than the page around it.
        let hidden = found
            .hidden
            .filter(|hidden| hidden.odds > self.thresholds.alarm_above);
        let told = hidden.unwrap_or(worst);
        let input = doubt.inputs.get(told.input).ok_or(Silence::Empty)?;
        Ok(Score {
            probability: probability(self.thresholds.calibrated(odds)),
            span: input.text.origin(told.range),
            part: input.text.part(),
            is_partial: found.is_partial,
        })
    }

    /// Judges a window and adds it to what was found, where there is time for it.
    pub(crate) fn look(&self, window: &DoubtfulWindow, until: Instant, found: &mut Found) {
        if !self.has_time(window.tokens(), until) {
            found.is_partial = true;
            return;
        }
        let Some(tier2) = self.tier2.as_ref() else {
            found.failure = Some(Silence::Missing);
            return;
        };
        let begun = Instant::now();
        match tier2.judge(&window.window) {
            Ok(judged) => found.add(window.guilt(judged)),
            Err(error) => found.failure = Some(failed(error)),
        }
        self.learn(begun.elapsed(), window.tokens());
    }

    fn has_time(&self, tokens: usize, until: Instant) -> bool {
        let nanos = self.token_nanos.load(Ordering::Relaxed);
        let needed = Duration::from_nanos(nanos.saturating_mul(tokens as u64));
        Instant::now()
            .checked_add(needed)
            .is_some_and(|end| end <= until)
    }

    fn learn(&self, took: Duration, tokens: usize) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let newest = nanos / (tokens as u64).max(1);
        let old = self.token_nanos.load(Ordering::Relaxed);
        let mean = (old / MEMORY)
            .saturating_mul(MEMORY - 1)
            .saturating_add(newest / MEMORY);
        self.token_nanos.store(mean.max(1), Ordering::Relaxed);
    }
}

impl Classifier for Cascade {
    fn judge(&self, text: &str, budget: Budget) -> Opinion {
        let doubt = match self.begin(text, budget.depth) {
            Begun::Answered(opinion) => return opinion,
            Begun::Doubtful(doubt) => doubt,
        };
        let mut found = Found::default();
        for window in &doubt.windows {
            self.look(window, budget.until, &mut found);
            if found.is_partial || found.failure.is_some() {
                break;
            }
        }
        self.end(&doubt, found)
    }
}

/// What tier 1 adds to tier 2's log odds: its logit where the text is of scripts that tier 2's
/// vocabulary spells letter by letter.
fn added(text: &Prepared, logit: f64) -> f64 {
    if text.foreign_share() >= FOREIGN_SHARE {
        logit
    } else {
        0.0
    }
}

fn fast(input: &Input) -> Score {
    Score {
        probability: probability(input.first.logit),
        span: input.text.origin(input.first.range.clone()),
        part: input.text.part(),
        is_partial: false,
    }
}

fn failed(error: JudgeError) -> Silence {
    Silence::Failed(error.to_string())
}

const fn meets(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

#[cfg(test)]
mod tests;
