//! Tier 2: a small transformer encoder on candle, milliseconds a window; for text that tier 1 is not
//! sure of.

mod encoder;
mod gelu;
mod kernel;
mod tokens;

use std::ops::Range;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::prepare::Prepared;
use crate::tune::Head;
use crate::vocabulary::Vocabulary;
use crate::weights::WeightsError;
use encoder::{Encoder, Shape};
pub use kernel::Kernel;
use tokens::Tokens;

/// What a text may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Logits {
    /// Nothing of the kind.
    pub benign: f32,
    /// It gives orders that are not the user's.
    pub injection: f32,
    /// It talks a model out of its rules.
    pub jailbreak: f32,
}

/// A window of a text, and what it may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What it may be.
    pub logits: Logits,
    /// Where it stands in the prepared text, in bytes.
    pub range: Range<usize>,
}

/// Why a window could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// The model failed.
    #[error("model failed")]
    Model(#[from] candle_core::Error),
    /// The tokenizer failed.
    #[error("tokenizer failed: {0}")]
    Tokenizer(String),
    /// The model gave no number.
    #[error("model gave no number")]
    NotANumber,
}

/// An encoder with its tokenizer.
#[derive(Debug)]
pub struct Tier2 {
    encoder: Encoder,
    tokens: Tokens,
}

impl Tier2 {
    /// Reads an encoder from safetensors (float16 or float32, its sizes under `shape` in the
    /// metadata), which reads the tokens of `vocabulary`. Matrices are kept as `kernel` says, where
    /// their sizes allow it.
    ///
    /// # Errors
    /// When something is missing, of another size, or no finite number.
    pub fn read(
        weights: &[u8],
        vocabulary: &Arc<Vocabulary>,
        kernel: Kernel,
    ) -> Result<Self, WeightsError> {
        let (_, metadata) = SafeTensors::read_metadata(weights).map_err(WeightsError::Container)?;
        let said = metadata
            .metadata()
            .as_ref()
            .and_then(|said| said.get("shape"));
        let shape: Shape = said
            .and_then(|said| serde_json::from_str(said).ok())
            .ok_or(WeightsError::Shape)?;
        let tensors = SafeTensors::deserialize(weights).map_err(WeightsError::Container)?;
        Ok(Self {
            encoder: Encoder::read(&tensors, shape, kernel)?,
            tokens: Tokens::new(vocabulary, shape.vocabulary)?,
        })
    }

    /// The windows of a text: each can be judged by itself, in any order, by any thread.
    ///
    /// # Errors
    /// When the tokenizer fails.
    pub fn windows(&self, text: &Prepared) -> Result<Vec<TokenWindow>, JudgeError> {
        let windows = self.tokens.windows(text.text())?;
        Ok(windows
            .map(|(ids, range)| TokenWindow { ids, range })
            .collect())
    }

    /// Judges a window. It is computed alone, so that its score is the same bit for bit whatever
    /// else is judged.
    ///
    /// # Errors
    /// When the model fails or gives no number: never a score.
    pub fn judge(&self, window: &TokenWindow) -> Result<Judged, JudgeError> {
        let ids = Tensor::new(window.ids.as_slice(), &Device::Cpu)?;
        let logits = self.encoder.forward(&ids)?.to_vec1::<f32>()?;
        let [benign, injection, jailbreak] = *logits.as_slice() else {
            return Err(JudgeError::NotANumber);
        };
        if !logits.iter().all(|logit| logit.is_finite()) {
            return Err(JudgeError::NotANumber);
        }
        Ok(Judged {
            logits: Logits {
                benign,
                injection,
                jailbreak,
            },
            range: window.range.clone(),
        })
    }

    /// What the head sees of a window.
    pub(crate) fn features(&self, window: &TokenWindow) -> Result<Vec<f32>, JudgeError> {
        let ids = Tensor::new(window.ids.as_slice(), &Device::Cpu)?;
        Ok(self.encoder.features(&ids)?.flatten_all()?.to_vec1()?)
    }

    /// The head.
    pub(crate) fn head(&self) -> Result<Head, JudgeError> {
        let (weight, bias) = self.encoder.head()?;
        Ok(Head { weight, bias })
    }

    /// The worst window of a text; `None` where it has no tokens.
    ///
    /// # Errors
    /// When one window cannot be judged.
    pub fn worst(&self, text: &Prepared) -> Result<Option<Judged>, JudgeError> {
        let mut worst: Option<Judged> = None;
        for window in self.windows(text)? {
            let judged = self.judge(&window)?;
            let is_worse = |worst: &Judged| judged.logits.odds() > worst.logits.odds();
            if worst.as_ref().is_none_or(is_worse) {
                worst = Some(judged);
            }
        }
        Ok(worst)
    }
}

/// The bytes of a tier 2 with another head.
///
/// # Errors
/// When `weights` are no tier 2, or cannot be written anew.
pub(crate) fn with_head(weights: &[u8], head: &Head) -> Result<Vec<u8>, WeightsError> {
    let (_, metadata) = SafeTensors::read_metadata(weights).map_err(WeightsError::Container)?;
    let old = SafeTensors::deserialize(weights).map_err(WeightsError::Container)?;
    let bytes = |numbers: &[f32]| -> Vec<u8> {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes());
        bytes.collect()
    };
    let (weight, bias) = (bytes(&head.weight.concat()), bytes(&head.bias));
    let mut tensors = Vec::new();
    for (name, view) in old.tensors() {
        let own = match name.as_str() {
            "head.weight" => Some(&weight),
            "head.bias" => Some(&bias),
            _ => None,
        };
        let view = match own {
            Some(own) => TensorView::new(Dtype::F32, view.shape().to_vec(), own),
            None => Ok(view),
        };
        tensors.push((name, view.map_err(WeightsError::Container)?));
    }
    safetensors::serialize(tensors, metadata.metadata().clone()).map_err(WeightsError::Container)
}

/// Token ids with the marks around them, and where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenWindow {
    ids: Vec<u32>,
    range: Range<usize>,
}

impl TokenWindow {
    /// The token ids.
    #[cfg(test)]
    pub(crate) fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Where it stands in the prepared text, in bytes.
    pub const fn range(&self) -> &Range<usize> {
        &self.range
    }

    /// How many tokens there are, marks included: what judging costs grows with it.
    pub const fn tokens(&self) -> usize {
        self.ids.len()
    }
}

impl Logits {
    /// The log odds that it is an attack of either kind.
    pub fn odds(self) -> f32 {
        let most = self.injection.max(self.jailbreak);
        let sum = (self.injection - most).exp() + (self.jailbreak - most).exp();
        most + sum.ln() - self.benign
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
