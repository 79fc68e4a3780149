//! Whose an event is: the user, the device and the client, by what the event names, and by what
//! telemetry told of its session, host and address before.

use magistrate_event::{Event, Field};
use serde::{Deserialize, Serialize};

use super::cut;
use crate::kept::{Aging, Kept};
use crate::same_name::is_one_person;
use crate::watch::sender::{Name, Sender};
use crate::watch::{Hash, version};

/// Sessions, hosts, installations and addresses that are known.
const MAX_HEARD: usize = 300_000;
/// When one was heard of again is noted so often.
const REFRESH_S: u32 = 600;

/// Whose a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Whose<'a> {
    /// The user, else what names the sender at all.
    pub(super) subject: &'a str,
    /// The device; empty where nothing names it.
    pub(super) device: &'a str,
    /// The client: its product and version; both empty where nothing names it.
    pub(super) product: &'a str,
    pub(super) version: &'a str,
}

impl Whose<'_> {
    /// The user alone.
    pub(super) fn person(self) -> Self {
        Self {
            subject: self.subject,
            ..Self::default()
        }
    }

    /// Without the client: on a host, or at an address, there may be several.
    fn anybodys(self) -> Self {
        Self {
            product: "",
            version: "",
            ..self
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

/// A device that went by the id of its installation until its name was told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Renamed {
    pub(super) from: Box<str>,
    pub(super) to: Box<str>,
}

impl Heard {
    /// Remembers whose the client's telemetry is; says when that gives a device its name.
    pub(super) fn note(&mut self, event: &Event, sender: &Sender<'_>, at: u32) -> Option<Renamed> {
        let places = [
            sender.session.map(|session| session.place),
            sender.peer.map(|name| name.place),
            sender.installation.map(|name| name.place),
            sender.host.map(|name| name.place),
        ];
        let whose = self.of_telemetry(event, sender)?;
        let is_noted = |place: &Hash| self.0.get(*place).is_some_and(|told| told.says(whose, at));
        if places.iter().flatten().all(is_noted) {
            return None;
        }
        let told = Told::new(whose, at);
        let renamed = self.renamed(sender, &told);
        for place in places.into_iter().flatten() {
            let known = self.0.get(place);
            if !known.is_some_and(|known| known.says(told.whose(), at)) {
                *self.0.entry(place, || told.clone()) = told.clone();
            }
        }
        renamed
    }

    /// Whether the installation went by its id so far, and `told` names its host.
    fn renamed(&self, sender: &Sender<'_>, told: &Told) -> Option<Renamed> {
        let installation = sender.installation.filter(|_| sender.host.is_some())?;
        let known = self.0.get(installation.place)?;
        let is_named = &*known.device == cut(installation.text) && known.device != told.device;
        is_named.then(|| Renamed {
            from: known.device.clone(),
            to: told.device.clone(),
        })
    }

    /// Whose the client's telemetry is; none where it names nobody.
    pub(super) fn of_telemetry<'a>(
        &'a self,
        event: &'a Event,
        sender: &Sender<'a>,
    ) -> Option<Whose<'a>> {
        let names = [sender.email, sender.user, sender.host];
        let named = names.into_iter().flatten().next();
        let subject = named.map(|name| name.text).or(sender.user_id)?;
        // Of two spellings of a host the one that was heard first.
        let device = sender.host.or(sender.installation).map(|name| {
            let known = self.0.get(name.place);
            known.map_or(cut(name.text), |told| &told.device)
        });
        Some(Whose {
            subject: cut(subject),
            device: device.unwrap_or_default(),
            product: cut(event.text(Field::ProductName).unwrap_or_default()),
            version: cut(version(event)),
        })
    }

    /// Whose a flow is that a proxy tells of; none where nothing says that it is an agent's user's.
    pub(super) fn of_flow<'a>(&'a self, sender: &Sender<'a>) -> Option<Whose<'a>> {
        let host = sender.src_host;
        self.find(sender, host, [sender.src_ip, None])
            .or_else(|| Some(unknown(user_of(sender)?, host)))
    }

    /// Whose an action is that the judge was asked about.
    pub(super) fn of_question<'a>(&'a self, sender: &Sender<'a>) -> Option<Whose<'a>> {
        let host = sender.host;
        self.find(sender, host, [sender.src_ip, sender.peer])
            .or_else(|| {
                let named = user_of(sender).or(host.map(|name| name.text));
                Some(unknown(named?, host))
            })
    }

    /// By its session; else by the host that it names; else by its address. What it names itself
    /// counts for more than what is known of an address, behind which many may stand.
    fn find<'a>(
        &'a self,
        sender: &Sender<'a>,
        host: Option<Name<'a>>,
        addresses: [Option<Name<'a>>; 2],
    ) -> Option<Whose<'a>> {
        let told = |place| self.0.get(place).map(Told::whose);
        if let Some(one) = sender.session.and_then(|session| told(session.place)) {
            return Some(one);
        }
        let user = user_of(sender);
        let is_user = |one: &Whose<'_>| user.is_none_or(|name| is_one_person(name, one.subject));
        let Some(host) = host else {
            let addresses = addresses.into_iter().flatten();
            let mut known = addresses.filter_map(|name| told(name.place));
            return known.find(is_user).map(Whose::anybodys);
        };
        let known = told(host.place)?.anybodys();
        Some(match user {
            Some(user) if !is_user(&known) => Whose {
                subject: cut(user),
                ..known
            },
            Some(_) | None => known,
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
    fn new(whose: Whose<'_>, at: u32) -> Self {
        Self {
            subject: whose.subject.into(),
            device: whose.device.into(),
            product: whose.product.into(),
            version: whose.version.into(),
            at,
        }
    }

    /// Whether what was told at `at` needs not be noted.
    fn says(&self, whose: Whose<'_>, at: u32) -> bool {
        at < self.at || at <= self.at.saturating_add(REFRESH_S) && self.whose() == whose
    }

    fn whose(&self) -> Whose<'_> {
        Whose {
            subject: &self.subject,
            device: &self.device,
            product: &self.product,
            version: &self.version,
        }
    }
}

/// The user that an event names.
fn user_of<'a>(sender: &Sender<'a>) -> Option<&'a str> {
    sender.email.or(sender.user).map(|name| name.text)
}

/// Somebody of whom telemetry has told nothing.
fn unknown<'a>(subject: &'a str, device: Option<Name<'a>>) -> Whose<'a> {
    Whose {
        subject: cut(subject),
        device: cut(device.map_or("", |name| name.text)),
        ..Whose::default()
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};

    use super::*;
    use crate::watch::sender::Senders;

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

    impl Heard {
        fn tell(&mut self, event: &Event, at: u32) -> String {
            let sender = Senders::default().of(event);
            self.note(event, &sender, at);
            shown(self.of_telemetry(event, &sender))
        }

        fn flow(&self, event: &Event) -> String {
            shown(self.of_flow(&Senders::default().of(event)))
        }

        fn question(&self, event: &Event) -> String {
            shown(self.of_question(&Senders::default().of(event)))
        }
    }

    /// User, device and client of what is found.
    fn shown(whose: Option<Whose<'_>>) -> String {
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
        assert_eq!(heard.tell(&by_id, 1), expected);
        let opaque = telemetry(&[USER, (Field::UserUid, "00u1x9")]);
        let expected = "ana@example.com  cowork 1.2";
        assert_eq!(heard.tell(&opaque, 1), expected, "a person's id");
        let named = telemetry(&[
            USER,
            (Field::UserUid, &id),
            (Field::DeviceHostname, "Fin-7.local"),
        ]);
        let expected = "ana@example.com Fin-7.local cowork 1.2";
        assert_eq!(heard.tell(&named, 2), expected);
        // Once its name is known, the installation goes by it, and so do other spellings.
        assert_eq!(heard.tell(&by_id, 3), expected);
        let other = telemetry(&[USER, (Field::DeviceHostname, "fin-7.corp.example.com")]);
        assert_eq!(heard.tell(&other, 4), expected);
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
            assert_eq!(heard.flow(&event(fields)), expected, "{fields:?}");
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
            assert_eq!(heard.question(&event(fields)), expected, "{fields:?}");
        }
    }

    #[test]
    fn what_was_told_outlives_a_restart_and_is_written_when_it_changes() {
        let mut before = Heard::default();
        before.tell(&telemetry(&[USER, SESSION, PEER]), 1_000);
        let mut after = Heard::default();
        before.changes(|key, bytes| assert!(after.restore(key, &bytes.unwrap())));
        let expected = "ana@example.com  cowork 1.2";
        assert_eq!(after.flow(&event(&[SESSION])), expected);
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
