//! Every recorded request becomes typed events, none unknown, none lost.

use std::collections::{BTreeMap, HashSet};
use std::fs;

use magistrate_event::{Cell, Class, Event, EventUid, Field, Kind};
use serde_json::{Value, json};

use super::recording::{captures, folder, normalized, requests, through_json};

type Counts = BTreeMap<String, u64>;

fn counts(value: &Value) -> Counts {
    value
        .as_object()
        .map(|map| {
            map.iter()
                .map(|(name, count)| (name.clone(), count.as_u64().unwrap()))
                .collect()
        })
        .unwrap_or_default()
}

fn events(capture: &str) -> Vec<Event> {
    let mut events = Vec::new();
    for request in requests(capture) {
        let normalized = normalized(request);
        assert_eq!(normalized.told.rejected, [], "{capture}");
        assert_eq!(normalized.told.unknown_events, 0, "{capture}");
        assert_eq!(normalized.told.unknown_products, 0, "{capture}");
        events.extend(normalized.events.into_iter().map(|(_, event)| event));
    }
    events
}

/// The events of a name, over all captures.
fn named(name: &str) -> Vec<Event> {
    let all = captures().into_iter().flat_map(|capture| events(&capture));
    let is_it = |event: &Event| event.text(Field::EventCode) == Some(name);
    let found: Vec<Event> = all.filter(is_it).collect();
    assert!(!found.is_empty(), "no recording has a `{name}`");
    found
}

#[test]
fn every_recording_has_the_expected_counts() {
    let text = fs::read_to_string(folder().join("expected.json")).unwrap();
    let expected: BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(expected.len(), captures().len());
    for (capture, expected) in expected {
        let (mut logs, mut spans, mut points) = (Counts::new(), Counts::new(), Counts::new());
        for event in events(&capture) {
            let (counts, field) = if event.class() == Class::Metric {
                (&mut points, Field::MetricName)
            } else if event.class() == Class::Span {
                (&mut spans, Field::SpanName)
            } else {
                (&mut logs, Field::EventCode)
            };
            *counts
                .entry(event.text(field).unwrap().to_owned())
                .or_default() += 1;
        }
        assert_eq!(logs, counts(&expected["log_events"]), "{capture}");
        assert_eq!(spans, counts(&expected["spans"]), "{capture}");
        assert_eq!(points, counts(&expected["metric_points"]), "{capture}");
    }
}

#[test]
fn sessions_calls_and_totals_are_as_expected() {
    let text = fs::read_to_string(folder().join("expected.json")).unwrap();
    let expected: BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
    for (capture, expected) in expected {
        let (mut sessions, mut calls) = (HashSet::new(), HashSet::new());
        let (mut input, mut output, mut cost) = (0, 0, 0.0);
        for event in events(&capture) {
            sessions.extend(event.text(Field::SessionUid).map(str::to_owned));
            let request = event.text(Field::ApiRequestUid).unwrap_or_default();
            if request.starts_with("toolu_") && event.class().class_uid().is_some() {
                calls.insert(request.to_owned());
            }
            if event.text(Field::EventCode) == Some("api_request") {
                input += event.int(Field::PromptTokens).unwrap();
                output += event.int(Field::CompletionTokens).unwrap();
                let Some(magistrate_event::Value::Double(own)) = event.value(Field::CostUsd) else {
                    panic!("no cost");
                };
                cost += own;
            }
        }
        let list = |name: &str| -> HashSet<String> {
            serde_json::from_value(expected[name].clone()).unwrap_or_default()
        };
        assert_eq!(sessions, list("sessions"), "{capture}");
        assert_eq!(calls, list("tool_use_ids"), "{capture}");
        let totals = &expected["api_request_totals"];
        assert_eq!(
            input,
            totals["input_tokens"].as_i64().unwrap_or(0),
            "{capture}"
        );
        assert_eq!(
            output,
            totals["output_tokens"].as_i64().unwrap_or(0),
            "{capture}"
        );
        assert!(
            (cost - totals["cost_usd"].as_f64().unwrap_or(0.0)).abs() < 1e-5,
            "{capture}"
        );
    }
}

#[test]
fn every_value_fits_its_column_and_its_table() {
    for event in captures().iter().flat_map(|capture| events(capture)) {
        for (field, cell) in event.cells() {
            assert!(
                field.is_in(event.class()),
                "{} {:?}",
                field.path(),
                event.class()
            );
            let fits = matches!(
                (field.kind(), cell),
                (Kind::Text, Cell::Text(_))
                    | (Kind::Int | Kind::Long, Cell::Int(_))
                    | (Kind::Double, Cell::Double(_))
                    | (Kind::Bool, Cell::Bool(_))
                    | (Kind::Time, Cell::Time(_))
                    | (Kind::Json, Cell::Tree(_))
            );
            assert!(fits, "{} {cell:?}", field.path());
        }
        let fields: Vec<Field> = event.cells().map(|(field, _)| field).collect();
        let unique: HashSet<Field> = fields.iter().copied().collect();
        assert_eq!(fields.len(), unique.len());
    }
}

#[test]
fn what_every_event_must_have_is_there() {
    for event in captures().iter().flat_map(|capture| events(capture)) {
        let name = event.text(Field::EventCode).or(event.text(Field::SpanName));
        for field in [
            Field::ProductName,
            Field::ProductVersion,
            Field::ProductVendor,
            Field::SessionUid,
            Field::UserUid,
            Field::LogName,
            Field::Source,
            Field::Surface,
        ] {
            assert!(
                event.text(field).is_some(),
                "{name:?} lacks {}",
                field.path()
            );
        }
        if event.class().class_uid().is_some() {
            assert!(event.int(Field::SeverityId).is_some(), "{name:?}");
            assert!(event.int(Field::Sequence).is_some(), "{name:?}");
        }
        let kept: Vec<&str> = event.unmapped().map(|(key, _)| key).collect();
        let unique: HashSet<&str> = kept.iter().copied().collect();
        assert_eq!(kept.len(), unique.len(), "{name:?} {kept:?}");
        for shown_once in ["event.name", "prompt_text", "resource.department"] {
            assert!(!unique.contains(shown_once), "{name:?} keeps {shown_once}");
        }
    }
}

#[test]
fn tools_have_the_class_of_what_they_do() {
    let expected = [
        ("Bash", Class::ProcessActivity, 1),
        ("Read", Class::FileActivity, 2),
        ("Write", Class::FileActivity, 1),
        ("Edit", Class::FileActivity, 3),
        ("WebFetch", Class::HttpActivity, 3),
        ("Glob", Class::ApiActivity, 2),
        ("lookup_customer", Class::ApiActivity, 0),
    ];
    for name in ["tool_result", "tool_decision"] {
        let found = named(name);
        for (tool, class, activity) in expected {
            let mut calls = found
                .iter()
                .filter(|event| event.text(Field::ApiOperation) == Some(tool))
                .peekable();
            assert!(calls.peek().is_some(), "{name} {tool}");
            for call in calls {
                assert_eq!(
                    (call.class(), call.activity()),
                    (class, activity),
                    "{name} {tool}"
                );
                assert!(
                    call.text(Field::ApiRequestUid)
                        .unwrap()
                        .starts_with("toolu_")
                );
                assert!(
                    call.text(Field::HttpRequestUid)
                        .unwrap()
                        .starts_with("req_")
                );
            }
        }
    }
}

#[test]
fn masked_names_are_resolved_or_said_to_be_masked() {
    let (mut resolved, mut masked) = (0, 0);
    for event in named("tool_result")
        .into_iter()
        .chain(named("tool_decision"))
    {
        if event.text(Field::ToolClass) != Some("mcp") {
            continue;
        }
        assert_eq!(event.class(), Class::ApiActivity);
        match event.text(Field::ToolNameState) {
            Some("captured") => {
                assert_eq!(event.text(Field::ApiServiceName), Some("crm"));
                assert!(event.text(Field::ApiOperation).is_some());
                resolved += 1;
            }
            Some("redacted_by_client") => {
                assert_eq!(event.text(Field::ApiServiceName), None);
                assert_eq!(event.text(Field::ApiOperation), None);
                masked += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(resolved > 0 && masked > 0);
}

#[test]
fn the_first_tool_span_names_what_the_log_masks() {
    let span = events("http-json-cowork-like-redacted")
        .into_iter()
        .find(|event| event.text(Field::SpanName) == Some("claude_code.tool"))
        .unwrap();
    assert_eq!(span.text(Field::ApiServiceName), Some("crm"));
    assert_eq!(span.text(Field::ApiOperation), Some("lookup_customer"));
    assert_eq!(span.text(Field::ToolNameState), Some("captured"));
    assert_eq!(span.text(Field::UserEmail), Some("alex@example.com"));
    assert_eq!(span.text(Field::UserName), Some("alex"));
}

#[test]
fn content_is_captured_redacted_or_cut_but_never_a_placeholder() {
    let mut states = HashSet::new();
    for event in named("user_prompt")
        .into_iter()
        .chain(named("assistant_response"))
    {
        let state = event.text(Field::ContentState).unwrap().to_owned();
        let text = event.text(Field::ContentText);
        assert_eq!(text.is_some(), state != "redacted_by_client");
        assert_ne!(text, Some("<REDACTED>"));
        assert!(event.int(Field::ContentLength).is_some());
        states.insert(state);
    }
    assert_eq!(states.len(), 3, "{states:?}");
    let cut = named("tool_result");
    let cut = cut
        .iter()
        .filter(|e| e.text(Field::ToolArgumentsState) == Some("truncated"));
    assert!(cut.clone().count() > 0);
    for event in cut {
        assert_eq!(
            event.value(Field::IsTruncated),
            Some(&magistrate_event::Value::Bool(true))
        );
        if event.class() == Class::FileActivity {
            assert!(
                event
                    .text(Field::FilePath)
                    .is_some_and(|path| path.starts_with('/'))
            );
        }
    }
}

#[test]
fn a_command_is_stored_whole() {
    let longest = named("tool_result")
        .iter()
        .filter_map(|event| event.text(Field::CmdLine).map(str::len))
        .max();
    assert!(longest > Some(8_000));
}

#[test]
fn the_same_records_in_json_and_protobuf_have_the_same_ids() {
    for capture in captures() {
        for request in requests(&capture) {
            let uids = |payload| -> Vec<EventUid> {
                normalized(payload)
                    .events
                    .into_iter()
                    .map(|(uid, _)| uid)
                    .collect()
            };
            let again = uids(through_json(&request));
            assert_eq!(again, uids(request), "{capture}");
        }
    }
}

#[test]
fn no_two_recorded_records_share_an_id() {
    let mut seen = HashSet::new();
    for capture in captures() {
        for request in requests(&capture) {
            for (uid, event) in normalized(request).events {
                assert!(
                    seen.insert(uid),
                    "{capture} {:?}",
                    event.text(Field::EventCode)
                );
            }
        }
    }
}

/// One event as JSON: class, activity, time, columns by path, and what has no column.
fn shown(event: &Event) -> Value {
    let mut columns = BTreeMap::new();
    for (field, cell) in event.cells() {
        let value = match cell {
            Cell::Text(text) => json!(text),
            Cell::Int(number) => json!(number),
            Cell::Double(number) => json!(number),
            Cell::Bool(flag) => json!(flag),
            Cell::Time(time) => json!(time.to_rfc3339()),
            Cell::Tree(tree) => {
                let mut text = String::new();
                event.push_json(tree, &mut text);
                serde_json::from_str(&text).unwrap()
            }
        };
        columns.insert(field.path(), value);
    }
    let mut unmapped = String::new();
    event.push_unmapped_json(&mut unmapped);
    json!({
        "class": event.class().name(),
        "activity": event.activity(),
        "time": event.time().to_rfc3339(),
        "columns": columns,
        "unmapped": serde_json::from_str::<Value>(&unmapped).unwrap_or(Value::Null),
    })
}

#[test]
fn the_first_event_of_each_kind_is_as_in_the_golden_file() {
    let mut first: BTreeMap<String, Value> = BTreeMap::new();
    for capture in [
        "http-protobuf-full",
        "http-json-cowork-like-redacted",
        "grpc-gzip",
    ] {
        for event in events(capture) {
            let name = event
                .text(Field::EventCode)
                .or(event.text(Field::SpanName))
                .or(event.text(Field::MetricName))
                .unwrap();
            let tool = event.text(Field::ApiOperation).unwrap_or_default();
            let key = format!("{capture} {} {name} {tool}", event.class().name());
            first.entry(key).or_insert_with(|| shown(&event));
        }
    }
    let found = serde_json::to_string_pretty(&first).unwrap() + "\n";
    let path = folder().join("../../golden/otlp_events.json");
    if std::env::var_os("MAGISTRATE_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        found, expected,
        "set MAGISTRATE_BLESS=1 to accept the new output"
    );
}
