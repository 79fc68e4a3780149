//! The state of one session, how events change it, and what it says of an action.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::action::{Origin, Rung};
use super::asked::{can_be_asked, is_asked};
use super::facts::{Before, SessionFacts};
use super::grants::Grants;
use super::holds::Holds;
use super::key::{Seconds, Tag};
use super::met::Met;
use super::observed::{Observed, Rank, Told};
use super::reads::{Asking, Read, Reads, Taint};
use super::refused::Refusals;
use super::sensitive::{is_sensitive_command, is_sensitive_file};
use super::turns::{Turn, Turns};

/// An event that happened so long before it was received is history.
const LATE_BEHIND_RECEIPT: u32 = 6 * 3_600;
/// An event that is so far behind the newest of its source is history; and an action that is so far
/// behind its receipt does not happen now.
const LATE_BEHIND_OTHERS: u32 = 600;
const MAX_TOOLS: usize = 64;
const MAX_SERVERS: usize = 32;
const MAX_DESTINATIONS: usize = 128;
const MAX_AGENTS: usize = 64;
const MAX_MODE_BYTES: usize = 64;
/// Tools that were approved, refused, or failed.
const MAX_DECISIONS: usize = 16;

/// What is remembered of one session.
///
/// Every change can be made twice and leads to the same state: one call comes by hook, by telemetry
/// and by span, and after a restart again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Session {
    /// When it was heard of last, by the clock of this machine.
    pub(super) touched: Seconds,
    /// The time of the newest event of each rank of sources.
    newest: [Seconds; 3],
    turns: Turns,
    grants: Grants,
    tools: Met,
    servers: Met,
    destinations: Met,
    rungs: Met,
    agents: Met,
    /// Tools that the user allowed for good.
    allowed: Met,
    /// Tools that a person let run, and how.
    approved: Met,
    /// Tools of which a call was refused, or failed.
    refused: Met,
    failed: Met,
    /// What the refused calls would have done.
    refusals: Refusals,
    reads: Reads,
    mode: Option<Box<str>>,
    mode_at: Seconds,
    pub(super) holds: Holds,
}

impl Session {
    /// Takes an event into account; says whether something was read by it that counts.
    pub(super) fn apply(&mut self, seen: &Observed<'_>) -> bool {
        let is_late = self.is_late(seen);
        self.touched = self.touched.max(seen.received);
        if let Some(newest) = self.newest.get_mut(seen.rank as usize) {
            *newest = seen.time.max(*newest);
        }
        for folder in &seen.grants {
            self.grants.add(folder, seen.rank);
        }
        if let Some((id, kind)) = seen.agent {
            let name = format!("{id} {kind}");
            self.agents.add(&name, seen.time, seen.call, MAX_AGENTS);
        }
        self.take_mode(seen);
        let mut has_read = false;
        self.refusals.apply(seen);
        match seen.told {
            Told::Prompt(text) => self.turns.add(Turn {
                prompt: seen.prompt,
                rank: seen.rank,
                at: seen.time,
                text: text.unwrap_or_default().into(),
            }),
            Told::Accepted { forever } => {
                self.meet(seen);
                if let Some(tool) = seen.action.tool {
                    self.accept(tool, seen, forever);
                }
            }
            Told::Refused => note(&mut self.refused, seen),
            Told::Done { succeeded } => {
                self.meet(seen);
                if succeeded {
                    has_read = self.read(seen, is_late);
                } else {
                    note(&mut self.failed, seen);
                }
            }
            Told::Happened => {
                self.meet(seen);
                has_read = self.read(seen, is_late);
            }
            // To be connected is not to be used.
            Told::Connected => {}
            Told::Mode | Told::AgentEnded | Told::Other => {}
        }
        has_read
    }

    fn accept(&mut self, tool: &str, seen: &Observed<'_>, forever: bool) {
        if forever {
            self.allowed.add(tool, seen.time, seen.call, MAX_TOOLS);
        }
        if let Some(by) = seen.decided_by.filter(|by| by.starts_with("user_")) {
            let name = format!("{tool} ({by})");
            self.approved
                .add(&name, seen.time, seen.call, MAX_DECISIONS);
        }
    }

    /// Whether an event tells of the past only, so that it says nothing of what happens now.
    fn is_late(&self, seen: &Observed<'_>) -> bool {
        self.is_behind(seen, LATE_BEHIND_RECEIPT)
    }

    /// Whether an event came so long after its time, or so long after what came of later times.
    fn is_behind(&self, seen: &Observed<'_>, receipt: u32) -> bool {
        let newest = self.newest.get(seen.rank as usize).copied();
        seen.received.since(seen.time) > receipt
            || newest.unwrap_or_default().since(seen.time) > LATE_BEHIND_OTHERS
    }

    fn take_mode(&mut self, seen: &Observed<'_>) {
        let Some(mode) = seen.mode.filter(|mode| mode.len() <= MAX_MODE_BYTES) else {
            return;
        };
        if seen.time >= self.mode_at {
            self.mode_at = seen.time;
            self.mode = Some(mode.into());
        }
    }

    fn meet(&mut self, seen: &Observed<'_>) {
        let (at, by) = (seen.time, seen.call);
        let action = &seen.action;
        if let Some(tool) = action.tool {
            self.tools.add(tool, at, by, MAX_TOOLS);
        }
        if let Some(server) = action.server {
            self.servers.add(server, at, by, MAX_SERVERS);
        }
        if let Some(destination) = action.destination() {
            self.destinations.add(destination, at, by, MAX_DESTINATIONS);
        }
        if let Some(rung) = action.rung() {
            self.rungs.add(rung.name(), at, by, Rung::ALL.len());
        }
    }

    /// Remembers what was read, if that counts; says whether it does.
    fn read(&mut self, seen: &Observed<'_>, is_late: bool) -> bool {
        let Some(origin) = seen.stated.or_else(|| seen.action.origin()) else {
            return false;
        };
        let mut taint = Taint::default();
        if origin.is_untrusted() {
            taint = taint.and(Taint::UNTRUSTED);
        }
        if seen.is_sensitive || is_sensitive(seen, origin) {
            taint = taint.and(Taint::SENSITIVE);
        }
        // What is neither, and held nothing that could be known again, needs no place.
        if taint == Taint::default() && seen.outputs.is_empty() {
            return false;
        }
        if is_late {
            taint = taint.and(Taint::LATE);
        }
        let label = format!("{}:{}", origin.name(), seen.action.place(origin));
        self.reads
            .add(&label, taint, (seen.time, seen.call), &seen.outputs);
        true
    }

    /// What the state says of an action that has not been taken into account yet. What would let it
    /// pass counts only from sources of at least the rank `trust`.
    pub(super) fn facts(&self, seen: &Observed<'_>, trust: Rank) -> SessionFacts {
        let asking = Asking {
            at: seen.time,
            call: seen.call,
            // Steps that come together long after their time belong together, wherever between them
            // the age lies at which they no longer touch the present.
            is_late: self.is_behind(seen, LATE_BEHIND_OTHERS),
        };
        let copied = self.copied(seen, asking);
        let mut turns = self.turns.trusted();
        let task = turns.next();
        let text = |turn: &Turn| turn.text.to_string();
        let untrusted = self.tainted(Taint::UNTRUSTED, asking);
        let sensitive = self.tainted(Taint::SENSITIVE, asking);
        let read_by = untrusted.iter().chain(&sensitive).chain(&copied);
        let read_by: BTreeSet<Tag> = read_by.map(|read| read.by).collect();
        SessionFacts {
            is_known: true,
            task: task.map(text),
            last_turn: turns.last().map(text),
            scheduled: self.turns.scheduled(seen.time).map(str::to_owned),
            task_rank: task.map(|turn| turn.rank).unwrap_or_default(),
            read_by: read_by.into_iter().filter(|by| *by != Tag::NONE).collect(),
            untrusted_from: labels(untrusted),
            sensitive_from: labels(sensitive),
            destination_new: seen
                .action
                .destination()
                .map(|name| self.destinations.is_new(name, seen.time, seen.call)),
            outside_grant: self.grants.are_outside(seen.files(), trust),
            command_outside_grant: self.grants.is_command_outside(seen.action.command, trust),
            asked: self.asked(seen, &copied, trust),
            copied_untrusted: copied.iter().any(|read| read.taint.has(Taint::UNTRUSTED)),
            copied_sensitive: copied.iter().any(|read| read.taint.has(Taint::SENSITIVE)),
            copied_from: labels(copied),
            ladder_from: self.ladder_from(seen),
            before: self.before(seen),
            retried_refused: self.refusals.retried(seen),
            permission_mode: self.mode.as_deref().map(str::to_owned),
            read_only_until: self.holds.read_only(seen.received).map(Seconds::timestamp),
            ..SessionFacts::default()
        }
    }

    /// Whether the user's own turns ask for the action, as sources of at least the rank `trust` told
    /// them.
    fn asked(&self, seen: &Observed<'_>, copied: &[&Read], trust: Rank) -> Option<bool> {
        seen.action.kind.filter(|kind| can_be_asked(kind))?;
        let turns = self.turns.trusted();
        let turns = turns.filter(|turn| turn.rank >= trust && turn.at <= seen.time);
        let turns: Vec<&str> = turns.map(|turn| &*turn.text).collect();
        let copied = copied.iter().map(|read| &*read.label);
        is_asked(&turns, seen, &copied.collect::<Vec<_>>())
    }

    /// The reads with `taint`, the first of them ahead.
    fn tainted(&self, taint: Taint, asking: Asking) -> Vec<&Read> {
        let mut reads: Vec<&Read> = self.reads.tainted(taint, asking).collect();
        reads.sort_by_key(|read| read.at);
        reads
    }

    fn copied(&self, seen: &Observed<'_>, asking: Asking) -> Vec<&Read> {
        match seen.told {
            // What a tool gave back goes nowhere.
            Told::Prompt(_) | Told::Mode | Told::AgentEnded | Told::Connected => Vec::new(),
            Told::Done { .. } => {
                let mut action = seen.action;
                action.content = None;
                self.reads.copied(action.outgoing(), asking)
            }
            Told::Accepted { .. } | Told::Refused | Told::Happened | Told::Other => {
                if seen.action.kind.is_none() {
                    return Vec::new();
                }
                self.reads.copied(seen.action.outgoing(), asking)
            }
        }
    }

    /// What came before an action in the browser or on the screen: there it is asked why.
    fn before(&self, seen: &Observed<'_>) -> Option<Box<Before>> {
        let rung = seen.action.rung()?;
        let names = |met: &Met| met.names(seen.time);
        (rung > Rung::Connector).then(|| {
            Box::new(Before {
                servers: names(&self.servers),
                approved: names(&self.approved),
                refused: names(&self.refused),
                failed: names(&self.failed),
            })
        })
    }

    fn ladder_from(&self, seen: &Observed<'_>) -> Option<&'static str> {
        let rung = seen.action.rung()?;
        let is_new = |rung: Rung| self.rungs.is_new(rung.name(), seen.time, seen.call);
        if !is_new(rung) {
            return None;
        }
        let mut lower = Rung::ALL.into_iter().rev().filter(|one| *one < rung);
        lower.find(|one| !is_new(*one)).map(Rung::name)
    }
}

fn note(met: &mut Met, seen: &Observed<'_>) {
    if let Some(tool) = seen.action.tool {
        met.add(tool, seen.time, seen.call, MAX_DECISIONS);
    }
}

fn is_sensitive(seen: &Observed<'_>, origin: Origin) -> bool {
    match origin {
        Origin::File | Origin::Document => seen.action.file.is_some_and(is_sensitive_file),
        Origin::Command => seen.action.command.is_some_and(is_sensitive_command),
        Origin::Page | Origin::Email | Origin::Tool | Origin::Screen => false,
    }
}

fn labels<'a>(reads: impl IntoIterator<Item = &'a Read>) -> Vec<String> {
    reads
        .into_iter()
        .map(|read| read.label.to_string())
        .collect()
}
