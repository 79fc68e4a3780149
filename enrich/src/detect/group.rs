//! Groups matches into alerts: one alert for many equal matches, and not too many of one rule.

mod brought;
mod steps;
mod timetable;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use magistrate_event::{Event, EventUid, Field, Timestamp};
use serde::{Deserialize, Serialize};

use self::brought::Brought;
use self::steps::add;
use self::timetable::{Timetable, micros};
use super::alert::{Group, Stage, about, evidence, finding, questions};
use super::chain::{Chain, Step};
use super::config::{DetectConfig, Suppression};
use super::moment::{Clock, Moment};
use super::rule::{Level, Rule};
use super::sigma::Hit;
use super::{Case, Ruleset};
use crate::context::CallTag;

/// Files are not in order to the second: so much later in a file a group closes.
const FILE_GRACE_MICROS: i64 = 3_600_000_000;
/// Nothing more comes from a file of which nothing has come for so long.
const FILE_IDLE_MICROS: i64 = 60_000_000;

/// An alert, ready to be redacted and stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// The id of its record: the same when the same events are looked at again.
    pub uid: EventUid,
    /// The Detection Finding.
    pub event: Event,
    /// How bad it is.
    pub level: Level,
    /// First of its group, or not.
    pub stage: Stage,
}

/// What became of matches that made no alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Matches of rules that alert.
    pub matched: u64,
    /// Joined to an open group.
    pub grouped: u64,
    /// Steps of a chain, taken in by its alert.
    pub folded: u64,
    /// Taken out by `[[detect.suppress]]`.
    pub suppressed: u64,
    /// Left out because their rule makes too many.
    pub throttled: u64,
}

/// What became of one match.
enum Taken {
    /// It joined an open group.
    Joined,
    /// It is left out.
    Left,
    /// It is the one that says that the rule makes too many.
    Throttled(Alert),
    /// It began a group, of which this is the key.
    Begun(String),
}

/// Open groups and how many alerts each rule has made.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Grouper {
    /// By rule and by what tells its groups apart.
    open: BTreeMap<String, BTreeMap<String, Group>>,
    received: Timetable,
    of_files: Timetable,
    /// At which [`Grouper::close`] there was news of files last: they may be looked at long after receipt.
    file_heard: i64,
    #[serde(skip)]
    has_file_news: bool,
    /// By session: rules of the open chains.
    chains: BTreeMap<String, BTreeSet<String>>,
    /// Not kept over a restart: what came before it is not named.
    #[serde(skip)]
    brought: Brought,
    #[serde(skip)]
    tally: Tally,
}

/// An event that rules matched.
struct Matching<'a> {
    case: Case<'a>,
    name: String,
    call: CallTag,
    moment: Moment,
}

impl Matching<'_> {
    fn step(&self) -> Step<'_> {
        Step {
            uid: &self.name,
            call: self.call,
        }
    }
}

impl Grouper {
    /// Takes what matched an event into account; returns the alerts that it makes. `now` is when
    /// the event was received.
    pub fn take(
        &mut self,
        rules: &Ruleset,
        config: &DetectConfig,
        hits: &[Hit],
        case: Case<'_>,
        now: Timestamp,
    ) -> Vec<Alert> {
        let moment = Moment::of(case.event, now);
        self.has_file_news |= moment.clock == Clock::File;
        self.brought.note(case.event, case.uid);
        let mut alerts = Vec::new();
        self.close_of(Clock::Receipt, now.as_micros(), rules, &mut alerts);
        let mut hits: Vec<&Hit> = hits.iter().filter(|hit| hit.rule.alerts).collect();
        let count = hits.len();
        self.tally.matched += count as u64;
        let is_suppressed = |hit: &Hit| {
            let mut suppress = config.suppress.iter();
            suppress.any(|one| fits(one, rules, hit, case))
        };
        hits.retain(|hit| !is_suppressed(hit));
        self.tally.suppressed += (count - hits.len()) as u64;
        if hits.is_empty() {
            return alerts;
        }
        let uid = case.uid.unwrap_or(EventUid::from_bytes([0; 16]));
        let call = case.event.text(Field::ApiRequestUid);
        let matching = Matching {
            case,
            name: uid.to_string(),
            call: call.map_or(CallTag::NONE, CallTag::of),
            moment,
        };
        if moment.clock == Clock::File {
            let end = moment.at.saturating_sub(FILE_GRACE_MICROS);
            self.close_of(Clock::File, end, rules, &mut alerts);
        }
        // Chains first, the worst ahead: what comes after may be a step of them.
        hits.sort_by_key(|hit| (!hit.rule.is_chain, Reverse(hit.rule.level)));
        let mut begun = Vec::new();
        for hit in hits {
            if self.fold(hit, &matching) {
                self.tally.folded += 1;
                continue;
            }
            let key = key_of(hit, case.event);
            alerts.extend(self.close_other(config, (hit, &key), matching.moment));
            match self.take_one(config, (hit, key), &matching) {
                Taken::Joined | Taken::Left => {}
                Taken::Throttled(alert) => alerts.push(alert),
                Taken::Begun(key) => begun.push((&hit.rule, key)),
            }
            alerts.extend(self.absorb(rules, hit, case.event));
        }
        let begun = begun.into_iter();
        alerts.extend(begun.filter_map(|(rule, key)| {
            let group = self.group(&rule.id, &key)?;
            let alert = alert_of(rule, group, Stage::New);
            group.chain.iter_mut().for_each(Chain::tell);
            Some(alert)
        }));
        alerts
    }

    fn group(&mut self, rule: &str, key: &str) -> Option<&mut Group> {
        self.open.get_mut(rule)?.get_mut(key)
    }

    /// What goes by `clock`.
    const fn timetable(&mut self, clock: Clock) -> &mut Timetable {
        match clock {
            Clock::Receipt => &mut self.received,
            Clock::File => &mut self.of_files,
        }
    }

    /// Closes the open group that a match of another time, or by another clock, would join.
    fn close_other(
        &mut self,
        config: &DetectConfig,
        (hit, key): (&Hit, &str),
        moment: Moment,
    ) -> Option<Alert> {
        let group = self.group(&hit.rule.id, key)?;
        let window = micros(config.group_seconds);
        let begun = group.until.saturating_sub(window);
        let is_near = (begun.saturating_sub(window)..=group.until).contains(&moment.at);
        if group.clock == moment.clock && (is_near || moment.clock == Clock::Receipt) {
            return None;
        }
        closing(&hit.rule, &self.take_out(&hit.rule.id, key)?)
    }

    /// Takes an open group out that is not due yet.
    fn take_out(&mut self, rule: &str, key: &str) -> Option<Group> {
        let group = self.remove(rule, key)?;
        let deadline = (group.until, rule.to_owned(), key.to_owned());
        self.timetable(group.clock).deadlines.remove(&deadline);
        Some(group)
    }

    /// Takes an open group out.
    fn remove(&mut self, rule: &str, key: &str) -> Option<Group> {
        let groups = self.open.get_mut(rule)?;
        let removed = groups.remove(key);
        if groups.is_empty() {
            self.open.remove(rule);
        }
        if let Some(chains) = self.chains.get_mut(key) {
            chains.remove(rule);
            if chains.is_empty() {
                self.chains.remove(key);
            }
        }
        removed
    }

    fn take_one(
        &mut self,
        config: &DetectConfig,
        (hit, key): (&Hit, String),
        matching: &Matching<'_>,
    ) -> Taken {
        let (event, moment) = (matching.case.event, matching.moment);
        let time = event.time().as_micros();
        let steps = self.steps_of(hit, matching);
        if let Some(group) = self.group(&hit.rule.id, &key) {
            group.count += 1;
            group.first = group.first.min(time);
            group.last = group.last.max(time);
            add(group, hit, matching, &steps);
            self.tally.grouped += 1;
            return Taken::Joined;
        }
        let Some(stage) = self.admit(&hit.rule, config.max_alerts_per_hour, moment) else {
            return Taken::Left;
        };
        let until = moment.at.saturating_add(micros(config.group_seconds));
        // What a chain's steps are is known within a session alone.
        let is_chain = hit.rule.is_chain && event.text(Field::SessionUid) == Some(&key);
        let mut group = Group {
            uid: hash(&[&hit.rule.id, &key, &matching.name]).to_string(),
            count: 1,
            events: Vec::new(),
            first: time,
            last: time,
            clock: moment.clock,
            until,
            about: about(event),
            evidence: evidence(hit),
            questions: questions(hit),
            calls: Vec::new(),
            level: hit.rule.level.severity_id(),
            chain: is_chain.then(Chain::default),
        };
        add(&mut group, hit, matching, &steps);
        if stage != Stage::New {
            return Taken::Throttled(alert_of(&hit.rule, &group, stage));
        }
        let id = &hit.rule.id;
        let deadlines = &mut self.timetable(moment.clock).deadlines;
        deadlines.insert((until, id.clone(), key.clone()));
        if is_chain {
            let chains = self.chains.entry(key.clone()).or_default();
            chains.insert(id.clone());
        }
        let groups = self.open.entry(id.clone()).or_default();
        groups.insert(key.clone(), group);
        Taken::Begun(key)
    }

    /// Whether the rule may make one more alert this hour; none when it is left out.
    fn admit(&mut self, rule: &Rule, max: u32, moment: Moment) -> Option<Stage> {
        let count = self.timetable(moment.clock).count(&rule.id, moment.at);
        if count <= max {
            return Some(Stage::New);
        }
        self.tally.throttled += 1;
        (count == max.saturating_add(1)).then_some(Stage::Throttled)
    }

    /// Has [`Grouper::close`] close what files began at once, since nothing more comes from them.
    pub const fn hurry(&mut self) {
        (self.file_heard, self.has_file_news) = (0, false);
    }

    /// Closes the groups whose time is over at `now`, and tells of those that had more than one match.
    pub fn close(&mut self, rules: &Ruleset, now: Timestamp) -> Vec<Alert> {
        let mut alerts = Vec::new();
        let now = now.as_micros();
        self.close_of(Clock::Receipt, now, rules, &mut alerts);
        if std::mem::take(&mut self.has_file_news) {
            self.file_heard = now;
        } else if now.saturating_sub(self.file_heard) >= FILE_IDLE_MICROS {
            self.close_of(Clock::File, i64::MAX, rules, &mut alerts);
        }
        alerts
    }

    fn close_of(&mut self, clock: Clock, end: i64, rules: &Ruleset, alerts: &mut Vec<Alert>) {
        while let Some((rule, key)) = self.timetable(clock).pop_before(end) {
            let closed = self.remove(&rule, &key);
            if let (Some(group), Some(rule)) = (closed, rules.rule(&rule)) {
                alerts.extend(closing(rule, &group));
            }
        }
    }

    /// What became of matches since the last call.
    pub fn tally(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }

    /// How many groups are open.
    pub fn open_groups(&self) -> usize {
        self.received.deadlines.len() + self.of_files.deadlines.len()
    }
}

/// The last word on a group; none where the first said all.
fn closing(rule: &Arc<Rule>, group: &Group) -> Option<Alert> {
    let has_news = group.count > 1 || group.chain.as_ref().is_some_and(Chain::has_news);
    has_news.then(|| alert_of(rule, group, Stage::Closed))
}

/// What tells the groups of one rule apart: what a correlation groups by, else the session, else
/// the user, the device or the sender.
fn key_of(hit: &Hit, event: &Event) -> String {
    if let Some(correlated) = &hit.correlated {
        let values = correlated.group.iter().map(|(_, value)| value.as_str());
        return values.collect::<Vec<_>>().join("\u{1f}");
    }
    let columns = [
        Field::SessionUid,
        Field::UserEmail,
        Field::UserUid,
        Field::UserName,
        Field::SrcIp,
        Field::DeviceHostname,
        Field::DeviceIp,
        Field::Peer,
    ];
    let first = columns.iter().find_map(|field| event.text(*field));
    first.unwrap_or_default().to_owned()
}

fn alert_of(rule: &Arc<Rule>, group: &Group, stage: Stage) -> Alert {
    let stage_name = match stage {
        Stage::New => "new",
        Stage::Closed => "closed",
        Stage::Throttled => "throttled",
        Stage::Folded => "folded",
    };
    Alert {
        uid: hash(&[&group.uid, stage_name]),
        event: finding(rule, group, stage),
        level: rule.level,
        stage,
    }
}

fn hash(parts: &[&str]) -> EventUid {
    let mut hasher = blake3::Hasher::new_derive_key("magistrate 2026-11-28 ids of alerts");
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    EventUid::from_bytes(bytes)
}

fn fits(one: &Suppression, rules: &Ruleset, hit: &Hit, case: Case<'_>) -> bool {
    one.rule.as_ref().is_none_or(|rule| *rule == hit.rule.id)
        && one
            .fields
            .iter()
            .all(|(name, value)| rules.has_value(case, name, value))
}

#[cfg(test)]
mod tests;
