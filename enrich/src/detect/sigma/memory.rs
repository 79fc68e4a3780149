//! What correlations remember: groups of events, each within its window.

use std::collections::{HashMap, VecDeque};

use magistrate_event::{EventUid, Timestamp};
use rsigma_eval::CompiledCorrelation;
use rsigma_parser::{CorrelationType, WindowMode};
use serde::{Deserialize, Serialize};

use super::correlation::seconds;

/// Microseconds of a second.
const MICROS: i64 = 1_000_000;
/// Entries of a group, at most; more do not raise a count.
const MAX_ENTRIES: usize = 10_000;
/// The same for each rule of a chain: of what came again and again, the last ones count.
const MAX_CHAIN_ENTRIES: usize = 64;
/// Above the limit, so much of it is kept: making room costs little for each group.
const KEPT_TENTHS: usize = 9;

/// Names a group: a hash over its correlation and the values by which that groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct GroupKey([u8; 16]);

/// One event that a correlation looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Seconds since the epoch.
    pub(super) at: i64,
    pub(super) uid: [u8; 16],
    /// Which of the correlation's rules matched.
    pub(super) input: u16,
    /// A number's bits, or a hash of a text; where order counts, the microseconds within the second;
    /// else 0.
    pub(super) value: u64,
}

/// When an event happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::detect) struct When {
    /// Seconds since the epoch.
    pub(super) seconds: i64,
    /// Microseconds within that second.
    pub(super) micros: u64,
}

impl When {
    pub(in crate::detect) fn of(time: Timestamp) -> Self {
        let micros = time.as_micros();
        Self {
            seconds: micros.div_euclid(MICROS),
            micros: micros.rem_euclid(MICROS).unsigned_abs(),
        }
    }
}

/// What of one group lies in its window, in the order in which it came.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Group {
    entries: VecDeque<Entry>,
    /// When it fired last.
    alerted: Option<i64>,
    /// When it is of no use any more, in seconds since the epoch.
    stale: i64,
    #[serde(skip)]
    is_stored: bool,
    #[serde(skip)]
    is_changed: bool,
}

/// Whether an entry belongs to a group's window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Window {
    /// The window is open for it.
    Open,
    /// It came too late.
    Over,
}

/// All groups.
#[derive(Debug)]
pub(super) struct Memory {
    /// Apart from the table, which has room for twice as many, and moves all of it when it grows.
    groups: HashMap<GroupKey, Box<Group>>,
    max_groups: usize,
    /// The latest time that was seen, in seconds since the epoch.
    latest: i64,
    /// Groups that are stored and are no more.
    gone: Vec<GroupKey>,
}

impl GroupKey {
    pub(super) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub(super) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl Memory {
    pub(super) fn new(max_groups: usize) -> Self {
        Self {
            groups: HashMap::new(),
            max_groups: max_groups.max(1),
            latest: 0,
            gone: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    /// The group `key`, to which something is added at `at`.
    pub(super) fn group(&mut self, key: GroupKey, at: i64) -> &mut Group {
        self.latest = self.latest.max(at);
        if self.groups.len() >= self.max_groups && !self.groups.contains_key(&key) {
            self.make_room();
        }
        let group = self.groups.entry(key).or_default();
        group.is_changed = true;
        group
    }

    /// Drops the group `key`, which remembers nothing.
    pub(super) fn forget(&mut self, key: GroupKey) {
        let group = self.groups.remove(&key);
        self.gone
            .extend(group.filter(|group| group.is_stored).map(|_| key));
    }

    /// Drops what is of no use any more, then what will be first.
    fn make_room(&mut self) {
        self.forget_stale();
        let kept = (self.max_groups / 10 * KEPT_TENTHS).max(1);
        let Some(excess) = self.groups.len().checked_sub(kept) else {
            return;
        };
        let mut ends: Vec<i64> = self.groups.values().map(|group| group.stale).collect();
        let (_, last, _) = ends.select_nth_unstable(excess.min(self.groups.len() - 1));
        let last = *last;
        self.retain(|group| group.stale > last);
    }

    fn forget_stale(&mut self) {
        let latest = self.latest;
        self.retain(|group| group.stale >= latest);
    }

    fn retain(&mut self, is_kept: impl Fn(&Group) -> bool) {
        let gone = &mut self.gone;
        self.groups.retain(|key, group| {
            let kept = is_kept(group);
            if !kept && group.is_stored {
                gone.push(*key);
            }
            kept
        });
    }

    /// Gives `take` each group that is another one than when this was asked last, as bytes; none
    /// for one that is no more.
    pub(super) fn changes(&mut self, mut take: impl FnMut(GroupKey, Option<Vec<u8>>)) {
        self.forget_stale();
        self.gone.drain(..).for_each(|key| take(key, None));
        for (key, group) in &mut self.groups {
            if std::mem::take(&mut group.is_changed) {
                // Writing into memory does not fail.
                let bytes = postcard::to_allocvec(group).ok();
                group.is_stored = bytes.is_some();
                take(*key, bytes);
            }
        }
    }

    /// Takes back what [`Memory::changes`] gave; says whether it could be read.
    pub(super) fn restore(&mut self, key: GroupKey, bytes: &[u8]) -> bool {
        let Ok(mut group) = postcard::from_bytes::<Group>(bytes) else {
            return false;
        };
        group.is_stored = true;
        let last = group.entries.back().map_or(0, |entry| entry.at);
        self.latest = self.latest.max(last);
        self.groups.insert(key, Box::new(group));
        true
    }
}

impl Group {
    /// Whether it has nothing to remember.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.alerted.is_none()
    }

    /// The entries in the window.
    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// The last of the events, at most `max`, in the order in which they came.
    pub(super) fn uids(&self, max: usize) -> Vec<EventUid> {
        let skipped = self.entries.len().saturating_sub(max);
        let last = self.entries.iter().skip(skipped);
        last.map(|entry| EventUid::from_bytes(entry.uid)).collect()
    }

    /// When the first of the events happened, in seconds since the epoch.
    pub(super) fn first(&self) -> Option<i64> {
        self.entries.iter().map(|entry| entry.at).min()
    }

    /// Moves the window of `rule` to `at`.
    pub(super) fn open(&mut self, rule: &CompiledCorrelation, at: i64) -> Window {
        let span = seconds(rule.timespan_secs);
        let gap = rule.gap_secs.map_or(span, seconds);
        self.stale = self.stale.max(match rule.window_mode {
            WindowMode::Sliding | WindowMode::Tumbling => at.saturating_add(span),
            WindowMode::Session => at.saturating_add(gap),
        });
        match rule.window_mode {
            WindowMode::Sliding => self.forget_before(at - span, is_chain(rule)),
            WindowMode::Tumbling if span > 0 => {
                let bucket = |at: i64| at.div_euclid(span);
                match self.latest(is_chain(rule)) {
                    Some(last) if bucket(at) > bucket(last) => self.entries.clear(),
                    Some(last) if bucket(at) < bucket(last) => return Window::Over,
                    Some(_) | None => {}
                }
            }
            WindowMode::Tumbling => {}
            WindowMode::Session => {
                let last = self.latest(is_chain(rule)).unwrap_or(at);
                let first = self.earliest(is_chain(rule)).unwrap_or(at);
                if at - last > gap || span > 0 && at - first > span {
                    self.entries.clear();
                }
            }
        }
        Window::Open
    }

    /// Adds what belongs to the window.
    pub(super) fn add(&mut self, rule: &CompiledCorrelation, mut entry: Entry) {
        let keeps_first = rule.window_mode == WindowMode::Session;
        if rule.correlation_type == CorrelationType::ValueCount && !keeps_first {
            // Of equal values the last one stays in the window longest.
            self.entries.retain(|one| {
                let is_equal = one.value == entry.value;
                if is_equal {
                    entry.at = entry.at.max(one.at);
                }
                !is_equal
            });
        }
        if self.entries.is_empty() {
            // Most groups never have a second one.
            self.entries.reserve_exact(1);
        }
        self.entries.push_back(entry);
        let asked = rule.max_group_entries.unwrap_or(usize::MAX).max(1);
        if is_chain(rule) {
            let max = asked.min(MAX_CHAIN_ENTRIES);
            let of_input = |one: &Entry| one.input == entry.input;
            if self.entries.iter().filter(|one| of_input(one)).count() > max {
                let skipped = usize::from(keeps_first && max > 1);
                let mut places = self.entries.iter().enumerate();
                let place = places
                    .by_ref()
                    .filter(|(_, one)| of_input(one))
                    .nth(skipped);
                let place = place.map(|(place, _)| place);
                place.and_then(|place| self.entries.remove(place));
            }
        } else if self.entries.len() > asked.min(MAX_ENTRIES) {
            let skipped = usize::from(keeps_first && asked > 1);
            self.entries.remove(skipped);
        }
    }

    /// Notes that it has fired; says whether it may be told, `quiet_secs` after the last time.
    pub(super) fn may_alert(&mut self, at: i64, quiet_secs: i64) -> bool {
        let is_quiet = self.alerted.is_some_and(|last| at - last < quiet_secs);
        if !is_quiet && quiet_secs > 0 {
            self.alerted = Some(at);
            self.stale = self.stale.max(at.saturating_add(quiet_secs));
        }
        !is_quiet
    }

    /// Forgets what led to an alert.
    pub(super) fn reset(&mut self) {
        self.entries.clear();
    }

    /// Drops what came before `cutoff` and before all that did not; of a chain, for each rule.
    fn forget_before(&mut self, cutoff: i64, is_chain: bool) {
        if !is_chain {
            while self.entries.front().is_some_and(|one| one.at < cutoff) {
                self.entries.pop_front();
            }
        } else if self.entries.iter().any(|one| one.at < cutoff) {
            let mut held: Vec<u16> = Vec::new();
            self.entries.retain(|one| {
                let is_held = held.contains(&one.input);
                if !is_held && one.at >= cutoff {
                    held.push(one.input);
                }
                is_held || one.at >= cutoff
            });
        }
    }

    /// The time of what came last; of a chain, the greatest of each rule's.
    fn latest(&self, is_chain: bool) -> Option<i64> {
        if !is_chain {
            return self.entries.back().map(|one| one.at);
        }
        firsts(self.entries.iter().rev()).max()
    }

    fn earliest(&self, is_chain: bool) -> Option<i64> {
        if !is_chain {
            return self.entries.front().map(|one| one.at);
        }
        firsts(self.entries.iter()).min()
    }
}

/// The time of the first entry of each rule.
fn firsts<'a>(entries: impl Iterator<Item = &'a Entry>) -> impl Iterator<Item = i64> {
    let mut seen: Vec<u16> = Vec::new();
    entries.filter_map(move |one| {
        let is_first = !seen.contains(&one.input);
        is_first.then(|| seen.push(one.input));
        is_first.then_some(one.at)
    })
}

/// Whether each rule's entries come and go for themselves.
const fn is_chain(rule: &CompiledCorrelation) -> bool {
    matches!(
        rule.correlation_type,
        CorrelationType::Temporal | CorrelationType::TemporalOrdered
    )
}
