//! Whether an action serves the task: structure first, meaning second.
//!
//! Where the destination and the values come from, how the tool fits the task and what was called
//! before; boosted trees over these numbers, calibrated.

mod arguments;
mod evidence;
mod features;
mod lists;
mod meaning;
mod places;
mod sentences;
mod told;
mod trees;
mod words;

use std::sync::Arc;

use serde::Deserialize;

pub use arguments::Arguments;
pub use evidence::{Evidence, Source};
use features::{NAMES, features};
use meaning::Meaning;
use told::Told;
use trees::Trees;

use crate::vocabulary::Vocabulary;
use crate::weights::WeightsError;

/// A call that an agent makes or made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Call {
    /// The tool's name.
    pub tool: String,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Arguments,
    /// What it brought, for a call that is done.
    #[serde(default)]
    pub result: Option<Arguments>,
}

/// An action with what is known when it is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What the user asked for, in the user's words.
    pub task: String,
    /// What was called before, the oldest first.
    pub history: Vec<Call>,
    /// What shall be called.
    pub call: Call,
    /// Where it sends something, if somebody knows.
    pub destination: Option<Arguments>,
}

/// How far an action is from its task.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// The probability that it does not serve the task.
    pub probability: f64,
    /// The trees' sum, not calibrated: what thresholds are stated in.
    pub score: f64,
    /// What speaks for drift; none below a probability of one half.
    pub evidence: Option<Evidence>,
}

/// The probability from which on there is evidence.
const EVIDENCE_FROM: f64 = 0.5;

/// The trees and the table of meanings.
#[derive(Debug)]
pub struct Scope {
    trees: Trees,
    meaning: Meaning,
}

impl Scope {
    /// Reads the trees (JSON), the table of meanings (safetensors) of the words of `vocabulary`.
    ///
    /// # Errors
    /// When one cannot be read, a tree would not end, or it sees other numbers than these.
    pub fn read(
        trees: &[u8],
        meanings: &[u8],
        vocabulary: &Arc<Vocabulary>,
    ) -> Result<Self, WeightsError> {
        let trees: Trees = serde_json::from_slice(trees)
            .map_err(|error| WeightsError::Trees(error.to_string()))?;
        if trees.features != NAMES {
            return Err(WeightsError::Trees(
                "they see other numbers of an action".to_owned(),
            ));
        }
        if !trees.is_sound() {
            return Err(WeightsError::Trees(
                "a tree does not end in a number".to_owned(),
            ));
        }
        Ok(Self {
            trees,
            meaning: Meaning::read(meanings, vocabulary)?,
        })
    }

    /// The trees' sum from which on an action is taken for drift; `None` where they do not say.
    pub fn alarm_above(&self) -> Option<f64> {
        self.trees.alarm_above()
    }

    /// Judges an action.
    pub fn judge(&self, action: &Action) -> Drift {
        let told = Told::of(action);
        let score = self.trees.score(&features(action, &told, &self.meaning));
        let probability = self.trees.probability(score);
        Drift {
            probability,
            score,
            evidence: (probability >= EVIDENCE_FROM).then(|| self.evidence(action, (&told, score))),
        }
    }

    /// The numbers that the trees see of an action, with their names.
    #[cfg(test)]
    pub(crate) fn numbers(&self, action: &Action) -> Vec<(String, f64)> {
        let numbers = features(action, &Told::of(action), &self.meaning);
        self.trees.features.iter().cloned().zip(numbers).collect()
    }
}

#[cfg(test)]
mod tests;
