//! The models that ship inside the program, or lie in a folder: their files, the hashes that they must
//! have, their card.

mod card;
mod files;
mod folder;
mod resident;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};

use crate::cascade::{Cascade, Thresholds};
use crate::scope::Scope;
use crate::tier1::Tier1;
use crate::tier2::{Kernel, Tier2};
use crate::tune::{Example, TuneError, Tuned, tune};
use crate::vocabulary::Vocabulary;
use crate::weights::WeightsError;
use card::Card;
use files::{FILES, File};

pub use files::CARD_PAGE;

/// All models, ready to judge.
#[derive(Debug)]
pub struct Models {
    /// Injection and jailbreak.
    pub texts: Arc<Cascade>,
    /// Scope drift.
    pub actions: Arc<Scope>,
    /// The log odds from which on a text is taken for an attack: at 1 % false positives, as the card says.
    pub alarm_above: f64,
    /// The sum of the trees from which on an action is taken for drift, likewise; where the trees say it.
    pub drift_above: Option<f64>,
    /// Which models these are: the first digits of the hash of their card, which states the hashes of
    /// all their files.
    pub identity: Arc<str>,
}

/// Why the shipped models cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file cannot be written.
    #[error("cannot write model file `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file cannot be read at all.
    #[error("cannot read model file `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is not the one that this program was built for, or that its folder's card states.
    #[error(
        "model file `{name}` has SHA-256 {found}, expected {expected}: it is damaged, install it anew"
    )]
    Hash {
        /// Its name.
        name: &'static str,
        /// What it should have.
        expected: String,
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
        let models = Parts::shipped().models(kernel);
        FILES.iter().for_each(|file| resident::let_go(file.bytes));
        models
    }

    /// Fits the head of tier 2 to labelled texts; `told` hears how many of them are read.
    ///
    /// # Errors
    /// When there are too few texts, a model fails, or there is no tier 2.
    pub fn tune(&self, examples: &[Example], told: impl FnMut(usize)) -> Result<Tuned, TuneError> {
        let tier2 = self.texts.tier2().ok_or(TuneError::Missing)?;
        tune(tier2, examples, told)
    }

    /// Writes a folder with the shipped files, and what was tuned in their place.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write_tuned(folder: &Path, tuned: &Tuned) -> Result<(), LoadError> {
        folder::write(folder, tuned)
    }

    /// Reads models from a folder with the files that ship, among them `card.json`, which states
    /// their hashes.
    ///
    /// # Errors
    /// When a file is missing, is not the one that the card states, or cannot be used.
    pub fn load_from(folder: &Path, kernel: Kernel) -> Result<Self, LoadError> {
        folder::read(folder)?.models(kernel)
    }
}

/// Digits that tell models apart.
const IDENTITY_DIGITS: usize = 16;

/// The bytes of all files.
struct Parts {
    tier1: Cow<'static, [u8]>,
    tier2: Cow<'static, [u8]>,
    tokenizer: Cow<'static, [u8]>,
    scope: Cow<'static, [u8]>,
    meanings: Cow<'static, [u8]>,
    card: Cow<'static, [u8]>,
}

impl Parts {
    const fn shipped() -> Self {
        Self {
            tier1: Cow::Borrowed(files::TIER1),
            tier2: Cow::Borrowed(files::TIER2),
            tokenizer: Cow::Borrowed(files::TOKENIZER),
            scope: Cow::Borrowed(files::SCOPE),
            meanings: Cow::Borrowed(files::MEANINGS),
            card: Cow::Borrowed(files::CARD),
        }
    }

    fn models(&self, kernel: Kernel) -> Result<Models, LoadError> {
        let card: Card = serde_json::from_slice(&self.card)?;
        let because = |name| move |source| LoadError::Weights { name, source };
        let tier1 = Tier1::read(&self.tier1).map_err(because("tier1.safetensors"))?;
        let vocabulary = Vocabulary::read(&self.tokenizer).map_err(because("tokenizer.json"))?;
        let vocabulary = Arc::new(vocabulary);
        let tier2 =
            Tier2::read(&self.tier2, &vocabulary, kernel).map_err(because("tier2.safetensors"))?;
        let actions =
            Scope::read(&self.scope, &self.meanings, &vocabulary).map_err(because("scope.json"))?;
        let thresholds = Thresholds {
            sure_below: card.sure_below(),
            temperature: card.temperature(),
            alarm_above: card.alarm_above(),
        };
        Ok(Models {
            texts: Arc::new(Cascade::new(tier1, Some(tier2), thresholds)),
            drift_above: actions.alarm_above(),
            actions: Arc::new(actions),
            alarm_above: card.alarm_above(),
            identity: hash(&self.card)
                .chars()
                .take(IDENTITY_DIGITS)
                .collect::<String>()
                .into(),
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
    expect(file.name, file.sha256, &hash(file.bytes))
}

fn expect(name: &'static str, expected: &str, found: &str) -> Result<(), LoadError> {
    if found == expected {
        return Ok(());
    }
    Err(LoadError::Hash {
        name,
        expected: expected.to_owned(),
        found: found.to_owned(),
    })
}

/// SHA-256 in small hex digits.
fn hash(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    let digits = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

#[cfg(test)]
mod tests;
