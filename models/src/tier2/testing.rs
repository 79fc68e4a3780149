//! Small encoders with made-up weights, for tests.

use std::collections::{BTreeMap, HashMap};

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

/// A small encoder.
pub(crate) fn tier2() -> Tier2 {
    golden()[0].tier2(Kernel::Float32)
}

/// Its weights as a file.
pub(crate) fn file() -> Vec<u8> {
    golden()[0].file()
}

/// A small encoder with made-up weights, and what `models/training/golden_encoder.py` made of it.
#[derive(Deserialize)]
pub(super) struct Golden {
    pub(super) shape: Value,
    pub(super) tensors: BTreeMap<String, Vec<usize>>,
    pub(super) lengths: Vec<u32>,
    pub(super) logits: Vec<[f32; 3]>,
}

pub(super) fn golden() -> Vec<Golden> {
    serde_json::from_str(include_str!("../../tests/golden_encoder.json")).unwrap()
}

impl Golden {
    fn size(&self, name: &str) -> u32 {
        u32::try_from(self.shape[name].as_u64().unwrap()).unwrap()
    }

    pub(super) fn file(&self) -> Vec<u8> {
        let number = |name: &str, at: usize| {
            let seed = name.len() * 40_503 + usize::from(name.as_bytes()[0]);
            let hash = ((at * 2_654_435_761 + seed) >> 7) % 255;
            let number = (f32::from(u8::try_from(hash).unwrap()) - 127.0) / 1024.0;
            let is_norm = name.ends_with("weight") && name.contains("norm");
            number + f32::from(u8::from(is_norm))
        };
        let tensors: Vec<(&String, &Vec<usize>, Vec<u8>)> = self
            .tensors
            .iter()
            .map(|(name, sizes)| {
                let count = sizes.iter().product();
                let numbers = (0..count).flat_map(|at| number(name, at).to_le_bytes());
                (name, sizes, numbers.collect())
            })
            .collect();
        let views = tensors.iter().map(|(name, sizes, bytes)| {
            let view = TensorView::new(Dtype::F32, sizes.to_vec(), bytes).unwrap();
            (name.as_str(), view)
        });
        let metadata = HashMap::from([("shape".to_owned(), self.shape.to_string())]);
        safetensors::serialize(views, Some(metadata)).unwrap()
    }

    pub(super) fn tier2(&self, kernel: Kernel) -> Tier2 {
        Tier2::read(&self.file(), &vocabulary(), kernel).unwrap()
    }

    pub(super) fn window(&self, len: u32) -> TokenWindow {
        let ids = (0..len).map(|at| (7 * at + 3) % self.size("vocabulary"));
        TokenWindow {
            ids: ids.collect(),
            range: 0..0,
        }
    }
}

/// Words of one to three letters over `a` to `e`.
pub(crate) fn vocabulary() -> Arc<Vocabulary> {
    let mut words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
        .map(str::to_owned)
        .to_vec();
    for letter in ["a", "b", "c", "d", "e"] {
        words.extend([
            letter.to_owned(),
            format!("##{letter}"),
            format!("{letter}x"),
        ]);
    }
    let ids: serde_json::Map<String, Value> = words
        .into_iter()
        .enumerate()
        .map(|(id, word)| (word, json!(id)))
        .collect();
    let file = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                       "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": null, "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": ids},
    });
    let file = serde_json::to_vec(&file).unwrap();
    Arc::new(Vocabulary::read(&file).unwrap())
}
