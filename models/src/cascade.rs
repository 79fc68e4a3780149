//! The tiers one after the other: the first sends doubtful text on, the second answers within a budget.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::prepare::{Prepared, prepare};
use crate::tier1::{Tier1, Window};
use crate::tier2::{JudgeError, Judged, Tier2, TokenWindow};

/// Judges texts. Whoever asks says how long it may take; an answer is never late.
pub trait Classifier: Send + Sync {
    /// What each tier makes of `text`.
    fn judge(&self, text: &str, budget: Budget) -> Opinion;
}

/// How long and how deep to look.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// When the answer must be there.
    pub until: Instant,
    /// Whether the encoder may be asked at all.
    pub depth: Depth,
}

/// How deep to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Tier 1 alone, tens of microseconds.
    Fast,
    /// Tier 2, too, where tier 1 is not sure.
    Model,
}

/// What the tiers said. What could not be judged has no score, be it high or low.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    /// Tier 1.
    pub fast: Result<Score, Silence>,
    /// Tier 2.
    pub model: Result<Score, Silence>,
}

/// A score with its evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// How likely an attack is, 0 to 1; tier 2's alarm stands at [`ALARM_AT`].
    pub probability: f32,
    /// The stretch of the original text that looks most like one, in bytes.
    pub span: Range<usize>,
    /// Whether a part of the text was not looked at, for want of time.
    pub is_partial: bool,
}

/// Why a tier gave no score.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// The text has no words.
    #[error("text has no words")]
    Empty,
    /// Tier 1 was sure, or nobody wanted to know.
    #[error("not asked")]
    NotAsked,
    /// There is no such model.
    #[error("model is missing")]
    Missing,
    /// The time would not have been enough.
    #[error("no time left")]
    Slow,
    /// The model failed.
    #[error("model failed: {0}")]
    Failed(String),
}

/// When tier 1 is sure, and how scores become probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Tier 1's logit up to which a text is let go without tier 2.
    pub sure_below: f64,
    /// What tier 2's log odds are divided by.
    pub temperature: f32,
    /// Tier 2's log odds from which on a text is taken for an attack.
    pub alarm_above: f64,
}

/// The score of a text at the alarm's threshold: so it stays where it is when weights change.
pub const ALARM_AT: f64 = 0.9;

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
    text: Prepared,
    first: Window,
    /// The windows to judge, what tier 1 suspects first.
    pub(crate) windows: Vec<TokenWindow>,
}

/// What tier 2 has found in a text so far.
#[derive(Debug, Default)]
pub(crate) struct Found {
    worst: Option<Judged>,
    /// Whether a window was left out for want of time.
    pub(crate) is_partial: bool,
    /// Why there is no score at all.
    pub(crate) failure: Option<Silence>,
}

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
        let prepared = prepare(text);
        let Some(first) = self.tier1.worst(&prepared) else {
            return Ok(None);
        };
        let tier2 = self.tier2.as_ref().ok_or(Silence::Missing)?;
        let worst = tier2.worst(&prepared);
        let worst = worst.map_err(|error| Silence::Failed(error.to_string()))?;
        let Some(worst) = worst else {
            return Ok(None);
        };
        let odds = f64::from(worst.logits.odds()) + self.of_scripts(&prepared, first.logit);
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

    /// What tier 1 adds to tier 2's log odds: its logit where the text is of scripts that tier 2's
    /// vocabulary spells letter by letter.
    fn of_scripts(&self, text: &Prepared, logit: f64) -> f64 {
        if text.foreign_share() >= FOREIGN_SHARE {
            logit
        } else {
            0.0
        }
    }

    /// Asks tier 1, and cuts the text into tier 2's windows where it is not sure.
    pub(crate) fn begin(&self, text: &str, depth: Depth) -> Begun {
        let prepared = prepare(text);
        let Some(first) = self.tier1.worst(&prepared) else {
            return Begun::Answered(Opinion {
                fast: Err(Silence::Empty),
                model: Err(Silence::Empty),
            });
        };
        let is_sure = first.logit <= self.thresholds.sure_below;
        let windows = if is_sure || depth == Depth::Fast {
            Err(Silence::NotAsked)
        } else {
            self.windows(&prepared, &first)
        };
        match windows {
            Ok(windows) => Begun::Doubtful(Doubt {
                text: prepared,
                first,
                windows,
            }),
            Err(silence) => Begun::Answered(Opinion {
                fast: Ok(self.fast(&prepared, first)),
                model: Err(silence),
            }),
        }
    }

    /// The opinion of a text whose windows were judged as far as `found` says.
    pub(crate) fn end(&self, doubt: &Doubt, found: Found) -> Opinion {
        Opinion {
            fast: Ok(self.fast(&doubt.text, doubt.first.clone())),
            model: self.model(doubt, found),
        }
    }

    fn windows(&self, text: &Prepared, first: &Window) -> Result<Vec<TokenWindow>, Silence> {
        let tier2 = self.tier2.as_ref().ok_or(Silence::Missing)?;
        let mut windows = tier2.windows(text).map_err(failed)?;
        // What tier 1 suspects comes first, should the time not be enough for all.
        windows.sort_by_key(|window| !meets(window.range(), &first.range));
        Ok(windows)
    }

    fn fast(&self, text: &Prepared, first: Window) -> Score {
        Score {
            probability: probability(first.logit),
            span: text.origin(first.range),
            is_partial: false,
        }
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
        let odds = f64::from(worst.logits.odds()) + self.of_scripts(&doubt.text, doubt.first.logit);
        Ok(Score {
            probability: probability(self.thresholds.calibrated(odds)),
            span: doubt.text.origin(worst.range),
            is_partial: found.is_partial,
        })
    }

    /// Judges a window and adds it to what was found, where there is time for it.
    pub(crate) fn look(&self, window: &TokenWindow, until: Instant, found: &mut Found) {
        if !self.has_time(window, until) {
            found.is_partial = true;
            return;
        }
        let Some(tier2) = self.tier2.as_ref() else {
            found.failure = Some(Silence::Missing);
            return;
        };
        let begun = Instant::now();
        match tier2.judge(window) {
            Ok(judged) => found.add(judged),
            Err(error) => found.failure = Some(failed(error)),
        }
        self.learn(begun.elapsed(), window);
    }

    fn has_time(&self, window: &TokenWindow, until: Instant) -> bool {
        let nanos = self.token_nanos.load(Ordering::Relaxed);
        let needed = Duration::from_nanos(nanos.saturating_mul(window.tokens() as u64));
        Instant::now()
            .checked_add(needed)
            .is_some_and(|end| end <= until)
    }

    fn learn(&self, took: Duration, window: &TokenWindow) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let newest = nanos / (window.tokens() as u64).max(1);
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

impl Found {
    /// Takes one more window into account.
    pub(crate) fn add(&mut self, judged: Judged) {
        let is_worse = |worst: &Judged| judged.logits.odds() > worst.logits.odds();
        if self.worst.as_ref().is_none_or(is_worse) {
            self.worst = Some(judged);
        }
    }

    /// Takes into account what was found in other windows of the same text.
    pub(crate) fn join(&mut self, other: Self) {
        if let Some(judged) = other.worst {
            self.add(judged);
        }
        self.is_partial |= other.is_partial;
        self.failure = self.failure.take().or(other.failure);
    }
}

impl Thresholds {
    /// Log odds on the scale of scores: [`ALARM_AT`] is where the alarm is, whatever the weights.
    fn calibrated(&self, odds: f64) -> f64 {
        (odds - self.alarm_above) / f64::from(self.temperature) + (ALARM_AT / (1.0 - ALARM_AT)).ln()
    }
}

fn failed(error: JudgeError) -> Silence {
    Silence::Failed(error.to_string())
}

/// Log odds as a probability.
#[expect(clippy::cast_possible_truncation, reason = "a probability")]
fn probability(odds: f64) -> f32 {
    chance(odds) as f32
}

fn chance(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

const fn meets(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

#[cfg(test)]
mod tests;
