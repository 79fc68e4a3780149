//! How much memory a million sessions take: each as the real client recorded one.
//!
//! Prints how much resident memory grew, and wall time an event; then the same for another process
//! that takes all of them back from their rows, as a restart does. `MAGISTRATE_SESSIONS` says how
//! many, `MAGISTRATE_CAPTURE` which recording of `tests/fixtures/otlp`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench may stop where its own input is wrong"
)]

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

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

/// The file of rows that the second process reads.
const ROWS: &str = "MAGISTRATE_ROWS";

fn context(count: u64) -> Context {
    Context::new(&ContextConfig {
        max_sessions: usize::try_from(count).unwrap() * 2,
        max_megabytes: 100_000,
        ..ContextConfig::default()
    })
}

/// Observes every session, and writes the rows of all of them to `file`.
fn observe(count: u64, file: &Path) {
    let events = recorded();
    let context = context(count);
    let before = resident_mib();
    let began = Instant::now();
    let mut rows = BufWriter::new(File::create(file).unwrap());
    let mut save = |context: &Context| {
        context.changes(NOW, |(key, bytes)| {
            for part in [key, bytes.unwrap_or_default()] {
                rows.write_all(&(part.len() as u64).to_le_bytes()).unwrap();
                rows.write_all(&part).unwrap();
            }
        });
    };
    for number in 0..count {
        for event in &events {
            let mut event = event.clone();
            event.set_text(Field::SessionUid, &format!("session-{number}"));
            context.observe(&event, NOW);
        }
        if number % 10_000 == 0 {
            save(&context);
        }
    }
    save(&context);
    println!(
        "{} sessions of {} events: {} MiB, {:.1} µs an event",
        context.len(),
        events.len(),
        resident_mib() - before,
        began.elapsed().as_secs_f64() * 1e6 / (count as f64 * events.len() as f64)
    );
}

/// Takes the sessions back from their rows.
fn restore(count: u64, file: &Path) {
    let context = context(count);
    let before = resident_mib();
    let began = Instant::now();
    let mut rows = BufReader::new(File::open(file).unwrap());
    let mut part = || {
        let mut len = [0; 8];
        rows.read_exact(&mut len).ok()?;
        let mut bytes = vec![0; usize::try_from(u64::from_le_bytes(len)).unwrap()];
        rows.read_exact(&mut bytes).unwrap();
        Some(bytes)
    };
    while let Some(key) = part() {
        let bytes = part().expect("a row has two parts");
        assert!(context.restore(&key, &bytes), "a row is as it was written");
    }
    println!(
        "{} sessions after a restart: {} MiB, {:.1} s",
        context.len(),
        resident_mib() - before,
        began.elapsed().as_secs_f64()
    );
}

fn main() {
    let count = std::env::var("MAGISTRATE_SESSIONS");
    let count: u64 = count.map_or(1_000_000, |text| text.parse().unwrap());
    if let Ok(file) = std::env::var(ROWS) {
        return restore(count, Path::new(&file));
    }
    let file = std::env::temp_dir().join(format!("magistrate-rows-{}", std::process::id()));
    observe(count, &file);
    let again = Command::new(std::env::current_exe().unwrap())
        .env(ROWS, &file)
        .env("MAGISTRATE_SESSIONS", count.to_string())
        .status();
    std::fs::remove_file(&file).unwrap();
    assert!(again.unwrap().success(), "the restart failed");
}
