//! Shows a record as OCSF 1.8.0 JSON that the schema of its class accepts.
//!
//! `docs/ocsf-projection.md` is the same in prose. Sealed originals are left out. Nothing else is
//! dropped: what the class has no place for, and what breaks a rule of the schema, stands under
//! `unmapped` at the path it came from.

mod attributes;
mod captions;
mod check;
mod classes;
mod complete;
mod draft;
mod objects;
mod table;
mod write;

use magistrate_event::{Cell, Event, Field, OCSF_VERSION, Record};

use classes::{Home, Profile, Shape};
use draft::{Draft, Shown};

/// Appends `record` to `out` as one JSON object on one line, without a newline.
///
/// Events become OCSF; metrics and spans, which OCSF does not know, keep their own columns.
/// Linear in the record's size. Never fails.
pub fn project(record: &Record, out: &mut String) {
    out.push('{');
    push_members(record, Attributes::Members, out);
    out.push('}');
}

/// How the source's own attributes stand under `unmapped`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attributes {
    /// As its members.
    Members,
    /// As one JSON text, `unmapped.attributes`, for readers that give every name one type for
    /// good: sources do not.
    Text,
}

/// Appends the members of that object, at least one, without its braces.
pub(crate) fn push_members(record: &Record, attributes: Attributes, out: &mut String) {
    let draft = match classes::shape(record.event().class()) {
        Some(shape) => draft(record, shape),
        None => table::draft(record),
    };
    write::push_draft(record.event(), draft, attributes, out);
}

fn draft<'a>(record: &'a Record, shape: &'static Shape) -> Draft<'a> {
    let event = record.event();
    let mut draft = Draft::new();
    for (field, cell) in shown_cells(event) {
        place(field, cell, shape, &mut draft);
    }
    identify(record, shape, &mut draft);
    complete::complete(record, shape, &mut draft);
    objects::settle(&mut draft);
    complete::require_one(event, &mut draft);
    name(shape, &mut draft);
    declare_profiles(&mut draft);
    draft
}

/// The columns that leave the house: sealed originals stay in the lake, also sealed.
fn shown_cells(event: &Event) -> impl Iterator<Item = (Field, Cell<'_>)> {
    event.cells().filter(|(field, _)| *field != Field::Sealed)
}

/// Puts a column where the class has a place for it, or else under `unmapped`.
fn place<'a>(field: Field, cell: Cell<'a>, shape: &Shape, draft: &mut Draft<'a>) {
    let path = field.path();
    let shown = Shown::from(cell);
    if !check::has_kind(cell, field.kind()) {
        return draft.set_apart(path, shown);
    }
    let home = shape.home(path);
    if home == Home::Foreign {
        return draft.move_out(path, shown);
    }
    match check::check(field, cell, shape) {
        check::Verdict::Fits => draft.keep_at(path, home, shown),
        check::Verdict::Other => {
            draft.keep_at(path, home, Shown::Int(captions::OTHER));
            draft.move_out(path, shown);
        }
        check::Verdict::Breaks => draft.move_out(path, shown),
    }
}

/// What every event says about itself.
fn identify(record: &Record, shape: &'static Shape, draft: &mut Draft<'_>) {
    let event = record.event();
    let number = i64::from(event.activity());
    let activity = if shape.activity(number).is_some() {
        number
    } else {
        draft.move_out("activity_id", Shown::Int(number));
        captions::OTHER
    };
    draft.keep("activity_id", Shown::Int(activity));
    draft.keep("category_uid", Shown::Int(shape.category_uid));
    draft.keep("class_uid", Shown::Int(shape.class_uid));
    draft.keep(
        "type_uid",
        Shown::Int(shape.class_uid.saturating_mul(100).saturating_add(activity)),
    );
    draft.keep("time", Shown::Int(event.time().as_millis()));
    draft.keep("metadata.version", Shown::from(OCSF_VERSION));
    draft.keep("metadata.uid", Shown::from(record.uid().to_string()));
    draft.keep(
        "metadata.logged_time",
        Shown::Int(record.received().as_millis()),
    );
    draft.add("severity_id", Shown::Int(0));
}

/// Puts the words beside the numbers, so that a reader needs no table.
fn name(shape: &'static Shape, draft: &mut Draft<'_>) {
    draft.keep("category_name", Shown::from(shape.category));
    draft.keep("class_name", Shown::from(shape.caption));
    let activity = draft
        .int("activity_id")
        .and_then(|id| shape.activity(id))
        .unwrap_or("Unknown");
    draft.keep("activity_name", Shown::from(activity));
    draft.keep(
        "type_name",
        Shown::from(format!("{}: {activity}", shape.caption)),
    );
    caption(draft, "severity_id", "severity", captions::severity);
    caption(draft, "status_id", "status", |id| shape.status(id));
    caption(draft, "action_id", "action", captions::action);
    caption(
        draft,
        "disposition_id",
        "disposition",
        captions::disposition,
    );
}

fn caption(
    draft: &mut Draft<'_>,
    id: &str,
    path: &'static str,
    word: impl Fn(i64) -> Option<&'static str>,
) {
    if let Some(word) = draft.int(id).and_then(word) {
        draft.keep(path, Shown::from(word));
    }
}

/// Lists the profiles whose attributes are in use.
fn declare_profiles(draft: &mut Draft<'_>) {
    let used: Vec<&'static str> = Profile::ALL
        .into_iter()
        .filter(|profile| draft.uses(*profile))
        .map(Profile::name)
        .collect();
    if !used.is_empty() {
        draft.keep("metadata.profiles", Shown::Names(used));
    }
}

#[cfg(test)]
pub(crate) mod samples;

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use magistrate_event::{Class, Timestamp, Value};
    use serde_json::Value as Json;
    use serde_json::json;

    use super::*;

    fn projected(event: Event) -> Json {
        let mut out = String::new();
        project(&samples::record(event), &mut out);
        assert!(!out.contains('\n'));
        serde_json::from_str(&out).unwrap()
    }

    fn event(class: Class, activity: u8) -> Event {
        Event::new(class, activity, Timestamp::from_millis(1_700_000_000_123))
    }

    #[test]
    fn a_tool_call_stands_at_its_ocsf_paths() {
        let mut event = event(Class::ApiActivity, 2);
        event.set_int(Field::SeverityId, 1);
        event.set_int(Field::StatusId, 1);
        event.set_text(Field::ProductName, "cowork");
        event.set_text(Field::ProductVendor, "Anthropic");
        event.set_text(Field::SessionUid, "s-1");
        event.set_text(Field::UserEmail, "ada@example.com");
        event.set_text(Field::ApiOperation, "mcp__mail__search");
        event.set_text(Field::ApiRequestUid, "toolu_1");
        event.set_text(Field::AiModelName, "claude");
        event.set_text(Field::ToolClass, "mcp");
        event.keep_text("tool.extra", "kept");
        let mut expected = json!({
            "activity_id": 2, "activity_name": "Read",
            "actor": {
                "session": {"uid": "s-1"},
                "user": {"email_addr": "ada@example.com", "name": "ada@example.com"},
            },
            "ai_model": {"name": "claude", "ai_provider": "unknown"},
            "api": {"operation": "mcp__mail__search", "request": {"uid": "toolu_1"}},
            "category_name": "Application Activity", "category_uid": 6,
            "class_name": "API Activity", "class_uid": 6003,
            "metadata": {
                "logged_time": 5, "profiles": ["ai_operation"], "version": "1.8.0",
                "product": {"name": "cowork", "vendor_name": "Anthropic"},
            },
            "severity": "Informational", "severity_id": 1,
            "src_endpoint": {"svc_name": "cowork"},
            "status": "Success", "status_id": 1,
            "time": 1_700_000_000_123_i64,
            "type_name": "API Activity: Read", "type_uid": 600_302,
            "unmapped": {"magistrate": {"tool": {"class": "mcp"}}, "tool.extra": "kept"},
        });
        expected["metadata"]["uid"] = samples::UID.into();
        assert_eq!(projected(event), expected);
    }

    #[test]
    fn a_masked_tool_bears_the_clients_placeholder_and_says_so() {
        let mut event = event(Class::ApiActivity, 1);
        event.set_text(Field::EventCode, "tool_result");
        let shown = projected(event.clone());
        assert_eq!(shown["api"]["operation"], "tool_result");
        event.set_text(Field::ToolNameState, "redacted_by_client");
        let shown = projected(event);
        assert_eq!(shown["api"]["operation"], "mcp_tool");
        let state = &shown["unmapped"]["magistrate"]["tool"]["name_state"];
        assert_eq!(state, "redacted_by_client");
    }

    #[test]
    fn what_breaks_the_schema_moves_to_its_path_under_unmapped() {
        let mut event = event(Class::HttpActivity, 42);
        event.set_text(Field::SrcIp, "not an address");
        event.set_int(Field::DstPort, 443);
        event.set_int(Field::HttpLength, 12);
        event.set_int(Field::SeverityId, 77);
        event.set_text(Field::CmdLine, "ls");
        let json = projected(event);
        assert_eq!(json["activity_id"], 99);
        assert_eq!(json["severity_id"], 99);
        assert_eq!(json["http_request"], json!({"uid": "unknown"}));
        assert_eq!(json.get("src_endpoint"), None);
        assert_eq!(
            json["unmapped"],
            json!({
                "activity_id": 42, "severity_id": 77,
                "src_endpoint": {"ip": "not an address"}, "dst_endpoint": {"port": 443},
                "http_response": {"length": 12}, "process": {"cmd_line": "ls"},
            })
        );
    }

    #[test]
    fn a_value_of_another_kind_stands_apart_as_a_text() {
        let mut event = event(Class::BaseEvent, 0);
        event.set_text(Field::StatusId, "one");
        event.set_int(Field::ApiServiceName, 7);
        event.set(Field::CostUsd, Value::Double(f64::NAN));
        event.set(Field::Message, Value::List(vec![Value::Int(1)]));
        assert_eq!(
            projected(event)["unmapped"],
            json!({"mistyped": {
                "status_id": "one", "api": {"service": {"name": "7"}},
                "magistrate": {"cost_usd": "NaN"}, "message": "[1]",
            }})
        );
    }

    #[test]
    fn attributes_can_stand_as_one_text() {
        let mut event = event(Class::BaseEvent, 0);
        event.keep_text("a", "1");
        event.keep_text("a", "2");
        let mut out = "{".to_owned();
        push_members(&samples::record(event), Attributes::Text, &mut out);
        out.push('}');
        let json: Json = serde_json::from_str(&out).unwrap();
        assert_eq!(
            json["unmapped"],
            json!({"attributes": r#"{"a":"1","a#2":"2"}"#})
        );
    }

    #[test]
    fn demanded_objects_are_made_of_known_facts() {
        let mut event = event(Class::ProcessActivity, 1);
        event.set_text(Field::UserUid, "u-1");
        event.set_text(Field::ApiRequestUid, "toolu_1");
        event.set_text(Field::CmdLine, "ls");
        let json = projected(event);
        assert_eq!(json["device"], json!({"uid": "u-1", "type_id": 0}));
        assert_eq!(json["process"], json!({"uid": "toolu_1", "cmd_line": "ls"}));
        assert_eq!(json["unmapped"]["api"]["request"]["uid"], "toolu_1");

        let mut event = self::event(Class::FileActivity, 2);
        event.set_text(Field::FilePath, "/home/ada/notes.txt");
        let json = projected(event);
        assert_eq!(json["file"]["name"], "notes.txt");
        assert_eq!(json["actor"], json!({"app_name": "unknown"}));

        let mut event = self::event(Class::HttpActivity, 3);
        event.set_text(Field::UrlScheme, "https");
        event.set_text(Field::UrlHostname, "example.com");
        event.set_int(Field::UrlPort, 8443);
        let url = &projected(event)["http_request"]["url"]["url_string"];
        assert_eq!(url, "https://example.com:8443");
    }

    #[test]
    fn sealed_originals_stay_here() {
        for class in [Class::ApiActivity, Class::Metric] {
            let mut event = event(class, 1);
            event.set_text(Field::Sealed, "1.0000000000000000.AAAA");
            event.set(Field::RedactedCount, Value::Int(1));
            let text = projected(event).to_string();
            assert!(
                !text.contains("sealed") && text.contains("redacted_count"),
                "{text}"
            );
        }
    }

    #[test]
    fn names_that_are_taken_get_a_number() {
        let mut event = event(Class::BaseEvent, 0);
        event.set_text(Field::Source, "replay");
        for key in ["a", "a", "a#2", "magistrate", "", "a"] {
            event.keep_text(key, key);
        }
        let json = projected(event);
        assert_eq!(
            json["unmapped"],
            json!({
                "magistrate": {"source": "replay"}, "a": "a", "a#2": "a", "a#2#2": "a#2",
                "magistrate#2": "magistrate", "_": "", "a#3": "a",
            })
        );
    }

    #[test]
    fn a_deep_tree_becomes_a_text() {
        let mut event = event(Class::BaseEvent, 0);
        let key = event.push_key("deep");
        let tree = (0..64).fold(Value::Int(7), |inner, _| Value::List(vec![inner]));
        event.keep(key, tree);
        let mut level = projected(event)["unmapped"]["deep"].clone();
        let mut depth = 0;
        while let Json::Array(items) = level {
            level = items[0].clone();
            depth += 1;
        }
        assert_eq!(depth, 12);
        assert_eq!(level.as_str().unwrap().len(), 2 * 52 + 1);
    }

    #[test]
    fn a_metric_keeps_its_own_columns() {
        let mut event = event(Class::Metric, 0);
        event.set_text(Field::MetricName, "claude_code.cost.usage");
        event.set(Field::MetricValue, Value::Double(0.25));
        event.set_text(Field::Source, "otlp_grpc");
        let json = projected(event);
        assert_eq!(json["class_name"], "metric");
        assert_eq!(
            json["metric"],
            json!({"name": "claude_code.cost.usage", "value": 0.25})
        );
        assert_eq!(json["magistrate"]["source"], "otlp_grpc");
        assert_eq!(json.get("unmapped"), None);
    }

    /// `MAGISTRATE_OCSF_SAMPLES=FILE` keeps the lines for `tests/python/ocsf_validate.py FILE`.
    #[test]
    fn every_sample_is_one_json_object_with_its_demanded_attributes() {
        let mut lines = String::new();
        for record in samples::records(200) {
            let start = lines.len();
            project(&record, &mut lines);
            let json: Json = serde_json::from_str(lines.get(start..).unwrap()).unwrap();
            assert!(json["time"].is_i64() && json["metadata"]["uid"].is_string());
            if let Some(uid) = record.event().class().class_uid() {
                let type_uid = uid * 100 + json["activity_id"].as_i64().unwrap();
                assert_eq!(json["type_uid"], type_uid);
            }
            writeln!(lines).unwrap();
        }
        if let Some(path) = std::env::var_os("MAGISTRATE_OCSF_SAMPLES") {
            std::fs::write(path, lines).unwrap();
        }
    }
}
