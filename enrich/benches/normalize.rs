//! What it costs to turn a batch of Claude-shaped log records (about 1 kB, 19 attributes) into
//! events with ids. Time is the thread's CPU time, so that a busy machine does not blur it: a batch
//! holds 1,000 records, so its milliseconds are CPU-seconds per million records.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench may stop where its own input is wrong"
)]

#[path = "shared/cpu_time.rs"]
mod cpu_time;

use std::hint::black_box;

use cpu_time::CpuTime;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use magistrate_enrich::{UidKey, normalize};
use magistrate_event::{Identity, Origin, Payload, Raw, Source, Timestamp};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, InstrumentationScope, KeyValue, any_value::Value,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

const RECORDS: usize = 1_000;

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        key_strindex: 0,
    }
}

fn common(index: usize, name: &str) -> Vec<KeyValue> {
    vec![
        text("user.id", &format!("{:064x}", index / 25)),
        text(
            "session.id",
            &format!("0a1b2c3d-0000-4000-8000-{:012x}", index / 25),
        ),
        text("organization.id", "00000000-0000-4000-8000-00000000c0de"),
        text("user.email", "alice@example.com"),
        text("user.account_uuid", "0a1b2c3d-1111-4111-8111-0123456789ab"),
        text("terminal.type", "vscode"),
        text("event.name", name),
        text("event.timestamp", "2026-01-02T03:04:05.678Z"),
        attribute(
            "event.sequence",
            Value::IntValue(i64::try_from(index % 25).unwrap()),
        ),
        text(
            "prompt.id",
            &format!("0a1b2c3d-2222-4222-8222-{index:012x}"),
        ),
    ]
}

fn tool_result(index: usize) -> Vec<KeyValue> {
    let tool = [
        "Bash",
        "Bash",
        "Read",
        "Edit",
        "Grep",
        "WebFetch",
        "mcp__jira__search",
    ];
    let parameters = format!(
        "{{\"bash_command\":\"cargo\",\"full_command\":\"cargo test --package p{index} -- \
         --nocapture 2>&1 | tail -n 40\",\"timeout\":60000,\"description\":\"Run the unit tests \
         for the package\",\"dangerouslyDisableSandbox\":false,\"cwd\":\"/home/alice/src\",\
         \"file_path\":\"/home/alice/src/billing/{index:06x}.rs\",\"arg_1a2\":\
         \"0123456789abcdef01234567\",\"arg_3b4\":\"0123456789abcdef01234567\",\"arg_5c6\":\
         \"0123456789abcdef01234567\",\"arg_7d8\":\"0123456789abcdef01234567\"}}"
    );
    vec![
        text("tool_name", tool[index % tool.len()]),
        text("tool_use_id", &format!("toolu_{index:024}")),
        text("success", "true"),
        text("duration_ms", "1234"),
        text("decision_type", "accept"),
        text("decision_source", "config"),
        text("tool_result_size_bytes", "20480"),
        text("tool_parameters", &parameters),
    ]
}

fn api_request(index: usize) -> Vec<KeyValue> {
    vec![
        text("model", "claude-sonnet-5"),
        text("cost_usd", "0.012345"),
        text("duration_ms", "4321"),
        text("input_tokens", "1034"),
        text("output_tokens", "55"),
        text("cache_read_tokens", "2048"),
        text("cache_creation_tokens", "128"),
        text("request_id", &format!("req_{index:024}")),
    ]
}

fn user_prompt() -> Vec<KeyValue> {
    vec![
        text("prompt_length", "88"),
        text(
            "prompt",
            "Please look at 0a1b2c3d and explain why the request to https://api.example.com fails",
        ),
    ]
}

fn tool_decision() -> Vec<KeyValue> {
    vec![
        text("tool_name", "Bash"),
        text("decision", "accept"),
        text("source", "config"),
    ]
}

/// The mix of the load generator: 60 % tool results, 20 % requests, 10 % prompts, 10 % decisions.
fn record(index: usize) -> LogRecord {
    let (name, own) = match index % 10 {
        0..6 => ("tool_result", tool_result(index)),
        6..8 => ("api_request", api_request(index)),
        8 => ("user_prompt", user_prompt()),
        _ => ("tool_decision", tool_decision()),
    };
    let mut attributes = common(index, name);
    attributes.extend(own);
    let time = 1_795_422_300_000_000_000 + u64::try_from(index).unwrap() * 1_000_000;
    LogRecord {
        time_unix_nano: time,
        observed_time_unix_nano: time,
        severity_number: 9,
        severity_text: "INFO".to_owned(),
        body: Some(AnyValue {
            value: Some(Value::StringValue(format!("claude_code.{name}"))),
        }),
        attributes,
        ..LogRecord::default()
    }
}

fn batch() -> Vec<u8> {
    let resource = Resource {
        attributes: vec![
            text("service.name", "claude-code"),
            text("service.version", "2.0.14"),
            text("os.type", "linux"),
            text("host.arch", "amd64"),
        ],
        ..Resource::default()
    };
    let scope = InstrumentationScope {
        name: "com.anthropic.claude_code.events".to_owned(),
        version: "2.0.14".to_owned(),
        ..InstrumentationScope::default()
    };
    let scope_logs = ScopeLogs {
        scope: Some(scope),
        log_records: (0..RECORDS).map(record).collect(),
        ..ScopeLogs::default()
    };
    let resource_logs = ResourceLogs {
        resource: Some(resource),
        scope_logs: vec![scope_logs],
        ..ResourceLogs::default()
    };
    ExportLogsServiceRequest {
        resource_logs: vec![resource_logs],
    }
    .encode_to_vec()
}

fn benches(criterion: &mut Criterion<CpuTime>) {
    let bytes = batch();
    let raw = Raw {
        origin: Origin {
            source: Source::OtlpHttp,
            peer: Some([127, 0, 0, 1].into()),
            identity: Identity::Anonymous,
        },
        received: Timestamp::default(),
        arrival: 1,
        payload: Payload::OtlpLogs(bytes.clone().into()),
    };
    let key = UidKey::new([42; 32]);
    let mut group = criterion.benchmark_group("logs");
    group.throughput(Throughput::Elements(RECORDS as u64));
    group.bench_function("normalize", |bencher| {
        bencher.iter(|| normalize(black_box(&raw), &key, |_, event| drop(black_box(event))));
    });
    group.bench_function("prost_decode", |bencher| {
        bencher.iter(|| ExportLogsServiceRequest::decode(black_box(bytes.as_slice())));
    });
    group.finish();
}

criterion_group! {
    name = all;
    config = Criterion::default().with_measurement(CpuTime);
    targets = benches
}
criterion_main!(all);
