//! What rules cost for each event: the shipped ones, and a public corpus beside them.
//!
//! `MAGISTRATE_SIGMA=FOLDER` names a checkout of SigmaHQ's rules; without it only the shipped rules
//! are measured. Time is the thread's CPU time, so that a busy machine does not blur it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench may stop where its own input is wrong"
)]

#[path = "shared/cpu_time.rs"]
mod cpu_time;

use std::path::{Path, PathBuf};

use cpu_time::CpuTime;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use magistrate_enrich::{
    Case, Context, ContextConfig, Correlator, DetectConfig, DetectFile, DetectLists, Grouper,
    ModelScores, Ruleset, UidKey, Watch, normalize, shipped_detections,
};
use magistrate_event::{Event, EventUid, Identity, Line, Origin, Payload, Raw, Source, Timestamp};

/// The kernel counts CPU time coarsely: a measurement has to be long.
const ROUNDS: u64 = 40;
const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

fn events_of(payload: Payload) -> Vec<(EventUid, Event)> {
    let raw = Raw {
        origin: Origin {
            source: Source::OtlpHttp,
            peer: None,
            identity: Identity::Anonymous,
        },
        received: NOW,
        arrival: 1,
        payload,
    };
    let mut events = Vec::new();
    let key = UidKey::new([7; 32]);
    normalize(&raw, &key, |uid, event| events.push((uid, event))).expect("the recording is sound");
    events
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
}

/// What the real client sent in one session: log events.
fn recorded() -> Vec<(EventUid, Event)> {
    let folder = fixtures().join("otlp/http-protobuf-full");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the recordings")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.to_string_lossy().contains("logs"))
        .collect();
    files.sort();
    let bodies = files
        .iter()
        .map(|file| std::fs::read(file).expect("a body"));
    bodies
        .flat_map(|body| events_of(Payload::OtlpLogs(body.into())))
        .collect()
}

/// Lines of a proxy.
fn proxied() -> Vec<(EventUid, Event)> {
    let line = |number: usize| {
        let text = format!(
            "CEF:0|Vendor|Proxy|1|100|http|3|src=10.0.0.{} suser=ana request=https://host{number}.example.com/path/{number}/page.html?q={number} requestMethod=GET requestClientApplication=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 in=512 out=20480 act=allowed",
            number % 250
        );
        Line {
            bytes: text.into(),
            cut_from_bytes: None,
        }
    };
    events_of(Payload::Syslog((0..200).map(line).collect()))
}

fn public() -> Vec<DetectFile> {
    let mut files = Vec::new();
    if let Some(folder) = std::env::var_os("MAGISTRATE_SIGMA") {
        read(Path::new(&folder), &mut files);
    }
    files
}

fn read(path: &Path, files: &mut Vec<DetectFile>) {
    for entry in std::fs::read_dir(path).expect("the folder of rules") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read(&path, files);
        } else if path.extension().is_some_and(|end| end == "yml") {
            files.push(DetectFile {
                name: path.display().to_string(),
                text: std::fs::read_to_string(&path).expect("a rule"),
            });
        }
    }
}

fn measure(c: &mut Criterion<CpuTime>, name: &str, rules: &Ruleset, events: &[(EventUid, Event)]) {
    let mut group = c.benchmark_group("detect");
    group.throughput(Throughput::Elements(events.len() as u64 * ROUNDS));
    group.bench_function(name, |b| {
        let mut correlator = Correlator::new(100_000);
        let mut grouper = Grouper::default();
        let context = Context::new(&ContextConfig::default());
        let config = DetectConfig::default();
        b.iter(|| {
            let rounds = (0..ROUNDS).flat_map(|_| events);
            for (uid, event) in rounds {
                let facts = context.observe(event, NOW).facts;
                let case = Case {
                    uid: Some(*uid),
                    event,
                    facts: &facts,
                    scores: &ModelScores::NONE,
                };
                let hits = correlator.observe(rules, case, NOW);
                grouper.take(rules, &config, &hits, case, NOW);
            }
        });
    });
    group.finish();
}

/// What comes before the rules, and what comes after them, each alone.
fn measure_around(c: &mut Criterion<CpuTime>, name: &str, events: &[(EventUid, Event)]) {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(events.len() as u64 * ROUNDS));
    let rounds = || (0..ROUNDS).flat_map(|_| events);
    group.bench_function("context alone", |b| {
        let context = Context::new(&ContextConfig::default());
        b.iter(|| {
            for (_, event) in rounds() {
                context.observe(event, NOW);
            }
        });
    });
    group.bench_function("watch alone", |b| {
        let mut watch = Watch::default();
        b.iter(|| {
            for (_, event) in rounds() {
                watch.observe(event, NOW);
            }
        });
    });
    group.finish();
}

fn detect(c: &mut Criterion<CpuTime>) {
    let (agent, proxy) = (recorded(), proxied());
    measure_around(c, "agent events", &agent);
    measure_around(c, "proxy events", &proxy);
    let shipped = Ruleset::compile(&shipped_detections(), &DetectLists::new());
    measure(c, "shipped rules, agent events", &shipped.rules, &agent);
    measure(c, "shipped rules, proxy events", &shipped.rules, &proxy);
    let public = public();
    if public.is_empty() {
        return;
    }
    let mut files = shipped_detections();
    files.extend(public);
    let both = Ruleset::compile(&files, &DetectLists::new());
    println!(
        "{} rules of {} files, {} faults, {} of log sources that no event of ours has",
        both.rules.rules().len(),
        files.len(),
        both.faults.len(),
        both.rules.rules().filter(|rule| !rule.has_source).count()
    );
    for fault in both.faults.iter().take(20) {
        println!("  {fault}");
    }
    measure(c, "public rules beside, agent events", &both.rules, &agent);
    measure(c, "public rules beside, proxy events", &both.rules, &proxy);
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = detect
}
criterion_main!(benches);
