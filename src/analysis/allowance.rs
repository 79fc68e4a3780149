//! How much of the time the log's models may take, so that a flood of texts holds up no rule.

use std::time::{Duration, Instant};

/// The models may take one part in so many of the time.
const SHARE: u32 = 4;
/// What they may take at once, after a quiet time.
const MOST: Duration = Duration::from_secs(5);

/// Time that is left for the models.
#[derive(Debug)]
pub(super) struct Allowance {
    left: Duration,
    at: Instant,
}

impl Allowance {
    /// All of it, at `now`.
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            left: MOST,
            at: now,
        }
    }

    /// Whether there is none left at `now`.
    pub(super) fn is_used_up(&self, now: Instant) -> bool {
        self.left_at(now).is_zero()
    }

    /// Takes `spent` off, at `now`.
    pub(super) fn spend(&mut self, spent: Duration, now: Instant) {
        self.left = self.left_at(now).saturating_sub(spent);
        self.at = now;
    }

    fn left_at(&self, now: Instant) -> Duration {
        let earned = now.saturating_duration_since(self.at) / SHARE;
        self.left.saturating_add(earned).min(MOST)
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
        allowance.spend(MOST * 2, start);
        assert!(allowance.is_used_up(start));
        assert!(!allowance.is_used_up(after(1)));
        allowance.spend(Duration::from_secs(1), after(4));
        assert!(allowance.is_used_up(after(4)));
        // A quiet day earns no more than can be taken at once.
        allowance.spend(MOST, after(86_400));
        assert!(allowance.is_used_up(after(86_400)));
    }
}
