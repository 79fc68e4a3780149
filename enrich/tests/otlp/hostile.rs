//! Broken, deep, huge and repeated input: a clear answer in bounded time, the good records kept.

use magistrate_enrich::{Fault, Malformed};
use magistrate_event::Payload;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, KeyValue, KeyValueList, any_value::Value,
};
use opentelemetry_proto::tonic::logs::v1::LogRecord;

use super::foreign::{attribute, request, text};
use super::recording::{captures, normalized, raw, requests, taken};

fn good(name: &str) -> LogRecord {
    LogRecord {
        time_unix_nano: 1_000,
        attributes: vec![text("name", name)],
        ..LogRecord::default()
    }
}

fn with(attribute: KeyValue) -> LogRecord {
    LogRecord {
        time_unix_nano: 1_000,
        attributes: vec![attribute],
        ..LogRecord::default()
    }
}

/// A list in a list …, `depth` lists in all.
fn nested_list(depth: usize) -> Value {
    let mut value = Value::IntValue(7);
    for _ in 0..depth {
        let values = vec![AnyValue { value: Some(value) }];
        value = Value::ArrayValue(ArrayValue { values });
    }
    value
}

fn nested_map(depth: usize) -> Value {
    let mut value = Value::IntValue(7);
    for _ in 0..depth {
        let values = vec![attribute("k", value)];
        value = Value::KvlistValue(KeyValueList { values });
    }
    value
}

/// The one record between two good ones is refused with `reason`, alone.
fn assert_refused_alone(bad: LogRecord, reason: &str) {
    let found = normalized(request(vec![], vec![good("a"), bad, good("b")]));
    assert_eq!(found.events.len(), 2);
    assert_eq!(found.told.rejected.len(), 1);
    assert_eq!(
        (found.told.rejected[0].index, found.told.rejected[0].reason),
        (1, reason)
    );
    assert!(!found.told.rejected[0].message.is_empty());
}

#[test]
fn values_may_lie_64_deep_and_no_deeper() {
    for value in [nested_list(64), nested_map(64)] {
        assert_eq!(
            normalized(request(vec![], vec![with(attribute("k", value))]))
                .events
                .len(),
            1
        );
    }
    assert_refused_alone(with(attribute("k", nested_list(65))), "depth");
    assert_refused_alone(with(attribute("k", nested_map(65))), "depth");
    let body = LogRecord {
        body: Some(AnyValue {
            value: Some(nested_list(65)),
        }),
        ..LogRecord::default()
    };
    assert_refused_alone(body, "depth");
}

/// A length-delimited field.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    prost::encoding::encode_varint(content.len() as u64, &mut bytes);
    bytes.extend_from_slice(content);
    bytes
}

#[test]
fn a_bomb_of_nested_lists_does_not_reach_the_stack() {
    let mut value = Vec::new();
    for _ in 0..20_000 {
        value = field(5, &field(1, &value));
    }
    let key_value = [field(1, b"k"), field(2, &value)].concat();
    let log = field(2, &field(6, &key_value));
    let found = normalized(Payload::OtlpLogs(field(1, &field(2, &log)).into()));
    assert_eq!(found.told.rejected[0].reason, "depth");
}

#[test]
fn a_record_may_hold_ten_thousand_values() {
    let many = |count: usize| LogRecord {
        time_unix_nano: 1_000,
        attributes: (0..count).map(|n| text(&format!("k{n}"), "v")).collect(),
        ..LogRecord::default()
    };
    assert_eq!(
        normalized(request(vec![], vec![many(10_000)])).events[0]
            .1
            .unmapped()
            .count(),
        10_000
    );
    assert_refused_alone(many(10_001), "values");
    assert_refused_alone(many(100_000), "values");
    let values = vec![
        AnyValue {
            value: Some(Value::BoolValue(true))
        };
        10_000
    ];
    assert_refused_alone(
        with(attribute("k", Value::ArrayValue(ArrayValue { values }))),
        "values",
    );
}

#[test]
fn a_record_may_hold_eight_mebibytes() {
    let big = |size: usize| with(text("k", &"x".repeat(size)));
    assert_eq!(
        normalized(request(vec![], vec![big((8 << 20) - 100)]))
            .events
            .len(),
        1
    );
    assert_refused_alone(big(8 << 20), "size");
}

#[test]
fn a_resource_too_large_to_repeat_costs_only_its_own_records() {
    let resource = vec![text("k", &"x".repeat(257 << 10))];
    let found = normalized(request(resource, vec![good("a"), good("b")]));
    assert_eq!(found.events.len(), 0);
    assert!(
        found
            .told
            .rejected
            .iter()
            .all(|rejection| rejection.reason == "resource")
    );
    assert_eq!(found.told.rejected.len(), 2);
}

#[test]
fn of_a_batch_that_would_fill_the_memory_the_first_records_are_taken() {
    let empty = field(2, &[]);
    let records = field(2, &empty.repeat(100_003));
    let found = normalized(Payload::OtlpLogs(field(1, &records).into()));
    assert_eq!(found.events.len(), 100_000);
    let [rest] = found.told.rejected.as_slice() else {
        panic!("{:?}", found.told.rejected)
    };
    assert_eq!(
        (rest.index, rest.records, rest.reason),
        (100_000, 3, "batch")
    );
    let resource = vec![text("k", &"x".repeat(200 << 10))];
    let records = (0..3_000).map(|n| good(&n.to_string())).collect();
    let found = normalized(request(resource, records));
    let rest = &found.told.rejected[0];
    assert!(rest.message.contains("512 MiB"), "{}", rest.message);
    assert_eq!(found.events.len() as u64 + rest.records, 3_000);
}

#[test]
fn broken_framing_is_told_with_its_place_and_nothing_is_taken() {
    let Payload::OtlpLogs(bytes) = request(vec![], vec![good("a")]) else {
        panic!("not logs");
    };
    let cut = bytes.slice(..bytes.len() - 1);
    let error = taken(&raw(Payload::OtlpLogs(cut))).err().unwrap();
    assert_eq!(
        error.to_string(),
        "cannot read protobuf at byte 2: field is cut off"
    );
    let group = [field(1, &field(2, &field(2, &[0x33]))), vec![]].concat();
    let error = taken(&raw(Payload::OtlpLogs(group.into()))).err().unwrap();
    assert_eq!(
        error,
        Malformed::Framing {
            offset: 6,
            fault: Fault::WireType(3)
        },
    );
}

#[test]
fn no_cut_and_no_flipped_byte_of_a_recording_makes_it_panic() {
    for payload in captures()
        .iter()
        .take(3)
        .flat_map(|capture| requests(capture))
    {
        let (bytes, wrap): (_, fn(prost::bytes::Bytes) -> Payload) = match payload {
            Payload::OtlpLogs(bytes) => (bytes, Payload::OtlpLogs),
            Payload::OtlpMetrics(bytes) => (bytes, Payload::OtlpMetrics),
            Payload::OtlpTraces(bytes) => (bytes, Payload::OtlpTraces),
            Payload::Syslog(_) => panic!("not OTLP"),
        };
        for at in (0..bytes.len()).step_by(bytes.len() / 64 + 1) {
            // A cut between two fields of the request is a shorter request; all others are faults.
            let _ = taken(&raw(wrap(bytes.slice(..at))));
            let mut flipped = bytes.to_vec();
            flipped[at] ^= 0x55;
            let _ = taken(&raw(wrap(flipped.into())));
        }
    }
}
