//! The models that ship inside the program: their files, the hashes that they must have, their card.

mod card;
mod files;

use aws_lc_rs::digest::{SHA256, digest};

use crate::cascade::{Cascade, Thresholds};
use crate::scope::Scope;
use crate::tier1::Tier1;
use crate::tier2::{Kernel, Tier2};
use crate::weights::WeightsError;
use card::Card;
use files::{FILES, File};

pub use files::CARD_PAGE;

/// All models, ready to judge.
#[derive(Debug)]
pub struct Models {
    /// Injection and jailbreak.
    pub texts: Cascade,
    /// Scope drift.
    pub actions: Scope,
    /// The log odds from which on a text is taken for an attack: at 1 % false positives, as the card says.
    pub alarm_above: f64,
}

/// Why the shipped models cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file is not the one that this program was built for.
    #[error(
        "model file `{name}` has SHA-256 {found}, expected {expected}: the program is damaged, install it anew"
    )]
    Hash {
        /// Its name.
        name: &'static str,
        /// What it should have.
        expected: &'static str,
        /// What it has.
        found: String,
    },
    /// A file cannot be read.
    #[error("model file `{name}` cannot be used")]
    Weights {
        /// Its name.
        name: &'static str,
        /// Why.
        #[source]
        source: WeightsError,
    },
    /// The card cannot be read.
    #[error("card of the models cannot be read")]
    Card(#[from] serde_json::Error),
}

impl Models {
    /// Checks every file's hash and reads the models; matrices are kept as `kernel` says.
    ///
    /// # Errors
    /// When a file is not the one that was shipped, or cannot be used.
    pub fn load(kernel: Kernel) -> Result<Self, LoadError> {
        FILES.iter().try_for_each(check)?;
        let card: Card = serde_json::from_slice(files::CARD)?;
        let because = |name| move |source| LoadError::Weights { name, source };
        let tier1 = Tier1::read(files::TIER1).map_err(because("tier1.safetensors"))?;
        let tier2 = Tier2::read(files::TIER2, files::TOKENIZER, kernel)
            .map_err(because("tier2.safetensors"))?;
        let thresholds = Thresholds {
            sure_below: card.sure_below(),
            temperature: card.temperature(),
        };
        Ok(Self {
            texts: Cascade::new(tier1, Some(tier2), thresholds),
            actions: Scope::read(files::SCOPE, files::MEANINGS, files::TOKENIZER)
                .map_err(because("scope.json"))?,
            alarm_above: card.alarm_above(),
        })
    }
}

/// Each shipped file's name, size in bytes and SHA-256.
pub fn identities() -> impl Iterator<Item = (&'static str, usize, &'static str)> {
    FILES
        .iter()
        .map(|file| (file.name, file.bytes.len(), file.sha256))
}

fn check(file: &File) -> Result<(), LoadError> {
    let found: String = digest(&SHA256, file.bytes)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if found == file.sha256 {
        return Ok(());
    }
    Err(LoadError::Hash {
        name: file.name,
        expected: file.sha256,
        found,
    })
}

#[cfg(test)]
mod tests;
