//! The task graph of a session: the user's turns, what the model was asked, which tools it called,
//! what was decided and what came of it, the flows that a proxy saw, and what the judge said.
//!
//! Made from stored events, in any order. Joined by `prompt.id`, `tool_use_id`, request ids, the
//! sub-agent's id, and, for flows, host and time; verdicts by the id of the row that they judge.

mod call;
mod flow;
mod print;
#[cfg(test)]
mod tests;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use magistrate_event::{Class, Event, EventUid, Field, Timestamp};
use serde::Serialize;

use self::call::Calls;
use self::flow::reconcile;
use self::verdict::Verdicts;

pub use self::call::{Call, Evidence};
pub use self::flow::Flow;
pub use self::verdict::Verdict;

/// A session, as far as its events tell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskGraph {
    /// `session.id`.
    pub session: String,
    /// The user: address, name or id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// cowork, code or desktop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surface: Option<String>,
    /// When the first event happened, RFC 3339.
    pub first: String,
    /// When the last event happened, RFC 3339.
    pub last: String,
    /// How many events it is made of.
    pub events: usize,
    /// The user's turns, in their order; the first holds what belongs to none where there is such.
    pub turns: Vec<Turn>,
    /// Flows of the session, or of its user in its time, that no call explains.
    pub flows: Vec<Flow>,
    /// Numbers of events that never came.
    pub missing: Vec<Missing>,
    /// Alerts about the session.
    pub alerts: Vec<Alert>,
}

/// One turn of the user, and what followed from it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Turn {
    /// `prompt.id`; none for what belongs to no turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// When it happened, RFC 3339.
    pub time: String,
    /// What the user said, redacted; none where the client does not send it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What followed, in the order of time.
    pub steps: Vec<Step>,
}

/// One step of a turn.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Step {
    /// A request to the model.
    Model(ModelCall),
    /// A call of a tool; a sub-agent's steps stand under the call that started it.
    Call(Box<Call>),
    /// Something else worth a line: a mode that changed, a server, a hook that failed.
    Note(Note),
    /// What the judge said of something that is no call and no flow: a prompt, an answer, an action
    /// whose row is not stored.
    Verdict(Verdict),
}

/// A request to the model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelCall {
    /// When it happened, RFC 3339.
    pub time: String,
    /// Request id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Whether it failed or was refused.
    pub failed: bool,
}

/// Something else worth a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Note {
    /// When it happened, RFC 3339.
    pub time: String,
    /// The event's name.
    pub event: String,
    /// What it says.
    pub text: String,
}

/// Numbers of events that never came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The first of them.
    pub first: i64,
    /// The last of them.
    pub last: i64,
}

/// An alert about the session.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alert {
    /// When it happened, RFC 3339.
    pub time: String,
    /// Its title.
    pub title: String,
    /// OCSF's severity.
    pub severity_id: i64,
    /// Ids of the events that it was found in.
    pub events: Vec<String>,
    /// Id of the finding.
    pub finding: String,
}

/// Makes the graph of `session` from events of it, and from flows that may be of it with what the
/// judge said of them.
pub fn task_graph(
    session: &str,
    events: &[(EventUid, Event)],
    flows: &[(EventUid, Event)],
) -> TaskGraph {
    let mut sorted: Vec<&(EventUid, Event)> = events.iter().collect();
    sorted.sort_by_key(|(uid, event)| (event.time(), event.int(Field::Sequence), *uid));
    let own = || sorted.iter().map(|(_, event)| event);
    let times = || own().map(Event::time);
    let mut builder = Builder::default();
    for (_, event) in sorted.iter().copied().chain(flows) {
        builder.verdicts.add(event);
    }
    for (uid, event) in sorted.iter().copied() {
        builder.add(*uid, event);
    }
    let mut calls = builder.calls.finish();
    let is_one = |one: &&(EventUid, Event)| is_flow(&one.1);
    let own_flows: Vec<_> = sorted.iter().copied().filter(is_one).collect();
    let others: Vec<_> = flows.iter().filter(is_one).collect();
    let mut loose = reconcile(&mut calls, &own_flows, &others);
    builder.verdicts.give(&mut calls, &mut loose);
    for (prompt, verdict) in builder.verdicts.rest() {
        let turn = turn(&mut builder.turns, &prompt, &verdict.time);
        turn.steps.push(Step::Verdict(verdict));
    }
    let first_text = |fields: &[Field]| {
        let mut all = own().flat_map(|event| fields.iter().filter_map(|field| event.text(*field)));
        all.next().map(str::to_owned)
    };
    let (mut alerts, folded) = (builder.alerts, builder.folded);
    alerts.retain(|alert| !folded.contains(&alert.finding));
    TaskGraph {
        session: session.to_owned(),
        user: first_text(&[Field::UserEmail, Field::UserName, Field::UserUid]),
        surface: first_text(&[Field::Surface]),
        first: times().min().map(Timestamp::to_rfc3339).unwrap_or_default(),
        last: times().max().map(Timestamp::to_rfc3339).unwrap_or_default(),
        events: events.len(),
        turns: turns(builder.turns, calls),
        flows: loose,
        missing: builder.missing,
        alerts,
    }
}

/// Which flows may be of a session: those to these hosts, in this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowsWanted {
    /// Hosts.
    pub hosts: Vec<String>,
    /// The beginning of the time in which they may be.
    pub from: Timestamp,
    /// The end of that time.
    pub to: Timestamp,
}

/// The flows that [`task_graph`] can use beside the session's own `events`.
pub fn flows_wanted(events: &[(EventUid, Event)]) -> FlowsWanted {
    let events: Vec<&Event> = events.iter().map(|(_, event)| event).collect();
    let (hosts, from, to) = flow::wanted(&events);
    FlowsWanted { hosts, from, to }
}

/// What is gathered on the way over the events.
#[derive(Default)]
struct Builder {
    /// By `prompt.id`; the empty one is of what belongs to no turn.
    turns: BTreeMap<String, Turn>,
    calls: Calls,
    verdicts: Verdicts,
    missing: Vec<Missing>,
    alerts: Vec<Alert>,
    /// Findings that are steps of a chain, which has an alert of its own.
    folded: BTreeSet<String>,
}

impl Builder {
    fn add(&mut self, uid: EventUid, event: &Event) {
        if event.class() == Class::DetectionFinding {
            return self.alert(event);
        }
        let is_verdict = event.text(Field::VerdictUid).is_some();
        let is_other = is_verdict || is_flow(event) || event.class() == Class::Span;
        if self.calls.add(uid, event) || is_other {
            return;
        }
        let time = event.time().to_rfc3339();
        let prompt = event.text(Field::CorrelationUid).unwrap_or_default();
        let turn = turn(&mut self.turns, prompt, &time);
        match event.text(Field::EventCode) {
            Some("user_prompt") => {
                turn.text = event.text(Field::ContentText).map(str::to_owned);
                turn.time = time;
            }
            // The judge was asked about it; the client's own word of it comes first.
            Some("prompt") if turn.text.is_none() => {
                turn.text = event.text(Field::ContentText).map(str::to_owned);
            }
            Some(code @ ("api_request" | "api_error" | "api_refusal")) => {
                turn.steps.push(Step::Model(ModelCall {
                    time,
                    request: event.text(Field::ApiRequestUid).map(str::to_owned),
                    model: event.text(Field::AiModelName).map(str::to_owned),
                    failed: code != "api_request",
                }));
            }
            Some("telemetry_gap") => self.gap(event),
            Some(code) => {
                if let Some(text) = note(event, code) {
                    let event = code.to_owned();
                    turn.steps.push(Step::Note(Note { time, event, text }));
                }
            }
            None => {}
        }
    }

    fn gap(&mut self, event: &Event) {
        let first = attribute(event, "missing.first").and_then(|text| text.parse().ok());
        let last = attribute(event, "missing.last").and_then(|text| text.parse().ok());
        if let (Some(first), Some(last)) = (first, last) {
            self.missing.push(Missing { first, last });
        }
    }

    fn alert(&mut self, event: &Event) {
        // The word at the end of a group repeats its first.
        const CREATE: u8 = 1;
        const CLOSE: u8 = 3;
        let finding = event.text(Field::FindingUid).unwrap_or_default();
        match event.activity() {
            CREATE => {}
            CLOSE => {
                self.folded.insert(finding.to_owned());
                return;
            }
            _ => return,
        }
        let mut related = String::new();
        if let Some(value) = event.value(Field::RelatedEvents) {
            event.push_json(value, &mut related);
        }
        #[derive(serde::Deserialize)]
        struct Related {
            uid: String,
        }
        let related: Vec<Related> = serde_json::from_str(&related).unwrap_or_default();
        self.alerts.push(Alert {
            time: event.time().to_rfc3339(),
            title: event
                .text(Field::FindingTitle)
                .unwrap_or_default()
                .to_owned(),
            severity_id: event.int(Field::SeverityId).unwrap_or_default(),
            events: related.into_iter().map(|one| one.uid).collect(),
            finding: finding.to_owned(),
        });
    }
}

/// The turn of this `prompt.id`, which began at `time` where it is not known yet.
fn turn<'a>(turns: &'a mut BTreeMap<String, Turn>, prompt: &str, time: &str) -> &'a mut Turn {
    turns.entry(prompt.to_owned()).or_insert_with(|| Turn {
        prompt: (!prompt.is_empty()).then(|| prompt.to_owned()),
        time: time.to_owned(),
        text: None,
        steps: Vec::new(),
    })
}

/// Puts calls into the turns that they belong to, everything in the order of its time.
fn turns(mut turns: BTreeMap<String, Turn>, calls: Vec<Call>) -> Vec<Turn> {
    for call in calls {
        let turn = turn(&mut turns, &call.prompt, &call.time);
        turn.steps.push(Step::Call(Box::new(call)));
    }
    let mut turns: Vec<Turn> = turns.into_values().collect();
    turns.retain(|turn| turn.prompt.is_some() || !turn.steps.is_empty());
    for turn in &mut turns {
        turn.steps.sort_by(|a, b| a.time().cmp(b.time()));
    }
    turns.sort_by(|a, b| (a.prompt.is_some(), &a.time).cmp(&(b.prompt.is_some(), &b.time)));
    turns
}

impl Step {
    /// When it happened, RFC 3339.
    pub fn time(&self) -> &str {
        match self {
            Self::Model(call) => &call.time,
            Self::Call(call) => &call.time,
            Self::Note(note) => &note.time,
            Self::Verdict(verdict) => &verdict.time,
        }
    }
}

/// Whether an event is what a proxy saw, and no word of the client.
fn is_flow(event: &Event) -> bool {
    matches!(event.class(), Class::HttpActivity | Class::NetworkActivity)
        && event.text(Field::ToolClass).is_none()
}

/// What a line says of an event that is neither turn nor call; none where it is not worth one.
fn note(event: &Event, code: &str) -> Option<String> {
    let text = |field: Field| event.text(field).unwrap_or_default();
    let number = |name: &str| {
        attribute(event, name)
            .and_then(|text| text.parse::<u64>().ok())
            .unwrap_or_default()
    };
    match code {
        "permission_mode_changed" => Some(format!(
            "permission mode is {}",
            text(Field::PermissionMode)
        )),
        "mcp_server_connection" => Some(format!(
            "MCP server {} {}",
            text(Field::ApiServiceName),
            text(Field::StatusCode)
        )),
        "compaction" => Some("context compacted".to_owned()),
        "subagent_completed" => Some(format!("sub-agent {} has ended", text(Field::AgentId))),
        "hook_execution_complete" => {
            let failed = number("num_non_blocking_error") + number("num_cancelled");
            let hook = attribute(event, "hook_name").unwrap_or_default();
            (failed > 0).then(|| format!("hook {hook} failed or ran out of time"))
        }
        "telemetry_silent" | "hooks_silent" | "telemetry_gap_closed" | "schema_drift" => {
            Some(text(Field::Message).to_owned())
        }
        _ => None,
    }
}

/// An attribute that has no column, as text.
fn attribute(event: &Event, name: &str) -> Option<String> {
    let (_, value) = event.unmapped().find(|(key, _)| *key == name)?;
    let mut text = String::new();
    event.push_json(value, &mut text);
    Some(text.trim_matches('"').to_owned())
}
