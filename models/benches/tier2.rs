//! What the encoder costs for a window, by size and by how its matrices are kept.
//!
//! `cargo bench -p magistrate-models --bench tier2`, with `RAYON_NUM_THREADS=1 CANDLE_NUM_THREADS=1` for
//! one core. Aims: 6 ms for 128 tokens, 25 ms for 512 (five windows).

#![expect(clippy::unwrap_used, reason = "a bench that cannot run shall stop")]

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use magistrate_models::{Kernel, Tier2, Vocabulary, prepare};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

/// Layers, width, heads, inner.
type Sizes = (usize, usize, usize, usize);

const WORDS: usize = 1_000;

fn tensors((layers, width, heads, inner): Sizes) -> Vec<(String, Vec<usize>)> {
    let mut all = vec![
        ("words.weight".to_owned(), vec![WORDS + 4, width]),
        ("positions.weight".to_owned(), vec![128, width]),
        ("look".to_owned(), vec![width]),
        ("head.weight".to_owned(), vec![3, 2 * width]),
        ("head.bias".to_owned(), vec![3]),
    ];
    let mut norm = |name: String| {
        all.push((format!("{name}.weight"), vec![width]));
        all.push((format!("{name}.bias"), vec![width]));
    };
    norm("norm_words".to_owned());
    for layer in 0..layers {
        norm(format!("layers.{layer}.norm_attention"));
        norm(format!("layers.{layer}.norm"));
    }
    let attended = heads * 32;
    for layer in 0..layers {
        for (name, outputs, inputs) in [
            ("query", attended, width),
            ("key", attended, width),
            ("value", attended, width),
            ("out", width, attended),
            ("up", inner, width),
            ("down", width, inner),
        ] {
            let name = format!("layers.{layer}.{name}");
            all.push((format!("{name}.weight"), vec![outputs, inputs]));
            all.push((format!("{name}.bias"), vec![outputs]));
        }
    }
    all
}

fn tier2(sizes: Sizes, kernel: Kernel) -> Tier2 {
    let (layers, width, heads, inner) = sizes;
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = tensors(sizes)
        .into_iter()
        .map(|(name, sizes)| {
            let count: usize = sizes.iter().product();
            let numbers = (0..count).flat_map(|at| ((at % 31) as f32 / 310.0 - 0.05).to_le_bytes());
            (name, sizes, numbers.collect())
        })
        .collect();
    let views = tensors.iter().map(|(name, sizes, bytes)| {
        (
            name.as_str(),
            TensorView::new(Dtype::F32, sizes.clone(), bytes).unwrap(),
        )
    });
    let shape = json!({"vocabulary": WORDS + 4, "layers": layers, "width": width, "heads": heads,
                       "inner": inner, "places": 128});
    let metadata = HashMap::from([("shape".to_owned(), shape.to_string())]);
    let file = safetensors::serialize(views, Some(metadata)).unwrap();
    let vocabulary = Arc::new(Vocabulary::read(&tokenizer()).unwrap());
    Tier2::read(&file, &vocabulary, kernel).unwrap()
}

fn tokenizer() -> Vec<u8> {
    let marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map(str::to_owned);
    let words = marks
        .into_iter()
        .chain((0..WORDS).map(|number| format!("w{number}")));
    let ids: serde_json::Map<String, Value> = words
        .enumerate()
        .map(|(id, word)| (word, json!(id)))
        .collect();
    let file = json!({
        "version": "1.0", "added_tokens": [], "normalizer": null,
        "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": null, "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": ids},
    });
    serde_json::to_vec(&file).unwrap()
}

fn text(tokens: usize) -> String {
    let words: Vec<String> = (0..tokens)
        .map(|at| format!("w{}", at * 37 % WORDS))
        .collect();
    words.join(" ")
}

fn bench(criterion: &mut Criterion) {
    for (name, sizes) in [
        ("minilm_6x384", (6, 384, 12, 1536)),
        ("minilm_3x384", (3, 384, 12, 1536)),
        ("student_6x256", (6, 256, 8, 1024)),
        ("student_4x256", (4, 256, 8, 1024)),
        ("student_4x512", (4, 512, 8, 1024)),
    ] {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20);
        for kernel in [Kernel::Float32, Kernel::Q8] {
            // MiniLM's width has no packed kernel; the encoder keeps it as float32.
            let tier2 = tier2(sizes, kernel);
            for tokens in [30, 126, 512] {
                let prepared = prepare(&text(tokens));
                group.bench_function(format!("{kernel:?}/{tokens}"), |bencher| {
                    bencher.iter(|| tier2.worst(black_box(&prepared)).unwrap());
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
