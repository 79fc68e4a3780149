//! Many sessions: the ones at work laid open, the others packed, the stalest forgotten.

use std::collections::{HashMap, HashSet};

use super::key::{Seconds, SessionKey};
use super::session::Session;

/// The layout of a packed session; another one is not read.
const LAYOUT: u8 = 2;
/// What a packed session takes beside its bytes: key, time, pointer, and the slack of the table.
const OVERHEAD_BYTES: usize = 80;

/// How much a set of sessions may remember.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) sessions: usize,
    /// Of packed sessions, all that is remembered counted.
    pub(super) bytes: usize,
    /// Sessions that lie open.
    pub(super) open: usize,
    /// Seconds after which a session that nothing was heard of is forgotten.
    pub(super) ttl: u32,
}

/// A session as bytes: several times smaller than laid open.
#[derive(Debug)]
struct Packed {
    touched: Seconds,
    bytes: Box<[u8]>,
}

/// The sessions.
#[derive(Debug)]
pub(super) struct Sessions {
    limits: Limits,
    open: HashMap<SessionKey, Session>,
    /// Sessions that were used since the last sweep: they stay open.
    used: HashSet<SessionKey>,
    packed: HashMap<SessionKey, Packed>,
    packed_bytes: usize,
    unsaved: HashSet<SessionKey>,
    gone: Vec<SessionKey>,
}

impl Sessions {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            open: HashMap::new(),
            used: HashSet::new(),
            packed: HashMap::new(),
            packed_bytes: 0,
            unsaved: HashSet::new(),
            gone: Vec::new(),
        }
    }

    /// The session, if anything is known of it.
    pub(super) fn get(&mut self, key: SessionKey) -> Option<&Session> {
        if !self.open.contains_key(&key) {
            let packed = self.take_packed(key)?;
            self.lay_open(key, unpack(&packed.bytes)?);
        }
        self.used.insert(key);
        self.open.get(&key)
    }

    /// The session, to be changed; a new one where nothing is known.
    pub(super) fn get_mut(&mut self, key: SessionKey) -> &mut Session {
        if !self.open.contains_key(&key) {
            let packed = self.take_packed(key);
            let session = packed.and_then(|packed| unpack(&packed.bytes));
            self.lay_open(key, session.unwrap_or_default());
        }
        self.used.insert(key);
        self.unsaved.insert(key);
        self.open.entry(key).or_default()
    }

    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        self.open.len() + self.packed.len()
    }

    fn take_packed(&mut self, key: SessionKey) -> Option<Packed> {
        let packed = self.packed.remove(&key)?;
        self.packed_bytes -= weight(&packed);
        Some(packed)
    }

    fn lay_open(&mut self, key: SessionKey, session: Session) {
        if self.open.len() >= self.limits.open {
            let keys: Vec<_> = self.open.keys().copied().collect();
            self.used.clear();
            self.pack(&keys);
        }
        self.open.insert(key, session);
    }

    fn pack(&mut self, keys: &[SessionKey]) {
        for key in keys {
            let Some(session) = self.open.remove(key) else {
                continue;
            };
            let packed = Packed {
                touched: session.touched,
                bytes: pack(&session),
            };
            self.packed_bytes += weight(&packed);
            self.packed.insert(*key, packed);
        }
        while !self.packed.is_empty()
            && (self.len() > self.limits.sessions || self.packed_bytes > self.limits.bytes)
        {
            self.forget_some();
        }
    }

    /// Forgets an eighth of the packed ones, those first that were not heard of for longest.
    fn forget_some(&mut self) {
        let mut times: Vec<_> = self.packed.values().map(|one| one.touched).collect();
        if times.is_empty() {
            return;
        }
        let at = times.len() / 8;
        let (_, cut, _) = times.select_nth_unstable(at);
        self.forget_until(*cut, at + 1);
    }

    /// Forgets at most `most` packed sessions that were not heard of since `cut`.
    fn forget_until(&mut self, cut: Seconds, most: usize) {
        let keys = self.packed.iter().filter(|(_, one)| one.touched <= cut);
        let keys: Vec<_> = keys.map(|(key, _)| *key).take(most).collect();
        for key in keys {
            self.take_packed(key);
            self.unsaved.remove(&key);
            self.gone.push(key);
        }
    }

    /// What changed since the last call: new bytes, or none where a session was forgotten. Packs
    /// what was not used since, and forgets what is too old at `now`.
    pub(super) fn changes(
        &mut self,
        now: Seconds,
        take: &mut impl FnMut(SessionKey, Option<Vec<u8>>),
    ) {
        for key in std::mem::take(&mut self.unsaved) {
            let bytes = match self.open.get(&key) {
                Some(session) => Some(pack(session)),
                None => self.packed.get(&key).map(|packed| packed.bytes.clone()),
            };
            take(key, bytes.map(Vec::from));
        }
        let used = std::mem::take(&mut self.used);
        let idle: Vec<_> = self
            .open
            .keys()
            .filter(|key| !used.contains(*key))
            .copied()
            .collect();
        self.pack(&idle);
        if let Some(cut) = now.0.checked_sub(self.limits.ttl) {
            self.forget_until(Seconds(cut), usize::MAX);
        }
        for key in std::mem::take(&mut self.gone) {
            // It may have come again since.
            if !self.open.contains_key(&key) && !self.packed.contains_key(&key) {
                take(key, None);
            }
        }
    }

    /// Takes back what [`Sessions::changes`] gave; says whether it could be read.
    pub(super) fn restore(&mut self, key: SessionKey, bytes: &[u8]) -> bool {
        let Some(session) = unpack(bytes) else {
            return false;
        };
        let packed = Packed {
            touched: session.touched,
            bytes: bytes.into(),
        };
        self.packed_bytes += weight(&packed);
        self.packed.insert(key, packed);
        true
    }
}

fn weight(packed: &Packed) -> usize {
    packed.bytes.len() + OVERHEAD_BYTES
}

fn pack(session: &Session) -> Box<[u8]> {
    // Writing to memory does not fail; an empty text is read as a session of which nothing is known.
    let bytes = postcard::to_extend(session, vec![LAYOUT]).unwrap_or_default();
    bytes.into_boxed_slice()
}

fn unpack(bytes: &[u8]) -> Option<Session> {
    let (layout, rest) = bytes.split_first()?;
    let session = (*layout == LAYOUT).then(|| postcard::from_bytes(rest).ok());
    session.flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        sessions: 100,
        bytes: 1_000_000,
        open: 8,
        ttl: 1_000,
    };

    fn key(number: u32) -> SessionKey {
        SessionKey::new("", &number.to_string())
    }

    fn touch(sessions: &mut Sessions, number: u32, at: u32) {
        sessions.get_mut(key(number)).touched = Seconds(at);
    }

    fn changes(sessions: &mut Sessions, now: u32) -> Vec<(SessionKey, Option<Vec<u8>>)> {
        let mut rows = Vec::new();
        sessions.changes(Seconds(now), &mut |key, bytes| rows.push((key, bytes)));
        rows
    }

    #[test]
    fn packed_or_open_a_session_is_the_same() {
        let mut sessions = Sessions::new(LIMITS);
        for number in 0..50 {
            touch(&mut sessions, number, number + 1);
        }
        assert!(sessions.open.len() <= 8);
        for number in 0..50 {
            let session = sessions.get(key(number)).unwrap();
            assert_eq!(session.touched, Seconds(number + 1));
        }
        assert_eq!(sessions.get(key(99)), None);
    }

    #[test]
    fn distinct_ids_without_end_take_no_more_than_allowed() {
        let mut sessions = Sessions::new(LIMITS);
        for number in 0..20_000 {
            touch(&mut sessions, number, number);
            assert!(sessions.len() <= 100 + 8);
        }
        assert!(sessions.get(key(0)).is_none());
        assert!(sessions.get(key(19_999)).is_some());
        let small = Limits {
            bytes: 2_000,
            ..LIMITS
        };
        let mut sessions = Sessions::new(small);
        for number in 0..1_000 {
            touch(&mut sessions, number, number);
            assert!(sessions.packed_bytes <= 2_000 + 8 * 200);
        }
    }

    #[test]
    fn changes_are_given_once_and_taken_back() {
        let mut sessions = Sessions::new(LIMITS);
        for number in 0..20 {
            touch(&mut sessions, number, 500);
        }
        let rows = changes(&mut sessions, 500);
        assert_eq!(rows.len(), 20);
        assert_eq!(changes(&mut sessions, 500), []);
        let mut back = Sessions::new(LIMITS);
        for (key, bytes) in &rows {
            assert!(back.restore(*key, bytes.as_deref().unwrap()));
        }
        assert_eq!(back.get(key(7)), sessions.get(key(7)));
        assert_eq!(back.len(), 20);
        assert!(!back.restore(key(1), &[LAYOUT + 1, 0]));
    }

    #[test]
    fn what_is_old_is_forgotten_and_told_to_be_gone() {
        let mut sessions = Sessions::new(LIMITS);
        touch(&mut sessions, 1, 100);
        touch(&mut sessions, 2, 1_500);
        changes(&mut sessions, 100);
        changes(&mut sessions, 100);
        assert_eq!(changes(&mut sessions, 1_600), [(key(1), None)]);
        assert!(sessions.get(key(1)).is_none());
        assert!(sessions.get(key(2)).is_some());
    }
}
