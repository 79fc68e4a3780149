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
    /// The probability that the text is an attack.
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
    /// What tier 2's logits are divided by.
    pub temperature: f32,
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
}

/// A text with more of other scripts than this is judged by both tiers together.
const FOREIGN_SHARE: f64 = 0.02;
/// What the cascade says where tier 1 is sure: less than any text that tier 2 was asked about.
const SURE: f64 = -1e6;

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
        }))
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

    fn model(&self, text: &Prepared, first: &Window, until: Instant) -> Result<Score, Silence> {
        let tier2 = self.tier2.as_ref().ok_or(Silence::Missing)?;
        let failed = |error: JudgeError| Silence::Failed(error.to_string());
        let mut windows = tier2.windows(text).map_err(failed)?;
        // What tier 1 suspects comes first, should the time not be enough for all.
        windows.sort_by_key(|window| !meets(window.range(), &first.range));
        let mut worst: Option<Judged> = None;
        let mut is_partial = false;
        for window in &windows {
            if !self.has_time(window, until) {
                is_partial = true;
                break;
            }
            let begun = Instant::now();
            let judged = tier2.judge(window).map_err(failed)?;
            self.learn(begun.elapsed(), window);
            let is_worse = |worst: &Judged| judged.logits.odds() > worst.logits.odds();
            if worst.as_ref().is_none_or(is_worse) {
                worst = Some(judged);
            }
        }
        let without = if is_partial {
            Silence::Slow
        } else {
            Silence::Empty
        };
        let worst = worst.ok_or(without)?;
        let odds = f64::from(worst.logits.cooled(self.thresholds.temperature).odds());
        Ok(Score {
            probability: probability(odds + self.of_scripts(text, first.logit)),
            span: text.origin(worst.range),
            is_partial,
        })
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
        let prepared = prepare(text);
        let Some(worst) = self.tier1.worst(&prepared) else {
            return Opinion {
                fast: Err(Silence::Empty),
                model: Err(Silence::Empty),
            };
        };
        let is_sure = worst.logit <= self.thresholds.sure_below;
        let model = if is_sure || budget.depth == Depth::Fast {
            Err(Silence::NotAsked)
        } else {
            self.model(&prepared, &worst, budget.until)
        };
        Opinion {
            fast: Ok(Score {
                probability: probability(worst.logit),
                span: prepared.origin(worst.range),
                is_partial: false,
            }),
            model,
        }
    }
}

/// Log odds as a probability.
#[expect(clippy::cast_possible_truncation, reason = "a probability")]
fn probability(odds: f64) -> f32 {
    (1.0 / (1.0 + (-odds).exp())) as f32
}

const fn meets(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

#[cfg(test)]
mod tests;
