//! The task graph of a session: the user's turns, what the model was asked, which tools it called,
//! what was decided and what came of it, the flows that a proxy saw, and what the judge said.
//!
//! Made from stored events, in any order. Joined by `prompt.id`, `tool_use_id`, request ids, the
//! sub-agent's id and spans, and, for flows of the session's owner, host and time; verdicts by the id of
//! the row that they judge.

mod agents;
mod call;
mod clock;
mod flow;
mod gap;
mod model;
mod note;
mod owner;
mod print;
mod sighting;
#[cfg(test)]
mod tests;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use magistrate_event::{Class, Event, EventUid, Field, Timestamp};
use serde::Serialize;

use self::agents::Agents;
use self::call::Calls;
use self::flow::reconcile;
use self::gap::Gap;
use self::note::note;
use self::owner::Owner;
use self::sighting::is_flow;
use self::verdict::Verdicts;

pub use self::agents::{JoinedBy, SubAgent};
pub use self::call::{Call, Evidence};
pub use self::clock::{Clock, ClockPairs};
pub use self::flow::Flow;
pub use self::model::ModelCall;
pub use self::verdict::{FarFromTask, Verdict};

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
    /// Flows of the session that no call explains.
    pub flows: Vec<Flow>,
    /// Proxies whose clocks are off.
    pub clocks: Vec<Clock>,
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
    Model(Box<ModelCall>),
    /// A call of a tool; a sub-agent's steps stand under the call that started it.
    Call(Box<Call>),
    /// Something else worth a line: a mode that changed, a server, a hook that failed.
    Note(Note),
    /// What the judge said of something that is no call and no flow: a prompt, an answer, an action
    /// whose row is not stored.
    Verdict(Verdict),
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

/// Makes the graph of `session` from events of it, and from flows of nobody's session with what the
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
    let mut builder = Builder {
        calls: Calls::among(own()),
        ..Builder::default()
    };
    for (_, event) in sorted.iter().copied().chain(flows) {
        builder.verdicts.add(event);
    }
    for (uid, event) in sorted.iter().copied() {
        builder.add(*uid, event);
    }
    let owner = Owner::of(session, own());
    let of_owner =
        |one: &&(EventUid, Event)| is_flow(&one.1) && owner.sent(&|field| one.1.text(field));
    let flows: Vec<_> = sorted
        .iter()
        .copied()
        .chain(flows)
        .filter(of_owner)
        .collect();
    let (mut calls, mut models) = (builder.calls.finish(), builder.models);
    let (mut loose, clocks) = reconcile(session, &mut calls, &mut models, &flows);
    builder.verdicts.give(&mut calls, &mut models, &mut loose);
    for (prompt, verdict) in builder.verdicts.rest() {
        let turn = turn(&mut builder.turns, &prompt, &verdict.time);
        turn.steps.push(Step::Verdict(verdict));
    }
    let (calls, models) = builder.agents.place(calls, models);
    let first_text = |fields: &[Field]| {
        let mut all = own().flat_map(|event| fields.iter().filter_map(|field| event.text(*field)));
        all.next().map(str::to_owned)
    };
    let (mut missing, closed) = (builder.missing, builder.closed);
    missing.retain(|gap| !closed.contains(gap));
    let missing = missing.into_iter().map(Missing::from).collect();
    let (mut alerts, folded) = (builder.alerts, builder.folded);
    alerts.retain(|alert| !folded.contains(&alert.finding));
    TaskGraph {
        session: session.to_owned(),
        user: first_text(&[Field::UserEmail, Field::UserName, Field::UserUid]),
        surface: first_text(&[Field::Surface]),
        first: times().min().map(Timestamp::to_rfc3339).unwrap_or_default(),
        last: times().max().map(Timestamp::to_rfc3339).unwrap_or_default(),
        events: events.len(),
        turns: turns(builder.turns, calls, models),
        flows: loose,
        clocks,
        missing,
        alerts,
    }
}

/// Which flows may be of a session: those of its owner around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowsWanted {
    owner: Owner,
    /// The beginning of the time in which they may be.
    pub from: Timestamp,
    /// The end of that time.
    pub to: Timestamp,
}

impl FlowsWanted {
    /// The columns that say whose a flow is.
    pub const COLUMNS: &'static [Field] = &owner::COLUMNS;

    /// Whether the row of which `text` tells the [`COLUMNS`](Self::COLUMNS) is of nobody's session and
    /// was sent by the owner of this one.
    pub fn is_owners<'a>(&self, text: &dyn Fn(Field) -> Option<&'a str>) -> bool {
        text(Field::SessionUid).is_none() && self.owner.sent(text)
    }

    /// Whether `event` is such a flow, and of that time.
    pub fn takes(&self, event: &Event) -> bool {
        let time = event.time();
        let is_in_time = self.from <= time && time <= self.to;
        is_in_time && is_flow(event) && self.is_owners(&|field| event.text(field))
    }
}

/// The flows that [`task_graph`] can use beside the session's own `events`; none where nothing could be
/// held against them, or nothing says whose they would be.
pub fn flows_wanted(session: &str, events: &[(EventUid, Event)]) -> Option<FlowsWanted> {
    let events = || events.iter().map(|(_, event)| event);
    let owner = Owner::of(session, events());
    let times = events().filter(|event| {
        let is_call = event.text(Field::ToolClass).is_some();
        is_call || event.text(Field::EventCode) == Some("api_request")
    });
    let times: Vec<_> = times.map(Event::time).collect();
    let (from, to) = (times.iter().min()?, times.iter().max()?);
    let around = flow::NEAR + clock::MAX_OFFSET;
    (!owner.is_nobody()).then(|| FlowsWanted {
        owner,
        from: from.minus(around),
        to: to.plus(around),
    })
}

/// What is gathered on the way over the events.
#[derive(Default)]
struct Builder {
    /// By `prompt.id`; the empty one is of what belongs to no turn.
    turns: BTreeMap<String, Turn>,
    calls: Calls,
    models: Vec<ModelCall>,
    agents: Agents,
    verdicts: Verdicts,
    missing: Vec<Gap>,
    /// Gaps that have closed since.
    closed: Vec<Gap>,
    alerts: Vec<Alert>,
    /// Findings that are steps of a chain, which has an alert of its own.
    folded: BTreeSet<String>,
}

impl Builder {
    fn add(&mut self, uid: EventUid, event: &Event) {
        if event.class() == Class::DetectionFinding {
            return self.alert(event);
        }
        self.agents.add(event);
        let is_verdict = event.text(Field::VerdictUid).is_some();
        let is_other = is_verdict || is_flow(event) || event.class() == Class::Span;
        if self.calls.add(uid, event) || is_other {
            return;
        }
        if let Some(model) = ModelCall::of(event) {
            return self.models.push(model);
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
            Some("telemetry_gap") => self.missing.extend(Gap::of(event)),
            Some(code) => {
                if code == "telemetry_gap_closed" {
                    self.closed.extend(Gap::of(event));
                }
                if let Some(text) = note(event, code) {
                    let event = code.to_owned();
                    turn.steps.push(Step::Note(Note { time, event, text }));
                }
            }
            None => {}
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
fn turns(mut turns: BTreeMap<String, Turn>, calls: Vec<Call>, models: Vec<ModelCall>) -> Vec<Turn> {
    for model in models {
        let turn = turn(&mut turns, &model.prompt, &model.time);
        turn.steps.push(Step::Model(Box::new(model)));
    }
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
