//! Who sent an event: the names by which telemetry and flows of one person or device know each other.

use magistrate_event::{Event, Field};

use super::drift::Sent;
use super::memo::Memo;
use super::{Hash, hash};
use crate::context::SessionKey;
use crate::same_name::host_label;

/// Hex digits of the client's own id of an installation (`user.id`).
const INSTALLATION_LEN: usize = 64;

/// A user, a device or an address, as an event names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name<'a> {
    pub(super) text: &'a str,
    /// The same for all spellings, and for users, devices and addresses of that name.
    pub(super) subject: Hash,
    /// The same for all that names one device or address.
    pub(super) place: Hash,
}

/// What an event says of its sender.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sender<'a> {
    pub(super) email: Option<Name<'a>>,
    pub(super) user: Option<Name<'a>>,
    /// The client's host.
    pub(super) host: Option<Name<'a>>,
    /// The client's id of its installation, else the host's id.
    pub(super) installation: Option<Name<'a>>,
    /// Where telemetry came from.
    pub(super) peer: Option<Name<'a>>,
    /// Where a flow came from.
    pub(super) src_host: Option<Name<'a>>,
    pub(super) src_ip: Option<Name<'a>>,
    /// The user's id, whatever it is.
    pub(super) user_id: Option<&'a str>,
    pub(super) session: Option<Session>,
}

/// A session, by hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Session {
    /// Of one sender.
    pub(super) key: SessionKey,
    /// Whoever tells of it.
    pub(super) place: Hash,
}

/// The hashes of a name.
type Hashes = (Hash, Hash);

/// Names are hashed once, as long as they come again.
#[derive(Debug, Default)]
pub(super) struct Senders {
    names: Memo<[Option<Hashes>; 7]>,
    sessions: Memo<Session>,
}

impl Senders {
    /// Who sent `event`.
    pub(super) fn of<'a>(&mut self, event: &'a Event) -> Sender<'a> {
        let text = |field| event.text(field);
        let user_id = text(Field::UserUid);
        let installation = user_id.filter(|id| is_installation(id));
        let texts = [
            text(Field::UserEmail),
            text(Field::UserName),
            text(Field::DeviceHostname),
            installation.or_else(|| text(Field::DeviceUid)),
            text(Field::Peer),
            text(Field::SrcHostname),
            text(Field::SrcIp),
        ];
        let kinds = [
            "user",
            "user",
            "host",
            "installation",
            "address",
            "host",
            "address",
        ];
        let hashes = self.names.of(&texts, || {
            let mut kinds = kinds.iter();
            texts.map(|text| {
                let kind = kinds.next()?;
                text.map(|text| hashes(kind, text))
            })
        });
        let mut names = texts.iter().zip(hashes).map(|(text, hashes)| {
            let (subject, place) = hashes?;
            let text = (*text)?;
            Some(Name {
                text,
                subject,
                place,
            })
        });
        let mut next = || names.next().flatten();
        Sender {
            email: next(),
            user: next(),
            host: next(),
            installation: next(),
            peer: next(),
            src_host: next(),
            src_ip: next(),
            user_id,
            session: self.session(event),
        }
    }

    fn session(&mut self, event: &Event) -> Option<Session> {
        let id = event.text(Field::SessionUid)?;
        let identity = event.text(Field::SenderIdentity).unwrap_or_default();
        let session = self.sessions.of(&[Some(identity), Some(id)], || Session {
            key: SessionKey::new(identity, id),
            place: hash(&["session", id]),
        });
        Some(session)
    }
}

impl<'a> Sender<'a> {
    /// Of which session and installation it is; whoever names no installation is known by the name of
    /// the user or the host, else by the address.
    pub(super) fn sent(&self) -> Sent {
        let names = [
            self.installation,
            self.email,
            self.user,
            self.host,
            self.peer,
        ];
        let name = names.into_iter().flatten().next();
        Sent {
            session: self.session.map_or(0, |one| short(one.place)),
            installation: name.map_or(0, |one| short(one.place)),
        }
    }

    /// What telemetry knows of its sender.
    pub(super) fn telemetry(&self) -> impl Iterator<Item = Name<'a>> + use<'a> {
        let names = [self.email, self.user, self.host, self.peer];
        names.into_iter().flatten()
    }

    /// What names one person or device: behind one address many may stand.
    pub(super) fn named(&self) -> impl Iterator<Item = Name<'a>> + use<'a> {
        [self.email, self.user, self.host].into_iter().flatten()
    }

    /// What a proxy knows of it.
    pub(super) fn flow(&self) -> impl Iterator<Item = Name<'a>> + use<'a> {
        let names = [self.email, self.user, self.src_host, self.src_ip];
        names.into_iter().flatten()
    }
}

fn short(hash: Hash) -> u32 {
    u32::from_le_bytes(hash.first_chunk().copied().unwrap_or_default())
}

fn hashes(kind: &str, text: &str) -> Hashes {
    let place = match kind {
        "host" => hash(&[kind, &host_label(text)]),
        _ => hash(&[kind, text]),
    };
    (hash(&[&text.to_lowercase()]), place)
}

fn is_installation(id: &str) -> bool {
    id.len() == INSTALLATION_LEN && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};

    use super::*;

    #[test]
    fn names_know_each_other_by_whoever_tells_them() {
        let of = |fields: &[(Field, &str)]| {
            let mut event = Event::new(Class::ApiActivity, 0, Timestamp::default());
            for (field, text) in fields {
                event.set_text(*field, text);
            }
            event
        };
        let client = of(&[
            (Field::UserEmail, "Ana@example.com"),
            (Field::DeviceHostname, "Fin-7.local"),
            (Field::Peer, "10.0.0.7"),
            (Field::SessionUid, "s1"),
            (Field::SenderIdentity, "laptops"),
        ]);
        let proxied = of(&[
            (Field::UserEmail, "ana@example.com"),
            (Field::SrcHostname, "FIN-7"),
            (Field::SrcIp, "10.0.0.7"),
            (Field::SessionUid, "s1"),
        ]);
        let mut senders = Senders::default();
        // The second time the hashes are remembered ones.
        for _ in 0..2 {
            let (one, other) = (senders.of(&client), senders.of(&proxied));
            let place = |name: Option<Name<'_>>| name.unwrap().place;
            assert_eq!(place(one.host), place(other.src_host));
            assert_eq!(place(one.peer), place(other.src_ip));
            let subject = |name: Option<Name<'_>>| name.unwrap().subject;
            assert_eq!(subject(one.email), subject(other.email));
            assert_eq!(one.email.unwrap().text, "Ana@example.com");
            let (one, other) = (one.session.unwrap(), other.session.unwrap());
            assert!(one.place == other.place && one.key != other.key);
        }
    }
}
