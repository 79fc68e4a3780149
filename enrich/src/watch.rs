//! Notices what the record itself lacks: missing events, clients that fell silent, hooks that
//! stopped, attributes that a version no longer sends.

mod coverage;
mod drift;
mod egress;
mod inventory;
mod notice;
mod presence;
mod sequences;
mod session;
mod subject;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeSet;

use magistrate_event::{Class, Event, Field, Source, Timestamp};

use self::coverage::Coverage;
use self::drift::{Recent, Usual};
use self::egress::Egress;
use self::inventory::Inventory;
use self::presence::Presence;
use self::session::Session;
use self::subject::{Subject, subjects};
use crate::context::SessionKey;
use crate::kept::Kept;
use crate::normalize::{EXACT_TIMES, is_known_event};

pub use self::coverage::{
    CoverageConfig, CoverageGroup, CoverageLine, CoverageState, PathSeen, coverage_report,
    coverage_row,
};
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

/// What was heard so far.
#[derive(Debug)]
pub struct Watch {
    sessions: Kept<SessionKey, Session>,
    subjects: Kept<Hash, Presence>,
    usual: Kept<Hash, Usual>,
    recent: Kept<Hash, Recent>,
    coverage: Coverage,
    inventory: Inventory,
    egress: Egress,
    /// Sessions with gaps that are not told yet, or have closed since.
    waiting: BTreeSet<SessionKey>,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            sessions: Kept::new(MAX_SESSIONS),
            subjects: Kept::new(MAX_SUBJECTS),
            usual: Kept::new(MAX_KINDS),
            recent: Kept::new(MAX_KINDS),
            coverage: Coverage::default(),
            inventory: Inventory::default(),
            egress: Egress::default(),
            waiting: BTreeSet::new(),
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
        self.coverage.see(event, at);
        if event.text(Field::Surface).is_some_and(is_client) {
            let heard = Heard {
                event,
                time,
                at,
                received: seconds(received).unwrap_or(at),
                alive: alive(event, at, received),
            };
            return self.hear(&heard);
        }
        let alive = alive(event, at, received);
        let mut notices = Vec::new();
        if event.class().is_flow() && event.text(Field::ToolClass).is_none() {
            let bypass = self.egress.flow(event, at);
            notices.extend(bypass.map(|one| words::bypassed(&one)));
        }
        if goes_to_model(event) {
            notices.extend(self.flow(event, time, alive));
        }
        notices
    }

    /// Telemetry of the client.
    fn hear(&mut self, heard: &Heard<'_>) -> Vec<Notice> {
        let mut notices = Vec::new();
        let hooks = matches!(
            heard.event.text(Field::EventCode),
            Some("hook_execution_start" | "hook_execution_complete")
        );
        let mut hashes = Vec::with_capacity(subject::TELEMETRY.len());
        for subject in subjects(heard.event, &subject::TELEMETRY) {
            hashes.push(subject.hash);
            let presence = self.subjects.entry(subject.hash, Presence::default);
            if hooks {
                presence.hook(heard.alive);
            }
            if presence.hear(heard.alive) {
                notices.push(subject.returned(heard.event, heard.time, heard.at));
            }
        }
        if heard.event.class() != Class::Span {
            notices.extend(self.session(heard, hooks));
            notices.extend(self.shape(heard));
            self.egress.hear(heard.event, &hashes, heard.at);
            let changes = self.inventory.see(heard.event, heard.at);
            let about = || About::of(heard.event);
            notices.extend(
                changes
                    .iter()
                    .map(|one| words::changed(one, &about(), heard.time)),
            );
        }
        notices
    }

    /// The session that an event is of: its numbers, and its hooks.
    fn session(&mut self, heard: &Heard<'_>, hooks: bool) -> Option<Notice> {
        let event = heard.event;
        let key = SessionKey::of(event)?;
        let session = self.sessions.entry(key, || Session::new(About::of(event)));
        let about = session.hear(heard, hooks);
        if session.has_news() {
            self.waiting.insert(key);
        }
        let about = about?;
        let expects = |one: &Subject| {
            let known = self.subjects.get(one.hash);
            known.is_some_and(|presence| presence.has_hooks(heard.alive))
        };
        subjects(event, &subject::NAMED)
            .any(|one| expects(&one))
            .then(|| words::hooks_stopped(&about, heard.time))
    }

    /// The attributes of an event, held against how its kind usually looks.
    fn shape(&mut self, heard: &Heard<'_>) -> Vec<Notice> {
        let event = heard.event;
        let Some(code) = event.text(Field::EventCode) else {
            return Vec::new();
        };
        let product = event.text(Field::ProductName).unwrap_or_default();
        let version = version(event);
        let kind = hash(&[product, code]);
        let names: Vec<&str> = attributes(event).collect();
        let tags: Vec<u32> = names.iter().map(|name| tag(name)).collect();
        let recent_key = hash(&[product, version, code]);
        let is_new = self.recent.get(recent_key).is_none();
        let recent = self.recent.entry(recent_key, Recent::default);
        recent.add(&tags, heard.received);
        let usual = self.usual.entry(kind, Usual::default);
        let name = |at: usize| names.get(at).copied().unwrap_or_default();
        let lost = usual.add(&tags, recent, heard.received, name);
        let about = About::of(event).without_session();
        let mut notices: Vec<_> = lost
            .iter()
            .map(|attribute| {
                words::attribute_lost(&about, heard.time, (product, version, code), attribute)
            })
            .collect();
        if is_new && !is_known_event(code) {
            notices.push(words::unknown_event(
                &about,
                heard.time,
                (product, version, code),
            ));
        }
        notices
    }

    /// A flow of a client to its model, as a proxy tells of it.
    fn flow(&mut self, event: &Event, time: Timestamp, at: u32) -> Vec<Notice> {
        let subjects: Vec<_> = subjects(event, &subject::FLOW).collect();
        let presence = |one: &Subject| self.subjects.get(one.hash);
        if subjects
            .iter()
            .filter_map(presence)
            .any(|one| one.is_alive(at))
        {
            return Vec::new();
        }
        let expected = subjects
            .iter()
            .find(|one| presence(one).is_some_and(|one| one.is_expected(at)));
        let silence = expected.and_then(|subject| {
            let presence = self.subjects.entry(subject.hash, Presence::default);
            let silence = presence.miss(at)?;
            Some(subject.silent(event, time, silence))
        });
        silence.into_iter().collect()
    }

    /// What the passing of time shows: gaps that did not close, told gaps that did, and paths that
    /// are no longer seen.
    pub fn due(&mut self, now: Timestamp) -> Vec<Notice> {
        let Some(at) = seconds(now) else {
            return Vec::new();
        };
        let mut notices = self.coverage.due(now, at);
        for key in std::mem::take(&mut self.waiting) {
            if self.sessions.get(key).is_none() {
                continue;
            }
            let session = self.sessions.entry(key, Session::default);
            notices.extend(session.news(at));
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

/// A piece of the client's telemetry.
struct Heard<'a> {
    event: &'a Event,
    time: Timestamp,
    /// Its time and that of its receipt, in seconds.
    at: u32,
    received: u32,
    /// When it shows that somebody is there.
    alive: u32,
}

/// An event that happened so long before its receipt, or comes from a file, tells of its own time.
const HISTORY_S: u32 = 6 * 3_600;

/// When an event shows that its sender is there: at its receipt, since clocks of clients and proxies
/// differ, and a client that sends late sends.
fn alive(event: &Event, at: u32, received: Timestamp) -> u32 {
    let received = seconds(received).unwrap_or(at);
    let is_history = received.saturating_sub(at) > HISTORY_S
        || event.text(Field::Source) == Some(Source::Replay.name());
    if is_history { at } else { received }
}

/// Whether a surface is a client of ours.
fn is_client(surface: &str) -> bool {
    matches!(surface, "cowork" | "code" | "desktop")
}

/// Whether a flow is one of a client to its model.
fn goes_to_model(event: &Event) -> bool {
    let host = event
        .text(Field::UrlHostname)
        .or_else(|| event.text(Field::DstHostname));
    let is_model = host.is_some_and(|host| {
        ["anthropic.com", "claude.ai"].iter().any(|name| {
            host.strip_suffix(name)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    });
    let agent = event.text(Field::UserAgent).unwrap_or_default();
    let is_flow = matches!(event.class(), Class::HttpActivity | Class::NetworkActivity);
    is_flow && (is_model || agent.starts_with("claude-cli/") || agent.starts_with("claude-code/"))
}

fn version(event: &Event) -> &str {
    event
        .text(Field::ProductVersion)
        .or_else(|| event.text(Field::LogVersion))
        .unwrap_or_default()
}

/// The names of what an event holds, but not of what this program adds.
fn attributes(event: &Event) -> impl Iterator<Item = &str> {
    let columns = event
        .cells()
        .map(|(field, _)| field.path())
        .filter(|path| !path.starts_with("magistrate.redact"));
    let others = event.unmapped().map(|(name, _)| name);
    columns.chain(others.filter(|name| !EXACT_TIMES.contains(name)))
}

fn seconds(time: Timestamp) -> Option<u32> {
    u32::try_from(time.as_micros().div_euclid(1_000_000)).ok()
}

fn tag(text: &str) -> u32 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    (hash >> 32) as u32
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
