//! Whose a session is, and whether a flow is its owner's.

use std::collections::BTreeSet;

use magistrate_event::{Class, Event, Field, Source};

use super::is_flow;
use crate::same_name::{host_label, is_one_person};

/// The names by which whoever has the session is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Owner {
    session: String,
    users: BTreeSet<String>,
    /// Without their domains.
    hosts: BTreeSet<String>,
    addresses: BTreeSet<String>,
}

/// The columns that tell who sent a flow.
pub(super) const COLUMNS: [Field; 8] = [
    Field::SessionUid,
    Field::Source,
    Field::UserEmail,
    Field::UserName,
    Field::SrcHostname,
    Field::SrcIp,
    Field::DeviceHostname,
    Field::Peer,
];

impl Owner {
    /// By what the client's telemetry, the judge's callers, and flows that bear the session's id tell
    /// of their sender.
    pub(super) fn of<'a>(session: &str, events: impl Iterator<Item = &'a Event>) -> Self {
        let mut owner = Self {
            session: session.to_owned(),
            ..Self::default()
        };
        let mut proxied = BTreeSet::new();
        for event in events.filter(|event| event.class() != Class::DetectionFinding) {
            let users = match is_flow(event) {
                true => &mut proxied,
                false => &mut owner.users,
            };
            add(users, event.text(Field::UserEmail));
            add(users, event.text(Field::UserName));
            owner.learn(event);
        }
        // A gateway may have a name of its own for all of its clients.
        if owner.users.is_empty() {
            owner.users = proxied;
        }
        owner
    }

    fn learn(&mut self, event: &Event) {
        add(&mut self.addresses, event.text(Field::SrcIp));
        let host = event.text(Field::SrcHostname).map(host_label);
        add(&mut self.hosts, host.as_deref());
        // Of a proxy's line both are the proxy's.
        if !is_flow(event) {
            add(&mut self.addresses, event.text(Field::Peer));
            let host = event.text(Field::DeviceHostname).map(host_label);
            add(&mut self.hosts, host.as_deref());
        }
    }

    /// Whether nothing could be known again by what is known.
    pub(super) fn is_nobody(&self) -> bool {
        self.users.is_empty() && self.hosts.is_empty() && self.addresses.is_empty()
    }

    /// Whether the owner sent the flow of which `text` tells the [`COLUMNS`].
    ///
    /// What a flow names itself counts for more than its address, behind which many may stand: by its
    /// session, else by its user, else by its host, else by its address.
    pub(super) fn sent<'a>(&self, text: &dyn Fn(Field) -> Option<&'a str>) -> bool {
        if let Some(session) = text(Field::SessionUid) {
            return session == self.session;
        }
        let users = [text(Field::UserEmail), text(Field::UserName)];
        let named = || users.into_iter().flatten();
        if named().next().is_some() && !self.users.is_empty() {
            let is_owner = |name: &str| self.users.iter().any(|own| is_one_person(own, name));
            return named().any(is_owner);
        }
        // Who asks the judge about a flow is its sender, or has the same address as the sender's proxy.
        let is_asked = text(Field::Source) == Some(Source::Judge.name());
        let device = text(Field::DeviceHostname).filter(|_| is_asked);
        if let Some(host) = text(Field::SrcHostname).or(device)
            && !self.hosts.is_empty()
        {
            return self.hosts.contains(&host_label(host));
        }
        let peer = text(Field::Peer).filter(|_| is_asked);
        let address = text(Field::SrcIp).or(peer);
        address.is_some_and(|address| self.addresses.contains(address))
    }
}

fn add(set: &mut BTreeSet<String>, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty() && !set.contains(*text)) {
        set.insert(text.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::Timestamp;

    use super::*;

    fn event(class: Class, fields: &[(Field, &str)]) -> Event {
        let mut event = Event::new(class, 1, Timestamp::default());
        for (field, text) in fields {
            event.set_text(*field, text);
        }
        event
    }

    #[test]
    fn a_flow_is_known_by_session_user_host_and_address_in_this_order() {
        let told = event(
            Class::ApiActivity,
            &[
                (Field::UserEmail, "ana@example.com"),
                (Field::DeviceHostname, "Fin-7.local"),
                (Field::Peer, "10.0.0.7"),
            ],
        );
        // A proxy that knows the session tells the address that others tell of alone.
        let proxied = event(
            Class::HttpActivity,
            &[
                (Field::SrcIp, "10.0.0.8"),
                (Field::UserName, "gateway"),
                (Field::DeviceHostname, "proxy-1"),
                (Field::Peer, "10.0.0.99"),
            ],
        );
        let owner = Owner::of("s", [&told, &proxied].into_iter());
        let ip = (Field::SrcIp, "10.0.0.7");
        for (fields, expected) in [
            (&[(Field::SessionUid, "s")][..], true),
            (&[(Field::SessionUid, "t"), ip], false),
            (&[(Field::UserName, "CORP\\Ana")], true),
            (&[(Field::UserName, "bob"), ip], false),
            (&[(Field::UserName, "gateway"), ip], false),
            (&[(Field::SrcHostname, "FIN-7")], true),
            (&[(Field::SrcHostname, "fin-8"), ip], false),
            (&[ip], true),
            (&[(Field::SrcIp, "10.0.0.8")], true),
            (&[(Field::SrcIp, "10.9.9.9")], false),
            (&[(Field::SrcHostname, "proxy-1")], false),
            (&[(Field::Peer, "10.0.0.7")], false),
            (&[(Field::Peer, "10.0.0.7"), (Field::Source, "judge")], true),
            (&[(Field::Peer, "10.0.0.99")], false),
            (&[], false),
        ] {
            let flow = event(Class::HttpActivity, fields);
            assert_eq!(
                owner.sent(&|field| flow.text(field)),
                expected,
                "{fields:?}"
            );
        }
        assert!(Owner::of("s", std::iter::empty()).is_nobody());
    }
}
