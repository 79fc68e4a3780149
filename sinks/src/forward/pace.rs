//! Decides how long to wait between attempts.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// How retries slow down; they never end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The first wait.
    pub first: Duration,
    /// No computed wait is longer, before up to as much again is added at random.
    pub longest: Duration,
    /// The wait when a person must act first.
    pub parked: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            longest: Duration::from_secs(30),
            parked: Duration::from_secs(60),
        }
    }
}

/// A peer's `Retry-After` is followed up to this.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(600);

/// One series of waits.
#[derive(Debug)]
pub(super) struct Waits {
    pace: Pace,
    waits: ExponentialBackoff,
}

impl Pace {
    /// A new series, from the first wait on.
    pub(super) fn waits(self) -> Waits {
        let waits = ExponentialBuilder::default()
            .with_min_delay(self.first)
            .with_max_delay(self.longest)
            .with_factor(2.0)
            .with_jitter()
            .without_max_times()
            .build();
        Waits { pace: self, waits }
    }
}

impl Waits {
    /// The next wait; at least as long as the peer asks.
    pub(super) fn next(&mut self, retry_after: Option<Duration>) -> Duration {
        let wait = self.waits.next().unwrap_or(self.pace.longest);
        retry_after.map_or(wait, |wish| wait.max(wish.min(MAX_RETRY_AFTER)))
    }

    /// The wait when a person must act first.
    pub(super) const fn parked(&self) -> Duration {
        self.pace.parked
    }

    /// Starts over, after a success.
    pub(super) fn reset(&mut self) {
        *self = self.pace.waits();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_go_on_for_ever() {
        let pace = Pace::default();
        let mut waits = pace.waits();
        let first = waits.next(None);
        assert!((pace.first..=pace.first * 2).contains(&first), "{first:?}");
        for _ in 0..10_000 {
            waits.next(None);
        }
        let late = waits.next(None);
        assert!(
            (pace.longest..=pace.longest * 2).contains(&late),
            "{late:?}"
        );
        waits.reset();
        assert!(waits.next(None) <= pace.first * 2);
    }

    #[test]
    fn the_peers_wish_counts_within_bounds() {
        let mut waits = Pace::default().waits();
        let wish = Duration::from_secs(120);
        assert_eq!(waits.next(Some(wish)), wish);
        assert_eq!(waits.next(Some(Duration::MAX)), MAX_RETRY_AFTER);
    }
}
