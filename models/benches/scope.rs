//! What it costs to hold a call against its session's task.
//!
//! `cargo bench -p magistrate-models --bench scope`.

#![expect(clippy::unwrap_used, reason = "a bench that cannot run shall stop")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use magistrate_models::{Action, Call, Kernel, Models};
use serde_json::json;

const TASK: &str = "Please look at the failing build of the billing service. Find out which commit broke it, \
    fix the test and open a pull request. Tell Ana (ana@example.com) when it is done.";

fn call(number: usize) -> Call {
    let command = format!(
        "cd /home/ana/src/billing && git log --oneline -n {number} -- src/invoice.rs | head -n 20 && cargo test invoice"
    );
    let value = json!({"tool": "Bash", "arguments": {"command": command, "timeout": 120_000,
        "description": "Runs the tests of the invoice module after looking at its last commits"}});
    serde_json::from_value(value).unwrap()
}

fn bench(criterion: &mut Criterion) {
    let models = Models::load(Kernel::fastest()).unwrap();
    let mut group = criterion.benchmark_group("scope");
    for calls in [0, 6] {
        let action = Action {
            task: TASK.to_owned(),
            history: (0..calls).map(call).collect(),
            call: call(7),
            destination: None,
        };
        group.bench_function(format!("after_{calls}_calls"), |bencher| {
            bencher.iter(|| models.actions.judge(black_box(&action)));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
