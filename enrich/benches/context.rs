//! How much memory a million sessions take: each as the real client recorded one.
//!
//! Prints how much resident memory grew, and wall time an event. `MAGISTRATE_SESSIONS` says how
//! many, `MAGISTRATE_CAPTURE` which recording of `tests/fixtures/otlp`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench may stop where its own input is wrong"
)]

use std::path::Path;

use magistrate_enrich::{Context, ContextConfig, UidKey, normalize};
use magistrate_event::{Event, Field, Identity, Origin, Payload, Raw, Source, Timestamp};

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// What the real client sent in one session: logs and spans, with all content.
fn recorded() -> Vec<Event> {
    let capture = std::env::var("MAGISTRATE_CAPTURE");
    let capture = capture.unwrap_or_else(|_| "http-protobuf-cowork-like".to_owned());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/otlp");
    let folder = folder.join(capture);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the recordings")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let mut events = Vec::new();
    for file in files {
        let name = file.to_string_lossy();
        let body = std::fs::read(&file).expect("a body");
        let payload = if name.ends_with("logs.bin") {
            Payload::OtlpLogs(body.into())
        } else if name.ends_with("traces.bin") {
            Payload::OtlpTraces(body.into())
        } else {
            continue;
        };
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
        normalize(&raw, &UidKey::new([7; 32]), |_, mut event| {
            event.set_time_of_event(NOW);
            events.push(event);
        })
        .expect("the recording is sound");
    }
    events
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

fn main() {
    let count = std::env::var("MAGISTRATE_SESSIONS");
    let count: u64 = count.map_or(1_000_000, |text| text.parse().unwrap());
    let events = recorded();
    let config = ContextConfig {
        max_sessions: usize::try_from(count).unwrap() * 2,
        max_megabytes: 100_000,
        ..ContextConfig::default()
    };
    let context = Context::new(&config);
    let before = resident_mib();
    let began = std::time::Instant::now();
    for number in 0..count {
        for event in &events {
            let mut event = event.clone();
            event.set_text(Field::SessionUid, &format!("session-{number}"));
            context.observe(&event, NOW);
        }
        if number % 10_000 == 0 {
            context.changes(NOW, drop);
        }
    }
    context.changes(NOW, drop);
    println!(
        "{} sessions of {} events: {} MiB, {:.1} µs an event",
        context.len(),
        events.len(),
        resident_mib() - before,
        began.elapsed().as_secs_f64() * 1e6 / (count as f64 * events.len() as f64)
    );
}
