//! A verdict as a row of its own, beside the row of the action that it is about.

use std::collections::BTreeMap;

use magistrate_enrich::{SessionFacts, TextPart, Unjudged};
use magistrate_event::{Class, Event, EventUid, Field, Timestamp, Value};
use magistrate_models::Evidence;

use serde_json::Value as Json;

use crate::decision::{Decision, Match};
use crate::engine::Moment;
use crate::session_facts::told;
use crate::verdict::Verdict;

/// Who and where of an action, for its verdict's row.
pub(crate) type About = Vec<(Field, String)>;

/// Columns that a verdict takes over from its action.
const ABOUT: [Field; 14] = [
    Field::SessionUid,
    Field::UserEmail,
    Field::UserName,
    Field::DeviceHostname,
    Field::CorrelationUid,
    Field::ApiOperation,
    Field::ApiServiceName,
    Field::ApiRequestUid,
    Field::Source,
    Field::Peer,
    Field::SenderIdentity,
    Field::Surface,
    Field::SessionMode,
    Field::DestinationDomain,
];
/// Longer values of what is redacted already are cut.
const MAX_VALUE_BYTES: usize = 512;
/// Reasons, and values of one, that a row tells.
const MAX_LISTED: usize = 64;

/// OCSF's `action_id` (security_control profile).
const ALLOWED: i64 = 1;
const DENIED: i64 = 2;
const MODIFIED: i64 = 4;
/// OCSF's `severity_id`.
const INFORMATIONAL: i64 = 1;
const MEDIUM: i64 = 3;
const HIGH: i64 = 4;

/// Who and where of `event`.
pub(crate) fn about(event: &Event) -> About {
    let filled = ABOUT.iter().filter_map(|field| {
        // Whole: the row is redacted later, and half of a secret may not be recognized.
        let text = event.text(*field)?;
        Some((*field, text.to_owned()))
    });
    filled.collect()
}

/// The same of an action that nobody has looked at: without what may be a part of a secret, which
/// only the whole of it would tell.
pub(crate) fn unseen(mut about: About) -> About {
    about.retain(|(field, _)| *field != Field::DestinationDomain);
    about
}

/// What a verdict's row tells beside the verdict.
pub(crate) struct Told<'a> {
    pub(crate) about: &'a About,
    pub(crate) event_uid: EventUid,
    pub(crate) time: Timestamp,
    pub(crate) door: &'static str,
    pub(crate) category: &'static str,
    pub(crate) profile: &'static str,
    pub(crate) facts: &'a SessionFacts,
    /// The approval that it waits for or used.
    pub(crate) approval: Option<EventUid>,
    pub(crate) moment: Moment,
    /// What of its text scored.
    pub(crate) part: Option<TextPart>,
    /// What speaks for a drift from the task.
    pub(crate) drift: Option<&'a Evidence>,
    /// Why a model gave no score.
    pub(crate) unjudged: Option<Unjudged>,
    /// What was answered so far.
    pub(crate) answered: Option<Decision>,
}

/// The verdict's row: API Activity with the security_control profile.
pub(crate) fn verdict(about: &Told<'_>, verdict: &Verdict, matches: &[Match]) -> Event {
    let mut event = Event::new(Class::ApiActivity, 0, about.time);
    let (action, disposition, severity) = outcome(verdict.decision);
    event.set_int(Field::ActionId, action);
    event.set_int(Field::DispositionId, disposition);
    event.set_int(Field::SeverityId, severity);
    event.set_text(Field::ProductName, "magistrate");
    event.set_text(Field::ProductVendor, "Magistrate");
    event.set_text(Field::Message, &message(verdict));
    for (field, text) in about.about {
        event.set_text(*field, text);
    }
    event.set_text(Field::VerdictUid, &verdict.verdict_id);
    event.set_text(Field::VerdictDecision, verdict.decision.name());
    if let Some(requested) = verdict.requested {
        event.set_text(Field::VerdictRequested, requested.name());
    }
    event.set_text(Field::VerdictEvent, &about.event_uid.to_string());
    event.set_text(Field::VerdictCategory, about.category);
    event.set_text(Field::VerdictTier, verdict.tier.name());
    event.set(Field::VerdictDegraded, Value::Bool(verdict.degraded));
    event.set(Field::VerdictPartial, Value::Bool(verdict.partial));
    event.set_text(Field::PolicyVersion, &verdict.policy_version);
    let elapsed = i64::try_from(verdict.elapsed_us).unwrap_or(i64::MAX);
    event.set_int(Field::VerdictElapsed, elapsed);
    event.set_text(Field::VerdictDoor, about.door);
    event.set_text(Field::VerdictProfile, about.profile);
    if let Some(request_id) = &verdict.request_id {
        event.set_text(Field::VerdictRequestUid, request_id);
    }
    if let Some(approval) = about.approval {
        event.set_text(Field::ApprovalUid, &approval.to_string());
    }
    if about.moment == Moment::Late {
        event.set(Field::VerdictLate, Value::Bool(true));
        if let Some(answered) = about.answered {
            event.set_text(Field::VerdictAnswered, answered.name());
        }
    }
    set_reasons(&mut event, verdict, matches);
    if let Some(model) = &verdict.model {
        event.set_text(Field::VerdictModel, model);
    }
    set_evidence(&mut event, about, verdict);
    event
}

/// OCSF's action and disposition of a decision, and how bad it is.
const fn outcome(decision: Decision) -> (i64, i64, i64) {
    match decision {
        Decision::Allow => (ALLOWED, 1, INFORMATIONAL),
        Decision::Redact => (MODIFIED, 11, MEDIUM),
        Decision::Downgrade => (MODIFIED, 7, MEDIUM),
        Decision::RequireApproval => (DENIED, 14, MEDIUM),
        Decision::Block => (DENIED, 2, HIGH),
    }
}

fn message(verdict: &Verdict) -> String {
    let decision = verdict.decision.name();
    match verdict.reasons.first() {
        Some(reason) => format!("{decision}: {}", reason.title),
        None => format!("{decision}: no policy matched"),
    }
}

fn set_reasons(event: &mut Event, verdict: &Verdict, matches: &[Match]) {
    if verdict.reasons.is_empty() {
        return;
    }
    let reasons = verdict.reasons.iter().take(MAX_LISTED).map(|reason| {
        let mut entries = vec![
            text_entry(event, "policy", &reason.policy),
            text_entry(event, "title", &reason.title),
            text_entry(event, "category", &reason.category),
            text_entry(event, "decision", reason.decision.name()),
        ];
        let found = matches.iter().find(|one| one.policy == reason.policy);
        let matched = found.into_iter().flat_map(|one| &one.matched);
        let matched: Vec<_> = matched
            .take(MAX_LISTED)
            .map(|(field, value)| text_entry(event, field, cut(value)))
            .collect();
        if !matched.is_empty() {
            entries.push((event.push_key("matched"), Value::Map(matched)));
        }
        Value::Map(entries)
    });
    let reasons = Value::List(reasons.collect());
    event.set(Field::VerdictReasons, reasons);
    let policies = verdict.reasons.iter().take(MAX_LISTED);
    let policies: Vec<_> = policies
        .map(|reason| Value::Text(event.push_text(&reason.policy)))
        .collect();
    event.set(Field::VerdictPolicies, Value::List(policies));
}

fn set_evidence(event: &mut Event, about: &Told<'_>, verdict: &Verdict) {
    let mut told: BTreeMap<String, Json> = told(about.facts)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let scores = verdict.scores.iter();
    told.extend(scores.map(|(name, score)| (format!("score.{name}"), Json::from(*score))));
    let part = about.part.map(TextPart::name);
    told.extend(part.map(|part| ("score.part".to_owned(), Json::from(part))));
    let drift = about.drift.map(Evidence::named).into_iter().flatten();
    told.extend(drift.map(|(name, text)| (name.to_owned(), Json::from(text))));
    let unjudged = about.unjudged.map(Unjudged::name);
    told.extend(unjudged.map(|why| ("score.unjudged".to_owned(), Json::from(why))));
    if told.is_empty() {
        return;
    }
    let entries = told.iter().map(|(name, value)| {
        let key = event.push_key(name);
        let value = match value {
            Json::Bool(flag) => Value::Bool(*flag),
            Json::Array(items) => {
                let texts = items.iter().filter_map(Json::as_str).take(MAX_LISTED);
                Value::List(
                    texts
                        .map(|text| Value::Text(event.push_text(cut(text))))
                        .collect(),
                )
            }
            Json::String(text) => Value::Text(event.push_text(cut(text))),
            Json::Number(number) => Value::Double(number.as_f64().unwrap_or_default()),
            Json::Null | Json::Object(_) => Value::Null,
        };
        (key, value)
    });
    let entries = Value::Map(entries.collect());
    event.set(Field::VerdictEvidence, entries);
}

fn text_entry(event: &mut Event, key: &str, text: &str) -> (magistrate_event::Text, Value) {
    let key = event.push_key(key);
    (key, Value::Text(event.push_text(text)))
}

fn cut(value: &str) -> &str {
    let end = value.floor_char_boundary(MAX_VALUE_BYTES);
    value.get(..end).unwrap_or_default()
}
