//! The tokens that texts are cut into, read once for all models that look at them.

mod wordpiece;

use tokenizers::Tokenizer;

use crate::weights::WeightsError;
use wordpiece::WordPiece;

/// What `tokenizer.json` says: tokens, and how a text is cut into them.
#[derive(Debug)]
pub struct Vocabulary {
    library: Tokenizer,
    /// The same for ASCII text, where the library's is of the kind that it can stand for.
    pieces: Option<WordPiece>,
}

impl Vocabulary {
    /// Reads `tokenizer.json`.
    ///
    /// # Errors
    /// When the library cannot read it.
    pub fn read(bytes: &[u8]) -> Result<Self, WeightsError> {
        let library = Tokenizer::from_bytes(bytes);
        let library = library.map_err(|error| WeightsError::Tokenizer(error.to_string()))?;
        Ok(Self {
            library,
            pieces: WordPiece::read(bytes),
        })
    }

    /// The library's, which tells where tokens stand in a text.
    pub(crate) const fn library(&self) -> &Tokenizer {
        &self.library
    }

    /// Calls `take` with the first tokens of `text`, at most `most`; the library's failure is a text
    /// without tokens.
    pub(crate) fn each(&self, text: &str, most: usize, mut take: impl FnMut(u32)) {
        match &self.pieces {
            Some(pieces) if text.is_ascii() => pieces.each(text, most, take),
            Some(_) | None => {
                let found = self.library.encode_fast(text, false).ok();
                let ids = found.iter().flat_map(|found| found.get_ids());
                ids.take(most).for_each(|id| take(*id));
            }
        }
    }
}
