//! Makes an event of an example that is written in the names of the rule language.

use magistrate_event::{Class, Event, Field, Kind, Occasion, Timestamp, Value};
use serde_json::{Map, Value as Json};

use super::model_scores::{self, ModelScores};
use super::name_table::{Known, NameTable};
use super::names::{Derived, Origin};
use super::session_names;
use crate::context::SessionFacts;
use crate::normalize::url::set_host_of;

/// What an example made of names stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    /// The event.
    pub event: Event,
    /// What the session's context would say of it.
    pub facts: SessionFacts,
    /// What the models would say of it.
    pub scores: ModelScores,
}

/// An event and facts whose names have the values of `fields`.
///
/// # Errors
/// With the name that the log door cannot fill, and what to do about it.
pub(super) fn sampled(
    fields: &Map<String, Json>,
    names: &NameTable,
    time: Timestamp,
) -> Result<Sampled, String> {
    let mut event = Event::new(Class::ApiActivity, 0, time);
    let mut facts = SessionFacts::default();
    let mut scores = ModelScores::NONE;
    for (name, json) in fields {
        match names.get(name).map(|Known { origin, .. }| origin) {
            Some(Origin::Columns(columns)) => {
                if let Some(field) = columns.first() {
                    let value = value_of(&mut event, json, field.kind());
                    event.set(*field, value);
                }
            }
            Some(Origin::Derived(derived)) => fill(&mut event, name, derived, json)?,
            Some(Origin::Session(from)) => {
                session_names::fill(&mut facts, from, json)
                    .ok_or_else(|| format!("`{name}` is {json}, which no session can say"))?;
            }
            Some(Origin::Models(from)) => {
                model_scores::fill(&mut scores, from, json)
                    .ok_or_else(|| format!("`{name}` is {json}, which no model can say"))?;
            }
            None => {
                let key = event.push_key(name);
                let value = event.push_value(json);
                event.keep(key, value);
            }
        }
    }
    Ok(Sampled {
        event,
        facts,
        scores,
    })
}

/// Fills the columns that `derived` is worked out from.
fn fill(event: &mut Event, name: &str, derived: Derived, json: &Json) -> Result<(), String> {
    let fault = || format!("`{name}` is {json}, which no event can have");
    let text = || json.as_str().ok_or_else(fault);
    match derived {
        Derived::EventKind => {
            let code = match text()? {
                "prompt" => "user_prompt",
                "response" => "assistant_response",
                "request" => "api_request",
                "tool_call" => "tool_decision",
                "tool_result" => "tool_result",
                word if Occasion::ALL.iter().any(|one| one.name() == word) => {
                    event.set_text(Field::Source, "judge");
                    word
                }
                _ => return Err(fault()),
            };
            event.set_text(Field::EventCode, code);
        }
        Derived::ToolName => {
            event.set_text(Field::ApiOperation, text()?);
            if event.value(Field::ToolClass).is_none() {
                event.set_text(Field::ToolClass, "other");
            }
        }
        Derived::Status => {
            let status = match text()? {
                "success" => 1,
                "failure" => 2,
                _ => return Err(fault()),
            };
            event.set_int(Field::StatusId, status);
        }
        Derived::Domains => set_host_of(event, text()?),
        Derived::Findings => {
            let one = [json.clone()];
            let kinds = json.as_array().map_or(&one[..], Vec::as_slice);
            let kinds = Json::Array(kinds.to_vec());
            let value = event.push_value(&kinds);
            event.set(Field::Redacted, value);
        }
        Derived::HookTool => {
            event.set_text(Field::EventCode, "hook_execution_complete");
            event.keep_text("hook_event", "PreToolUse");
            event.keep_text("hook_name", &format!("PreToolUse:{}", text()?));
        }
        Derived::Programs => event.set_text(Field::CmdLine, text()?),
        Derived::SendsTo | Derived::UploadsTo => {
            event.set_text(Field::CmdLine, &format!("curl -T - https://{}", text()?));
        }
        Derived::UrlData => event.set_text(Field::UrlPath, &format!("/{}", text()?)),
        Derived::Lookups => event.set_text(Field::QueryHostname, text()?),
        Derived::Answers => {
            let answers = serde_json::json!([{ "rdata": text()? }]);
            let value = event.push_value(&answers);
            event.set(Field::Answers, value);
        }
        Derived::UrlExtension => event.set_text(Field::UrlPath, &format!("/file.{}", text()?)),
        Derived::PathAndQuery => match text()?.split_once('?') {
            Some((path, query)) => {
                event.set_text(Field::UrlPath, path);
                event.set_text(Field::UrlQuery, query);
            }
            None => event.set_text(Field::UrlPath, text()?),
        },
        Derived::Initiated => event.classify(Class::NetworkActivity, 6),
    }
    Ok(())
}

/// A column of text holds a list or map as JSON text.
fn value_of(event: &mut Event, json: &Json, kind: Kind) -> Value {
    if kind == Kind::Text && (json.is_array() || json.is_object()) {
        Value::Text(event.push_text(&json.to_string()))
    } else {
        event.push_value(json)
    }
}
