//! What a person's word says, and which events it is about.

use std::collections::HashMap;

use magistrate_event::{Event, EventUid, Field, Value};
use serde_json::Value as Json;

use super::session::{Asked, Kinds};

/// What a person said of an action or a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    /// Whether it is what the models look for.
    pub(super) is_attack: bool,
    pub(super) source: Source,
}

/// Where the word comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// An approval that was decided.
    Approval,
    /// A finding that somebody looked into.
    Disposition,
}

impl Source {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Disposition => "disposition",
        }
    }
}

/// What was decided of an approval, by the id of the event that it is about; none where nobody did, or
/// not everybody who must.
pub(super) fn by_approval(approval: &Json) -> Option<(String, Said)> {
    let votes = approval.get("votes")?.as_array()?;
    let said = |choice: &str| {
        let choices = votes.iter().filter_map(|vote| vote.get("choice")?.as_str());
        choices.filter(|one| *one == choice).count()
    };
    let persons = approval.get("persons").and_then(Json::as_u64).unwrap_or(1);
    let is_denied = said("deny") > 0;
    let is_approved = said("approve") as u64 >= persons.max(1);
    let event = approval.get("event_uid")?.as_str()?.to_owned();
    (is_denied || is_approved).then_some((
        event,
        Said {
            is_attack: is_denied,
            source: Source::Approval,
        },
    ))
}

/// The events that the row of a verdict or of a finding is about, where `words` say something of it.
pub(super) fn of_row(row: &Event, words: &HashMap<String, Said>) -> Vec<(EventUid, Asked)> {
    let asked = |word: &str, kinds: Kinds| {
        let said = words.get(word)?;
        Some(Asked {
            word: word.to_owned(),
            said: *said,
            kinds,
        })
    };
    if let Some(event) = row.text(Field::VerdictEvent) {
        let kinds = kinds(row, Field::VerdictReasons).or(Kinds::ACTION);
        let pair = event.parse().ok().zip(asked(event, kinds));
        return pair.into_iter().collect();
    }
    let Some(uid) = row.text(Field::FindingUid) else {
        return Vec::new();
    };
    let kinds = kinds(row, Field::Evidences);
    let events = related(row).into_iter();
    events
        .filter_map(|event| Some((event, asked(uid, kinds)?)))
        .collect()
}

/// Which scores what matched rests on.
fn kinds(row: &Event, field: Field) -> Kinds {
    let mut json = String::new();
    if let Some(value) = row.value(field) {
        row.push_json(value, &mut json);
    }
    // Inside of a text the quotation mark before the colon has a backslash.
    Kinds {
        is_text: json.contains("\"score.injection\":"),
        is_action: json.contains("\"score.scope_drift\":"),
    }
}

fn related(row: &Event) -> Vec<EventUid> {
    let Some(Value::List(items)) = row.value(Field::RelatedEvents) else {
        return Vec::new();
    };
    let uids = items.iter().filter_map(|item| {
        let Value::Map(entries) = item else {
            return None;
        };
        let mut entries = entries.iter();
        let (_, value) = entries.find(|(key, _)| row.resolve(*key) == "uid")?;
        value.as_text()
    });
    uids.filter_map(|uid| row.resolve(uid).parse().ok())
        .collect()
}
