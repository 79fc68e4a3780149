//! Tests that the encoder comes to what PyTorch does, and that windows cover a text.

use std::collections::{BTreeMap, HashMap};

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::prepare::prepare;

/// A small encoder with made-up weights, and what `models/training/golden_encoder.py` made of it.
#[derive(Deserialize)]
struct Golden {
    shape: Value,
    tensors: BTreeMap<String, Vec<usize>>,
    lengths: Vec<u32>,
    logits: Vec<[f32; 3]>,
}

fn golden() -> Vec<Golden> {
    serde_json::from_str(include_str!("../../tests/golden_encoder.json")).unwrap()
}

impl Golden {
    fn size(&self, name: &str) -> u32 {
        u32::try_from(self.shape[name].as_u64().unwrap()).unwrap()
    }

    fn file(&self) -> Vec<u8> {
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

    fn tier2(&self, kernel: Kernel) -> Tier2 {
        Tier2::read(&self.file(), &tokenizer(), kernel).unwrap()
    }

    fn window(&self, len: u32) -> TokenWindow {
        let ids = (0..len).map(|at| (7 * at + 3) % self.size("vocabulary"));
        TokenWindow {
            ids: ids.collect(),
            range: 0..0,
        }
    }
}

/// Words of one to three letters over `a` to `e`.
fn tokenizer() -> Vec<u8> {
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
    serde_json::to_vec(&file).unwrap()
}

fn close(logits: Logits, expected: [f32; 3], tolerance: f32) {
    let found = [logits.benign, logits.injection, logits.jailbreak];
    for (found, expected) in found.into_iter().zip(expected) {
        assert!(
            (found - expected).abs() <= tolerance,
            "{found} for {expected}"
        );
    }
}

#[test]
fn an_encoder_comes_to_what_pytorch_does() {
    for golden in golden() {
        let float = golden.tier2(Kernel::Float32);
        let int8 = golden.tier2(Kernel::Q8);
        for (len, expected) in golden.lengths.iter().zip(&golden.logits) {
            let window = golden.window(*len);
            close(float.judge(&window).unwrap().logits, *expected, 2e-4);
            close(int8.judge(&window).unwrap().logits, *expected, 0.05);
        }
    }
}

#[test]
fn only_matrices_that_the_packed_kernels_take_are_quantized() {
    let counts: Vec<usize> = golden()
        .iter()
        .map(|golden| golden.tier2(Kernel::Q8).encoder.q8_matrices())
        .collect();
    // Width 64 has none; of 256 with four heads of 32 all but `out`, which has 128 inputs; of 384
    // only `down`, which has 768.
    assert_eq!(counts, [0, 10, 1]);
    assert!(
        golden()
            .iter()
            .all(|golden| golden.tier2(Kernel::Float32).encoder.q8_matrices() == 0)
    );
}

#[test]
fn a_score_is_the_same_bit_for_bit_whatever_is_judged_beside() {
    let golden = &golden()[1];
    let tier2 = golden.tier2(Kernel::fastest());
    let window = golden.window(31);
    let alone = tier2.judge(&window).unwrap();
    std::thread::scope(|scope| {
        let beside: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    for len in [128, 9, 31] {
                        let judged = tier2.judge(&golden.window(len)).unwrap();
                        assert!(len != 31 || judged == alone);
                    }
                })
            })
            .collect();
        assert!(beside.into_iter().all(|thread| thread.join().is_ok()));
    });
}

#[test]
fn windows_cover_a_text_and_tell_where_they_stand() {
    let tier2 = golden()[0].tier2(Kernel::Float32);
    for words in [0, 1, 63, 64, 118, 119, 900] {
        let text = "Ab ".repeat(words);
        let prepared = prepare(&text);
        let found = tier2.windows(&prepared).unwrap();
        let tokens = words * 2;
        let count = if tokens == 0 {
            0
        } else {
            tokens.saturating_sub(16).div_ceil(110).max(1)
        };
        assert_eq!(found.len(), count, "{words}");
        assert!(found.iter().all(|window| window.tokens() <= 128));
        if let (Some(first), Some(last)) = (found.first(), found.last()) {
            assert_eq!(first.range.start, 0);
            assert_eq!(last.range.end, text.trim_end().len());
        }
    }
    assert_eq!(tier2.worst(&prepare("  ")).unwrap(), None);
    assert!(tier2.worst(&prepare("abc dé [SEP]")).unwrap().is_some());
}

#[test]
fn files_that_are_not_whole_are_refused() {
    let golden = &golden()[0];
    let refused = |file: &[u8], tokenizer: &[u8]| {
        Tier2::read(file, tokenizer, Kernel::Float32)
            .unwrap_err()
            .to_string()
    };
    let file = golden.file();
    assert!(refused(&file[..file.len() - 1], &tokenizer()).contains("safetensors"));
    assert!(refused(&file, b"{}").contains("tokenizer"));
    let with = |change: &dyn Fn(&mut Golden)| {
        let mut changed = self::golden().swap_remove(0);
        change(&mut changed);
        refused(&changed.file(), &tokenizer())
    };
    assert!(with(&|golden| golden.shape = json!("none")).contains("shape"));
    assert!(with(&|golden| golden.shape["layers"] = json!(1_000_000)).contains("sizes"));
    assert!(with(&|golden| golden.shape["vocabulary"] = json!(5)).contains("words.weight"));
    assert!(with(&|golden| drop(golden.tensors.remove("look"))).contains("look"));
    let mut spoilt = file;
    let last = spoilt.len() - 4;
    spoilt[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(refused(&spoilt, &tokenizer()).contains("no finite number"));
}

#[test]
fn odds_and_probability_agree() {
    let logits = Logits {
        benign: 1.0,
        injection: 2.0,
        jailbreak: 0.0,
    };
    let expected = (2_f32.exp() + 1.0).ln() - 1.0;
    assert!((logits.odds() - expected).abs() < 1e-6);
    assert!((logits.probability(1.0) - 1.0 / (1.0 + (-expected).exp())).abs() < 1e-6);
    assert!(logits.probability(4.0) < logits.probability(1.0));
}
