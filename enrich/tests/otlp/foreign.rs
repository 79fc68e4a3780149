//! Records built by hand: rules that no recording shows.

use magistrate_event::{Class, Event, Field, Payload, Value as Stored};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, KeyValue, KeyValueList, any_value::Value,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

use super::recording::normalized;

pub(crate) fn any(value: Value) -> Option<AnyValue> {
    Some(AnyValue { value: Some(value) })
}

pub(crate) fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: any(value),
        key_strindex: 0,
    }
}

pub(crate) fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

pub(crate) fn request(resource: Vec<KeyValue>, records: Vec<LogRecord>) -> Payload {
    let logs = ResourceLogs {
        resource: Some(Resource {
            attributes: resource,
            ..Resource::default()
        }),
        scope_logs: vec![ScopeLogs {
            log_records: records,
            ..ScopeLogs::default()
        }],
        ..ResourceLogs::default()
    };
    let request = ExportLogsServiceRequest {
        resource_logs: vec![logs],
    };
    Payload::OtlpLogs(request.encode_to_vec().into())
}

pub(crate) fn log(attributes: Vec<KeyValue>) -> LogRecord {
    LogRecord {
        time_unix_nano: 1_000_000,
        attributes,
        ..LogRecord::default()
    }
}

fn one(payload: Payload) -> Event {
    let mut events = normalized(payload).events;
    assert_eq!(events.len(), 1);
    events.remove(0).1
}

fn claude(attributes: Vec<KeyValue>) -> Event {
    one(request(
        vec![text("service.name", "cowork")],
        vec![log(attributes)],
    ))
}

pub(crate) fn unmapped(event: &Event) -> String {
    let mut json = String::new();
    event.push_unmapped_json(&mut json);
    json
}

#[test]
fn the_events_name_comes_from_three_places_in_order() {
    let record = |event_name: &str, attribute: Option<&str>, body: &str| LogRecord {
        event_name: event_name.to_owned(),
        body: any(Value::StringValue(body.to_owned())),
        ..log(attribute
            .into_iter()
            .map(|name| text("event.name", name))
            .collect())
    };
    let cases = [
        (record("auth", Some("compaction"), "claude_code.x"), "auth"),
        (record("claude_code.auth", None, ""), "auth"),
        (
            record("", Some("compaction"), "claude_code.x"),
            "compaction",
        ),
        (
            record("", Some("claude_cowork.compaction"), ""),
            "compaction",
        ),
        (record("", None, "claude_code.compaction"), "compaction"),
        (record("", None, "claude_cowork.compaction"), "compaction"),
        (record("", None, "cowork.compaction"), "compaction"),
    ];
    for (record, name) in cases {
        let event = one(request(
            vec![text("service.name", "cowork")],
            vec![record.clone()],
        ));
        assert_eq!(event.text(Field::EventCode), Some(name), "{record:?}");
    }
}

#[test]
fn unknown_events_and_products_are_kept_and_counted() {
    let records = vec![log(vec![
        text("event.name", "brand_new"),
        text("fact", "kept"),
    ])];
    let found = normalized(request(
        vec![text("service.name", "cowork")],
        records.clone(),
    ));
    assert_eq!(
        (found.told.unknown_events, found.told.unknown_products),
        (1, 0)
    );
    assert_eq!(found.told.unknown_attributes, 1, "fact");
    let event = &found.events[0].1;
    assert_eq!((event.class(), event.activity()), (Class::ApiActivity, 0));
    assert_eq!(event.text(Field::ApiOperation), Some("brand_new"));
    assert_eq!(unmapped(event), r#"{"fact":"kept"}"#);
    let found = normalized(request(vec![text("service.name", "shop")], records));
    assert_eq!(
        (found.told.unknown_events, found.told.unknown_products),
        (0, 1)
    );
    assert_eq!(found.events[0].1.class(), Class::BaseEvent);
}

#[test]
fn a_foreign_record_keeps_body_severity_and_every_attribute() {
    let list = Value::ArrayValue(ArrayValue {
        values: vec![
            AnyValue {
                value: Some(Value::IntValue(-1)),
            },
            AnyValue { value: None },
            AnyValue {
                value: Some(Value::BytesValue(vec![0, 255])),
            },
        ],
    });
    let map = Value::KvlistValue(KeyValueList {
        values: vec![text("k", "v")],
    });
    let record = LogRecord {
        severity_number: 17,
        severity_text: "ERROR".to_owned(),
        body: any(Value::StringValue("disk full".to_owned())),
        flags: 1,
        dropped_attributes_count: 2,
        trace_id: vec![0xab; 16],
        span_id: vec![1; 8],
        ..log(vec![attribute("list", list), attribute("map", map)])
    };
    let resource = vec![text("service.name", "shop"), text("zone", "eu")];
    let event = one(request(resource, vec![record]));
    assert_eq!(event.text(Field::Message), Some("disk full"));
    assert_eq!(event.int(Field::SeverityId), Some(3));
    assert_eq!(event.text(Field::ProductName), Some("shop"));
    assert_eq!(event.text(Field::TraceId), Some("ab".repeat(16).as_str()));
    assert_eq!(
        unmapped(&event),
        concat!(
            r#"{"otlp.severity_number":17,"otlp.severity_text":"ERROR","otlp.flags":1,"#,
            r#""otlp.dropped_attributes_count":2,"list":[-1,null,"AP8="],"map":{"k":"v"},"#,
            r#""resource.zone":"eu"}"#
        )
    );
}

#[test]
fn a_resource_attribute_is_shown_once_or_both_where_they_differ() {
    let resource = vec![
        text("service.name", "cowork"),
        text("team", "red"),
        text("zone", "eu"),
        text("user.id", "u1"),
        text("host.name", "h"),
    ];
    let record = log(vec![
        text("team", "red"),
        text("zone", "us"),
        text("user.id", "u2"),
    ]);
    let event = one(request(resource, vec![record]));
    assert_eq!(event.text(Field::UserUid), Some("u2"));
    assert_eq!(event.text(Field::DeviceHostname), Some("h"));
    assert_eq!(
        unmapped(&event),
        r#"{"team":"red","zone":"us","resource.zone":"eu","resource.user.id":"u1"}"#
    );
}

#[test]
fn many_resource_attributes_are_joined_in_the_same_way() {
    let mut resource: Vec<KeyValue> = (0..40).map(|n| text(&format!("k{n}"), "same")).collect();
    resource.push(text("service.name", "cowork"));
    let attributes = (0..40).map(|n| text(&format!("k{n}"), if n == 7 { "own" } else { "same" }));
    let event = one(request(resource, vec![log(attributes.collect())]));
    assert_eq!(event.unmapped().count(), 41);
    assert!(unmapped(&event).ends_with(r#""resource.k7":"same"}"#));
}

#[test]
fn an_attribute_that_repeats_or_does_not_fit_is_kept_as_it_came() {
    let event = claude(vec![
        text("event.name", "api_error"),
        text("status_code", "undefined"),
        text("session.id", "a"),
        text("session.id", "b"),
        text("duration_ms", "soon"),
        attribute("event.sequence", Value::DoubleValue(1.5)),
        attribute("cost_usd", Value::IntValue(0)),
    ]);
    assert_eq!(event.text(Field::SessionUid), Some("a"));
    assert_eq!(event.int(Field::HttpCode), None);
    assert_eq!(event.value(Field::CostUsd), Some(&Stored::Double(0.0)));
    assert_eq!(
        unmapped(&event),
        concat!(
            r#"{"status_code":"undefined","session.id":"b","#,
            r#""duration_ms":"soon","event.sequence":1.5}"#
        )
    );
}

#[test]
fn the_time_is_the_records_own_else_another_and_says_which() {
    let times = |time, observed| {
        let record = LogRecord {
            time_unix_nano: time,
            observed_time_unix_nano: observed,
            ..LogRecord::default()
        };
        let event = one(request(vec![], vec![record]));
        let status = event.text(Field::TimeStatus).unwrap_or("-").to_owned();
        (event.time().as_micros(), status, unmapped(&event))
    };
    assert_eq!(times(5_000, 5_000), (5, "-".to_owned(), String::new()));
    assert_eq!(
        times(5_001, 7_000),
        (
            5,
            "-".to_owned(),
            r#"{"time_unix_nano":5001,"observed_time_unix_nano":7000}"#.to_owned()
        )
    );
    assert_eq!(times(0, 7_000), (7, "observed".to_owned(), String::new()));
    assert_eq!(times(0, 0).1, "received");
    assert_eq!(
        times(u64::MAX, 0),
        (
            18_446_744_073_709_551,
            "-".to_owned(),
            r#"{"time_unix_nano":"18446744073709551615"}"#.to_owned()
        )
    );
}

#[test]
fn identity_falls_back_from_the_installation_to_whoever_is_named() {
    let shown = |attributes: Vec<KeyValue>| {
        let event = claude(attributes);
        [
            Field::UserUid,
            Field::UserUidAlt,
            Field::UserEmail,
            Field::AccountUid,
        ]
        .map(|field| event.text(field).unwrap_or("-").to_owned())
        .join(" ")
    };
    let (mail, subject) = ("ana@example.com", "idp|7");
    assert_eq!(
        shown(vec![text("user.id", "u"), text("enduser.id", mail)]),
        format!("u - {mail} -")
    );
    assert_eq!(
        shown(vec![text("enduser.id", subject)]),
        format!("{subject} {subject} - -")
    );
    assert_eq!(
        shown(vec![
            text("user.account_uuid", "acc"),
            text("user.email", mail)
        ]),
        format!("acc - {mail} acc")
    );
    assert_eq!(
        shown(vec![text("user.account_id", "user_01")]),
        "user_01 user_01 - -"
    );
    assert_eq!(
        shown(vec![text("user.email", mail)]),
        format!("{mail} - {mail} -")
    );
    let event = claude(vec![
        text("user.email", mail),
        text("enduser.id", "eva@example.com"),
    ]);
    assert_eq!(unmapped(&event), r#"{"enduser.id":"eva@example.com"}"#);
}

#[test]
fn placeholders_are_never_names() {
    let event = claude(vec![
        text("event.name", "tool_result"),
        text("tool_name", "mcp_tool"),
        text(
            "tool_parameters",
            r#"{"mcp_server_name":"crm","mcp_tool_name":"sendInvoice"}"#,
        ),
    ]);
    assert_eq!(event.text(Field::ApiOperation), Some("sendInvoice"));
    assert_eq!(event.text(Field::ApiServiceName), Some("crm"));
    assert_eq!(event.text(Field::Action), Some("send"));
    let event = claude(vec![
        text("event.name", "api_request"),
        text("mcp_server.name", "custom"),
        text("agent.name", "custom"),
    ]);
    assert_eq!(event.text(Field::ApiServiceName), None);
    assert_eq!(event.text(Field::InvokedBy), None);
    assert_eq!(
        unmapped(&event),
        r#"{"mcp_server.name":"custom","agent.name":"custom"}"#
    );
    let event = claude(vec![
        text("event.name", "skill_activated"),
        text("skill.name", "custom_skill"),
    ]);
    assert_eq!(event.text(Field::ToolNameState), Some("redacted_by_client"));
}

#[test]
fn logons_are_authentication() {
    let event = claude(vec![
        text("event.name", "auth"),
        text("action", "login"),
        text("success", "false"),
        text("auth_method", "oauth"),
        text("status_code", "401"),
        text("user.email", "ana@example.com"),
    ]);
    assert_eq!(
        (event.class(), event.activity()),
        (Class::Authentication, 1)
    );
    assert_eq!(event.text(Field::AuthUserEmail), Some("ana@example.com"));
    assert_eq!(event.text(Field::AuthProtocol), Some("oauth"));
    assert_eq!(event.int(Field::StatusId), Some(2));
    assert_eq!(event.int(Field::SeverityId), Some(3));
    assert_eq!(event.int(Field::HttpCode), Some(401));
}

#[test]
fn two_different_prompt_texts_are_both_kept() {
    let event = claude(vec![
        text("event.name", "user_prompt"),
        text("prompt", "one"),
        text("prompt_text", "two"),
    ]);
    assert_eq!(event.text(Field::ContentText), Some("one"));
    assert_eq!(unmapped(&event), r#"{"prompt_text":"two"}"#);
    let event = claude(vec![text("event.name", "user_prompt")]);
    assert_eq!(event.text(Field::ContentState), Some("not_captured"));
    let cut = "long [TRUNCATED - Content exceeds 60KB limit]";
    let event = claude(vec![
        text("event.name", "assistant_response"),
        text("response", cut),
    ]);
    assert_eq!(event.text(Field::ContentState), Some("truncated"));
    assert_eq!(event.text(Field::ContentText), Some(cut));
}

#[test]
fn text_that_is_no_utf8_is_kept_with_a_status() {
    let Payload::OtlpLogs(bytes) = request(vec![], vec![log(vec![text("key", "abXcd")])]) else {
        panic!("not logs");
    };
    let mut bytes = bytes.to_vec();
    let at = bytes.iter().position(|byte| *byte == b'X').unwrap();
    bytes[at] = 0xff;
    let event = one(Payload::OtlpLogs(bytes.into()));
    assert_eq!(event.text(Field::ParseStatus), Some("invalid_utf8"));
    assert_eq!(unmapped(&event), "{\"key\":\"ab\u{fffd}cd\"}");
}

#[test]
fn who_was_authenticated_is_the_actor_also_by_a_stand_in() {
    for (names, uid, email) in [
        (vec![text("user.account_uuid", "u1")], "u1", None),
        (
            vec![text("enduser.id", "ana@example.com")],
            "ana@example.com",
            Some("ana@example.com"),
        ),
        (
            vec![text("user.id", "u2"), text("enduser.id", "x")],
            "u2",
            None,
        ),
    ] {
        let mut attributes = vec![text("event.name", "auth"), text("action", "login")];
        attributes.extend(names);
        let event = one(request(
            vec![text("service.name", "claude-code")],
            vec![log(attributes)],
        ));
        assert_eq!(event.class(), Class::Authentication);
        for field in [Field::UserUid, Field::AuthUserUid] {
            assert_eq!(event.text(field), Some(uid));
        }
        assert_eq!(event.text(Field::AuthUserEmail), email);
    }
}
