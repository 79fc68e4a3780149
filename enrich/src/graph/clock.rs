//! How far a proxy's clock is ahead of the client's: by pairs of flows and what made them.

use std::collections::HashMap;
use std::time::Duration;

use magistrate_event::Timestamp;
use serde::Serialize;

/// Flow and call are of one time when no more lies between them: proxies write when a request ends,
/// and clocks are never quite the same.
pub(super) const SLACK: Duration = Duration::from_secs(30);
/// No clock is believed to be further off, in either direction: the next step would be that any visit of the
/// day explains any call.
pub(super) const MAX_OFFSET: Duration = Duration::from_secs(7_200);

/// Time zones are whole numbers of this apart, more or less: one that is set wrong is the usual reason
/// for a clock that is far off.
const ZONES: Duration = Duration::from_secs(1_800);

/// What was found out about a proxy's clock, where it is off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clock {
    /// The proxy: its host or address, and its product or the format of its lines.
    pub proxy: String,
    /// Seconds that it is ahead of the client's; negative where it is behind. Flows were moved by it.
    pub ahead_s: i64,
    /// How many pairs of flows and calls say so.
    pub pairs: usize,
    /// How the pairs were found.
    pub by: ClockPairs,
}

/// How flows and what made them were paired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockPairs {
    /// By the id of a request.
    Id,
    /// By their host, where calls and flows to it are as many.
    Host,
}

/// From when to when something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Period {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// Something that may have made flows, by the client's clock; or a flow, by its proxy's.
#[derive(Debug, Clone)]
pub(super) struct Moment<'a> {
    pub(super) ids: Vec<&'a str>,
    pub(super) host: Option<&'a str>,
    pub(super) period: Period,
}

/// How far a clock is ahead, in microseconds, and what says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset {
    pub(super) micros: i64,
    pub(super) pairs: usize,
    pub(super) by: ClockPairs,
}

/// How far the clock behind `flows`, all of one proxy and one sender, is ahead of the clock of `acts`;
/// none where it is not off, or nothing says by how much.
///
/// Ids count alone where there are any. Of hosts it takes most pairs to agree; a single pair, which a visit
/// by other means may be, counts only where the clock is off by time zones and the proxy shows nothing at
/// all of the sender in the time of `acts`.
pub(super) fn offset(acts: &[Moment<'_>], flows: &[Moment<'_>]) -> Option<Offset> {
    let (mut apart, by) = match by_ids(acts, flows) {
        ids if ids.is_empty() => (by_hosts(acts, flows), ClockPairs::Host),
        ids => (ids, ClockPairs::Id),
    };
    apart.retain(|micros| micros.unsigned_abs() <= in_micros(MAX_OFFSET));
    apart.sort_unstable();
    let micros = *apart.get(apart.len() / 2)?;
    let slack = in_micros(SLACK);
    let agreeing = apart.iter().filter(|one| one.abs_diff(micros) <= slack);
    let pairs = agreeing.count();
    let is_sure = match by {
        ClockPairs::Id => true,
        ClockPairs::Host if pairs == 1 => {
            apart.len() == 1 && is_of_zones(micros) && !was_seen(acts, flows)
        }
        ClockPairs::Host => 2 * pairs > apart.len(),
    };
    (is_sure && micros.unsigned_abs() > slack).then_some(Offset { micros, pairs, by })
}

fn by_ids(acts: &[Moment<'_>], flows: &[Moment<'_>]) -> Vec<i64> {
    let mut known = HashMap::new();
    for act in acts {
        known.extend(act.ids.iter().map(|id| (*id, act.period)));
    }
    let pairs = flows.iter().filter_map(|flow| {
        let act = flow.ids.iter().find_map(|id| known.get(id))?;
        Some(flow.period.ahead_of(*act))
    });
    pairs.collect()
}

/// Of each host the visits, which are calls or flows close to each other, one by one: where the client
/// tells of as many as the proxy, there is no doubt which is which.
fn by_hosts(acts: &[Moment<'_>], flows: &[Moment<'_>]) -> Vec<i64> {
    let mut seen = periods(flows);
    let mut apart = Vec::new();
    for (host, acts) in periods(acts) {
        let (Some(mut flows), Some(first), Some(last)) =
            (seen.remove(host), acts.first(), acts.last())
        else {
            continue;
        };
        let (from, to) = (first.from.minus(MAX_OFFSET), last.to.plus(MAX_OFFSET));
        flows.retain(|flow| flow.to >= from && flow.from <= to);
        let (acts, flows) = (visits(&acts), visits(&flows));
        if acts.len() == flows.len() {
            let pairs = flows.iter().zip(&acts);
            apart.extend(pairs.map(|(flow, act)| flow.ahead_of(*act)));
        }
    }
    apart
}

/// The periods of each host, in their order.
fn periods<'a>(moments: &[Moment<'a>]) -> HashMap<&'a str, Vec<Period>> {
    let mut periods: HashMap<&str, Vec<Period>> = HashMap::new();
    for moment in moments {
        if let Some(host) = moment.host {
            periods.entry(host).or_default().push(moment.period);
        }
    }
    for one in periods.values_mut() {
        one.sort_unstable();
    }
    periods
}

/// Joins periods, which are sorted, that are close to each other.
fn visits(periods: &[Period]) -> Vec<Period> {
    let mut visits: Vec<Period> = Vec::new();
    for period in periods {
        match visits.last_mut() {
            Some(last) if period.from <= last.to.plus(SLACK) => last.to = last.to.max(period.to),
            Some(_) | None => visits.push(*period),
        }
    }
    visits
}

/// Whether any flow is of the time of `acts`, as the clock has it.
fn was_seen(acts: &[Moment<'_>], flows: &[Moment<'_>]) -> bool {
    let from = acts.iter().map(|act| act.period.from).min();
    let to = acts.iter().map(|act| act.period.to).max();
    let (Some(from), Some(to)) = (from, to) else {
        return false;
    };
    let all = Period { from, to };
    flows.iter().any(|flow| flow.period.is_near(all, SLACK))
}

const fn is_of_zones(micros: i64) -> bool {
    let rest = micros.unsigned_abs() % in_micros(ZONES);
    rest <= in_micros(SLACK) || rest >= in_micros(ZONES) - in_micros(SLACK)
}

const fn in_micros(duration: Duration) -> u64 {
    duration.as_secs() * 1_000_000
}

impl Period {
    /// How much later this is than `other`, in microseconds; negative where it is earlier, zero where they
    /// overlap.
    fn ahead_of(self, other: Self) -> i64 {
        let later = self.from.as_micros().saturating_sub(other.to.as_micros());
        let earlier = self.to.as_micros().saturating_sub(other.from.as_micros());
        if later > 0 { later } else { earlier.min(0) }
    }

    /// Whether no more than `slack` lies between them.
    pub(super) fn is_near(self, other: Self, slack: Duration) -> bool {
        self.from <= other.to.plus(slack) && self.to >= other.from.minus(slack)
    }

    /// The same, `micros` microseconds earlier.
    pub(super) const fn earlier_by(self, micros: i64) -> Self {
        Self {
            from: Timestamp::from_micros(self.from.as_micros().saturating_sub(micros)),
            to: Timestamp::from_micros(self.to.as_micros().saturating_sub(micros)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<'a>(seconds: i64, host: &'a str, ids: &[&'a str]) -> Moment<'a> {
        let time = Timestamp::from_micros((1_800_000_000 + seconds) * 1_000_000);
        Moment {
            ids: ids.to_vec(),
            host: Some(host),
            period: Period {
                from: time,
                to: time,
            },
        }
    }

    fn found(acts: &[Moment<'_>], flows: &[Moment<'_>]) -> Option<(i64, usize, ClockPairs)> {
        offset(acts, flows).map(|one| (one.micros / 1_000_000, one.pairs, one.by))
    }

    #[test]
    fn the_clock_is_told_by_hosts_that_agree() {
        use ClockPairs::Host;
        let acts = [at(0, "a", &[]), at(100, "b", &[]), at(300, "c", &[])];
        let flows = |apart: [i64; 3]| {
            [
                at(apart[0], "a", &[]),
                at(100 + apart[1], "b", &[]),
                at(300 + apart[2], "c", &[]),
            ]
        };
        for (apart, expected) in [
            ([-3_600, -3_595, -3_610], Some((-3_600, 3, Host))),
            // The browser was at one of them for itself.
            ([1_800, 1_801, -4_000], Some((1_800, 2, Host))),
            ([1_800, -900, -4_000], None),
            ([3, 0, 20], None),
            ([0, 0, 3_600], None),
            // Further than clocks are off.
            ([9_000, 9_000, 9_000], None),
        ] {
            assert_eq!(found(&acts, &flows(apart)), expected, "{apart:?}");
        }
    }

    #[test]
    fn a_single_host_counts_only_where_the_proxy_is_silent_in_that_time() {
        let acts = [at(0, "a", &[]), at(5, "a", &[])];
        let hour_ago = at(-3_600, "a", &[]);
        let expected = Some((-3_600, 1, ClockPairs::Host));
        assert_eq!(found(&acts, std::slice::from_ref(&hour_ago)), expected);
        assert_eq!(found(&acts, &[at(-1_000, "a", &[])]), None, "no zone");
        let elsewhere = at(2, "b", &[]);
        assert_eq!(found(&acts, &[hour_ago.clone(), elsewhere]), None);
        // Two visits, of which either may be it.
        assert_eq!(found(&acts, &[hour_ago, at(-1_800, "a", &[])]), None);
    }

    #[test]
    fn ids_leave_no_doubt() {
        let acts = [at(0, "a", &["r1"]), at(50, "a", &["r2"])];
        let flows = [at(1_000, "a", &["r1"]), at(30, "a", &[])];
        let expected = Some((1_000, 1, ClockPairs::Id));
        assert_eq!(found(&acts, &flows), expected);
        let right = [at(1, "a", &["r1"]), at(3_600, "a", &[])];
        assert_eq!(found(&acts, &right), None);
        assert_eq!(found(&[], &flows), None);
    }
}
