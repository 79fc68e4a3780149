//! The names by which rules ask for what the session's context says.

use std::borrow::Cow;

use magistrate_event::Timestamp;
use serde_json::Value as Json;

use super::names::{LANGUAGE, Origin};
use super::view::Seen;
use crate::context::{Before, Retried, SessionFacts};

/// What made the turn: a schedule. What else did is in no event.
const SCHEDULED: &str = "scheduled";

/// What a rule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FromSession {
    Task,
    UntrustedRead,
    UntrustedFrom,
    SensitiveRead,
    SensitiveFrom,
    DestinationNew,
    DestinationNewToUser,
    DestinationNewToServer,
    OutsideGrant,
    CommandOutsideGrant,
    Asked,
    LadderFrom,
    LastTurn,
    Trigger,
    ScheduledTask,
    ModeInForce,
    Servers,
    Approved,
    Refused,
    RetriedRefused,
    Failed,
    ReadOnly,
    CopiedFrom,
    CopiedUntrusted,
    CopiedSensitive,
}

impl FromSession {
    /// Whether more of it makes a judgement stricter.
    pub(super) const fn is_evidence(self) -> bool {
        match self {
            Self::Task
            | Self::Asked
            | Self::LastTurn
            | Self::ModeInForce
            | Self::Servers
            | Self::Approved => false,
            Self::UntrustedRead
            | Self::UntrustedFrom
            | Self::SensitiveRead
            | Self::SensitiveFrom
            | Self::DestinationNew
            | Self::DestinationNewToUser
            | Self::DestinationNewToServer
            | Self::OutsideGrant
            | Self::CommandOutsideGrant
            | Self::LadderFrom
            | Self::Trigger
            | Self::ScheduledTask
            | Self::Refused
            | Self::RetriedRefused
            | Self::Failed
            | Self::ReadOnly
            | Self::CopiedFrom
            | Self::CopiedUntrusted
            | Self::CopiedSensitive => true,
        }
    }
}

/// Evidence: what makes a judgement stricter when there is more of it. It may not stand where more
/// of it would make a rule match less.
pub(super) fn is_evidence(name: &str) -> bool {
    name.starts_with("score.")
        || name == "content.findings"
        || LANGUAGE.iter().any(|one| {
            one.name == name && matches!(one.origin, Origin::Session(from) if from.is_evidence())
        })
}

/// What `facts` say; none where they do not know.
pub(super) fn seen(facts: &SessionFacts, from: FromSession) -> Option<Seen<'_>> {
    let known = |flag: bool| facts.is_known.then_some(Seen::Bool(flag));
    match from {
        FromSession::Task => facts.task.as_deref().map(text),
        FromSession::UntrustedRead => facts.untrusted_read().map(Seen::Bool),
        FromSession::UntrustedFrom => list(&facts.untrusted_from),
        FromSession::SensitiveRead => facts.sensitive_read().map(Seen::Bool),
        FromSession::SensitiveFrom => list(&facts.sensitive_from),
        FromSession::DestinationNew => facts.destination_new.map(Seen::Bool),
        FromSession::DestinationNewToUser => facts.destination_new_to_user.map(Seen::Bool),
        FromSession::DestinationNewToServer => facts.destination_new_to_server.map(Seen::Bool),
        FromSession::OutsideGrant => facts.outside_grant.map(Seen::Bool),
        FromSession::CommandOutsideGrant => facts.command_outside_grant.map(Seen::Bool),
        FromSession::Asked => facts.asked.map(Seen::Bool),
        FromSession::LadderFrom => facts.ladder_from.map(text),
        FromSession::LastTurn => facts.last_turn.as_deref().map(text),
        FromSession::Trigger => facts.scheduled.as_ref().map(|_| text(SCHEDULED)),
        FromSession::ScheduledTask => {
            let name = facts.scheduled.as_deref();
            name.filter(|name| !name.is_empty()).map(text)
        }
        FromSession::ModeInForce => facts.permission_mode.as_deref().map(text),
        FromSession::Servers => list(&facts.before.as_ref()?.servers),
        FromSession::Approved => list(&facts.before.as_ref()?.approved),
        FromSession::Refused => list(&facts.before.as_ref()?.refused),
        FromSession::RetriedRefused => facts.retried_refused.map(|how| text(how.name())),
        FromSession::Failed => list(&facts.before.as_ref()?.failed),
        FromSession::ReadOnly => known(facts.read_only_until.is_some()),
        FromSession::CopiedFrom => list(&facts.copied_from),
        FromSession::CopiedUntrusted => known(facts.copied_untrusted),
        FromSession::CopiedSensitive => known(facts.copied_sensitive),
    }
}

const fn text(text: &str) -> Seen<'_> {
    Seen::Text(Cow::Borrowed(text))
}

fn list(items: &[String]) -> Option<Seen<'_>> {
    (!items.is_empty()).then(|| Seen::Many(items.iter().map(|item| text(item)).collect()))
}

/// Makes `facts` say what an example wants; none where no session could say it.
pub(super) fn fill(facts: &mut SessionFacts, from: FromSession, json: &Json) -> Option<()> {
    facts.is_known = true;
    // Where an example names the places, too, those count.
    let said = |places: &mut Vec<String>, place: &str| {
        if places.is_empty() {
            places.push(place.to_owned());
        }
    };
    match from {
        FromSession::Task => facts.task = Some(json.as_str()?.to_owned()),
        FromSession::UntrustedRead if json.as_bool()? => {
            said(&mut facts.untrusted_from, "page:example.com");
        }
        FromSession::SensitiveRead if json.as_bool()? => {
            said(&mut facts.sensitive_from, "file:/home/ana/.env");
        }
        FromSession::UntrustedRead | FromSession::SensitiveRead => {}
        FromSession::UntrustedFrom => facts.untrusted_from = texts(json)?,
        FromSession::SensitiveFrom => facts.sensitive_from = texts(json)?,
        FromSession::DestinationNew => facts.destination_new = Some(json.as_bool()?),
        FromSession::DestinationNewToUser => facts.destination_new_to_user = Some(json.as_bool()?),
        FromSession::DestinationNewToServer => {
            facts.destination_new_to_server = Some(json.as_bool()?);
        }
        FromSession::OutsideGrant => facts.outside_grant = Some(json.as_bool()?),
        FromSession::CommandOutsideGrant => facts.command_outside_grant = Some(json.as_bool()?),
        FromSession::Asked => facts.asked = Some(json.as_bool()?),
        FromSession::LadderFrom => {
            facts.ladder_from = match json.as_str()? {
                "connector" => Some("connector"),
                "browser" => Some("browser"),
                _ => return None,
            };
        }
        FromSession::LastTurn => facts.last_turn = Some(json.as_str()?.to_owned()),
        FromSession::Trigger => {
            (json.as_str()? == SCHEDULED).then(|| facts.scheduled.get_or_insert_default())?;
        }
        FromSession::ScheduledTask => facts.scheduled = Some(json.as_str()?.to_owned()),
        FromSession::ModeInForce => facts.permission_mode = Some(json.as_str()?.to_owned()),
        FromSession::Servers => before(facts).servers = texts(json)?,
        FromSession::Approved => before(facts).approved = texts(json)?,
        FromSession::Refused => before(facts).refused = texts(json)?,
        FromSession::RetriedRefused => {
            facts.retried_refused = Some(Retried::named(json.as_str()?)?);
        }
        FromSession::Failed => before(facts).failed = texts(json)?,
        FromSession::ReadOnly => {
            facts.read_only_until = match json.as_str() {
                Some(until) => Some(Timestamp::from_rfc3339(until)?),
                None => json.as_bool()?.then_some(Timestamp::from_micros(i64::MAX)),
            };
        }
        FromSession::CopiedFrom => facts.copied_from = texts(json)?,
        FromSession::CopiedUntrusted => facts.copied_untrusted = json.as_bool()?,
        FromSession::CopiedSensitive => facts.copied_sensitive = json.as_bool()?,
    }
    Some(())
}

fn before(facts: &mut SessionFacts) -> &mut Before {
    facts.before.get_or_insert_default()
}

fn texts(json: &Json) -> Option<Vec<String>> {
    let one = std::slice::from_ref(json);
    let items = json.as_array().map_or(one, Vec::as_slice);
    let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_an_example_names_stay() {
        let mut facts = SessionFacts::default();
        let places = serde_json::json!(["page:a.example", "page:b.example"]);
        fill(&mut facts, FromSession::UntrustedFrom, &places).unwrap();
        fill(&mut facts, FromSession::UntrustedRead, &Json::Bool(true)).unwrap();
        assert_eq!(facts.untrusted_from, ["page:a.example", "page:b.example"]);
        fill(&mut facts, FromSession::SensitiveRead, &Json::Bool(true)).unwrap();
        assert_eq!(facts.sensitive_from, ["file:/home/ana/.env"]);
    }

    #[test]
    fn evidence_is_part_of_the_language() {
        let evidence = LANGUAGE.iter().filter(|name| is_evidence(name.name));
        assert_eq!(evidence.count(), 24);
    }
}
