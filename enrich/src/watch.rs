//! Notices what the record itself lacks: missing events, clients that fell silent, hooks that
//! stopped, attributes that a version no longer sends.

mod attributes;
mod coverage;
mod drift;
mod egress;
mod heard;
mod inventory;
mod memo;
mod model;
mod notice;
mod presence;
mod sender;
mod sequences;
mod session;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeSet;

use magistrate_event::{Class, Event, Field, Timestamp};

use self::attributes::{name_of, tag, tags_of};
use self::coverage::{By, Coverage, seen_by};
use self::drift::{Recent, Usual};
use self::egress::Egress;
use self::heard::{Heard, alive};
use self::inventory::Inventory;
use self::memo::Memo;
use self::model::{goes_to_model, is_client};
use self::presence::Presence;
use self::sender::{Name, Sender, Senders};
use self::session::{Hooks, Session};
use crate::context::SessionKey;
use crate::hooks::{tool_of_call, tool_of_judge};
use crate::kept::Kept;
use crate::normalize::is_known_event;

pub use self::coverage::{
    BLIND_SPOTS, BlindSpot, CoverageConfig, CoverageGroup, CoverageLine, CoverageState, PathSeen,
    coverage_report, coverage_row,
};
pub(crate) use self::egress::{place_of, places_reached};
pub use self::inventory::{InventoryLine, inventory_row};
pub use self::notice::Notice;
pub(crate) use self::notice::{About, Detail, PRODUCT, notice};

/// Sessions whose events are counted.
const MAX_SESSIONS: usize = 250_000;
/// Users, devices and addresses that are listened for.
const MAX_SUBJECTS: usize = 200_000;
/// Kinds of events, and versions of them, whose attributes are known.
const MAX_KINDS: usize = 2_000;
/// What the first byte of a row's key says.
const SESSION: u8 = b'w';
const SUBJECT: u8 = b'p';
const USUAL: u8 = b'u';
const RECENT: u8 = b'r';
const ITEM: u8 = b'i';
const EGRESS: u8 = b'e';

/// A user, a device, an address, or a kind of event, by hash.
type Hash = [u8; 16];

/// A kind of event: over all versions, and of one.
#[derive(Debug, Clone, Copy)]
struct Kind {
    usual: Hash,
    recent: Hash,
}

/// What was heard so far.
#[derive(Debug)]
pub struct Watch {
    sessions: Kept<SessionKey, Session>,
    subjects: Kept<Hash, Presence>,
    usual: Kept<Hash, Usual>,
    recent: Kept<Hash, Recent>,
    kinds: Memo<Kind>,
    /// The attributes of the event that is looked at.
    tags: Vec<u32>,
    senders: Senders,
    coverage: Coverage,
    inventory: Inventory,
    egress: Egress,
    /// Sessions with gaps that are not told yet, or have closed since.
    waiting: BTreeSet<SessionKey>,
    /// Whether there may be no later look.
    is_last: bool,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            sessions: Kept::new(MAX_SESSIONS),
            subjects: Kept::new(MAX_SUBJECTS),
            usual: Kept::new(MAX_KINDS),
            recent: Kept::new(MAX_KINDS),
            kinds: Memo::default(),
            tags: Vec::new(),
            senders: Senders::default(),
            coverage: Coverage::default(),
            inventory: Inventory::default(),
            egress: Egress::default(),
            waiting: BTreeSet::new(),
            is_last: false,
        }
    }
}

impl Watch {
    /// Nothing heard yet; `config` says which paths must be seen, of whom.
    pub fn new(config: CoverageConfig) -> Self {
        Self {
            coverage: Coverage::new(config),
            ..Self::default()
        }
    }

    /// Has [`Watch::due`] look at everything at once, since there may be no later.
    pub const fn hurry(&mut self) {
        self.coverage.hurry();
        self.is_last = true;
    }

    /// Takes an event into account that was received at `received`; returns what it shows.
    pub fn observe(&mut self, event: &Event, received: Timestamp) -> Vec<Notice> {
        let time = event.time().min(received);
        let Some(at) = seconds(time) else {
            return Vec::new();
        };
        if event.text(Field::ProductName) == Some(PRODUCT) {
            return Vec::new();
        }
        let Some(by) = seen_by(event) else {
            return Vec::new();
        };
        let sender = self.senders.of(event);
        self.coverage.see(event, &sender, by, at);
        let alive = alive(event, at, received);
        // A hook's question is the client's word, too.
        if by == By::Telemetry || event.text(Field::Surface).is_some_and(is_client) {
            let received = seconds(received).unwrap_or(at);
            return self.hear(&Heard {
                event,
                sender,
                time,
                at,
                received,
                alive,
            });
        }
        let mut notices = match by {
            By::Judge => self.supply(event, time, at),
            By::Telemetry | By::Flow | By::DecryptedFlow => Vec::new(),
        };
        if event.class().is_flow() && event.text(Field::ToolClass).is_none() {
            let bypass = self.egress.flow(event, &sender, at);
            notices.extend(bypass.map(|one| words::bypassed(&one)));
        }
        if goes_to_model(event) {
            notices.extend(self.flow(event, &sender, time, alive));
        }
        notices
    }

    /// Telemetry of the client.
    fn hear(&mut self, heard: &Heard<'_>) -> Vec<Notice> {
        let mut notices = Vec::new();
        let hooked = tool_of_judge(heard.event).map(tag);
        for name in heard.sender.telemetry() {
            let presence = self.subjects.entry(name.subject, Presence::default);
            if let Some(tool) = hooked {
                presence.hook(tool, heard.alive);
            }
            if presence.hear(heard.alive) {
                notices.push(name.returned(heard.event, heard.time, heard.at));
            }
        }
        if heard.event.class() != Class::Span {
            notices.extend(self.session(heard));
            notices.extend(self.shape(heard));
            self.egress.hear(heard.event, &heard.sender, heard.at);
            notices.extend(self.supply(heard.event, heard.time, heard.at));
        }
        notices
    }

    /// What an event shows of the things that extend the agent.
    fn supply(&mut self, event: &Event, time: Timestamp, at: u32) -> Vec<Notice> {
        let changes = self.inventory.see(event, at);
        let changes = changes.iter();
        changes
            .map(|one| words::changed(one, &About::of(event), time))
            .collect()
    }

    /// The session that an event is of: its numbers, and its hooks.
    fn session(&mut self, heard: &Heard<'_>) -> Option<Notice> {
        let event = heard.event;
        let key = heard.sender.session?.key;
        let hooks = self.hooks(heard);
        let session = self.sessions.entry(key, || Session::new(About::of(event)));
        let about = session.hear(heard, hooks);
        if session.has_news() {
            self.waiting.insert(key);
        }
        Some(words::hooks_stopped(&about?, heard.time))
    }

    /// What an event tells of hooks.
    fn hooks(&self, heard: &Heard<'_>) -> Hooks {
        if tool_of_judge(heard.event).is_some() {
            return Hooks::Ran;
        }
        let Some(tool) = tool_of_call(heard.event).map(tag) else {
            return Hooks::Untold;
        };
        let expects = |one: Name<'_>| {
            let known = self.subjects.get(one.subject);
            known.is_some_and(|presence| presence.has_hooks(tool, heard.alive))
        };
        if heard.sender.named().any(expects) {
            Hooks::Expected
        } else {
            Hooks::Untold
        }
    }

    /// The attributes of an event, held against how its kind usually looks.
    fn shape(&mut self, heard: &Heard<'_>) -> Vec<Notice> {
        let event = heard.event;
        let Some(code) = event.text(Field::EventCode) else {
            return Vec::new();
        };
        let product = event.text(Field::ProductName).unwrap_or_default();
        let version = version(event);
        let kind = [product, version, code];
        let keys = self.kinds.of(&kind.map(Some), || Kind {
            usual: hash(&[product, code]),
            recent: hash(&kind),
        });
        tags_of(event, &mut self.tags);
        let mut is_new = false;
        let recent = self.recent.entry(keys.recent, || {
            is_new = true;
            Recent::default()
        });
        let sent = heard.sender.sent();
        recent.add(&self.tags, sent, heard.received);
        let usual = self.usual.entry(keys.usual, Usual::default);
        let name = |at: usize| name_of(event, at);
        let lost = usual.add(&self.tags, recent, (sent, heard.received), name);
        let about = || About::of(event).without_session();
        let kind = (product, version, code);
        let mut notices: Vec<_> = lost
            .iter()
            .map(|attribute| words::attribute_lost(&about(), heard.time, kind, attribute))
            .collect();
        if is_new && !is_known_event(code) {
            notices.push(words::unknown_event(&about(), heard.time, kind));
        }
        notices
    }

    /// A flow of a client to its model, as a proxy tells of it.
    fn flow(
        &mut self,
        event: &Event,
        sender: &Sender<'_>,
        time: Timestamp,
        at: u32,
    ) -> Option<Notice> {
        let presence = |one: &Name<'_>| self.subjects.get(one.subject);
        let mut known = sender.flow().filter_map(|one| presence(&one));
        if known.any(|one| one.is_alive(at)) {
            return None;
        }
        let is_expected = |one: &Name<'_>| presence(one).is_some_and(|one| one.is_expected(at));
        let expected = sender.flow().find(is_expected)?;
        let presence = self.subjects.entry(expected.subject, Presence::default);
        let silence = presence.miss(at)?;
        Some(expected.silent(event, time, silence))
    }

    /// What the passing of time shows: gaps that did not close, told gaps that did, and paths that
    /// are no longer seen.
    pub fn due(&mut self, now: Timestamp) -> Vec<Notice> {
        let Some(at) = seconds(now) else {
            return Vec::new();
        };
        let mut notices = self.coverage.due(now, at);
        let is_last = std::mem::take(&mut self.is_last);
        let of_files = if is_last { 0 } else { session::FILE_GRACE_S };
        for key in std::mem::take(&mut self.waiting) {
            if self.sessions.get(key).is_none() {
                continue;
            }
            let session = self.sessions.entry(key, Session::default);
            notices.extend(session.news(at, of_files));
            if session.has_news() {
                self.waiting.insert(key);
            }
        }
        notices
    }

    /// Gives `take` every row that changed since the last call: a key, and bytes, or none where it
    /// is to be deleted.
    pub fn changes(&mut self, mut take: impl FnMut((Vec<u8>, Option<Vec<u8>>))) {
        let row = |kind: u8, hash: &Hash| [&[kind], &hash[..]].concat();
        self.sessions
            .changes(|key, bytes| take((row(SESSION, key.as_bytes()), bytes)));
        self.subjects
            .changes(|key, bytes| take((row(SUBJECT, &key), bytes)));
        self.usual
            .changes(|key, bytes| take((row(USUAL, &key), bytes)));
        self.recent
            .changes(|key, bytes| take((row(RECENT, &key), bytes)));
        self.inventory
            .changes(|key, bytes| take((row(ITEM, &key), bytes)));
        self.egress
            .changes(|key, bytes| take((row(EGRESS, &key), bytes)));
        self.coverage.changes(&mut take);
    }

    /// Takes back one row that [`Watch::changes`] gave; says whether it was one.
    pub fn restore(&mut self, key: &[u8], bytes: &[u8]) -> bool {
        let Some((kind, rest)) = key.split_first() else {
            return false;
        };
        let Ok(hash) = Hash::try_from(rest) else {
            return false;
        };
        match *kind {
            SESSION => {
                let key = SessionKey::from_bytes(hash);
                let is_read = self.sessions.restore(key, bytes);
                let session = self.sessions.get(key);
                if session.is_some_and(Session::has_news) {
                    self.waiting.insert(key);
                }
                is_read
            }
            SUBJECT => self.subjects.restore(hash, bytes),
            USUAL => self.usual.restore(hash, bytes),
            RECENT => self.recent.restore(hash, bytes),
            ITEM => self.inventory.restore(hash, bytes),
            EGRESS => self.egress.restore(hash, bytes),
            other => self.coverage.restore(other, hash, bytes),
        }
    }
}

fn version(event: &Event) -> &str {
    event
        .text(Field::ProductVersion)
        .or_else(|| event.text(Field::LogVersion))
        .unwrap_or_default()
}

fn seconds(time: Timestamp) -> Option<u32> {
    u32::try_from(time.as_micros().div_euclid(1_000_000)).ok()
}

fn hash(parts: &[&str]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}
