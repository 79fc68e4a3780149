//! Cuts ASCII text into the tokens of a BERT vocabulary, as `tokenizers` does, without a copy of each word.
//!
//! A call is held against its task by a dozen short texts; in a profile of the log door `tokenizers`
//! took four fifths of that, for bookkeeping that a sum of vectors has no use for, and looking up
//! each beginning of a word in a hash table half of what was left.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, MatchKind, StartKind};
use serde::Deserialize;
use serde_json::Value;

/// The vocabulary, and how words are looked up in it.
#[derive(Debug)]
pub(super) struct WordPiece {
    /// Tokens that begin a word.
    first: Tokens,
    /// Tokens that go on with one, without their prefix.
    next: Tokens,
    unknown: u32,
    max_word_bytes: usize,
}

/// Some of the vocabulary, ready to find the longest that a text begins with.
#[derive(Debug)]
struct Tokens {
    finder: AhoCorasick,
    /// Of each text that is found.
    ids: Vec<u32>,
}

/// The parts of `tokenizer.json` that must be as expected.
#[derive(Deserialize)]
struct Written {
    normalizer: Value,
    pre_tokenizer: Value,
    #[serde(default)]
    added_tokens: Vec<Value>,
    truncation: Option<Value>,
    padding: Option<Value>,
    model: Model,
}

#[derive(Deserialize)]
struct Model {
    r#type: String,
    unk_token: String,
    continuing_subword_prefix: String,
    max_input_chars_per_word: usize,
    vocab: HashMap<String, u32>,
}

impl WordPiece {
    /// Reads `tokenizer.json`; none where it says to cut in another way than this.
    pub(super) fn read(tokenizer: &[u8]) -> Option<Self> {
        let written: Written = serde_json::from_slice(tokenizer).ok()?;
        let is =
            |value: &Value, name: &str| value.get("type").and_then(Value::as_str) == Some(name);
        let says = |name: &str| written.normalizer.get(name) == Some(&Value::Bool(true));
        let is_as_expected = is(&written.normalizer, "BertNormalizer")
            && says("clean_text")
            && says("lowercase")
            && is(&written.pre_tokenizer, "BertPreTokenizer")
            && written.added_tokens.is_empty()
            && written.truncation.is_none()
            && written.padding.is_none()
            && written.model.r#type == "WordPiece";
        if !is_as_expected {
            return None;
        }
        let Model {
            unk_token,
            continuing_subword_prefix: prefix,
            max_input_chars_per_word,
            vocab,
            ..
        } = written.model;
        let unknown = *vocab.get(&unk_token)?;
        // A word has no `#`, so that none can begin with the prefix.
        let prefix = prefix.as_str();
        let ascii = || {
            let ascii = vocab.iter().filter(|(token, _)| token.is_ascii());
            ascii.map(|(token, id)| (token.as_str(), *id))
        };
        let first = ascii().filter(|(token, _)| !token.starts_with(prefix));
        let next = ascii().filter_map(|(token, id)| Some((token.strip_prefix(prefix)?, id)));
        Some(Self {
            first: Tokens::new(first)?,
            next: Tokens::new(next)?,
            unknown,
            max_word_bytes: max_input_chars_per_word,
        })
    }

    /// Calls `take` with the tokens of `text`, which must be ASCII, at most `most` of them.
    pub(super) fn each(&self, text: &str, most: usize, mut take: impl FnMut(u32)) {
        let mut left = most;
        let mut take = |id| {
            if left > 0 {
                left -= 1;
                take(id);
            }
            left > 0
        };
        let (mut word, mut pieces) = (Vec::new(), Vec::new());
        for byte in text.bytes().chain([b' ']) {
            let is_blank = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
            // What the normalizer takes out parts no words.
            if byte.is_ascii_control() && !is_blank {
                continue;
            }
            if !is_blank && !byte.is_ascii_punctuation() {
                word.push(byte.to_ascii_lowercase());
                continue;
            }
            self.cut(&word, &mut pieces);
            word.clear();
            if !is_blank {
                let sign = [byte];
                let found = self.first.longest(&sign);
                pieces.push(found.map_or(self.unknown, |(id, _)| id));
            }
            if !pieces.drain(..).all(&mut take) {
                return;
            }
        }
    }

    /// The longest tokens one after the other; the unknown one where a stretch has none.
    fn cut(&self, word: &[u8], pieces: &mut Vec<u32>) {
        if word.len() > self.max_word_bytes {
            pieces.push(self.unknown);
            return;
        }
        let began = pieces.len();
        let (mut rest, mut tokens) = (word, &self.first);
        while !rest.is_empty() {
            let Some((id, after)) = tokens.longest(rest) else {
                pieces.truncate(began);
                pieces.push(self.unknown);
                return;
            };
            pieces.push(id);
            (rest, tokens) = (after, &self.next);
        }
    }
}

impl Tokens {
    /// Pairs of text and id.
    fn new<'a>(tokens: impl Iterator<Item = (&'a str, u32)>) -> Option<Self> {
        let (texts, ids): (Vec<&str>, Vec<u32>) = tokens.unzip();
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .start_kind(StartKind::Anchored)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .prefilter(false)
            .build(texts);
        Some(Self {
            finder: finder.ok()?,
            ids,
        })
    }

    /// The longest that `text` begins with, and what comes after it.
    fn longest<'t>(&self, text: &'t [u8]) -> Option<(u32, &'t [u8])> {
        let input = Input::new(text).anchored(Anchored::Yes);
        let found = self.finder.try_find(input).ok()??;
        let id = *self.ids.get(found.pattern().as_usize())?;
        Some((id, text.get(found.end()..)?))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use tokenizers::Tokenizer;

    use super::*;

    const SHIPPED: &[u8] = include_bytes!("../../weights/tokenizer.json");
    static LIBRARY: LazyLock<Tokenizer> = LazyLock::new(|| Tokenizer::from_bytes(SHIPPED).unwrap());
    static PIECES: LazyLock<WordPiece> = LazyLock::new(|| WordPiece::read(SHIPPED).unwrap());

    fn ids(pieces: &WordPiece, text: &str, most: usize) -> Vec<u32> {
        let mut found = Vec::new();
        pieces.each(text, most, |id| found.push(id));
        found
    }

    #[test]
    fn another_way_to_cut_is_left_to_the_library() {
        let text = std::str::from_utf8(SHIPPED).unwrap();
        assert!(WordPiece::read(text.as_bytes()).is_some());
        for (from, to) in [
            ("BertPreTokenizer", "Whitespace"),
            ("\"lowercase\":true", "\"lowercase\":false"),
        ] {
            let other = text.replace(&from.replace(':', ": "), to).replace(from, to);
            assert_ne!(other, text, "{from}");
            assert!(WordPiece::read(other.as_bytes()).is_none(), "{from}");
        }
    }

    proptest! {
        #[test]
        fn tokens_are_the_librarys(
            parts in proptest::collection::vec(
                prop_oneof![
                    "[ -~\\t\\n\\r\\x00-\\x1f\\x7f]{0,12}",
                    "(re|un|token|iz|ing|##s|pass|word|ly|2|0|_|-| ){0,8}",
                    "[a-z]{95,105}",
                ],
                0..8,
            ),
            most in 0_usize..40,
        ) {
            let text = parts.concat();
            let expected = LIBRARY.encode_fast(text.as_str(), false).unwrap();
            prop_assert_eq!(ids(&PIECES, &text, usize::MAX), expected.get_ids());
            let some: Vec<u32> = expected.get_ids().iter().copied().take(most).collect();
            prop_assert_eq!(ids(&PIECES, &text, most), some);
        }
    }
}
