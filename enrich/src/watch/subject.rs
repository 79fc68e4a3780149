//! By what telemetry and flows of one device or person know each other.

use magistrate_event::{Event, Field};

use super::{Hash, hash};

/// What telemetry knows of its sender.
pub(super) const TELEMETRY: [Field; 4] = [
    Field::UserEmail,
    Field::UserName,
    Field::DeviceHostname,
    Field::Peer,
];
/// What names one person or device: behind one address many may stand.
pub(super) const NAMED: [Field; 3] = [Field::UserEmail, Field::UserName, Field::DeviceHostname];
/// What a proxy knows of it.
pub(super) const FLOW: [Field; 4] = [
    Field::UserEmail,
    Field::UserName,
    Field::SrcHostname,
    Field::SrcIp,
];

/// A user, a device or an address.
pub(super) struct Subject<'a> {
    pub(super) name: &'a str,
    pub(super) hash: Hash,
}

/// The subjects that `event` names in `fields`.
pub(super) fn subjects<'a>(
    event: &'a Event,
    fields: &'a [Field],
) -> impl Iterator<Item = Subject<'a>> {
    fields.iter().filter_map(|field| {
        let name = event.text(*field)?;
        let hash = hash(&[&name.to_lowercase()]);
        Some(Subject { name, hash })
    })
}
