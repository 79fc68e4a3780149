//! Tests that the encoder comes to what PyTorch does, and that windows cover a text.

use serde_json::json;

use super::testing::{Golden, golden, vocabulary};
use super::*;
use crate::prepare::prepare;

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
fn every_matrix_of_a_layer_is_kept_as_the_kernel_says() {
    for golden in golden() {
        let layers = golden.shape["layers"].as_u64().unwrap();
        let q8 = golden.tier2(Kernel::Q8).encoder.q8_matrices();
        assert_eq!(q8 as u64, 4 * layers);
        let float = golden.tier2(Kernel::Float32).encoder.q8_matrices();
        assert_eq!(float, 0);
    }
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
    let refused = |file: &[u8]| {
        Tier2::read(file, &vocabulary(), Kernel::Float32)
            .unwrap_err()
            .to_string()
    };
    let file = golden.file();
    assert!(refused(&file[..file.len() - 1]).contains("safetensors"));
    let with = |change: &dyn Fn(&mut Golden)| {
        let mut changed = super::testing::golden().swap_remove(0);
        change(&mut changed);
        refused(&changed.file())
    };
    assert!(with(&|golden| golden.shape = json!("none")).contains("shape"));
    assert!(with(&|golden| golden.shape["layers"] = json!(1_000_000)).contains("sizes"));
    assert!(with(&|golden| golden.shape["vocabulary"] = json!(5)).contains("words.weight"));
    assert!(with(&|golden| drop(golden.tensors.remove("look"))).contains("look"));
    let mut spoilt = file;
    let last = spoilt.len() - 4;
    spoilt[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(refused(&spoilt).contains("no finite number"));
}

#[test]
fn odds_are_those_of_both_kinds_of_attack() {
    let logits = Logits {
        benign: 1.0,
        injection: 2.0,
        jailbreak: 0.0,
    };
    let expected = (2_f32.exp() + 1.0).ln() - 1.0;
    assert!((logits.odds() - expected).abs() < 1e-6);
}
