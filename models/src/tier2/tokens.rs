//! Cuts a prepared text into windows of token ids, as `models/training/vocabulary.py` does.

use std::ops::Range;
use std::sync::Arc;

use super::JudgeError;
use crate::vocabulary::Vocabulary;
use crate::weights::WeightsError;

/// Tokens of a window beside its two marks, and how far apart windows begin.
const WINDOW_TOKENS: usize = 126;
const STEP_TOKENS: usize = 110;

/// A vocabulary, and the marks of a window.
#[derive(Debug)]
pub(super) struct Tokens {
    vocabulary: Arc<Vocabulary>,
    /// The ids of `[CLS]` and `[SEP]`.
    marks: [u32; 2],
}

impl Tokens {
    /// The tokens of `vocabulary`, of which the model must know all: it knows `known`.
    pub(super) fn new(vocabulary: &Arc<Vocabulary>, known: usize) -> Result<Self, WeightsError> {
        let library = vocabulary.library();
        let size = library.get_vocab_size(true);
        if size > known {
            let message = format!("it has {size} tokens, the model {known}");
            return Err(WeightsError::Tokenizer(message));
        }
        let mark = |name: &str| {
            let id = library.token_to_id(name);
            id.ok_or_else(|| WeightsError::Tokenizer(format!("it has no `{name}`")))
        };
        let marks = [mark("[CLS]")?, mark("[SEP]")?];
        Ok(Self {
            vocabulary: Arc::clone(vocabulary),
            marks,
        })
    }

    /// The windows of `text`, with where they stand in it.
    pub(super) fn windows(
        &self,
        text: &str,
    ) -> Result<impl Iterator<Item = (Vec<u32>, Range<usize>)> + use<'_>, JudgeError> {
        let found = self
            .vocabulary
            .library()
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
