//! What is remembered of each session, and what that says of an action.
//!
//! The state and its transitions are plain values (`session`, `reads`, …); [`Context`] keeps many
//! of them behind a lock a shard, so that the log door and the judge share one memory.

mod action;
mod asked;
mod commands;
mod config;
mod facts;
mod grants;
mod habits;
mod holds;
mod key;
mod marks;
mod met;
mod named_files;
mod observed;
mod reads;
mod refused;
mod sensitive;
mod session;
mod sessions;
#[cfg(test)]
mod tests;
mod turns;
mod winnow;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use magistrate_event::{Event, Timestamp};

use self::habits::Habits;
use self::key::{Owner, Seconds};
use self::observed::Observed;
use self::sessions::{Limits, Sessions};

pub use self::config::ContextConfig;
pub use self::facts::{Before, SessionFacts};
pub use self::key::{SessionKey, Tag as CallTag};
pub use self::observed::Rank;
pub use self::refused::Retried;
pub use self::turns::scheduled_task;

/// So many locks share the sessions: a checkpoint holds one of them at a time.
const SHARDS: usize = 64;
/// What the first byte of a row's key says.
const SESSION: u8 = b's';
const OWNER: u8 = b'o';

/// The memory of all sessions. Clones share it.
#[derive(Debug, Clone)]
pub struct Context {
    shards: Arc<[Shard]>,
}

#[derive(Debug)]
struct Shard {
    sessions: Mutex<Sessions>,
    habits: Mutex<Habits>,
}

/// What an event said when it was taken into account.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// What was known about it before, with every source's word on what was granted.
    pub facts: SessionFacts,
    /// Whether its session has read by it what counts against later acts.
    pub has_read: bool,
}

/// One row of what is kept over a restart: a key, and bytes, or none where it is to be deleted.
pub type ContextRow = (Vec<u8>, Option<Vec<u8>>);

impl Context {
    /// Nothing remembered yet.
    pub fn new(config: &ContextConfig) -> Self {
        let share = |number: usize| number.div_ceil(SHARDS);
        let limits = Limits {
            sessions: share(config.max_sessions),
            bytes: share(config.max_bytes()),
            open: share(config.open_sessions()),
            ttl: config.ttl_seconds(),
        };
        let shard = |_| Shard {
            sessions: Mutex::new(Sessions::new(limits)),
            habits: Mutex::new(Habits::new(share(config.max_users))),
        };
        Self {
            shards: (0..SHARDS).map(shard).collect(),
        }
    }

    /// What is known about `event`, received at `received`, before it is taken into account. What
    /// would let an action pass counts only from sources of at least the rank `trust`.
    pub fn facts(&self, event: &Event, received: Timestamp, trust: Rank) -> SessionFacts {
        let seen = Observed::of(event, received);
        self.facts_of(&seen, trust)
    }

    /// Takes `event`, received at `received`, into account.
    pub fn observe(&self, event: &Event, received: Timestamp) -> Observation {
        let seen = Observed::of(event, received);
        let facts = self.facts_of(&seen, Rank::Anybody);
        let sessions = seen.key.and_then(|key| Some((key, self.sessions(key)?)));
        let has_read =
            sessions.is_some_and(|(key, mut sessions)| sessions.get_mut(key).apply(&seen));
        self.meet(&seen);
        Observation { facts, has_read }
    }

    fn facts_of(&self, seen: &Observed<'_>, trust: Rank) -> SessionFacts {
        let mut facts = SessionFacts::default();
        if let Some(key) = seen.key
            && let Some(mut sessions) = self.sessions(key)
        {
            facts = match sessions.get(key) {
                Some(session) => session.facts(seen, trust),
                None => session::Session::default().facts(seen, trust),
            };
        }
        let new = |owner, place| self.is_new_to(owner, place, seen);
        facts.destination_new_to_user = new(seen.user, seen.action.destination());
        facts.destination_new_to_server = new(seen.server, seen.action.place_of_server());
        facts
    }

    fn is_new_to(
        &self,
        owner: Option<Owner>,
        place: Option<&str>,
        seen: &Observed<'_>,
    ) -> Option<bool> {
        let owner = owner?;
        self.habits(owner)?
            .is_new(owner, place?, seen.call, seen.time)
    }

    /// Remembers where users and servers go, once it is certain that they went.
    fn meet(&self, seen: &Observed<'_>) {
        if !seen.went() {
            return;
        }
        for (owner, place) in [
            (seen.user, seen.action.destination()),
            (seen.server, seen.action.place_of_server()),
        ] {
            if let (Some(owner), Some(place)) = (owner, place)
                && let Some(mut habits) = self.habits(owner)
            {
                habits.meet(owner, place, seen.call, seen.time);
            }
        }
    }

    /// Lets the session only read until `until`; never shortens an earlier time.
    pub fn restrict(&self, key: SessionKey, until: Timestamp, now: Timestamp) {
        if let Some(mut sessions) = self.sessions(key) {
            let session = sessions.get_mut(key);
            session.holds.restrict(Seconds::of(until));
            session.touched = session.touched.max(Seconds::of(now));
        }
    }

    /// How many sessions are remembered.
    pub fn len(&self) -> usize {
        let shards = self.shards.iter();
        shards.map(|shard| lock(&shard.sessions).len()).sum()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives `take` every row that changed since the last call, and forgets what is too old.
    pub fn changes(&self, now: Timestamp, mut take: impl FnMut(ContextRow)) {
        let now = Seconds::of(now);
        for shard in self.shards.iter() {
            lock(&shard.sessions).changes(now, &mut |key, bytes| {
                take((row_key(SESSION, key.as_bytes()), bytes));
            });
            lock(&shard.habits).changes(&mut |owner, bytes| {
                take((row_key(OWNER, owner.as_bytes()), bytes));
            });
        }
    }

    /// Whether a row of that key is one that [`Context::changes`] gave.
    pub fn is_row(key: &[u8]) -> bool {
        matches!(key.first(), Some(&(SESSION | OWNER)))
    }

    /// Takes back one row that [`Context::changes`] gave; says whether it could be read.
    pub fn restore(&self, key: &[u8], bytes: &[u8]) -> bool {
        let Some((kind, rest)) = key.split_first() else {
            return false;
        };
        let Ok(hash) = <[u8; 16]>::try_from(rest) else {
            return false;
        };
        match *kind {
            SESSION => {
                let key = SessionKey::from_bytes(hash);
                self.sessions(key)
                    .is_some_and(|mut sessions| sessions.restore(key, bytes))
            }
            OWNER => {
                let owner = Owner::from_bytes(hash);
                self.habits(owner)
                    .is_some_and(|mut habits| habits.restore(owner, bytes))
            }
            _ => false,
        }
    }

    fn sessions(&self, key: SessionKey) -> Option<MutexGuard<'_, Sessions>> {
        self.shard(key.as_bytes())
            .map(|shard| lock(&shard.sessions))
    }

    fn habits(&self, owner: Owner) -> Option<MutexGuard<'_, Habits>> {
        self.shard(owner.as_bytes())
            .map(|shard| lock(&shard.habits))
    }

    /// There always is one.
    fn shard(&self, hash: &[u8; 16]) -> Option<&Shard> {
        let [first, ..] = hash;
        self.shards.get(usize::from(*first) % SHARDS)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn row_key(kind: u8, hash: &[u8; 16]) -> Vec<u8> {
    let mut key = Vec::with_capacity(17);
    key.push(kind);
    key.extend_from_slice(hash);
    key
}
