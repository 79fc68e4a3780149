//! What each session was asked for and what it called since, so that a call can be held against its task.
//!
//! Only in memory: after a restart a session has a task again with its next prompt.

use std::collections::{HashMap, VecDeque};

use magistrate_event::{Event, Field};
use magistrate_models::{Action, Arguments, Call};

/// Sessions beyond this are forgotten, the oldest first.
const MAX_SESSIONS: usize = 2_000;
/// Prompts and calls that a session remembers.
const MAX_PROMPTS: usize = 4;
const MAX_CALLS: usize = 6;
/// Longer tasks and arguments are not read.
const MAX_BYTES: usize = 16 * 1_024;

/// The tasks of sessions.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    sessions: HashMap<String, Task>,
    order: VecDeque<String>,
}

#[derive(Debug, Default)]
struct Task {
    /// The user's last prompts: "go on" means what was asked before.
    said: VecDeque<String>,
    calls: VecDeque<Call>,
}

impl Task {
    /// What the user asked for; `None` where it is not known, or too long to be held against.
    fn said(&self) -> Option<String> {
        let said: Vec<&str> = self.said.iter().map(String::as_str).collect();
        let said = said.join("\n");
        (!said.trim().is_empty() && said.len() <= MAX_BYTES).then_some(said)
    }
}

impl Tasks {
    /// Learns from `event`; returns the call that it tells of, to be held against its session's
    /// task. A session whose task is not known has nothing to hold it against.
    pub(super) fn learn(&mut self, event: &Event) -> Option<Due<'_>> {
        let session = event.text(Field::SessionUid)?;
        match event.text(Field::EventCode)? {
            "user_prompt" => {
                self.begin(session, event);
                None
            }
            "tool_result" => self.call(session, event),
            _ => None,
        }
    }

    fn begin(&mut self, session: &str, event: &Event) {
        let said = event.text(Field::ContentText).unwrap_or_default();
        if !self.sessions.contains_key(session) {
            self.order.push_back(session.to_owned());
        }
        let task = self.sessions.entry(session.to_owned()).or_default();
        task.said.push_back(said.to_owned());
        while task.said.len() > MAX_PROMPTS {
            task.said.pop_front();
        }
        while self.order.len() > MAX_SESSIONS {
            if let Some(oldest) = self.order.pop_front() {
                self.sessions.remove(&oldest);
            }
        }
    }

    fn call(&mut self, session: &str, event: &Event) -> Option<Due<'_>> {
        let task = self.sessions.get_mut(session)?;
        task.calls.push_back(call_of(event)?);
        // The last one is at hand; the others came before it.
        while task.calls.len() > MAX_CALLS + 1 {
            task.calls.pop_front();
        }
        task.said
            .iter()
            .any(|said| !said.trim().is_empty())
            .then(|| Due {
                task,
                destination: destination(event),
            })
    }
}

/// A call that is to be held against its session's task.
pub(super) struct Due<'a> {
    task: &'a Task,
    destination: Option<Arguments>,
}

impl Due<'_> {
    /// What the models are asked; none where the task is too long to be held against.
    pub(super) fn action(self) -> Option<Action> {
        let task = self.task.said()?;
        let mut calls = self.task.calls.iter().cloned();
        let call = calls.next_back()?;
        Some(Action {
            task,
            history: calls.collect(),
            call,
            destination: self.destination,
        })
    }
}

fn call_of(event: &Event) -> Option<Call> {
    event.text(Field::ToolClass)?;
    if event.text(Field::ToolNameState) == Some("redacted_by_client") {
        return None;
    }
    let written = event.text(Field::ToolArguments)?;
    if written.len() > MAX_BYTES {
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

    fn event(session: &str, code: &str) -> Event {
        let mut event = Event::new(Class::ApiActivity, 1, Timestamp::default());
        event.set_text(Field::SessionUid, session);
        event.set_text(Field::EventCode, code);
        event
    }

    fn learn(tasks: &mut Tasks, event: &Event) -> Option<Action> {
        tasks.learn(event)?.action()
    }

    fn prompt(session: &str, text: &str) -> Event {
        let mut event = event(session, "user_prompt");
        event.set_text(Field::ContentText, text);
        event
    }

    fn called(session: &str, tool: &str) -> Event {
        let mut event = event(session, "tool_result");
        event.set_text(Field::ToolClass, "mcp");
        event.set_text(Field::ApiOperation, tool);
        event.set_text(Field::ToolArguments, r#"{"to": "a@example.org"}"#);
        event
    }

    #[test]
    fn a_call_is_held_against_its_own_sessions_task() {
        let mut tasks = Tasks::default();
        assert_eq!(learn(&mut tasks, &called("a", "send")), None);
        assert_eq!(learn(&mut tasks, &prompt("a", "write to Ann")), None);
        assert_eq!(learn(&mut tasks, &called("b", "send")), None);
        let first = learn(&mut tasks, &called("a", "look")).unwrap();
        assert_eq!(
            (first.task.as_str(), first.history.len()),
            ("write to Ann", 0)
        );
        let second = learn(&mut tasks, &called("a", "send")).unwrap();
        assert_eq!(second.history, [first.call]);
        for _ in 0..20 {
            learn(&mut tasks, &called("a", "look"));
        }
        assert_eq!(
            learn(&mut tasks, &called("a", "send"))
                .unwrap()
                .history
                .len(),
            MAX_CALLS
        );
    }

    #[test]
    fn what_cannot_be_read_has_no_action() {
        let mut tasks = Tasks::default();
        learn(&mut tasks, &prompt("a", "write to Ann"));
        let mut masked = called("a", "mcp_tool");
        masked.set_text(Field::ToolNameState, "redacted_by_client");
        assert_eq!(learn(&mut tasks, &masked), None);
        let mut cut = called("a", "send");
        cut.set_text(Field::ToolArguments, r#"{"to": "a@ex…"#);
        assert_eq!(learn(&mut tasks, &cut), None);
        learn(&mut tasks, &prompt("a", &"x".repeat(MAX_BYTES + 1)));
        assert_eq!(learn(&mut tasks, &called("a", "send")), None);
        for _ in 0..MAX_PROMPTS {
            learn(&mut tasks, &prompt("a", "go on"));
        }
        assert!(learn(&mut tasks, &called("a", "send")).is_some());
    }

    #[test]
    fn only_so_many_sessions_are_remembered() {
        let mut tasks = Tasks::default();
        for number in 0..=MAX_SESSIONS {
            learn(&mut tasks, &prompt(&number.to_string(), "do it"));
        }
        assert_eq!(tasks.sessions.len(), MAX_SESSIONS);
        assert_eq!(learn(&mut tasks, &called("0", "send")), None);
        assert!(learn(&mut tasks, &called("1", "send")).is_some());
    }
}
