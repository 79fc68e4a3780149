//! Random messages, written by prost: the same values come out, under an id that only they decide.

use magistrate_event::{Event, Field, Payload, Value as Stored};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value::Value,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, span};
use proptest::prelude::*;
use prost::Message;

use super::recording::normalized;

fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        Just(None),
        ".{0,12}".prop_map(|text| Some(Value::StringValue(text))),
        any::<bool>().prop_map(|flag| Some(Value::BoolValue(flag))),
        any::<i64>().prop_map(|number| Some(Value::IntValue(number))),
        any::<f64>().prop_map(|number| Some(Value::DoubleValue(number))),
        proptest::collection::vec(any::<u8>(), 0..8).prop_map(|b| Some(Value::BytesValue(b))),
    ]
    .prop_map(|value| AnyValue { value });
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|values| AnyValue {
                value: Some(Value::ArrayValue(ArrayValue { values })),
            }),
            proptest::collection::vec((".{0,6}", inner), 0..4).prop_map(|entries| AnyValue {
                value: Some(Value::KvlistValue(KeyValueList {
                    values: entries
                        .into_iter()
                        .map(|(key, value)| pair(&key, value))
                        .collect(),
                })),
            }),
        ]
    })
}

fn pair(key: &str, value: AnyValue) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(value),
        key_strindex: 0,
    }
}

/// Attributes under names that have no column, each once.
fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    proptest::collection::vec(any_value(), 0..6).prop_map(|values| {
        let named = values.into_iter().enumerate();
        named
            .map(|(index, value)| pair(&format!("attribute.{index}"), value))
            .collect()
    })
}

prop_compose! {
    fn log_record()(
        time_unix_nano in 1_u64..,
        observed_time_unix_nano: u64,
        severity_number in 0..25_i32,
        body in proptest::option::of(any_value()),
        attributes in attributes(),
        flags: u32,
        trace_id in proptest::collection::vec(any::<u8>(), 0..17),
        event_name in "[a-z_]{0,12}",
    ) -> LogRecord {
        LogRecord {
            time_unix_nano, observed_time_unix_nano, severity_number, body, attributes, flags,
            trace_id, event_name, ..LogRecord::default()
        }
    }
}

fn logs(records: Vec<LogRecord>) -> Vec<u8> {
    let scope = InstrumentationScope {
        name: "scope".to_owned(),
        ..Default::default()
    };
    let scope_logs = ScopeLogs {
        scope: Some(scope),
        log_records: records,
        ..ScopeLogs::default()
    };
    let resource = Resource::default();
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

/// Whether `stored` holds what `sent` says.
fn same(event: &Event, stored: &Stored, sent: &AnyValue) -> bool {
    match (stored, &sent.value) {
        (Stored::Null, None) => true,
        (Stored::Text(text), Some(Value::StringValue(sent))) => event.resolve(*text) == sent,
        (Stored::Text(text), Some(Value::BytesValue(sent))) => {
            use base64::Engine as _;
            event.resolve(*text) == base64::engine::general_purpose::STANDARD.encode(sent)
        }
        (Stored::Bool(flag), Some(Value::BoolValue(sent))) => flag == sent,
        (Stored::Int(number), Some(Value::IntValue(sent))) => number == sent,
        (Stored::Double(number), Some(Value::DoubleValue(sent))) => {
            number.to_bits() == sent.to_bits()
        }
        (Stored::List(list), Some(Value::ArrayValue(sent))) => {
            list.len() == sent.values.len()
                && list
                    .iter()
                    .zip(&sent.values)
                    .all(|(stored, sent)| same(event, stored, sent))
        }
        (Stored::Map(map), Some(Value::KvlistValue(sent))) => {
            map.len() == sent.values.len()
                && map.iter().zip(&sent.values).all(|((key, stored), sent)| {
                    event.resolve(*key) == sent.key
                        && same(event, stored, sent.value.as_ref().unwrap())
                })
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn every_attribute_comes_out_as_it_went_in(record in log_record()) {
        let found = normalized(Payload::OtlpLogs(logs(vec![record.clone()]).into()));
        prop_assert_eq!(&found.told.rejected, &[]);
        let event = &found.events[0].1;
        for attribute in &record.attributes {
            let stored = event.unmapped().find(|(key, _)| *key == attribute.key);
            let (_, stored) = stored.unwrap();
            prop_assert!(same(event, stored, attribute.value.as_ref().unwrap()), "{attribute:?}");
        }
        prop_assert_eq!(
            event.time().as_micros().cast_unsigned(),
            record.time_unix_nano / 1_000
        );
        if let Some(AnyValue { value: Some(Value::StringValue(body)) }) = &record.body {
            prop_assert_eq!(event.text(Field::Message), Some(body.as_str()));
        }
    }

    #[test]
    fn neither_field_order_nor_unknown_fields_change_an_id(record in log_record(), unknown: u64) {
        let plain = normalized(Payload::OtlpLogs(logs(vec![record.clone()]).into()));
        let mut fields = split(&record.encode_to_vec());
        // Repeated fields keep their order among themselves, as protobuf demands.
        fields.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        let mut bytes: Vec<u8> = fields.into_iter().flat_map(|(_, field)| field).collect();
        prost::encoding::uint64::encode(200, &unknown, &mut bytes);
        let other = normalized(Payload::OtlpLogs(wrapped(&bytes).into()));
        prop_assert_eq!(plain.events[0].0, other.events[0].0);
        prop_assert_eq!(other.events[0].1.time(), plain.events[0].1.time());
    }

    #[test]
    fn spans_keep_times_events_and_links(
        start in 1_000_u64..1 << 62,
        length in 0_u64..1 << 40,
        attributes in attributes(),
        name in ".{0,8}",
    ) {
        let event = span::Event { time_unix_nano: start, name, attributes, ..Default::default() };
        let span = Span {
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            name: "work".to_owned(),
            kind: 3,
            start_time_unix_nano: start,
            end_time_unix_nano: start + length,
            events: vec![event.clone()],
            links: vec![span::Link { trace_id: vec![3; 16], ..Default::default() }],
            ..Span::default()
        };
        let request = ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                scope_spans: vec![ScopeSpans { spans: vec![span], ..Default::default() }],
                ..Default::default()
            }],
        };
        let found = normalized(Payload::OtlpTraces(request.encode_to_vec().into()));
        let row = &found.events[0].1;
        prop_assert_eq!(row.text(Field::SpanKind), Some("client"));
        prop_assert_eq!(row.int(Field::Duration).unwrap().cast_unsigned(), length / 1_000_000);
        let Some(Stored::List(events)) = row.value(Field::SpanEvents) else { panic!("no events") };
        let Stored::Map(stored) = &events[0] else { panic!("no map") };
        let part = |name: &str| stored.iter().find(|(key, _)| row.resolve(*key) == name);
        let time = AnyValue { value: Some(Value::IntValue(start.cast_signed())) };
        prop_assert!(same(row, &part("time_unix_nano").unwrap().1, &time));
        if !event.attributes.is_empty() {
            let sent = KeyValueList { values: event.attributes };
            let sent = AnyValue { value: Some(Value::KvlistValue(sent)) };
            prop_assert!(same(row, &part("attributes").unwrap().1, &sent));
        }
        prop_assert!(row.value(Field::SpanLinks).is_some());
    }
}

/// The fields of a message, each with its number.
fn split(mut bytes: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let whole = bytes;
        let (number, wire) = prost::encoding::decode_key(&mut bytes).unwrap();
        prost::encoding::skip_field(wire, number, &mut bytes, Default::default()).unwrap();
        fields.push((number, whole[..whole.len() - bytes.len()].to_vec()));
    }
    fields
}

/// A request with `record`, laid out as [`logs`] lays it out, its scope behind its records.
fn wrapped(record: &[u8]) -> Vec<u8> {
    let scope = InstrumentationScope {
        name: "scope".to_owned(),
        ..Default::default()
    };
    let records = prost::bytes::Bytes::copy_from_slice(record);
    let mut scope_logs = Vec::new();
    prost::encoding::bytes::encode(2, &records, &mut scope_logs);
    prost::encoding::message::encode(1, &scope, &mut scope_logs);
    let mut resource_logs = Vec::new();
    prost::encoding::bytes::encode(2, &scope_logs, &mut resource_logs);
    let mut request = Vec::new();
    prost::encoding::bytes::encode(1, &resource_logs, &mut request);
    request
}
