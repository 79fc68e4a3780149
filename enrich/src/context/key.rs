//! Names sessions and owners of destinations by a hash, together with who told of them.

use magistrate_event::{Event, Field, Timestamp};
use serde::{Deserialize, Serialize};

/// Who sends, and a session's id: nobody can touch the sessions of another sender's sources by
/// naming them. Anonymous senders are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SessionKey([u8; 16]);

impl SessionKey {
    /// The key of `session` as the authenticated sender `identity` tells of it; an empty identity
    /// is an anonymous sender's.
    pub fn new(identity: &str, session: &str) -> Self {
        Self(hash(&[b"session", identity.as_bytes(), session.as_bytes()]))
    }

    /// The key of the session that `event` belongs to.
    pub fn of(event: &Event) -> Option<Self> {
        let identity = event.text(Field::SenderIdentity).unwrap_or_default();
        let session = event.text(Field::SessionUid)?;
        Some(Self::new(identity, session))
    }

    /// From the bytes that [`SessionKey::as_bytes`] gave.
    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, evenly distributed.
    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// A user or an MCP server, of one sender: whose habits are remembered over sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Owner([u8; 16]);

impl Owner {
    pub(super) fn user(identity: &str, name: &str) -> Self {
        Self(hash(&[b"user", identity.as_bytes(), name.as_bytes()]))
    }

    pub(super) fn server(identity: &str, name: &str) -> Self {
        Self(hash(&[b"server", identity.as_bytes(), name.as_bytes()]))
    }

    pub(super) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(super) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

fn hash(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let hash = hasher.finalize();
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}

/// A short name for a text that need not be read again, such as the id of a call.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
pub struct Tag(u32);

impl Tag {
    /// The tag of no text at all.
    pub(crate) const NONE: Self = Self(0);

    /// The tag of `text`.
    pub(crate) fn of(text: &str) -> Self {
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        Self((hash >> 32) as u32 | 1)
    }
}

/// Whole seconds since 1970, small enough to keep many.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
pub(super) struct Seconds(pub(super) u32);

impl Seconds {
    pub(super) const DAY: u32 = 86_400;

    /// Of times outside of what it can hold, the nearest that it can.
    pub(super) fn of(time: Timestamp) -> Self {
        let seconds = time.as_micros().div_euclid(1_000_000);
        Self(u32::try_from(seconds.max(0)).unwrap_or(u32::MAX))
    }

    /// Seconds from `earlier` to this; 0 when that is later.
    pub(super) const fn since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }

    pub(super) const fn day(self) -> u16 {
        // 65,535 days are 179 years.
        (self.0 / Self::DAY) as u16
    }

    pub(super) fn timestamp(self) -> Timestamp {
        Timestamp::from_millis(i64::from(self.0) * 1_000)
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::Class;

    use super::*;

    #[test]
    fn a_session_is_told_apart_by_its_sender() {
        assert_eq!(SessionKey::new("", "s"), SessionKey::new("", "s"));
        assert_ne!(SessionKey::new("", "s"), SessionKey::new("laptop", "s"));
        assert_ne!(SessionKey::new("a", "bc"), SessionKey::new("ab", "c"));
        assert_ne!(Owner::user("", "x"), Owner::server("", "x"));
        let mut event = Event::new(Class::ApiActivity, 0, Timestamp::default());
        assert_eq!(SessionKey::of(&event), None);
        event.set_text(Field::SessionUid, "s");
        assert_eq!(SessionKey::of(&event), Some(SessionKey::new("", "s")));
    }

    #[test]
    fn seconds_hold_what_they_can() {
        assert_eq!(Seconds::of(Timestamp::from_micros(-5)), Seconds(0));
        assert_eq!(
            Seconds::of(Timestamp::from_micros(i64::MAX)),
            Seconds(u32::MAX)
        );
        let time = Timestamp::from_millis(1_800_000_000_000);
        assert_eq!(Seconds::of(time).timestamp(), time);
    }
}
