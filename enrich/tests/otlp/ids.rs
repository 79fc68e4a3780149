//! What makes two records the same event.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;

use super::foreign::{attribute, log, request, text};
use super::recording::{normalized, raw, taken};

#[test]
fn an_id_depends_on_content_and_sender_but_not_on_the_road() {
    let uid = |raw: &magistrate_event::Raw| taken(raw).unwrap().events[0].0;
    let base = raw(request(vec![], vec![log(vec![text("k", "v")])]));
    let mut replayed = base.clone();
    replayed.origin.source = magistrate_event::Source::Replay;
    replayed.origin.peer = None;
    replayed.arrival = 99;
    replayed.received = magistrate_event::Timestamp::default();
    assert_eq!(uid(&base), uid(&replayed));
    replayed.origin.identity = magistrate_event::Identity::Token("team".to_owned());
    assert_ne!(uid(&base), uid(&replayed));
    let other = raw(request(vec![], vec![log(vec![text("k", "w")])]));
    assert_ne!(uid(&base), uid(&other));
    let other = raw(request(
        vec![text("zone", "eu")],
        vec![log(vec![text("k", "v")])],
    ));
    assert_ne!(uid(&base), uid(&other));
}

#[test]
fn records_without_any_time_are_distinct_however_equal() {
    let record = LogRecord {
        attributes: vec![text("k", "v")],
        ..LogRecord::default()
    };
    let events = normalized(request(vec![], vec![record.clone(), record.clone()])).events;
    assert_ne!(events[0].0, events[1].0);
    let numbered = LogRecord {
        attributes: vec![attribute("event.sequence", Value::IntValue(1))],
        ..LogRecord::default()
    };
    let events = normalized(request(vec![], vec![numbered.clone(), numbered])).events;
    assert_eq!(events[0].0, events[1].0);
}

/// A length-delimited field; `wide` writes the length in one byte more than it needs.
fn field(number: u8, content: &[u8], wide: Wide) -> Vec<u8> {
    let len = u8::try_from(content.len()).unwrap();
    assert!(len < 128);
    let mut bytes = match wide {
        Wide::Yes => vec![number << 3 | 2, len | 0x80, 0],
        Wide::No => vec![number << 3 | 2, len],
    };
    bytes.extend_from_slice(content);
    bytes
}

#[derive(Clone, Copy)]
enum Wide {
    Yes,
    No,
}

#[test]
fn odd_encodings_of_an_attribute_are_the_same_attribute() {
    use Wide::{No, Yes};
    let key = |wide| field(1, b"k", wide);
    let value = |wide| field(2, &field(1, b"v", wide), wide);
    let overridden = [field(1, b"other", No), key(No), value(No)].concat();
    let unknown = [key(No), value(No), field(9, b"x", No)].concat();
    let encodings = [
        [key(No), value(No)].concat(),
        [key(Yes), value(No)].concat(),
        [key(No), value(Yes)].concat(),
        [value(No), key(No)].concat(),
        overridden,
        unknown,
    ];
    let uids: Vec<_> = encodings
        .iter()
        .map(|attribute| {
            let mut record = field(6, attribute, No);
            record.extend([0x09, 0xe8, 3, 0, 0, 0, 0, 0, 0]);
            let logs = field(1, &field(2, &field(2, &record, No), No), No);
            let payload = magistrate_event::Payload::OtlpLogs(logs.into());
            let (uid, event) = normalized(payload).events.remove(0);
            assert_eq!(event.unmapped().next().unwrap().0, "k");
            uid
        })
        .collect();
    assert!(uids.windows(2).all(|pair| pair[0] == pair[1]));
}
