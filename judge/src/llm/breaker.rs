//! Stops asking a peer that fails again and again, and tries it once in a while.

use std::time::{Duration, Instant};

/// Whether a peer is asked.
#[derive(Debug)]
pub(super) struct Breaker {
    most: u32,
    pause: Duration,
    state: State,
}

/// How it stands with the peer, as the metric tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It is asked; it failed so many times in a row.
    Closed {
        /// Failures in a row.
        failures: u32,
    },
    /// It is not asked before then.
    Open {
        /// Until when.
        until: Instant,
    },
    /// One call tries it. Should nothing be heard of that, another one may from then on.
    Trying {
        /// Until when.
        until: Instant,
    },
}

impl State {
    /// 0 where the peer is asked, 1 where it is not, 2 while one call tries it.
    pub(super) const fn number(self) -> i64 {
        match self {
            Self::Closed { .. } => 0,
            Self::Open { .. } => 1,
            Self::Trying { .. } => 2,
        }
    }
}

impl Breaker {
    /// Opens after `most` failures in a row, for `pause`.
    pub(super) const fn new(most: u32, pause: Duration) -> Self {
        Self {
            most,
            pause,
            state: State::Closed { failures: 0 },
        }
    }

    /// How it stands.
    pub(super) const fn state(&self) -> State {
        self.state
    }

    /// Whether a call may be made; after a pause one call may, and its end decides.
    pub(super) fn pass(&mut self, now: Instant) -> bool {
        match self.state {
            State::Closed { .. } => true,
            State::Open { until } | State::Trying { until } if now < until => false,
            State::Open { .. } | State::Trying { .. } => {
                self.state = State::Trying {
                    until: now + self.pause,
                };
                true
            }
        }
    }

    /// A call was answered.
    pub(super) const fn succeeded(&mut self) {
        self.state = State::Closed { failures: 0 };
    }

    /// A call failed.
    pub(super) fn failed(&mut self, now: Instant) {
        let opened = State::Open {
            until: now + self.pause,
        };
        self.state = match self.state {
            State::Closed { failures } if failures + 1 < self.most => State::Closed {
                failures: failures + 1,
            },
            State::Closed { .. } | State::Trying { .. } => opened,
            // Calls that were made before: the pause has begun.
            State::Open { until } => State::Open { until },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(30);

    #[test]
    fn failures_in_a_row_open_it_and_others_do_not() {
        let now = Instant::now();
        let mut breaker = Breaker::new(3, PAUSE);
        for _ in 0..5 {
            breaker.failed(now);
            breaker.failed(now);
            breaker.succeeded();
        }
        assert!(breaker.pass(now));
        for _ in 0..3 {
            breaker.failed(now);
        }
        assert_eq!(breaker.state().number(), 1);
        assert!(!breaker.pass(now));
        assert!(!breaker.pass(now + PAUSE - Duration::from_nanos(1)));
    }

    #[test]
    fn after_its_pause_one_call_tries_and_decides() {
        let now = Instant::now();
        let mut breaker = Breaker::new(1, PAUSE);
        breaker.failed(now);
        // A call that was made before ends later, and lengthens nothing.
        breaker.failed(now + PAUSE / 2);
        let then = now + PAUSE;
        assert!(breaker.pass(then) && !breaker.pass(then));
        assert_eq!(breaker.state().number(), 2);
        breaker.failed(then);
        assert!(!breaker.pass(then + PAUSE / 2));
        assert!(breaker.pass(then + PAUSE));
        breaker.succeeded();
        assert!(breaker.pass(then + PAUSE) && breaker.pass(then + PAUSE));
    }

    #[test]
    fn a_try_that_is_never_heard_of_is_followed_by_another() {
        let now = Instant::now();
        let mut breaker = Breaker::new(1, PAUSE);
        breaker.failed(now);
        assert!(breaker.pass(now + PAUSE));
        assert!(!breaker.pass(now + PAUSE * 2 - Duration::from_nanos(1)));
        assert!(breaker.pass(now + PAUSE * 2));
    }
}
