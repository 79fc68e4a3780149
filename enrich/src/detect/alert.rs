//! Makes an OCSF Detection Finding of what rules matched.

use magistrate_event::{Class, Event, Field, Text, Timestamp, Value};
use serde::{Deserialize, Serialize};

use super::chain::Chain;
use super::moment::Clock;
use super::rule::{Level, Rule};
use super::sigma::{Hit, Matched};
use crate::context::CallTag;

/// Ids of events that an alert names.
pub(super) const MAX_RELATED: usize = 32;
/// Values that an alert shows.
const MAX_EVIDENCE: usize = 16;
/// Longer values are cut.
const MAX_VALUE_BYTES: usize = 1_024;

/// OCSF's activities of a finding.
const CREATE: u8 = 1;
const UPDATE: u8 = 2;
const CLOSE: u8 = 3;
/// OCSF's analytic type of a rule.
const RULE: i64 = 1;
/// OCSF's status of a finding that nobody has looked at.
const NEW: i64 = 1;
/// OCSF's status of a finding that is kept, and that nobody need look at.
const ARCHIVED: i64 = 5;

/// Whether an alert is the first of its group, or tells how the group went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The first match of a group.
    New,
    /// The group is closed; it had more than one match.
    Closed,
    /// The rule makes too many alerts; the rest of the hour is left out.
    Throttled,
    /// It was told before, and is a step of a chain whose alert takes its place.
    Folded,
}

/// What an alert says of the events that it is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Group {
    /// The alert's id: the same over all stages.
    pub(super) uid: String,
    /// Matches so far.
    pub(super) count: u64,
    /// Ids of the first events.
    pub(super) events: Vec<String>,
    /// When the first and the last of them happened, in microseconds.
    pub(super) first: i64,
    pub(super) last: i64,
    /// The clock that it goes by.
    pub(super) clock: Clock,
    /// Until when matches are added, in microseconds of that clock.
    pub(super) until: i64,
    /// Who and where, by column number.
    pub(super) about: Vec<(u16, String)>,
    /// What made the rule match first.
    pub(super) evidence: Vec<(String, String)>,
    /// What the rule asks, and what was known of it then.
    pub(super) questions: Vec<(String, String)>,
    /// The calls that the events belong to, one an event.
    #[serde(default)]
    pub(super) calls: Vec<CallTag>,
    /// The rule's `severity_id` when it began.
    #[serde(default)]
    pub(super) level: i64,
    /// What it took in, where its rule looks at a chain.
    #[serde(default)]
    pub(super) chain: Option<Chain>,
}

/// Columns that an alert takes over from its event.
const ABOUT: [Field; 13] = [
    Field::SessionUid,
    Field::UserUid,
    Field::UserUidAlt,
    Field::UserEmail,
    Field::UserName,
    Field::AccountUid,
    Field::DeviceHostname,
    Field::DeviceUid,
    Field::DeviceIp,
    Field::TenantUid,
    Field::CorrelationUid,
    Field::Surface,
    Field::PathClass,
];

/// Who and where of `event`.
pub(super) fn about(event: &Event) -> Vec<(u16, String)> {
    let filled = ABOUT.iter().filter_map(|field| {
        let text = event.text(*field)?;
        Some((u16::from(*field), text.to_owned()))
    });
    filled.collect()
}

/// What made the rule match, cut to what a person reads.
pub(super) fn evidence(hit: &Hit) -> Vec<(String, String)> {
    let matched = hit
        .matched
        .iter()
        .map(|Matched { field, value }| (field.clone(), cut(value)));
    let correlated = hit.correlated.iter().flat_map(|correlated| {
        let group = correlated.group.iter();
        let group = group.map(|(field, value)| (field.clone(), cut(value)));
        let counted = ("value".to_owned(), correlated.value.to_string());
        let window = (
            "window_seconds".to_owned(),
            correlated.window_secs.to_string(),
        );
        group.chain([counted, window])
    });
    matched.chain(correlated).take(MAX_EVIDENCE).collect()
}

/// The questions that the rule asks, with what is known.
pub(super) fn questions(hit: &Hit) -> Vec<(String, String)> {
    let answers = hit.answers.iter();
    let pairs = answers.map(|one| (one.ask.clone(), cut(&one.answer)));
    pairs.collect()
}

fn cut(value: &str) -> String {
    let mut end = value.len().min(MAX_VALUE_BYTES);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    let kept = value.get(..end).unwrap_or_default();
    if end < value.len() {
        format!("{kept}…")
    } else {
        kept.to_owned()
    }
}

/// The finding's event.
pub(super) fn finding(rule: &Rule, group: &Group, stage: Stage) -> Event {
    let (activity, status) = match stage {
        Stage::New | Stage::Throttled => (CREATE, NEW),
        Stage::Closed => (UPDATE, NEW),
        Stage::Folded => (CLOSE, ARCHIVED),
    };
    let mut event = Event::new(
        Class::DetectionFinding,
        activity,
        Timestamp::from_micros(group.last),
    );
    let (title, message) = words(rule, group, stage);
    event.set_int(Field::SeverityId, rule.level.severity_id());
    event.set_int(Field::StatusId, status);
    event.set_text(Field::ProductName, "magistrate");
    event.set_text(Field::ProductVendor, "Magistrate");
    event.set_text(Field::Message, &message);
    event.set_text(Field::FindingUid, &group.uid);
    event.set_text(Field::FindingTitle, &title);
    event.set_text(Field::FindingDesc, &rule.description);
    event.set_text(Field::AnalyticUid, &rule.id);
    event.set_text(Field::AnalyticName, &rule.title);
    event.set_int(Field::AnalyticTypeId, RULE);
    event.set(
        Field::FindingFirstSeen,
        Value::Time(Timestamp::from_micros(group.first)),
    );
    event.set(
        Field::FindingLastSeen,
        Value::Time(Timestamp::from_micros(group.last)),
    );
    event.set_int(Field::RelatedEventsCount, events_of(group));
    event.set_int(Field::ConfidenceId, confidence(rule));
    event.set_int(Field::RiskLevelId, risk_level(rule.level));
    event.set_int(Field::RiskScore, risk_score(rule.level));
    let is_alert = rule.level >= Level::Low && stage != Stage::Folded;
    event.set(Field::IsAlert, Value::Bool(is_alert));
    for (number, text) in &group.about {
        if let Ok(field) = Field::try_from(*number) {
            event.set_text(field, text);
        }
    }
    set_objects(&mut event, rule, group);
    event
}

/// Matches, or the events of a correlation's one match.
fn events_of(group: &Group) -> i64 {
    let count = group.count.max(group.events.len() as u64);
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn words(rule: &Rule, group: &Group, stage: Stage) -> (String, String) {
    let title = rule.title.clone();
    match stage {
        Stage::New => (title.clone(), title),
        Stage::Closed => {
            let message = format!("{title}: {} times", group.count);
            (title, message)
        }
        Stage::Folded => {
            let message = format!("{title}: a step of a chain that has an alert of its own");
            (title, message)
        }
        Stage::Throttled => (
            format!("Too many alerts: {title}"),
            format!(
                "The rule `{title}` has made so many alerts within an hour that the rest of them is left out. Narrow it, add a filter, or raise detect.max_alerts_per_hour."
            ),
        ),
    }
}

fn set_objects(event: &mut Event, rule: &Rule, group: &Group) {
    let attacks: Vec<_> = rule
        .tags
        .iter()
        .filter_map(|tag| attack(event, tag))
        .collect();
    if !attacks.is_empty() {
        event.set(Field::FindingAttacks, Value::List(attacks));
    }
    let related: Vec<_> = group
        .events
        .iter()
        .map(|uid| object(event, &[("uid", uid)]))
        .collect();
    if !related.is_empty() {
        event.set(Field::RelatedEvents, Value::List(related));
    }
    let mut evidences = Vec::new();
    if !group.evidence.is_empty() {
        evidences.push(Value::Map(vec![data(event, &group.evidence)]));
    }
    if !group.questions.is_empty() {
        let key = event.push_key("name");
        let name = (key, Value::Text(event.push_text("questions")));
        evidences.push(Value::Map(vec![name, data(event, &group.questions)]));
    }
    let folded = group.chain.iter().flat_map(Chain::folded);
    for (at, one) in folded.enumerate() {
        let key = event.push_key("name");
        let name = (
            key,
            Value::Text(event.push_text(&format!("step {}", at + 1))),
        );
        evidences.push(Value::Map(vec![name, data(event, &one.pairs())]));
    }
    if !evidences.is_empty() {
        event.set(Field::Evidences, Value::List(evidences));
    }
}

/// The `data` of an evidence.
fn data(event: &mut Event, pairs: &[(String, String)]) -> (Text, Value) {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let key = event.push_key("data");
    (key, object(event, &pairs))
}

fn object(event: &mut Event, pairs: &[(&str, &str)]) -> Value {
    let entries = pairs.iter().map(|(key, value)| {
        let key = event.push_key(key);
        (key, Value::Text(event.push_text(value)))
    });
    Value::Map(entries.collect())
}

/// OCSF's `attack` object of a tag that names a technique; none for another tag.
fn attack(event: &mut Event, tag: &str) -> Option<Value> {
    let lower = tag.to_ascii_lowercase();
    let id = match lower.strip_prefix("attack.t") {
        Some(number) if number.starts_with(|first: char| first.is_ascii_digit()) => {
            format!("T{number}")
        }
        Some(_) => return None,
        None => format!("AML.T{}", lower.strip_prefix("atlas.aml.t")?),
    };
    // `T1567.002` and `AML.T0051.001`: the technique ends before the last dot and three digits.
    let (technique, sub) = match id.rsplit_once('.') {
        Some((technique, end)) if end.len() == 3 => (technique, Some(&id)),
        Some(_) | None => (id.as_str(), None),
    };
    let key = event.push_key("technique");
    let mut entries = vec![(key, object(event, &[("uid", technique)]))];
    if let Some(sub) = sub {
        let key = event.push_key("sub_technique");
        entries.push((key, object(event, &[("uid", sub)])));
    }
    Some(Value::Map(entries))
}

/// A rule that names what else may look like it is sure of its match, not of its meaning.
fn confidence(rule: &Rule) -> i64 {
    match rule.level {
        Level::Critical | Level::High if rule.false_positives.len() <= 1 => 3,
        Level::Critical | Level::High | Level::Medium => 2,
        Level::Low | Level::Informational => 1,
    }
}

const fn risk_level(level: Level) -> i64 {
    level.severity_id() - 1
}

const fn risk_score(level: Level) -> i64 {
    match level {
        Level::Informational => 5,
        Level::Low => 20,
        Level::Medium => 45,
        Level::High => 70,
        Level::Critical => 95,
    }
}
