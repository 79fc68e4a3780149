//! What sessions were asked for and what they called, and the rows that follow from a person's word.

use std::collections::{HashMap, VecDeque};

use magistrate_event::{Event, Field};
use serde_json::{Value as Json, json};

use super::said::Said;
use crate::analysis::untrusted_texts;

/// Prompts and calls that a session remembers, as many as where actions are judged.
const MAX_PROMPTS: usize = 4;
const MAX_CALLS: usize = 6;

/// What is asked for of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// The id by which the word was given.
    pub(super) word: String,
    pub(super) said: Said,
    pub(super) kinds: Kinds,
}

/// Which kinds of rows a word speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kinds {
    pub(super) is_text: bool,
    pub(super) is_action: bool,
}

impl Kinds {
    /// Whoever decides over an action says whether it serves its task.
    pub(super) const ACTION: Self = Self {
        is_text: false,
        is_action: true,
    };

    /// These, or `other` where there are none.
    pub(super) const fn or(self, other: Self) -> Self {
        if self.is_text || self.is_action {
            self
        } else {
            other
        }
    }
}

/// Sessions by their id.
#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<String, Session>);

#[derive(Debug, Default)]
struct Session {
    prompts: VecDeque<String>,
    calls: VecDeque<Json>,
}

impl Sessions {
    /// Takes an event into account; they come in order.
    pub(super) fn learn(&mut self, event: &Event) {
        let Some(session) = event.text(Field::SessionUid) else {
            return;
        };
        let session = self.0.entry(session.to_owned()).or_default();
        let code = event.text(Field::EventCode);
        if matches!(code, Some("user_prompt" | "prompt"))
            && let Some(said) = event.text(Field::ContentText)
            // A hook and the telemetry tell the same.
            && session.prompts.back().is_none_or(|last| last != said)
        {
            session.prompts.push_back(said.to_owned());
            while session.prompts.len() > MAX_PROMPTS {
                session.prompts.pop_front();
            }
        }
        if let Some(call) = call_of(event)
            && session.calls.back() != Some(&call)
        {
            session.calls.push_back(call);
            // The last one may be the one that is asked about.
            while session.calls.len() > MAX_CALLS + 1 {
                session.calls.pop_front();
            }
        }
    }

    /// The rows that a word gives of `event`.
    pub(super) fn rows(&self, event: &Event, asked: &Asked) -> Vec<Json> {
        let source = asked.said.source.name();
        let is_attack = asked.said.is_attack;
        let mut rows = Vec::new();
        if asked.kinds.is_text
            && let Some(text) = text_of(event)
        {
            let label = if is_attack { "injection" } else { "benign" };
            rows.push(json!({ "text": text, "label": label, "source": source }));
        }
        if asked.kinds.is_action
            && let Some(row) = self.action(event)
        {
            let label = if is_attack { "drift" } else { "in_scope" };
            rows.push(row.labelled(label, source));
        }
        rows
    }

    /// The call with its task and what was called before; none where a part of it is not stored.
    fn action(&self, event: &Event) -> Option<Action> {
        let call = call_of(event)?;
        let session = event.text(Field::SessionUid);
        let session = session.and_then(|session| self.0.get(session));
        let asked = session.map(|session| {
            let prompts: Vec<&str> = session.prompts.iter().map(String::as_str).collect();
            prompts.join("\n")
        });
        let said = event.text(Field::SessionTask).map(str::to_owned);
        let task = said.or(asked).filter(|task| !task.trim().is_empty())?;
        let calls = session.into_iter().flat_map(|session| &session.calls);
        let mut history: Vec<&Json> = calls.collect();
        // What brought a result was told when it was called, too.
        history.pop_if(|last| **last == call);
        let first = history.len().saturating_sub(MAX_CALLS);
        let history = history.split_off(first);
        Some(Action {
            history: history.into_iter().cloned().collect(),
            task,
            call,
            destination: destination(event).map(str::to_owned),
        })
    }
}

/// A call with what is known of it.
struct Action {
    task: String,
    history: Vec<Json>,
    call: Json,
    destination: Option<String>,
}

impl Action {
    fn labelled(self, label: &str, source: &str) -> Json {
        let mut action = self.call;
        if let (Some(members), Some(destination)) = (action.as_object_mut(), self.destination) {
            members.insert("destination".to_owned(), Json::from(destination));
        }
        json!({
            "task": self.task,
            "history": self.history,
            "action": action,
            "label": label,
            "source": source,
        })
    }
}

/// A call as rows write it.
fn call_of(event: &Event) -> Option<Json> {
    let code = event.text(Field::EventCode);
    let is_call = matches!(code, Some("tool_call" | "tool_result"));
    let is_named = event.text(Field::ToolNameState) != Some("redacted_by_client");
    let written = event
        .text(Field::ToolArguments)
        .filter(|_| is_call && is_named)?;
    let arguments: Json = serde_json::from_str(written).ok()?;
    let tool = event.text(Field::ApiOperation)?;
    Some(json!({ "tool": tool, "arguments": arguments }))
}

/// What the models were asked about it: what it holds that can give orders, where that is one text.
fn text_of(event: &Event) -> Option<String> {
    if let Some(text) = magistrate_judge::text_with_orders(event) {
        return Some(text);
    }
    match untrusted_texts(event).as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

fn destination(event: &Event) -> Option<&str> {
    let fields = [
        Field::UrlString,
        Field::DestinationDomain,
        Field::RecipientDomain,
    ];
    fields.iter().find_map(|field| event.text(*field))
}
