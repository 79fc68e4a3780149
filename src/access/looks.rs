//! Who opened or read what, by the rows that say so: of `unseal`, and of the admin listener.

use magistrate_event::{Event, EventUid, Field, Timestamp, Value};
use serde::{Serialize, Serializer};

/// The rows' event codes.
pub(super) const UNSEAL: &str = "magistrate.unseal";
pub(super) const READ: &str = "magistrate.read";

/// Somebody looked at something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Look {
    /// The row's id.
    #[serde(serialize_with = "text")]
    pub(super) uid: EventUid,
    #[serde(serialize_with = "text_of_time")]
    pub(super) time: Timestamp,
    pub(super) did: Did,
    /// The name that counts where it happened: of the system's user, or of a token.
    pub(super) who: String,
    /// Who logged in, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) login: Option<String>,
    /// Host or address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
    /// A row's id, a token, or what was read.
    pub(super) what: String,
    /// `opened`, `read`, or why not.
    pub(super) outcome: String,
    /// As it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Did {
    /// Asked for sealed originals.
    Unseal,
    /// Read what is stored.
    Read,
}

impl Did {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Unseal => "unseal",
            Self::Read => "read",
        }
    }
}

/// Whether an event tells of a look. What senders send bears the name of the door that it came by.
pub(super) fn is_look(event: &Event) -> bool {
    let told = (event.text(Field::EventCode), event.text(Field::Source));
    matches!(
        told,
        (Some(UNSEAL), Some("unseal")) | (Some(READ), Some("admin"))
    )
}

/// The look that an event tells of.
pub(super) fn look(uid: EventUid, event: &Event) -> Option<Look> {
    let owned = |field| event.text(field).map(str::to_owned);
    let message = owned(Field::Message);
    if !is_look(event) {
        return None;
    }
    let base = Look {
        uid,
        time: event.time(),
        did: Did::Read,
        who: who(event),
        login: None,
        from: owned(Field::Peer).or_else(|| owned(Field::DeviceHostname)),
        what: String::new(),
        outcome: "read".to_owned(),
        reason: None,
    };
    Some(if event.text(Field::EventCode) == Some(READ) {
        Look {
            what: message.unwrap_or_default(),
            ..base
        }
    } else {
        let token = kept(event, "unseal.stands_for").map(|token| format!("token {token}"));
        let row = kept(event, "unseal.row");
        let what = [token, row].into_iter().flatten().collect::<Vec<_>>();
        Look {
            did: Did::Unseal,
            login: login(event),
            what: what.join(" in "),
            outcome: owned(Field::StatusCode).unwrap_or_default(),
            reason: message,
            ..base
        }
    })
}

fn who(event: &Event) -> String {
    match (event.text(Field::UserName), event.text(Field::UserUid)) {
        (Some(name), Some(uid)) => format!("{name} ({uid})"),
        (Some(name), None) => name.to_owned(),
        (None, Some(uid)) => uid.to_owned(),
        (None, None) => "unknown".to_owned(),
    }
}

/// Who logged in, where it was somebody else, and who said so to sudo.
fn login(event: &Event) -> Option<String> {
    let uid = kept(event, "unseal.login_uid");
    let uid = uid.filter(|uid| event.text(Field::UserUid) != Some(uid));
    let login = match (kept(event, "unseal.login_name"), uid) {
        (Some(name), Some(uid)) => Some(format!("{name} ({uid})")),
        (None, Some(uid)) => Some(uid),
        (_, None) => None,
    };
    login.or_else(|| kept(event, "unseal.sudo_user").map(|name| format!("{name}, by sudo's word")))
}

/// A value that has no column. Numbers are read back from the lake as such.
fn kept(event: &Event, name: &str) -> Option<String> {
    let (_, value) = event.unmapped().find(|(key, _)| *key == name)?;
    match value {
        Value::Text(text) => Some(event.resolve(*text).to_owned()),
        Value::Int(number) => Some(number.to_string()),
        Value::Null
        | Value::Bool(_)
        | Value::Double(_)
        | Value::Time(_)
        | Value::List(_)
        | Value::Map(_) => None,
    }
}

fn text<S: Serializer>(value: &EventUid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn text_of_time<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339())
}

#[cfg(test)]
mod tests {
    use magistrate_event::Class;

    use super::*;

    fn event(fields: &[(Field, &str)], kept: &[(&str, &str)]) -> Event {
        let mut event = Event::new(Class::ApiActivity, 2, Timestamp::from_millis(1_000));
        for (field, text) in fields {
            event.set_text(*field, text);
        }
        for (name, text) in kept {
            event.keep_text(name, text);
        }
        event
    }

    #[test]
    fn an_unseal_tells_who_logged_in_what_was_opened_and_why() {
        let row = "07".repeat(16);
        let fields = [
            (Field::EventCode, UNSEAL),
            (Field::Source, "unseal"),
            (Field::UserUid, "0"),
            (Field::UserName, "root"),
            (Field::DeviceHostname, "desk"),
            (Field::StatusCode, "opened"),
            (Field::Message, "ticket 4711"),
        ];
        let kept = [
            ("unseal.row", row.as_str()),
            ("unseal.stands_for", "q5y3k7m2xv4ta6ob"),
            ("unseal.login_uid", "1000"),
            ("unseal.login_name", "ada"),
            ("unseal.sudo_user", "bo"),
        ];
        let uid = EventUid::from_bytes([1; 16]);
        let found = look(uid, &event(&fields, &kept)).unwrap();
        assert_eq!(found.who, "root (0)");
        assert_eq!(found.login.as_deref(), Some("ada (1000)"));
        assert_eq!(found.from.as_deref(), Some("desk"));
        assert_eq!(found.what, format!("token q5y3k7m2xv4ta6ob in {row}"));
        assert_eq!((found.did, found.outcome.as_str()), (Did::Unseal, "opened"));
        assert_eq!(found.reason.as_deref(), Some("ticket 4711"));
        let own = [("unseal.login_uid", "0"), ("unseal.sudo_user", "bo")];
        let found = look(uid, &event(&fields, &own)).unwrap();
        assert_eq!(found.login.as_deref(), Some("bo, by sudo's word"));
    }

    #[test]
    fn a_read_tells_whose_token_it_was() {
        let fields = [
            (Field::EventCode, READ),
            (Field::Source, "admin"),
            (Field::UserName, "ana"),
            (Field::Peer, "192.0.2.7"),
            (Field::Message, "approvals"),
        ];
        let uid = EventUid::from_bytes([1; 16]);
        let found = look(uid, &event(&fields, &[])).unwrap();
        assert_eq!(
            (found.who.as_str(), found.what.as_str()),
            ("ana", "approvals")
        );
        assert_eq!(found.from.as_deref(), Some("192.0.2.7"));
        assert_eq!((found.did, found.reason), (Did::Read, None));
        let other = event(&[(Field::EventCode, "tool_result")], &[]);
        assert_eq!(look(uid, &other), None);
        let mut forged = event(&fields, &[]);
        forged.set_text(Field::Source, "otlp_http");
        assert_eq!(look(uid, &forged), None);
    }
}
