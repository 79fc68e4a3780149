//! What is asked of the tiers and what they say: a score with its evidence, or why there is none.

use std::ops::Range;
use std::time::Instant;

use crate::prepare::Part;

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
    /// What of the text that stretch belongs to.
    pub part: Part,
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

impl Thresholds {
    /// Log odds on the scale of scores: [`ALARM_AT`] is where the alarm is, whatever the weights.
    pub(super) fn calibrated(&self, odds: f64) -> f64 {
        (odds - self.alarm_above) / f64::from(self.temperature) + (ALARM_AT / (1.0 - ALARM_AT)).ln()
    }
}

/// Log odds as a probability.
#[expect(clippy::cast_possible_truncation, reason = "a probability")]
pub(super) fn probability(odds: f64) -> f32 {
    chance(odds) as f32
}

pub(super) fn chance(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}
