//! What tier 1 costs for a text: prepared and scored.
//!
//! `cargo bench -p magistrate-models --bench tier1`. Aim on one core: 60 µs for 512 words.

#![expect(clippy::unwrap_used, reason = "a bench that cannot run shall stop")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use magistrate_models::{Tier1, prepare};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

/// Weights of any numbers: what they are does not change the work.
fn tier1() -> Tier1 {
    let weights: Vec<u8> = (0..1_u32 << 18).map(|slot| slot.to_le_bytes()[1]).collect();
    let one = 0.01_f32.to_le_bytes();
    let view = |dtype, len, bytes| TensorView::new(dtype, vec![len], bytes).unwrap();
    let tensors = [
        (
            "weights",
            view(Dtype::I8, weights.len(), weights.as_slice()),
        ),
        ("scale", view(Dtype::F32, 1, &one)),
        ("bias", view(Dtype::F32, 1, &one)),
    ];
    Tier1::read(&safetensors::serialize(tensors, None).unwrap()).unwrap()
}

fn bench(criterion: &mut Criterion) {
    let tier1 = tier1();
    let english = "The quarterly report is attached, please review it before Friday's meeting and \
        send your notes to accounting@example.com (see https://wiki.example.com/q?id=4). ";
    let chinese = "请在周五会议之前审阅附上的季度报告，并将您的意见发送给财务部门。";
    let json =
        r#"{"id":4711,"title":"Build failed","steps":[{"name":"test","ok":false}],"by":"ana"} "#;
    let mut group = criterion.benchmark_group("tier1_512_words");
    for (name, text) in [("english", english), ("chinese", chinese), ("json", json)] {
        // About so many words, whatever a word is.
        let times = if name == "chinese" {
            18
        } else {
            512 / text.split([' ', ',', ':']).count()
        };
        let text = text.repeat(times.max(1));
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| tier1.worst(&prepare(black_box(&text))));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
