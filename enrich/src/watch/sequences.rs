//! Which numbers of a session's events have come, and which are missing.
//!
//! The client numbers the events of a session from 0 (`event.sequence`), and starts again at 0 when
//! the session is resumed under the same id: a number alone says nothing, its time tells the runs
//! apart.

use serde::{Deserialize, Serialize};

/// Runs of one session that are remembered.
const MAX_RUNS: usize = 8;
/// Stretches of one run; beyond it the first gap is given up.
const MAX_STRETCHES: usize = 256;
/// Gaps that were told and may still close.
const MAX_TOLD: usize = 64;
/// Clocks may step back by so many milliseconds inside a run.
const SLACK_MS: i64 = 100;
/// A run that begins with a higher number was under way before anybody listened, or is a resumed
/// one: the client numbers its first events before it takes up the old session's id.
const MAX_LEAD: u32 = 3;

/// Numbers that came without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Stretch {
    first: u32,
    last: u32,
    from_ms: i64,
    to_ms: i64,
    /// When the first of them was received, in seconds: the gap before it is known since then.
    since: u32,
}

/// Numbers that are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Gap {
    pub(super) first: u32,
    pub(super) last: u32,
    /// The time of the event after the gap, in milliseconds: it tells one run's gaps from another's.
    pub(super) before_ms: i64,
}

/// Numbers from 0 on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Run {
    stretches: Vec<Stretch>,
    told: Vec<Gap>,
}

/// The runs of one session, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Sequences(Vec<Run>);

/// What became of gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    Missing(Gap),
    /// All of a gap that was told has come late.
    Found(Gap),
}

impl Sequences {
    /// Takes over that the event `number` of time `ms` was received at `now`, in seconds.
    pub(super) fn add(&mut self, number: u32, ms: i64, now: u32) {
        let fitting = (0..self.0.len())
            .rev()
            .find(|at| self.fits(*at, number, ms));
        if let Some(run) = fitting.and_then(|at| self.0.get_mut(at)) {
            run.add(number, ms, now);
            return;
        }
        if self.0.len() >= MAX_RUNS {
            self.0.remove(0);
        }
        let mut run = Run::default();
        run.add(number, ms, now);
        let at = self.0.partition_point(|one| one.begins() <= ms);
        self.0.insert(at, run);
    }

    /// Whether the event fits into the run at `at`, which ends before the next one begins.
    fn fits(&self, at: usize, number: u32, ms: i64) -> bool {
        let before = at.checked_sub(1).and_then(|at| self.0.get(at));
        let earliest = before.map_or(i64::MIN, Run::ends);
        let latest = self.0.get(at + 1).map_or(i64::MAX, Run::begins);
        self.0
            .get(at)
            .is_some_and(|run| run.takes(number, ms, earliest, latest))
    }

    /// Whether there is a gap that was not told yet, or a told one that has closed.
    pub(super) fn has_news(&self) -> bool {
        self.0
            .iter()
            .any(|run| run.untold().next().is_some() || run.told.iter().any(|gap| run.has(gap)))
    }

    /// The gaps that are known for `grace` seconds at `now`, and told gaps that have closed; each
    /// once.
    pub(super) fn news(&mut self, now: u32, grace: u32) -> Vec<News> {
        let mut news = Vec::new();
        for run in &mut self.0 {
            let found: Vec<Gap> = run
                .told
                .iter()
                .copied()
                .filter(|gap| run.has(gap))
                .collect();
            run.told.retain(|gap| !found.contains(gap));
            news.extend(found.into_iter().map(News::Found));
            let due: Vec<Gap> = run
                .untold()
                .filter(|(_, since)| now.saturating_sub(*since) >= grace)
                .map(|(gap, _)| gap)
                .collect();
            for gap in due {
                if run.told.len() >= MAX_TOLD {
                    run.told.remove(0);
                }
                run.told.push(gap);
                news.push(News::Missing(gap));
            }
        }
        news
    }
}

impl Run {
    fn begins(&self) -> i64 {
        self.stretches.first().map_or(i64::MAX, |one| one.from_ms)
    }

    fn ends(&self) -> i64 {
        self.stretches.last().map_or(i64::MIN, |one| one.to_ms)
    }

    /// Whether the event fits in here by number and time.
    fn takes(&self, number: u32, ms: i64, earliest: i64, latest: i64) -> bool {
        let at = self.stretches.partition_point(|one| one.last < number);
        let before = at.checked_sub(1).and_then(|at| self.stretches.get(at));
        let (from, to) = match (before, self.stretches.get(at)) {
            (_, Some(one)) if one.first <= number => (one.from_ms, one.to_ms),
            (before, next) => (
                before.map_or(earliest, |one| one.to_ms),
                next.map_or(latest, |one| one.from_ms),
            ),
        };
        (from.saturating_sub(SLACK_MS)..=to.saturating_add(SLACK_MS)).contains(&ms)
    }

    fn add(&mut self, number: u32, ms: i64, now: u32) {
        let at = self.stretches.partition_point(|one| one.last < number);
        if self
            .stretches
            .get(at)
            .is_some_and(|one| one.first <= number)
        {
            return;
        }
        let one = Stretch {
            first: number,
            last: number,
            from_ms: ms,
            to_ms: ms,
            since: now,
        };
        self.stretches.insert(at, one);
        self.join(at);
        if let Some(before) = at.checked_sub(1) {
            self.join(before);
        }
        if self.stretches.len() > MAX_STRETCHES {
            self.give_up_first();
        }
    }

    /// Joins the stretch at `at` with the next one, where no number lies between.
    fn join(&mut self, at: usize) {
        let (Some(one), Some(next)) = (
            self.stretches.get(at).copied(),
            self.stretches.get(at + 1).copied(),
        ) else {
            return;
        };
        if one.last.checked_add(1) == Some(next.first) {
            self.merge(at, one, next);
        }
    }

    fn give_up_first(&mut self) {
        if let [one, next, ..] = *self.stretches.as_slice() {
            self.merge(0, one, next);
        }
    }

    fn merge(&mut self, at: usize, one: Stretch, next: Stretch) {
        if let Some(place) = self.stretches.get_mut(at) {
            *place = Stretch {
                last: next.last,
                to_ms: next.to_ms,
                ..one
            };
        }
        self.stretches.remove(at + 1);
    }

    /// The gaps, and since when each is known, that are no part of a told one.
    fn untold(&self) -> impl Iterator<Item = (Gap, u32)> {
        let mut next = 0_u32;
        let gaps = self.stretches.iter().filter_map(move |one| {
            let first = next;
            next = one.last.saturating_add(1);
            let is_lead = first == 0 && one.first > MAX_LEAD;
            (first < one.first && !is_lead).then(|| {
                let gap = Gap {
                    first,
                    last: one.first - 1,
                    before_ms: one.from_ms,
                };
                (gap, one.since)
            })
        });
        gaps.filter(|(gap, _)| {
            !self
                .told
                .iter()
                .any(|told| told.first <= gap.first && gap.last <= told.last)
        })
    }

    /// Whether everything of `gap` has come.
    fn has(&self, gap: &Gap) -> bool {
        self.stretches
            .iter()
            .any(|one| one.first <= gap.first && gap.last <= one.last)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GRACE: u32 = 120;

    fn missing(sequences: &mut Sequences, now: u32) -> Vec<(u32, u32)> {
        let news = sequences.news(now, GRACE);
        let gaps = news.iter().filter_map(|one| match one {
            News::Missing(gap) => Some((gap.first, gap.last)),
            News::Found(_) => None,
        });
        gaps.collect()
    }

    fn add(sequences: &mut Sequences, numbers: impl IntoIterator<Item = u32>, start_ms: i64) {
        for number in numbers {
            sequences.add(number, start_ms + i64::from(number) * 500, 0);
        }
    }

    #[test]
    fn gaps_are_told_after_a_while_and_once() {
        let mut sequences = Sequences::default();
        add(
            &mut sequences,
            (1..10).filter(|one| ![4, 5].contains(one)),
            0,
        );
        assert!(sequences.has_news());
        assert_eq!(missing(&mut sequences, 60), []);
        assert_eq!(missing(&mut sequences, 120), [(0, 0), (4, 5)]);
        assert_eq!(missing(&mut sequences, 500), []);
        assert!(!sequences.has_news());
    }

    #[test]
    fn what_comes_late_closes_a_gap() {
        let mut sequences = Sequences::default();
        add(
            &mut sequences,
            (0..10).filter(|one| ![4, 5].contains(one)),
            0,
        );
        assert_eq!(missing(&mut sequences, 200), [(4, 5)]);
        add(&mut sequences, [5], 0);
        assert_eq!(sequences.news(300, GRACE), []);
        add(&mut sequences, [4], 0);
        let gap = Gap {
            first: 4,
            last: 5,
            before_ms: 3_000,
        };
        assert_eq!(sequences.news(300, GRACE), [News::Found(gap)]);
        assert_eq!(sequences.news(900, GRACE), []);
    }

    #[test]
    fn a_resumed_session_starts_anew_and_has_no_gap() {
        let mut sequences = Sequences::default();
        add(&mut sequences, 0..58, 0);
        add(&mut sequences, 5..20, 60_000);
        add(&mut sequences, (0..30).filter(|one| *one != 7), 120_000);
        // A batch of the first run that is sent again changes nothing.
        add(&mut sequences, 10..20, 0);
        assert_eq!(sequences.0.len(), 3);
        assert_eq!(missing(&mut sequences, 500), [(7, 7)]);
    }

    #[test]
    fn batches_out_of_order_make_no_gap() {
        let mut sequences = Sequences::default();
        add(&mut sequences, 20..40, 0);
        add(&mut sequences, 0..20, 0);
        add(&mut sequences, 30..50, 900_000);
        add(&mut sequences, 0..30, 900_000);
        assert_eq!(sequences.0.len(), 2);
        assert!(!sequences.has_news());
    }

    #[test]
    fn a_session_that_was_under_way_has_no_gap_before_it() {
        let mut sequences = Sequences::default();
        add(&mut sequences, 500..520, 0);
        assert!(!sequences.has_news());
    }

    #[test]
    fn numbers_without_end_take_no_more_than_allowed() {
        let mut sequences = Sequences::default();
        for number in 0..50_000_u32 {
            sequences.add(number * 2, i64::from(number), 0);
            sequences.add(number.wrapping_mul(7_919), i64::from(number) * 977, number);
        }
        sequences.add(u32::MAX, i64::MAX, 0);
        sequences.add(u32::MAX, i64::MIN, 0);
        assert!(sequences.0.len() <= MAX_RUNS);
        assert!(
            sequences
                .0
                .iter()
                .all(|run| run.stretches.len() <= MAX_STRETCHES)
        );
        assert!(sequences.news(u32::MAX, 0).len() <= MAX_RUNS * (MAX_STRETCHES + MAX_TOLD));
    }

    proptest! {
        /// Deleting a random part of a session's events tells exactly those.
        #[test]
        fn exactly_what_was_deleted_is_missing(
            deleted in prop::collection::btree_set(0_u32..998, 1..40),
            turned in 1_usize..60,
        ) {
            let mut numbers: Vec<u32> = (0..999).filter(|one| !deleted.contains(one)).collect();
            // Batches come in any order near their own.
            numbers.chunks_mut(turned).for_each(<[u32]>::reverse);
            let mut sequences = Sequences::default();
            add(&mut sequences, numbers, 7_000);
            let told: Vec<u32> = missing(&mut sequences, 500)
                .into_iter()
                .flat_map(|(first, last)| first..=last)
                .collect();
            let expected: Vec<u32> = deleted.into_iter().collect();
            // Of a long lead nothing can be known.
            let lead = (0..).zip(&expected).take_while(|(at, one)| at == *one).count();
            prop_assume!(lead <= 3);
            prop_assert_eq!(told, expected);
        }
    }
}
