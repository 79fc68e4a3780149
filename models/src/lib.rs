//! Classifiers that run on a CPU: whether a text gives an agent orders that are not its user's.
//!
//! What a model reads is made by one function ([`prepare`]), the same for training, evaluation and
//! use; `models/training/` is the other side of each definition, in Python.

mod cascade;
mod config;
mod in_force;
pub mod measure;
mod pool;
mod prepare;
mod scope;
mod shipped;
mod tier1;
mod tier2;
mod tune;
mod vocabulary;
mod weights;

pub use cascade::{
    ALARM_AT, Budget, Cascade, Classifier, Depth, Opinion, Score, Scores, Silence, Thresholds,
};
pub use config::Config as ModelsConfig;
pub use in_force::InForce;
pub use pool::{Asked, Pool, PoolSize};
pub use prepare::{Part, Prepared, inputs, prepare};
pub use scope::{Action, Arguments, Call, Drift, Evidence, Scope, Source};
pub use shipped::{CARD_PAGE, LoadError, Models, identities};
pub use tier1::{Tier1, Window};
pub use tier2::{JudgeError, Judged, Kernel, Logits, Tier2, TokenWindow};
pub use tune::{Example, Head, Label, Quality, TuneError, Tuned};
pub use vocabulary::Vocabulary;
pub use weights::WeightsError;
