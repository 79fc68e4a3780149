//! A verdict of before, read back from its row: what was decided, and what was known then.

use magistrate_enrich::{ModelScores, SessionFacts, recalled};
use magistrate_event::{Event, EventUid, Field, Value};
use serde_json::Value as Json;

use crate::approvals::Answer;
use crate::decision::{Decision, Failure, Match};
use crate::engine::person;
use crate::llm;

/// A verdict of before.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// Its id.
    pub verdict: String,
    /// The id of the action's row.
    pub event: EventUid,
    /// What policies and postures asked for; a door may have enforced something stricter.
    pub asked: Decision,
    /// Ids of its reasons, `magistrate.…` included.
    pub policies: Vec<String>,
    /// The door.
    pub door: String,
    /// Whether it is the answer, and one that policies had a say in.
    pub standing: Standing,
    pub(crate) facts: SessionFacts,
    pub(crate) scores: ModelScores,
    pub(crate) failures: Vec<Failure>,
    pub(crate) heard: Option<Answer>,
    /// What a language model said then.
    pub(crate) llm: Option<Match>,
}

/// What a verdict was worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Policies looked, and it was the answer.
    Judged,
    /// Its posture decided without them, since time, record, thread or program failed.
    ByPosture,
    /// It came after the answer.
    Late,
}

impl Past {
    /// Reads the row of a verdict; none where it is none.
    pub fn read(row: &Event) -> Option<Self> {
        let decision = row
            .text(Field::VerdictRequested)
            .or_else(|| row.text(Field::VerdictDecision))?;
        let mut decisions = Decision::ALL.into_iter();
        let asked = decisions.find(|one| one.name() == decision)?;
        let policies = texts(row, Field::VerdictPolicies);
        let failed = |one: &Failure| policies.iter().any(|name| name == one.policy());
        let failures: Vec<_> = Failure::ALL.into_iter().filter(failed).collect();
        let is_late = row.value(Field::VerdictLate) == Some(&Value::Bool(true));
        let approval = row.text(Field::ApprovalUid).and_then(|id| id.parse().ok());
        let told = json_of(row, Field::VerdictEvidence);
        let told = told.as_object().into_iter().flatten();
        let (facts, scores) = recalled(told.map(|(name, json)| (name.as_str(), json)));
        Some(Self {
            verdict: row.text(Field::VerdictUid)?.to_owned(),
            event: row.text(Field::VerdictEvent)?.parse().ok()?,
            asked,
            standing: match failures.iter().all(|one| one.is_looked_at()) {
                _ if is_late => Standing::Late,
                true => Standing::Judged,
                false => Standing::ByPosture,
            },
            heard: person::recalled(&policies, approval),
            llm: llm_said(row),
            door: row.text(Field::VerdictDoor).unwrap_or_default().to_owned(),
            policies,
            facts,
            scores,
            failures,
        })
    }
}

fn texts(row: &Event, field: Field) -> Vec<String> {
    let Some(Value::List(items)) = row.value(field) else {
        return Vec::new();
    };
    let texts = items.iter().filter_map(Value::as_text);
    texts.map(|text| row.resolve(text).to_owned()).collect()
}

/// The opinion of a language model, by the reasons of the verdict: it is not asked again.
fn llm_said(row: &Event) -> Option<Match> {
    let reasons = json_of(row, Field::VerdictReasons);
    let reason = reasons
        .as_array()?
        .iter()
        .find(|one| one.get("policy").and_then(Json::as_str) == Some(llm::POLICY))?;
    let text = |name| Some(reason.get(name)?.as_str()?.to_owned());
    let decision = text("decision")?;
    let decision = Decision::ALL
        .into_iter()
        .find(|one| one.name() == decision)?;
    Some(llm::said(text("title")?, text("category")?, decision))
}

fn json_of(row: &Event, field: Field) -> Json {
    let mut json = String::new();
    if let Some(value) = row.value(field) {
        row.push_json(value, &mut json);
    }
    serde_json::from_str(&json).unwrap_or_default()
}
