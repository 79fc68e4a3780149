//! CPU time of the lake for Claude-shaped records: rows into memory, and rows into files.
//!
//! Run with `cargo bench -p magistrate-sinks --bench lake`. The figures are CPU time of the one
//! thread, so that a busy machine changes them little. Records are decoded from their queue bytes
//! as they are written, because that is how they come; take off what decoding alone costs.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench that cannot run should stop"
)]

use std::path::Path;
use std::sync::Arc;

use criterion::measurement::{Measurement, ValueFormatter};
use criterion::{Criterion, Throughput};
use magistrate_event::{
    Class, Event, EventUid, Field, Record, Redacted, SystemClock, Timestamp, Value,
};
use magistrate_sinks::lake::{Config, Lake};
use magistrate_sinks::{Position, State};

/// About what fills the default buffer of 32 MiB.
const ROWS: u32 = 30_000;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut criterion = Criterion::default()
        .with_measurement(CpuTime)
        .sample_size(10)
        .configure_from_args();
    let in_order = queue_bytes(0);
    let jittered = queue_bytes(2_000_000);
    let mut group = criterion.benchmark_group("lake");
    group.throughput(Throughput::Elements(u64::from(ROWS)));
    group.bench_function("decoding alone", |bencher| {
        bencher.iter(|| in_order.iter().map(|bytes| decode(bytes)).for_each(drop));
    });
    group.bench_function("rows into memory", |bencher| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut lake = open(folder.path());
        bencher.iter(|| {
            write_all(&mut lake, &in_order);
            lake.reset().expect("a reset");
        });
    });
    for (name, records) in [
        ("in order, into files", &in_order),
        ("shuffled by 2 s, into files", &jittered),
    ] {
        group.bench_function(name, |bencher| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let mut lake = open(folder.path());
            let mut position = Position::default();
            bencher.iter(|| {
                write_all(&mut lake, records);
                position.offset += 1;
                lake.checkpoint(position).expect("a checkpoint");
            });
        });
    }
    group.finish();
    print_ratio(&jittered);
    criterion.final_summary();
}

fn open(folder: &Path) -> Lake {
    let state = State::open(&folder.join("state.redb")).expect("a state file");
    Lake::open(
        &Config::default(),
        folder,
        &Arc::new(state),
        Arc::new(SystemClock),
    )
    .expect("a lake")
}

fn write_all(lake: &mut Lake, records: &[Vec<u8>]) {
    for bytes in records {
        lake.write(&decode(bytes)).expect("a row");
    }
}

#[expect(clippy::disallowed_methods, reason = "stands in for the queue")]
fn decode(bytes: &[u8]) -> Record {
    Record::decode(bytes).expect("a record")
}

fn queue_bytes(jitter_micros: u64) -> Vec<Vec<u8>> {
    (0..ROWS)
        .map(|number| claude_record(number, jitter_micros))
        .map(|record| record.encode(Vec::new()).expect("bytes"))
        .collect()
}

/// How much smaller the files are than the records' queue bytes.
#[expect(clippy::print_stdout, reason = "the bench's own output")]
fn print_ratio(records: &[Vec<u8>]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut lake = open(folder.path());
    write_all(&mut lake, records);
    lake.checkpoint(Position::default()).expect("a checkpoint");
    let raw: usize = records.iter().map(Vec::len).sum();
    let stored = folder_bytes(&folder.path().join("lake"));
    println!(
        "{} rows, {} queue bytes a row, {} file bytes a row",
        records.len(),
        raw / records.len(),
        stored / records.len()
    );
}

fn folder_bytes(folder: &Path) -> usize {
    std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry"))
        .map(|entry| {
            let size = entry.metadata().expect("metadata").len();
            if entry.path().is_dir() {
                folder_bytes(&entry.path())
            } else {
                usize::try_from(size).expect("a small file")
            }
        })
        .sum()
}

/// A record as Claude Code's exporter makes it: about 25 columns and 700 bytes of text, eight
/// sessions at once.
#[expect(clippy::disallowed_methods, reason = "stands in for the redactor")]
fn claude_record(number: u32, jitter_micros: u64) -> Record {
    let mut random = Random(u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let received = 1_795_435_200_000_000 + i64::from(number) * 1_000;
    let late = random.next() % (jitter_micros + 1);
    let time = Timestamp::from_micros(received - i64::try_from(late).expect("a small number"));
    let class = match number % 8 {
        0 | 1 => Class::ProcessActivity,
        2 => Class::FileActivity,
        _ => Class::ApiActivity,
    };
    let mut event = Event::new(class, 1, time);
    fill_session(&mut event, number);
    fill_call(&mut event, number, &mut random);
    fill_rest(&mut event, &mut random);
    let mut uid = [0; 16];
    uid[..8].copy_from_slice(&random.next().to_le_bytes());
    uid[8..].copy_from_slice(&random.next().to_le_bytes());
    let received = Timestamp::from_micros(received);
    Record::new(EventUid::from_bytes(uid), received, Redacted::seal(event))
}

fn fill_session(event: &mut Event, number: u32) {
    let session = number % 8;
    event.set_text(Field::ProductName, "cowork");
    event.set_text(Field::ProductVersion, "2.1.205");
    let names = ["tool_result", "api_request", "tool_decision"];
    event.set_text(Field::EventCode, names[number as usize % 3]);
    event.set_text(Field::LogName, "com.anthropic.claude_code.events");
    event.set_text(
        Field::SessionUid,
        &format!("7861f341-dbca-41dd-81f6-02e47964e7{session:02}"),
    );
    event.set_text(Field::UserUid, &format!("{session:064x}"));
    event.set_text(Field::UserEmail, &format!("user{session}@example.com"));
    event.set_text(
        Field::AccountUid,
        &format!("0d6f1c2a-8b1e-4f43-9a55-{session:012}"),
    );
    event.set_text(Field::TenantUid, "5b0c2b8e-31f7-4c1d-8f0c-0c9c6a1e7f11");
    event.set_text(Field::SessionTerminal, "xterm-256color");
    event.set_text(Field::DeviceOsName, "darwin");
    event.set_int(Field::Sequence, i64::from(number / 8));
    event.set_text(
        Field::CorrelationUid,
        &format!("prompt-{:032x}", number / 200),
    );
    event.set_int(Field::SeverityId, 1);
    event.set_int(Field::StatusId, 1);
    event.set_text(Field::Source, "otlp_http");
    event.set_text(Field::Peer, "127.0.0.1");
    event.set_text(Field::Surface, "cowork");
}

fn fill_call(event: &mut Event, number: u32, random: &mut Random) {
    let tools = ["Bash", "Read", "mcp__mail__search"];
    event.set_text(Field::ApiOperation, tools[number as usize % 3]);
    event.set_text(
        Field::ApiRequestUid,
        &format!("toolu_{:016x}{:08x}", random.next(), number),
    );
    event.set_int(Field::Duration, i64::from(number % 4096));
    event.set_text(Field::PathClass, "native_loop");
    event.set_text(Field::Action, "execute");
    event.set_text(Field::ToolClass, "execute");
    event.set_text(Field::ContentState, "captured");
    let arguments = format!("{{\"command\":\"{}\"}}", random.words(12));
    event.set_text(Field::ToolArguments, &arguments);
    event.set_int(Field::ToolResultSize, i64::from(number % 9000));
}

fn fill_rest(event: &mut Event, random: &mut Random) {
    let text = random.words(24);
    event.set_text(Field::Message, &text);
    let key = event.push_key("success");
    event.keep(key, Value::Bool(true));
    event.keep_text("decision_source", "config");
    event.keep_text("decision_type", "accept");
    event.keep_text("note", &random.words(4));
}

/// A small generator (xorshift), so that every run sees the same records.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn words(&mut self, count: usize) -> String {
        const WORDS: [&str; 16] = [
            "report",
            "the",
            "customer",
            "list",
            "open",
            "/home/ana/work",
            "draft",
            "please",
            "grep",
            "-rn",
            "invoice",
            "2026",
            "summary",
            "for",
            "sort",
            "table",
        ];
        let mut text = String::new();
        for _ in 0..count {
            let pick = self.next();
            text.push_str(WORDS[pick as usize % WORDS.len()]);
            text.push(' ');
            if pick.is_multiple_of(5) {
                text.push_str(&format!("{:x} ", pick >> 40));
            }
        }
        text
    }
}

/// CPU time of the calling thread, from Linux's scheduler.
struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = u64;
    type Value = u64;

    fn start(&self) -> u64 {
        cpu_nanos()
    }

    fn end(&self, start: u64) -> u64 {
        cpu_nanos() - start
    }

    fn add(&self, a: &u64, b: &u64) -> u64 {
        a + b
    }

    fn zero(&self) -> u64 {
        0
    }

    fn to_f64(&self, value: &u64) -> f64 {
        *value as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        &CpuTimeFormat
    }
}

fn cpu_nanos() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanos = text.split(' ').next().expect("a first number");
    nanos.parse().expect("nanoseconds")
}

struct CpuTimeFormat;

impl ValueFormatter for CpuTimeFormat {
    fn scale_values(&self, _typical: f64, values: &mut [f64]) -> &'static str {
        values.iter_mut().for_each(|value| *value /= 1e6);
        "CPU ms"
    }

    fn scale_throughputs(
        &self,
        _typical: f64,
        throughput: &Throughput,
        values: &mut [f64],
    ) -> &'static str {
        if let Throughput::Elements(count) = throughput {
            for value in values {
                *value /= 1e3 * *count as f64;
            }
        }
        "CPU s per million"
    }

    fn scale_for_machines(&self, _values: &mut [f64]) -> &'static str {
        "ns"
    }
}
