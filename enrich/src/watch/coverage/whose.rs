//! Whose an event is: the user, the device and the client, by what the event names, and by what
//! telemetry told of its session, host and address before.

use magistrate_event::{Event, Field};
use serde::{Deserialize, Serialize};

use super::cut;
use crate::kept::{Aging, Kept};
use crate::watch::{Hash, hash, version};

/// Sessions, hosts, installations and addresses that are known.
const MAX_HEARD: usize = 300_000;
/// When one was heard of again is noted so often.
const REFRESH_S: u32 = 600;
/// Hex digits of the client's own id of an installation (`user.id`).
const INSTALLATION_LEN: usize = 64;

/// Whose a path is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Whose {
    /// The user, else what names the sender at all.
    pub(super) subject: Box<str>,
    /// The device; empty where nothing names it.
    pub(super) device: Box<str>,
    /// The client: its product and version; both empty where nothing names it.
    pub(super) product: Box<str>,
    pub(super) version: Box<str>,
}

impl Whose {
    /// The user alone.
    pub(super) fn person(&self) -> Self {
        Self {
            subject: self.subject.clone(),
            ..Self::default()
        }
    }
}

/// What telemetry told of a session, a host, an installation or an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    subject: Box<str>,
    device: Box<str>,
    product: Box<str>,
    version: Box<str>,
    at: u32,
}

impl Aging for Told {
    fn last_used(&self) -> u32 {
        self.at
    }
}

/// What telemetry told of all of them.
#[derive(Debug)]
pub(super) struct Heard(Kept<Hash, Told>);

impl Default for Heard {
    fn default() -> Self {
        Self(Kept::new(MAX_HEARD))
    }
}

impl Heard {
    /// Whose the client's telemetry is, which is remembered; none where it names nobody.
    pub(super) fn tell(&mut self, event: &Event, at: u32) -> Option<Whose> {
        let named = [
            Field::UserEmail,
            Field::UserName,
            Field::DeviceHostname,
            Field::UserUid,
        ];
        let subject = named.iter().find_map(|field| event.text(*field))?;
        let host = event.text(Field::DeviceHostname);
        let installation = event
            .text(Field::UserUid)
            .filter(|id| is_installation(id))
            .or_else(|| event.text(Field::DeviceUid));
        let known = |key: Hash| self.0.get(key).map(|told| told.device.clone());
        let device = match (host, installation) {
            // Of two spellings of a host the one that was heard first.
            (Some(host), _) => known(host_key(host)).unwrap_or_else(|| cut(host).into()),
            (None, Some(id)) => known(key("installation", id)).unwrap_or_else(|| cut(id).into()),
            (None, None) => Box::default(),
        };
        let whose = Whose {
            subject: cut(subject).into(),
            device,
            product: cut(event.text(Field::ProductName).unwrap_or_default()).into(),
            version: cut(version(event)).into(),
        };
        let of = |kind, field: Field| Some(key(kind, event.text(field)?));
        let keys = [
            of("session", Field::SessionUid),
            of("address", Field::Peer),
            installation.map(|id| key("installation", id)),
            host.map(host_key),
        ];
        for key in keys.into_iter().flatten() {
            self.remember(key, &whose, at);
        }
        Some(whose)
    }

    fn remember(&mut self, key: Hash, whose: &Whose, at: u32) {
        let is_noted = |told: &Told| {
            told.is_of(whose) && at <= told.at.saturating_add(REFRESH_S) || at < told.at
        };
        if self.0.get(key).is_some_and(is_noted) {
            return;
        }
        let told = self.0.entry(key, || Told::new(whose, at));
        *told = Told::new(whose, at);
    }

    /// Whose a flow is that a proxy tells of; none where nothing says that it is an agent's user's.
    pub(super) fn of_flow(&self, event: &Event) -> Option<Whose> {
        let host = event.text(Field::SrcHostname);
        self.find(event, host, &[Field::SrcIp])
            .or_else(|| Some(unknown(user_of(event)?, host)))
    }

    /// Whose an action is that the judge was asked about.
    pub(super) fn of_question(&self, event: &Event) -> Option<Whose> {
        let host = event.text(Field::DeviceHostname);
        self.find(event, host, &[Field::SrcIp, Field::Peer])
            .or_else(|| Some(unknown(user_of(event).or(host)?, host)))
    }

    /// By its session; else by the host that it names; else by its address. What it names itself
    /// counts for more than what is known of an address, behind which many may stand.
    fn find(&self, event: &Event, host: Option<&str>, addresses: &[Field]) -> Option<Whose> {
        let told = |key| self.0.get(key);
        let session = event.text(Field::SessionUid);
        if let Some(one) = session.and_then(|id| told(key("session", id))) {
            return Some(one.whose());
        }
        let user = user_of(event);
        let is_user = |one: &&Told| user.is_none_or(|name| is_one_person(name, &one.subject));
        let Some(host) = host else {
            let mut known = addresses
                .iter()
                .filter_map(|field| told(key("address", event.text(*field)?)));
            return known.find(is_user).map(Told::anybodys);
        };
        let known = told(host_key(host))?;
        Some(match user {
            Some(user) if !is_user(&known) => Whose {
                subject: cut(user).into(),
                ..known.anybodys()
            },
            Some(_) | None => known.anybodys(),
        })
    }

    pub(super) fn changes(&mut self, take: impl FnMut(Hash, Option<Vec<u8>>)) {
        self.0.changes(take);
    }

    pub(super) fn restore(&mut self, key: Hash, bytes: &[u8]) -> bool {
        self.0.restore(key, bytes)
    }
}

impl Told {
    fn new(whose: &Whose, at: u32) -> Self {
        let Whose {
            subject,
            device,
            product,
            version,
        } = whose.clone();
        Self {
            subject,
            device,
            product,
            version,
            at,
        }
    }

    fn is_of(&self, whose: &Whose) -> bool {
        self.whose() == *whose
    }

    fn whose(&self) -> Whose {
        Whose {
            subject: self.subject.clone(),
            device: self.device.clone(),
            product: self.product.clone(),
            version: self.version.clone(),
        }
    }

    /// Without the client: on a host, or at an address, there may be several.
    fn anybodys(&self) -> Whose {
        Whose {
            product: Box::default(),
            version: Box::default(),
            ..self.whose()
        }
    }
}

/// The user that an event names.
fn user_of(event: &Event) -> Option<&str> {
    event.text(Field::UserEmail).or(event.text(Field::UserName))
}

/// Somebody of whom telemetry has told nothing.
fn unknown(subject: &str, device: Option<&str>) -> Whose {
    Whose {
        subject: cut(subject).into(),
        device: cut(device.unwrap_or_default()).into(),
        ..Whose::default()
    }
}

fn key(kind: &str, name: &str) -> Hash {
    hash(&[kind, name])
}

/// The key of a host, which is called with its domain by some and without it by others.
fn host_key(name: &str) -> Hash {
    hash(&["host", &host_label(name)])
}

/// A host's name in small letters and without its domain; an address as it is.
pub(super) fn host_label(name: &str) -> String {
    let name = name.to_lowercase();
    if name.parse::<std::net::IpAddr>().is_ok() {
        return name;
    }
    let label = name.split('.').next().unwrap_or_default();
    label.to_owned()
}

fn is_installation(id: &str) -> bool {
    id.len() == INSTALLATION_LEN && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether two names are one person's: proxies say `CORP\ana` where telemetry says
/// `ana@example.com`.
fn is_one_person(one: &str, other: &str) -> bool {
    fn account(name: &str) -> &str {
        let name = name.rsplit(['\\', '/']).next().unwrap_or_default();
        name.split('@').next().unwrap_or_default()
    }
    if one.contains('@') && other.contains('@') {
        return one.eq_ignore_ascii_case(other);
    }
    account(one).eq_ignore_ascii_case(account(other))
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};

    use super::*;

    const SESSION: (Field, &str) = (Field::SessionUid, "s1");
    const USER: (Field, &str) = (Field::UserEmail, "ana@example.com");
    const PEER: (Field, &str) = (Field::Peer, "10.0.0.7");

    fn event(fields: &[(Field, &str)]) -> Event {
        let mut event = Event::new(Class::ApiActivity, 1, Timestamp::default());
        for (field, text) in fields {
            event.set_text(*field, text);
        }
        event
    }

    fn telemetry(more: &[(Field, &str)]) -> Event {
        let client = [
            (Field::ProductName, "cowork"),
            (Field::ProductVersion, "1.2"),
        ];
        event(&[&client, more].concat())
    }

    /// User, device and client of what `find` finds.
    fn shown(whose: Option<Whose>) -> String {
        whose.map_or("-".to_owned(), |one| {
            let Whose {
                subject,
                device,
                product,
                version,
            } = one;
            format!("{subject} {device} {product} {version}")
        })
    }

    #[test]
    fn a_device_is_told_by_its_host_or_its_installation() {
        let id = "ab".repeat(32);
        let mut heard = Heard::default();
        let by_id = telemetry(&[USER, (Field::UserUid, &id)]);
        let expected = format!("ana@example.com {id} cowork 1.2");
        assert_eq!(shown(heard.tell(&by_id, 1)), expected);
        let opaque = telemetry(&[USER, (Field::UserUid, "00u1x9")]);
        let expected = "ana@example.com  cowork 1.2";
        assert_eq!(shown(heard.tell(&opaque, 1)), expected, "a person's id");
        let named = telemetry(&[
            USER,
            (Field::UserUid, &id),
            (Field::DeviceHostname, "Fin-7.local"),
        ]);
        let expected = "ana@example.com Fin-7.local cowork 1.2";
        assert_eq!(shown(heard.tell(&named, 2)), expected);
        // Once its name is known, the installation goes by it, and so do other spellings.
        assert_eq!(shown(heard.tell(&by_id, 3)), expected);
        let other = telemetry(&[USER, (Field::DeviceHostname, "fin-7.corp.example.com")]);
        assert_eq!(shown(heard.tell(&other, 4)), expected);
    }

    #[test]
    fn flows_and_questions_are_joined_by_session_host_and_address() {
        let mut heard = Heard::default();
        let host = (Field::DeviceHostname, "fin-7.local");
        heard.tell(&telemetry(&[USER, host, SESSION, PEER]), 1);
        let (whole, device) = (
            "ana@example.com fin-7.local cowork 1.2",
            "ana@example.com fin-7.local  ",
        );
        let ip = (Field::SrcIp, "10.0.0.7");
        let short = (Field::UserName, "CORP\\Ana");
        for (fields, expected) in [
            (&[SESSION][..], whole),
            (&[ip], device),
            (&[(Field::SrcHostname, "FIN-7")], device),
            (&[ip, short], device),
            (&[ip, (Field::UserName, "bob")], "bob   "),
            (
                &[(Field::SrcHostname, "FIN-7"), (Field::UserName, "bob")],
                "bob fin-7.local  ",
            ),
            (&[(Field::SrcHostname, "new"), short], "CORP\\Ana new  "),
            (&[USER], "ana@example.com   "),
            (&[(Field::SrcIp, "10.0.0.8")], "-"),
            (&[(Field::SrcHostname, "printer")], "-"),
        ] {
            assert_eq!(shown(heard.of_flow(&event(fields))), expected, "{fields:?}");
        }
        for (fields, expected) in [
            (&[SESSION][..], whole),
            (&[PEER], device),
            (
                &[USER, (Field::DeviceHostname, "FIN-7.corp.example")],
                device,
            ),
            (&[(Field::DeviceHostname, "new")], "new new  "),
            (&[(Field::Peer, "10.0.0.9")], "-"),
        ] {
            assert_eq!(
                shown(heard.of_question(&event(fields))),
                expected,
                "{fields:?}"
            );
        }
    }

    #[test]
    fn what_was_told_outlives_a_restart_and_is_written_when_it_changes() {
        let mut before = Heard::default();
        before.tell(&telemetry(&[USER, SESSION, PEER]), 1_000);
        let mut after = Heard::default();
        before.changes(|key, bytes| assert!(after.restore(key, &bytes.unwrap())));
        let expected = "ana@example.com  cowork 1.2";
        assert_eq!(shown(after.of_flow(&event(&[SESSION]))), expected);
        let changed = |heard: &mut Heard| {
            let mut rows = 0;
            heard.changes(|_, _| rows += 1);
            rows
        };
        before.tell(&telemetry(&[USER, SESSION, PEER]), 1_010);
        assert_eq!(changed(&mut before), 0);
        before.tell(&telemetry(&[USER, SESSION, PEER]), 2_000);
        assert_eq!(changed(&mut before), 2);
    }
}
