//! How much of the time the log's models may take, so that a flood of texts holds up no rule.

use std::time::{Duration, Instant};

/// The models may take one part in so many of the time.
const SHARE: u32 = 4;
/// What they may take at once, after a quiet time.
const MOST: Duration = Duration::from_secs(5);

/// Time that is left for the models.
#[derive(Debug)]
pub(super) struct Allowance {
    /// When all that was spent will have been earned. What was asked for together can overdraw:
    /// it is earned later all the same.
    even: Instant,
}

impl Allowance {
    /// All of it, at `now`.
    pub(super) const fn new(now: Instant) -> Self {
        Self { even: now }
    }

    /// Whether there is none left at `now`.
    pub(super) fn is_used_up(&self, now: Instant) -> bool {
        self.even.saturating_duration_since(now) >= MOST * SHARE
    }

    /// Takes `spent` off, at `now`.
    pub(super) fn spend(&mut self, spent: Duration, now: Instant) {
        self.even = self.even.max(now) + spent * SHARE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_spent_comes_back_in_its_time() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut allowance = Allowance::new(start);
        allowance.spend(MOST, start);
        assert!(allowance.is_used_up(start));
        assert!(!allowance.is_used_up(after(1)));
        allowance.spend(Duration::from_secs(1), after(4));
        assert!(allowance.is_used_up(after(4)));
        // A quiet day earns no more than can be taken at once.
        allowance.spend(MOST, after(86_400));
        assert!(allowance.is_used_up(after(86_400)));
    }

    #[test]
    fn many_that_are_asked_for_together_get_no_more_than_the_share() {
        let (step, wait) = (Duration::from_millis(6), Duration::from_millis(300));
        let start = Instant::now();
        let mut allowance = Allowance::new(start);
        let (mut now, mut spent) = (start, Duration::ZERO);
        while now < start + Duration::from_mins(10) {
            now += step;
            if !allowance.is_used_up(now) {
                now += wait;
                allowance.spend(wait, now);
                spent += wait;
            }
        }
        let share = Duration::from_mins(10) / SHARE + MOST;
        assert!(
            spent <= share + wait && spent + 2 * wait >= share,
            "{spent:?}"
        );
    }
}
