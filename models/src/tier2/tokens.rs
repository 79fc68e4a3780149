//! Cuts a prepared text into windows of token ids, as `models/training/vocabulary.py` does.

use std::ops::Range;

use tokenizers::Tokenizer;

use super::JudgeError;
use crate::weights::WeightsError;

/// Tokens of a window beside its two marks, and how far apart windows begin.
const WINDOW_TOKENS: usize = 126;
const STEP_TOKENS: usize = 110;

/// A WordPiece tokenizer.
#[derive(Debug)]
pub(super) struct Tokens {
    tokenizer: Tokenizer,
    /// The ids of `[CLS]` and `[SEP]`.
    marks: [u32; 2],
}

impl Tokens {
    /// Reads `tokenizer.json`, which must be for a model that knows `vocabulary` tokens.
    pub(super) fn read(bytes: &[u8], vocabulary: usize) -> Result<Self, WeightsError> {
        let tokenizer = Tokenizer::from_bytes(bytes)
            .map_err(|error| WeightsError::Tokenizer(error.to_string()))?;
        let size = tokenizer.get_vocab_size(true);
        if size > vocabulary {
            let message = format!("it has {size} tokens, the model {vocabulary}");
            return Err(WeightsError::Tokenizer(message));
        }
        let mark = |name: &str| {
            let id = tokenizer.token_to_id(name);
            id.ok_or_else(|| WeightsError::Tokenizer(format!("it has no `{name}`")))
        };
        let marks = [mark("[CLS]")?, mark("[SEP]")?];
        Ok(Self { tokenizer, marks })
    }

    /// The windows of `text`, with where they stand in it.
    pub(super) fn windows(
        &self,
        text: &str,
    ) -> Result<impl Iterator<Item = (Vec<u32>, Range<usize>)> + use<'_>, JudgeError> {
        let found = self
            .tokenizer
            .encode(text, false)
            .map_err(|error| JudgeError::Tokenizer(error.to_string()))?;
        let len = found.len();
        // The last steps are a part of the window before.
        let covered = len.saturating_sub(WINDOW_TOKENS - STEP_TOKENS);
        let count = covered.div_ceil(STEP_TOKENS).max(usize::from(len > 0));
        let [begin, end] = self.marks;
        Ok((0..count).map(move |number| {
            let start = number * STEP_TOKENS;
            let tokens = start..len.min(start + WINDOW_TOKENS);
            let ids = found.get_ids().get(tokens.clone()).unwrap_or_default();
            let places = found.get_offsets().get(tokens).unwrap_or_default();
            let first = places.first().map_or(0, |place| place.0);
            let last = places.last().map_or(0, |place| place.1);
            let ids = [&[begin], ids, &[end]].concat();
            (ids, first..last.max(first))
        }))
    }
}
