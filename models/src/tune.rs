//! Fits tier 2's head to somebody's own labelled texts; the encoder stays as it is.
//!
//! The head is a softmax regression over what the encoder makes of a window. It begins as the shipped
//! one and is held near it, so that a few hundred rows move it no further than they can tell. An
//! attack's label holds for its text: it teaches with the window that looks worst so far, a harmless
//! text, too. Every fifth row is kept out, and says whether the new head is better.

mod head;

use crate::measure::{Scored, auc, recall_above, threshold_at};
use crate::prepare::prepare;
use crate::tier2::{JudgeError, Tier2};

pub use head::{Head, Label};

/// Windows of a text that are looked at: the worst ones by the head that it begins with.
const WINDOWS: usize = 8;
/// Times that the worst window of each text is chosen anew.
const ROUNDS: usize = 3;
/// One row in so many is kept out of training.
const KEPT_OUT: usize = 5;
/// With fewer harmless rows kept out the alarm stays where it is.
const ENOUGH_HARMLESS: usize = 200;
const FALSE_POSITIVES: f64 = 0.01;

/// A text with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The text.
    pub text: String,
    /// What it is.
    pub label: Label,
}

/// What came of tuning.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuned {
    /// The new head.
    pub head: Head,
    /// Rows that were trained on.
    pub trained: usize,
    /// Rows kept out, judged by the head of before.
    pub before: Quality,
    /// The same by the new one.
    pub after: Quality,
    /// The log odds from which on a text is to be taken for an attack; `None` where the rows are too
    /// few to say.
    pub alarm_above: Option<f64>,
}

/// How good a head is on rows kept out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Rows that are attacks.
    pub attacks: usize,
    /// Rows that are not.
    pub harmless: usize,
    /// ROC AUC; `None` without both.
    pub auc: Option<f64>,
    /// Recall at 1 % false positives on these rows.
    pub recall_at_1_percent: Option<f64>,
}

/// Why there is no new head.
#[derive(Debug, thiserror::Error)]
pub enum TuneError {
    /// There is nothing to tell apart.
    #[error(
        "{attacks} attacks and {harmless} harmless texts with words: tuning needs at least {LEAST} of each"
    )]
    TooFew {
        /// Texts that are attacks.
        attacks: usize,
        /// Texts that are not.
        harmless: usize,
    },
    /// There is nothing to tune.
    #[error("model is missing")]
    Missing,
    /// The encoder failed.
    #[error("text cannot be judged")]
    Judge(#[from] JudgeError),
    /// The library failed.
    #[error("head cannot be fitted")]
    Library(#[from] candle_core::Error),
}

/// Fewer rows of a side teach nothing.
const LEAST: usize = 10;

/// A text as what the encoder makes of its worst windows.
struct Seen {
    windows: Vec<Vec<f32>>,
    label: Label,
}

/// Fits a new head; `told` hears how many of the texts are read.
///
/// # Errors
/// When there are too few texts, or the model fails.
pub(crate) fn tune(
    tier2: &Tier2,
    examples: &[Example],
    mut told: impl FnMut(usize),
) -> Result<Tuned, TuneError> {
    let old = tier2.head()?;
    let mut seen = Vec::new();
    for (number, example) in examples.iter().enumerate() {
        let windows = worst_windows(tier2, &old, &example.text)?;
        let label = example.label;
        seen.extend((!windows.is_empty()).then_some(Seen { windows, label }));
        told(number + 1);
    }
    let attacks = seen.iter().filter(|one| one.label.is_attack()).count();
    let harmless = seen.len() - attacks;
    if attacks.min(harmless) < LEAST {
        return Err(TuneError::TooFew { attacks, harmless });
    }
    let (kept_out, trained) = split(&seen);
    let mut head = old.clone();
    for _ in 0..ROUNDS {
        let rows: Vec<(&[f32], Label)> = trained
            .iter()
            .filter_map(|one| Some((head.worst(&one.windows)?, one.label)))
            .collect();
        head = old.fitted(&rows)?;
    }
    let scored = scored(&head, &kept_out);
    let many = kept_out.iter().filter(|one| !one.label.is_attack()).count() >= ENOUGH_HARMLESS;
    Ok(Tuned {
        trained: trained.len(),
        before: quality(&self::scored(&old, &kept_out)),
        after: quality(&scored),
        alarm_above: threshold_at(&scored, FALSE_POSITIVES).filter(|_| many),
        head,
    })
}

/// Every fifth row of each side on one hand, the others on the other.
fn split(seen: &[Seen]) -> (Vec<&Seen>, Vec<&Seen>) {
    let (attacks, harmless): (Vec<&Seen>, Vec<&Seen>) =
        seen.iter().partition(|one| one.label.is_attack());
    let (mut kept_out, mut trained) = (Vec::new(), Vec::new());
    for side in [attacks, harmless] {
        for (number, one) in side.into_iter().enumerate() {
            if number % KEPT_OUT == 0 {
                kept_out.push(one);
            } else {
                trained.push(one);
            }
        }
    }
    (kept_out, trained)
}

fn worst_windows(tier2: &Tier2, head: &Head, text: &str) -> Result<Vec<Vec<f32>>, JudgeError> {
    let mut windows = Vec::new();
    for window in tier2.windows(&prepare(text))? {
        let features = tier2.features(&window)?;
        windows.push((head.odds(&features), features));
    }
    windows.sort_by(|one, other| other.0.total_cmp(&one.0));
    let worst = windows.into_iter().take(WINDOWS);
    Ok(worst.map(|(_, features)| features).collect())
}

fn scored(head: &Head, seen: &[&Seen]) -> Vec<Scored> {
    let odds = |one: &&Seen| {
        let worst = head.worst(&one.windows)?;
        Some(Scored {
            score: f64::from(head.odds(worst)),
            is_attack: one.label.is_attack(),
        })
    };
    seen.iter().filter_map(odds).collect()
}

fn quality(scored: &[Scored]) -> Quality {
    let attacks = scored.iter().filter(|one| one.is_attack).count();
    let recall = || recall_above(scored, threshold_at(scored, FALSE_POSITIVES)?);
    Quality {
        attacks,
        harmless: scored.len() - attacks,
        auc: auc(scored),
        recall_at_1_percent: recall(),
    }
}

#[cfg(test)]
mod tests;
