//! What a verdict of the rules tier costs, from the request's bytes to the verdict and its rows:
//! without HTTP, models and disk.
//!
//! `cargo bench -p magistrate-judge --bench verdict`. Aim: 6 µs for 430 B, 25 µs for 4 KiB.

#![expect(clippy::expect_used, reason = "a bench that cannot run shall stop")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use magistrate_enrich::{
    Context, ContextConfig, Epoch, RedactKey, Redactor, UidKey, shipped_lists, shipped_policies,
};
use magistrate_event::{Identity, Origin, Source, SystemClock};
use magistrate_judge::{
    Carries, Config, Door, Engine, Inquiry, Judged, Moment, Parts, Policies, Postures, Profile,
    Request, Step,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The harmless call of a tool, filled up with text to `bytes` bytes.
fn action(bytes: usize) -> String {
    let with = |text: &str| {
        format!(
            r#"{{"request_id":"5d1c8a52-5f0e-4a58-9f7e-7a8b0c1d2e3f","deadline_ms":50,"session":{{"id":"8a9f4419-9fd6-4e07-90c0-224776b6cc4f","user":"ana@example.com","device":"mac-7"}},"event":"tool_call","tool":{{"name":"mcp__crm__lookup_customer","server":"crm","arguments":{{"query":"Northwind Traders, orders of last week","limit":20}}}},"destination":{{"domain":"crm.example.com"}},"content":{{"text":"{text}","origin":"user"}}}}"#
        )
    };
    let line = "The quarterly numbers are in the folder and the meeting begins at ten on Friday. ";
    let missing = bytes.saturating_sub(with("").len());
    let text: String = line.chars().cycle().take(missing).collect();
    with(&text)
}

fn engine() -> Engine {
    let (policies, _) = Policies::compile(&shipped_policies(), &shipped_lists(), Profile::Native);
    let redactor = Redactor::new(&RedactKey::from_bytes([7; 32]), Epoch(0));
    Engine::new(Parts {
        redactor: Arc::new(redactor.expect("the shipped rules compile")),
        uid_key: UidKey::new([7; 32]),
        policies,
        context: Context::new(&ContextConfig::default()),
        models: None,
        read_only: Duration::from_secs(60),
        postures: Postures::new(&Config::default()),
        clock: Arc::new(SystemClock),
        run: 1,
    })
}

fn judged(engine: &Engine, body: &[u8]) -> Judged {
    let inquiry = Inquiry {
        request: Request::read(body).expect("a request"),
        body_hash: *blake3::hash(body).as_bytes(),
        origin: Origin {
            source: Source::Judge,
            peer: None,
            identity: Identity::Anonymous,
        },
        door: Door {
            name: "bench",
            carries: Carries::ALL,
        },
        step: Step::First,
        since: Instant::now(),
    };
    let (prepared, event) = engine.prepare(inquiry);
    let looked = engine.look(&prepared, event);
    let ruled = engine.rule(&prepared, Some(looked), &[]);
    engine.conclude(&prepared, ruled, Moment::InTime)
}

fn verdicts(criterion: &mut Criterion) {
    let engine = engine();
    let mut group = criterion.benchmark_group("verdict");
    for bytes in [430, 4 << 10, 64 << 10] {
        let body = action(bytes);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(format!("{} B", body.len()), |bencher| {
            bencher.iter(|| judged(&engine, black_box(body.as_bytes())));
        });
    }
    group.finish();
}

criterion_group!(benches, verdicts);
criterion_main!(benches);
