//! When groups close, and how many alerts a rule has made in an hour, by one of the clocks.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Open groups; beyond it the oldest are closed early.
const MAX_OPEN: usize = 50_000;
const HOUR_MICROS: i64 = 3_600_000_000;

/// What goes by one of the clocks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Timetable {
    /// Rule and key, by when the group closes.
    pub(super) deadlines: BTreeSet<(i64, String, String)>,
    /// By rule: the hour's first moment, and alerts since.
    hours: BTreeMap<String, (i64, u32)>,
}

impl Timetable {
    /// Takes the group out that closes first, if that is before `end` or there are too many.
    pub(super) fn pop_before(&mut self, end: i64) -> Option<(String, String)> {
        let (until, _, _) = self.deadlines.first()?;
        if *until > end && self.deadlines.len() <= MAX_OPEN {
            return None;
        }
        let (_, rule, key) = self.deadlines.pop_first()?;
        Some((rule, key))
    }

    /// How many alerts the rule has made in the hour of `now`, this one counted.
    pub(super) fn count(&mut self, rule: &str, now: i64) -> u32 {
        let (since, count) = self.hours.entry(rule.to_owned()).or_insert((now, 0));
        // The next file may begin before the end of this one.
        if now.abs_diff(*since) >= HOUR_MICROS.unsigned_abs() {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count
    }
}

pub(super) fn micros(seconds: u64) -> i64 {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    seconds.saturating_mul(1_000_000)
}
