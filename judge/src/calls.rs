//! The last calls of each session, so that a call can be held against what was done before.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use magistrate_enrich::{SessionFacts, SessionKey};
use magistrate_event::{Event, Field};
use magistrate_models::{Action, Arguments, Call};

/// Sessions beyond this are forgotten, the oldest first.
const MAX_SESSIONS: usize = 4_000;
/// Calls that a session remembers.
const MAX_CALLS: usize = 6;
/// Longer tasks and arguments are not read.
const MAX_BYTES: usize = 16 * 1_024;

/// The calls of sessions. Only in memory.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    sessions: HashMap<SessionKey, VecDeque<Call>>,
    order: VecDeque<SessionKey>,
}

impl Calls {
    /// The call that the redacted `event` tells of, with its task and what was called before; none
    /// where the task is not known, or too long to be held against.
    pub(crate) fn action(&self, event: &Event, facts: &SessionFacts) -> Option<Action> {
        let call = call_of(event)?;
        let first = facts.task.as_deref()?;
        let task = match facts.last_turn.as_deref() {
            Some(last) => format!("{first}\n{last}"),
            None => first.to_owned(),
        };
        if task.trim().is_empty() || task.len() > MAX_BYTES {
            return None;
        }
        let key = SessionKey::of(event);
        let history = key.and_then(|key| self.memory().sessions.get(&key).cloned());
        Some(Action {
            task,
            history: history.unwrap_or_default().into(),
            call,
            destination: destination(event),
        })
    }

    /// Remembers a call that passed.
    pub(crate) fn remember(&self, event: &Event) {
        let (Some(key), Some(call)) = (SessionKey::of(event), call_of(event)) else {
            return;
        };
        let mut memory = self.memory();
        if !memory.sessions.contains_key(&key) {
            memory.order.push_back(key);
            if memory.order.len() > MAX_SESSIONS
                && let Some(oldest) = memory.order.pop_front()
            {
                memory.sessions.remove(&oldest);
            }
        }
        let calls = memory.sessions.entry(key).or_default();
        calls.push_back(call);
        if calls.len() > MAX_CALLS {
            calls.pop_front();
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn call_of(event: &Event) -> Option<Call> {
    let is_call = event.text(Field::EventCode) == Some("tool_call");
    let written = event.text(Field::ToolArguments)?;
    if !is_call || written.len() > MAX_BYTES {
        return None;
    }
    Some(Call {
        tool: event.text(Field::ApiOperation)?.to_owned(),
        arguments: serde_json::from_str(written).ok()?,
        result: None,
    })
}

fn destination(event: &Event) -> Option<Arguments> {
    let fields = [
        Field::UrlString,
        Field::DestinationDomain,
        Field::RecipientDomain,
    ];
    let found = fields.iter().find_map(|field| event.text(*field))?;
    Some(Arguments::Text(found.to_owned()))
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};

    use super::*;

    fn called(session: &str, tool: &str) -> Event {
        let mut event = Event::new(Class::ApiActivity, 1, Timestamp::default());
        event.set_text(Field::SessionUid, session);
        event.set_text(Field::EventCode, "tool_call");
        event.set_text(Field::ApiOperation, tool);
        event.set_text(Field::ToolArguments, r#"{"to": "a@example.org"}"#);
        event
    }

    fn asked(task: &str) -> SessionFacts {
        SessionFacts {
            task: Some(task.to_owned()),
            ..SessionFacts::UNKNOWN
        }
    }

    #[test]
    fn a_call_is_held_against_its_task_and_what_passed_before() {
        let calls = Calls::default();
        assert_eq!(
            calls.action(&called("a", "send"), &SessionFacts::UNKNOWN),
            None
        );
        for _ in 0..2 * MAX_CALLS {
            calls.remember(&called("a", "look"));
        }
        let action = calls
            .action(&called("a", "send"), &asked("write to Ann"))
            .unwrap();
        assert_eq!(action.history.len(), MAX_CALLS);
        assert_eq!(action.history[0].tool, "look");
        let other = calls
            .action(&called("b", "send"), &asked("write to Ann"))
            .unwrap();
        assert_eq!(other.history, []);
        let long = "x".repeat(MAX_BYTES + 1);
        assert_eq!(calls.action(&called("a", "send"), &asked(&long)), None);
    }

    #[test]
    fn only_so_many_sessions_are_remembered() {
        let calls = Calls::default();
        for number in 0..=MAX_SESSIONS {
            calls.remember(&called(&number.to_string(), "look"));
        }
        assert_eq!(calls.memory().sessions.len(), MAX_SESSIONS);
    }
}
