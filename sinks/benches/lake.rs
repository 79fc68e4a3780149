//! CPU time of the lake for Claude-shaped records: rows into memory, and rows into files.
//!
//! Run with `cargo bench -p magistrate-sinks --bench lake`. The figures are CPU time of the one
//! thread, so that a busy machine changes them little. Records are decoded from their queue bytes
//! as they are written, because that is how they come; take off what decoding alone costs.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
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
        .map(|record| {
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            bytes
        })
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

/// A record as Claude Code's exporter makes it, in the mix of the load tests: 60 % tool results
/// with 480 bytes of arguments, 20 % API requests, 10 % prompts, 10 % tool decisions; 25 records
/// in a row of one session.
#[expect(clippy::disallowed_methods, reason = "stands in for the redactor")]
fn claude_record(number: u32, jitter_micros: u64) -> Record {
    let mut random = Random(u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for _ in 0..8 {
        random.next();
    }
    let received = 1_795_435_200_000_000 + i64::from(number) * 1_000;
    let late = random.next() % (jitter_micros + 1);
    let time = Timestamp::from_micros(received - i64::try_from(late).expect("a small number"));
    let mut event = Event::new(Class::ApiActivity, 1, time);
    fill_session(&mut event, number);
    match random.next() % 10 {
        0..6 => fill_tool_result(&mut event, &mut random),
        6 | 7 => fill_api_request(&mut event, &mut random),
        8 => fill_prompt(&mut event, &mut random),
        _ => fill_decision(&mut event, &mut random),
    }
    let mut uid = [0; 16];
    uid[..8].copy_from_slice(&random.next().to_le_bytes());
    uid[8..].copy_from_slice(&random.next().to_le_bytes());
    let received = Timestamp::from_micros(received);
    Record::new(EventUid::from_bytes(uid), received, Redacted::seal(event))
}

fn fill_session(event: &mut Event, number: u32) {
    let mut session = Random(u64::from(number / 25).wrapping_mul(0x9e37_79b9) ^ 0x5eed);
    for _ in 0..8 {
        session.next();
    }
    event.set_text(Field::ProductName, "claude-code");
    event.set_text(Field::ProductVersion, "2.0.14");
    event.set_text(Field::DeviceOsName, "linux");
    event.set_text(Field::LogName, "com.anthropic.claude_code.events");
    event.set_text(Field::LogVersion, "2.0.14");
    event.set_text(
        Field::UserUid,
        &format!("{}{}", session.hex(32), session.hex(32)),
    );
    event.set_text(Field::SessionUid, &session.hex(32));
    event.set_text(Field::TenantUid, "00000000-0000-4000-8000-00000000c0de");
    event.set_text(Field::UserEmail, &format!("{}@example.com", session.user()));
    event.set_text(Field::AccountUid, &session.hex(32));
    let terminals = ["vscode", "iTerm.app", "tmux", "xterm-256color"];
    event.set_text(Field::SessionTerminal, session.pick(&terminals));
    event.set_int(Field::Sequence, i64::from(number % 25));
    event.set_text(Field::CorrelationUid, &session.hex(32));
    event.set_int(Field::SeverityId, 1);
    event.set_text(Field::Source, "otlp_http");
    event.set_text(Field::Peer, "127.0.0.1");
    event.set_text(Field::Surface, "code");
    event.keep_text("host.arch", "amd64");
}

fn fill_tool_result(event: &mut Event, random: &mut Random) {
    let tools = ["Bash", "Bash", "Read", "Edit", "Grep", "mcp__jira__search"];
    event.classify(Class::ProcessActivity, 1);
    event.set_text(Field::EventCode, "tool_result");
    event.set_text(Field::ApiOperation, random.pick(&tools));
    event.set_text(Field::ApiRequestUid, &format!("toolu_{}", random.hex(24)));
    event.set_int(Field::StatusId, 1);
    event.set_int(Field::Duration, random.below(60_000));
    event.set_text(Field::ToolDecision, "accept");
    let sources = ["config", "hook", "user_permanent", "user_temporary"];
    event.set_text(Field::ToolDecisionSource, random.pick(&sources));
    event.set_int(Field::ToolResultSize, random.below(200_000));
    event.set_text(Field::ToolClass, "execute");
    event.set_text(Field::PathClass, "code_vm");
    event.set_text(Field::Action, "execute");
    event.set_text(Field::ToolArgumentsState, "captured");
    let (user, file) = (random.user(), random.hex(6));
    let file = format!("/home/{user}/src/billing/{file}.rs");
    let command = format!(
        "rg -n 'fn {}' {file} | head -40 && sed -n '1,120p' {file}",
        random.hex(6)
    );
    let mut arguments = format!(
        "{{\"bash_command\":\"rg\",\"full_command\":\"{command}\",\"timeout\":{},\
         \"description\":\"Search for the function definition and show its head\",\
         \"cwd\":\"/home/{user}/src\",\"file_path\":\"{file}\"",
        random.below(12) * 10_000
    );
    while arguments.len() < 470 {
        arguments.push_str(&format!(
            ",\"arg_{}\":\"{}\"",
            random.hex(3),
            random.hex(24)
        ));
    }
    arguments.push('}');
    event.set_text(Field::ToolArguments, &arguments);
    event.set_text(Field::CmdLine, &command);
}

fn fill_api_request(event: &mut Event, random: &mut Random) {
    event.set_text(Field::EventCode, "api_request");
    let models = ["claude-sonnet-5", "claude-opus-5", "claude-haiku-5"];
    event.set_text(Field::AiModelName, random.pick(&models));
    event.set_text(Field::ApiRequestUid, &format!("req_{}", random.hex(24)));
    event.set_int(Field::Duration, random.below(90_000));
    event.set_int(Field::PromptTokens, random.below(50_000));
    event.set_int(Field::CompletionTokens, random.below(50_000));
    event.set_int(Field::TotalTokens, random.below(100_000));
    event.set(
        Field::CostUsd,
        Value::Double(random.below(300_000) as f64 / 1e6),
    );
    let key = event.push_key("cache_read_tokens");
    event.keep(key, Value::Int(random.below(50_000)));
    let key = event.push_key("cache_creation_tokens");
    event.keep(key, Value::Int(random.below(50_000)));
}

fn fill_prompt(event: &mut Event, random: &mut Random) {
    event.set_text(Field::EventCode, "user_prompt");
    let prompt = format!(
        "Please look at {} and explain why the request to https://api.example.com/v2/items/{} fails",
        random.hex(8),
        random.hex(8)
    );
    event.set_text(Field::ContentText, &prompt);
    event.set_text(Field::ContentState, "captured");
    event.set_int(Field::ContentLength, 98);
}

fn fill_decision(event: &mut Event, random: &mut Random) {
    event.set_text(Field::EventCode, "tool_decision");
    event.set_text(
        Field::ApiOperation,
        random.pick(&["Bash", "Edit", "WebFetch"]),
    );
    event.set_text(Field::ToolDecision, "accept");
    event.set_text(Field::ToolDecisionSource, "config");
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

    fn below(&mut self, limit: u32) -> i64 {
        i64::try_from(self.next() % u64::from(limit)).expect("a small number")
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.next() as usize % words.len()]
    }

    fn user(&mut self) -> &'static str {
        self.pick(&[
            "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi",
        ])
    }

    /// At most 32 random hex digits.
    fn hex(&mut self, digits: usize) -> String {
        let text = format!("{:016x}{:016x}", self.next(), self.next());
        text[..digits].to_owned()
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
