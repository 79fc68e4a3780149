//! Classifiers that run on a CPU: whether a text gives an agent orders that are not its user's.
//!
//! What a model reads is made by one function ([`prepare`]), the same for training, evaluation and
//! use; `models/training/` is the other side of each definition, in Python.

mod cascade;
pub mod measure;
mod prepare;
mod scope;
mod shipped;
mod tier1;
mod tier2;
mod weights;

pub use cascade::{
    Budget, Cascade, Classifier, Depth, Opinion, Score, Scores, Silence, Thresholds,
};
pub use prepare::{Prepared, prepare};
pub use scope::{Action, Arguments, Call, Drift, Scope};
pub use shipped::{CARD_PAGE, LoadError, Models, identities};
pub use tier1::{Tier1, Window};
pub use tier2::{JudgeError, Judged, Kernel, Logits, Tier2, TokenWindow};
pub use weights::WeightsError;
