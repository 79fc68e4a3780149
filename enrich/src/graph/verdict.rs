//! What the judge said: each verdict under the call or flow that it judged.

use std::collections::{BTreeMap, HashSet};

use magistrate_event::{Event, EventUid, Field, Value};
use serde::{Deserialize, Serialize};

use super::{Call, Flow, ModelCall};

/// A verdict of the judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// When it fell, RFC 3339.
    pub time: String,
    /// Its id.
    pub id: String,
    /// What was enforced.
    pub decision: String,
    /// What policy asked for, where the door could not carry it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested: Option<String>,
    /// How deep it was looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// The door that asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub door: Option<String>,
    /// Titles of what it rests on.
    pub reasons: Vec<String>,
    /// What speaks for a drift from the task, where a model found one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<Box<FarFromTask>>,
    /// Reached after the answer: it could only revoke.
    pub late: bool,
    /// Something failed or came too late.
    pub degraded: bool,
    #[serde(skip)]
    of: Of,
}

/// What speaks for a drift from the task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FarFromTask {
    /// The argument that weighs most, and its value.
    #[serde(rename(deserialize = "score.drift_argument"))]
    pub argument: String,
    /// Where the value comes from.
    #[serde(rename(deserialize = "score.drift_source"))]
    pub source: String,
    /// The clause of the task that is nearest.
    #[serde(rename(deserialize = "score.drift_clause"))]
    pub clause: String,
}

/// What a verdict is of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Of {
    /// The judged action's row.
    row: Option<EventUid>,
    /// `tool_use_id`.
    call: Option<String>,
    /// `prompt.id`; empty where there is none.
    prompt: String,
}

/// Verdicts on the way, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    list: Vec<Verdict>,
    /// Ids, each with whether it is late: a late verdict has the id of the one that was given.
    known: HashSet<(String, bool)>,
}

impl Verdicts {
    /// Takes over `event` where it is a verdict that is not known yet.
    pub(super) fn add(&mut self, event: &Event) {
        if let Some(verdict) = Verdict::of(event)
            && self.known.insert((verdict.id.clone(), verdict.late))
        {
            self.list.push(verdict);
        }
    }

    /// Gives calls and flows the verdicts that are of them.
    pub(super) fn give(
        &mut self,
        calls: &mut [Call],
        models: &mut [ModelCall],
        loose: &mut [Flow],
    ) {
        let mut verdicts = std::mem::take(&mut self.list);
        verdicts.sort_by(|a, b| (&a.time, a.late).cmp(&(&b.time, b.late)));
        let mut places = BTreeMap::new();
        let mut ids = BTreeMap::new();
        let mut number = 0;
        visit(calls, models, loose, &mut |place| {
            for row in place.rows() {
                places.entry(row).or_insert(number);
            }
            if let Place::Call(call) = &place {
                ids.insert(call.id.clone(), number);
            }
            number += 1;
        });
        let mut given: BTreeMap<usize, Vec<Verdict>> = BTreeMap::new();
        for verdict in verdicts {
            let by_row = verdict.of.row.and_then(|row| places.get(&row));
            let by_call = || ids.get(verdict.of.call.as_deref()?);
            match by_row.or_else(by_call) {
                Some(place) => given.entry(*place).or_default().push(verdict),
                None => self.list.push(verdict),
            }
        }
        number = 0;
        visit(calls, models, loose, &mut |place| {
            if let Some(verdicts) = given.remove(&number) {
                *place.verdicts() = verdicts;
            }
            number += 1;
        });
    }

    /// Those that are of no call and no flow, with the `prompt.id` of each.
    pub(super) fn rest(&mut self) -> Vec<(String, Verdict)> {
        let rest = std::mem::take(&mut self.list).into_iter();
        rest.map(|verdict| (verdict.of.prompt.clone(), verdict))
            .collect()
    }
}

/// Where verdicts stand.
enum Place<'a> {
    Call(&'a mut Call),
    Flow(&'a mut Flow),
}

impl<'a> Place<'a> {
    fn rows(&self) -> Vec<EventUid> {
        match self {
            Self::Call(call) => call.rows.clone(),
            Self::Flow(flow) => vec![flow.row],
        }
    }

    fn verdicts(self) -> &'a mut Vec<Verdict> {
        match self {
            Self::Call(call) => &mut call.verdicts,
            Self::Flow(flow) => &mut flow.verdicts,
        }
    }
}

/// Shows `see` every call and flow, in an order that is always the same.
fn visit(
    calls: &mut [Call],
    models: &mut [ModelCall],
    loose: &mut [Flow],
    see: &mut impl FnMut(Place<'_>),
) {
    for call in calls {
        for flow in &mut call.flows {
            see(Place::Flow(flow));
        }
        see(Place::Call(call));
    }
    let of_models = models.iter_mut().flat_map(|model| &mut model.flows);
    for flow in of_models.chain(loose) {
        see(Place::Flow(flow));
    }
}

impl Verdict {
    /// None where `event` is no verdict.
    fn of(event: &Event) -> Option<Self> {
        let text = |field: Field| event.text(field).map(str::to_owned);
        let flag = |field: Field| event.value(field) == Some(&Value::Bool(true));
        let row = event.text(Field::VerdictEvent);
        Some(Self {
            time: event.time().to_rfc3339(),
            id: text(Field::VerdictUid)?,
            decision: text(Field::VerdictDecision).unwrap_or_default(),
            requested: text(Field::VerdictRequested),
            tier: text(Field::VerdictTier),
            door: text(Field::VerdictDoor),
            reasons: titles(event),
            drift: serde_json::from_str(&json_of(event, Field::VerdictEvidence)).ok(),
            late: flag(Field::VerdictLate),
            degraded: flag(Field::VerdictDegraded),
            of: Of {
                row: row.and_then(|row| row.parse().ok()),
                call: text(Field::ApiRequestUid),
                prompt: text(Field::CorrelationUid).unwrap_or_default(),
            },
        })
    }
}

/// The titles of a verdict's reasons.
fn titles(event: &Event) -> Vec<String> {
    #[derive(Deserialize)]
    struct Reason {
        title: String,
    }
    let json = json_of(event, Field::VerdictReasons);
    let reasons: Vec<Reason> = serde_json::from_str(&json).unwrap_or_default();
    reasons.into_iter().map(|reason| reason.title).collect()
}

fn json_of(event: &Event, field: Field) -> String {
    let mut json = String::new();
    if let Some(value) = event.value(field) {
        event.push_json(value, &mut json);
    }
    json
}
