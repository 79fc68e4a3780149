//! Tests of the conversion of OTLP/JSON to protobuf.

mod metrics;

use super::*;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use proptest::prelude::*;
use prost::Message as _;

const LIMIT: usize = 64 << 20;

fn convert(signal: Signal, json: &str) -> Converted {
    to_protobuf(signal, json.as_bytes(), LIMIT).unwrap()
}

fn fault(json: &[u8]) -> String {
    to_protobuf(Signal::Logs, json, LIMIT)
        .unwrap_err()
        .to_string()
}

/// The log records of a body with these JSON records, and what was rejected.
fn logs(records: &str) -> (Vec<LogRecord>, Rejected) {
    let json = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{records}]}}]}}]}}"#);
    let converted = convert(Signal::Logs, &json);
    let request = ExportLogsServiceRequest::decode(converted.body.as_slice()).unwrap();
    let records = request
        .resource_logs
        .into_iter()
        .flat_map(|resource| resource.scope_logs)
        .flat_map(|scope| scope.log_records)
        .collect();
    (records, converted.rejected)
}

/// The value of a body that is written so.
fn value(json: &str) -> Option<Value> {
    let (records, rejected) = logs(&format!(r#"{{"body":{json}}}"#));
    assert_eq!(rejected.count(), 0, "{json}: {}", rejected.message());
    records[0].body.clone().unwrap().value
}

#[test]
fn each_kind_of_value_is_read() {
    for (json, expected) in [
        (
            r#"{"stringValue":"a"}"#,
            Some(Value::StringValue("a".into())),
        ),
        (r#"{"boolValue":true}"#, Some(Value::BoolValue(true))),
        (r#"{"intValue":812}"#, Some(Value::IntValue(812))),
        (r#"{"intValue":"-812"}"#, Some(Value::IntValue(-812))),
        (
            r#"{"doubleValue":"Infinity"}"#,
            Some(Value::DoubleValue(f64::INFINITY)),
        ),
        (r#"{"doubleValue":3}"#, Some(Value::DoubleValue(3.0))),
        (
            r#"{"bytesValue":"AQI="}"#,
            Some(Value::BytesValue(vec![1, 2])),
        ),
        (
            r#"{"arrayValue":{}}"#,
            Some(Value::ArrayValue(Default::default())),
        ),
        (
            r#"{"kvlistValue":{"values":[]}}"#,
            Some(Value::KvlistValue(Default::default())),
        ),
        (r#"{"stringValue":null}"#, None),
        (r#"{"future":{"a":[1,{}]}}"#, None),
        ("{}", None),
    ] {
        assert_eq!(value(json), expected, "{json}");
    }
    let Some(Value::ArrayValue(array)) =
        value(r#"{"arrayValue":{"values":[null,{"intValue":1}]}}"#)
    else {
        panic!("not an array");
    };
    assert_eq!(array.values[0], AnyValue { value: None });
    assert_eq!(array.values[1].value, Some(Value::IntValue(1)));
}

#[test]
fn a_record_has_every_field() {
    let (records, _) = logs(
        r#"{"timeUnixNano":"1795422225548000000","observedTimeUnixNano":5,"severityNumber":9,
            "severityText":"INFO","body":{"stringValue":"b"},"attributes":[{"key":"k","value":{}}],
            "droppedAttributesCount":2,"flags":1,"traceId":"000102030405060708090a0b0c0d0e0f",
            "spanId":"0001020304050607","eventName":"e","unknown":[1,2,{"x":null}]}"#,
    );
    let record = &records[0];
    assert_eq!(record.time_unix_nano, 1_795_422_225_548_000_000);
    assert_eq!(record.observed_time_unix_nano, 5);
    assert_eq!((record.severity_number, record.flags), (9, 1));
    assert_eq!(record.severity_text, "INFO");
    assert_eq!(record.attributes[0].key, "k");
    assert_eq!(record.dropped_attributes_count, 2);
    assert_eq!(record.trace_id, (0..16).collect::<Vec<u8>>());
    assert_eq!(record.span_id, (0..8).collect::<Vec<u8>>());
    assert_eq!(record.event_name, "e");
}

#[test]
fn null_fields_are_as_if_absent() {
    let (records, rejected) = logs(
        r#"{"timeUnixNano":null,"severityText":null,"body":null,"attributes":null,"traceId":null}"#,
    );
    assert_eq!(records, [LogRecord::default()]);
    assert_eq!(rejected.count(), 0);
}

#[test]
fn a_record_that_does_not_fit_is_left_out_alone() {
    for (bad, reason, message) in [
        (
            r#"{"timeUnixNano":"soon"}"#,
            "range",
            "field `timeUnixNano`: expected a whole number",
        ),
        (
            r#"{"timeUnixNano":18446744073709551616}"#,
            "range",
            "field `timeUnixNano`",
        ),
        (
            r#"{"severityText":5}"#,
            "type",
            "field `severityText`: expected a string, found a number",
        ),
        (
            r#"{"attributes":[{"key":"k","value":{"intValue":"secret"}}]}"#,
            "range",
            "field `intValue`",
        ),
        (
            r#"{"traceId":"xyz"}"#,
            "range",
            "field `traceId`: expected an even number of hex digits",
        ),
        (
            r#"[{"a":[]}]"#,
            "type",
            "field `logRecords`: expected an object, found an array",
        ),
        (
            "null",
            "type",
            "field `logRecords`: expected an object, found null",
        ),
    ] {
        let (records, rejected) = logs(&format!(
            r#"{{"eventName":"before"}},{bad},{{"eventName":"after"}}"#
        ));
        let names: Vec<&str> = records
            .iter()
            .map(|record| record.event_name.as_str())
            .collect();
        assert_eq!(names, ["before", "after"], "{bad}");
        assert_eq!(rejected.by_reason(), [(reason, 1)]);
        let told = rejected.message();
        assert!(told.starts_with(&format!("record 1: {message}")), "{told}");
        assert!(!told.contains("secret"));
    }
}

/// A value in `depth` lists.
fn nested(depth: usize) -> String {
    format!(
        r#"{{"body":{}{{}}{}}}"#,
        r#"{"arrayValue":{"values":["#.repeat(depth),
        "]}}".repeat(depth)
    )
}

#[test]
fn nesting_is_bounded_and_costs_only_its_record() {
    let (records, _) = logs(&nested(MAX_VALUE_DEPTH / 2));
    assert_eq!(records.len(), 1);
    for depth in [MAX_VALUE_DEPTH + 1, 1_000, 200_000] {
        let (records, rejected) = logs(&format!(r#"{},{{"eventName":"after"}}"#, nested(depth)));
        assert_eq!(records.len(), 1, "{depth}");
        assert_eq!(rejected.by_reason(), [("depth", 1)]);
    }
}

#[test]
fn the_deepest_value_allowed_has_lengths_that_add_up() {
    let json = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{}]}}]}}]}}"#,
        nested(MAX_VALUE_DEPTH)
    );
    let converted = convert(Signal::Logs, &json);
    assert_eq!(converted.rejected.count(), 0);
    // Deeper than prost's own recursion limit: walked by hand, down the one field there is.
    let mut rest = converted.body.as_slice();
    let mut levels = 0;
    while !rest.is_empty() {
        prost::encoding::decode_varint(&mut rest).unwrap();
        let len = prost::encoding::decode_varint(&mut rest).unwrap();
        assert_eq!(len, rest.len() as u64);
        levels += 1;
    }
    assert_eq!(levels, 4 + 2 * MAX_VALUE_DEPTH);
}

#[test]
fn brackets_in_unknown_fields_are_no_bomb() {
    let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(300_000), "]".repeat(300_000));
    let (records, rejected) = logs(&deep);
    assert_eq!((records.len(), rejected.count()), (1, 0));
}

#[test]
fn a_million_attributes_are_read() {
    let attributes = vec![r#"{"key":"k","value":{"intValue":1}}"#; 1_000_000].join(",");
    let (records, _) = logs(&format!(r#"{{"attributes":[{attributes}]}}"#));
    assert_eq!(records[0].attributes.len(), 1_000_000);
}

#[test]
fn text_that_is_not_json_refuses_the_body_with_its_place() {
    for (json, expected) in [
        (
            &b""[..],
            "cannot parse json: text ends too early at byte 0 (line 1, column 1)",
        ),
        (
            b"{}\n {}",
            "cannot parse json: expected the end at byte 4 (line 2, column 2)",
        ),
        (
            b"{\"resourceLogs\":[}",
            "cannot parse json: expected a value at byte 17 (line 1, column 18)",
        ),
        (
            b"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":",
            "cannot parse json: text ends too early",
        ),
        (b"{'a':1}", "cannot parse json: expected a key"),
    ] {
        let message = fault(json);
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn an_envelope_that_does_not_fit_refuses_the_body() {
    for (json, expected) in [
        ("[]", "field ``: expected an object, found an array"),
        (
            r#"{"resourceLogs":{}}"#,
            "field `resourceLogs`: expected an array, found an object",
        ),
        (
            r#"{"resourceLogs":[{"resource":5}]}"#,
            "field `resource`: expected an object",
        ),
    ] {
        let message = fault(json.as_bytes());
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_byte_order_mark_and_names_in_snake_case_are_read() {
    let json = "\u{feff}{\"resource_logs\":[{\"scope_logs\":[{\"log_records\":[{\"event_name\":\"e\"}]}]}]}";
    let converted = convert(Signal::Logs, json);
    let request = ExportLogsServiceRequest::decode(converted.body.as_slice()).unwrap();
    let record = &request.resource_logs[0].scope_logs[0].log_records[0];
    assert_eq!(record.event_name, "e");
}

#[test]
fn of_a_name_that_stands_twice_scalars_keep_the_later_and_lists_join() {
    let (records, _) = logs(
        r#"{"eventName":"a","attributes":[{"key":"1"}],"eventName":"","attributes":[{"key":"2"}]}"#,
    );
    assert_eq!(records[0].event_name, "");
    assert_eq!(records[0].attributes.len(), 2);
}

#[test]
fn lone_surrogates_and_bytes_that_are_not_utf8_keep_the_record() {
    let json = b"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"eventName\":\"a\\ud800b\xffc\"}]}]}]}";
    let converted = to_protobuf(Signal::Logs, json, LIMIT).unwrap();
    // The path replaces what is no UTF-8 and says so; for that it must see it.
    assert!(converted.body.ends_with(b"a\xffb\xffc"));
}

proptest! {
    #[test]
    fn any_bytes_convert_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for signal in [Signal::Logs, Signal::Metrics, Signal::Traces] {
            drop(to_protobuf(signal, &bytes, 1_000));
        }
    }

    #[test]
    fn what_looks_like_otlp_converts_to_protobuf_or_is_refused(
        record in r#"(\{|\}|\[|\]|,|:|"(body|attributes|key|value|values|arrayValue|intValue|traceId)"|1|null|"x"){0,16}"#,
    ) {
        let json = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{record}]}}]}}]}}"#);
        if let Ok(converted) = to_protobuf(Signal::Logs, json.as_bytes(), LIMIT) {
            prop_assert!(ExportLogsServiceRequest::decode(converted.body.as_slice()).is_ok());
        }
    }
}
