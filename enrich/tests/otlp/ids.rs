//! What makes two records the same event.

use magistrate_enrich::normalize;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;

use super::foreign::{attribute, log, request, text};
use super::recording::{KEY, normalized, raw};

#[test]
fn an_id_depends_on_content_and_sender_but_not_on_the_road() {
    let uid = |raw: &magistrate_event::Raw| normalize(raw, &KEY).unwrap().events[0].0;
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
