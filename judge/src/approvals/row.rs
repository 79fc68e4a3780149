//! An approval's change of state as a row of its own.

use magistrate_event::{Class, Event, Field, Timestamp, Value};

use super::approval::{Approval, State};

/// OCSF's `action_id` (security_control profile).
const ALLOWED: i64 = 1;
const DENIED: i64 = 2;
/// OCSF's `severity_id`.
const INFORMATIONAL: i64 = 1;

/// The columns that a row takes over from what the person saw.
const ABOUT: [(&str, Field); 8] = [
    ("action", Field::Action),
    ("tool", Field::ApiOperation),
    ("server", Field::ApiServiceName),
    ("user", Field::UserEmail),
    ("device", Field::DeviceHostname),
    ("session", Field::SessionUid),
    ("sender", Field::SenderIdentity),
    ("domain", Field::DestinationDomain),
];

/// The row that tells what `approval` has just become, at the time at which it did.
pub(super) fn row(approval: &Approval) -> Event {
    let mut event = Event::new(Class::ApiActivity, 0, approval.changed);
    let action = match approval.state {
        State::Approved | State::Used => ALLOWED,
        State::Pending | State::Denied | State::Expired => DENIED,
    };
    event.set_int(Field::ActionId, action);
    event.set_int(Field::SeverityId, INFORMATIONAL);
    event.set_text(Field::ProductName, "magistrate");
    event.set_text(Field::ProductVendor, "Magistrate");
    event.set_text(Field::Message, &format!("approval {}", what(approval)));
    for (name, field) in ABOUT {
        let line = approval.about.iter().find(|line| line.name == name);
        if let Some(line) = line {
            event.set_text(field, &line.text);
        }
    }
    event.set_text(Field::ApprovalUid, &approval.id.to_string());
    event.set_text(Field::ApprovalState, approval.state.name());
    let about = approval
        .used
        .as_ref()
        .map_or(approval.event, |used| used.by);
    event.set_text(Field::ApprovalEvent, &about.to_string());
    event.set(Field::ApprovalExpires, Value::Time(approval.expires));
    event.set_text(Field::VerdictCategory, &approval.category);
    let waited = waited_ms(approval.asked, approval.changed);
    event.set_int(Field::ApprovalWaited, waited);
    let is_by_person = matches!(
        approval.state,
        State::Pending | State::Approved | State::Denied
    );
    if let Some(vote) = approval.votes.last().filter(|_| is_by_person) {
        event.set_text(Field::ApprovalPerson, &vote.person);
        if let Some(comment) = &vote.comment {
            event.set_text(Field::ApprovalComment, comment);
        }
    }
    event
}

/// What has happened last, in words; no two changes of one approval have the same.
pub(super) fn what(approval: &Approval) -> String {
    match (approval.state, approval.votes.len()) {
        (State::Pending, 0) => "asked for".to_owned(),
        (State::Pending, votes) => format!("has {votes} of {} persons", approval.persons),
        (State::Used, _) if approval.used.as_ref().is_some_and(|used| used.is_confirmed) => {
            "use confirmed".to_owned()
        }
        (state, _) => state.name().to_owned(),
    }
}

fn waited_ms(asked: Timestamp, changed: Timestamp) -> i64 {
    i64::try_from(changed.since(asked).as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::approval::Choice;
    use super::super::approval::testing::{approval, vote};
    use super::*;

    #[test]
    fn a_row_tells_who_decided_and_how_long_it_took() {
        let mut one = approval(1, Timestamp::default(), 2);
        assert_eq!(what(&one), "asked for");
        let within = Duration::from_secs(5);
        one.vote(vote("ana", Choice::Approve, 1), within).unwrap();
        assert_eq!(what(&one), "has 1 of 2 persons");
        one.vote(vote("bo", Choice::Approve, 3), within).unwrap();
        let event = row(&one);
        assert_eq!(event.text(Field::ApprovalState), Some("approved"));
        assert_eq!(event.text(Field::ApprovalPerson), Some("bo"));
        assert_eq!(event.int(Field::ApprovalWaited), Some(3_000));
        assert_eq!(event.text(Field::Action), Some("delete"));
        assert_eq!(event.int(Field::ActionId), Some(ALLOWED));
    }
}
