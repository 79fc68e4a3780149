//! How many calls may still be made, this minute and this day.

use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// Calls of a minute and of a day. Both begin with the first call after the one before has ended.
#[derive(Debug)]
pub(super) struct Budget {
    spans: [Span; 2],
}

#[derive(Debug)]
struct Span {
    length: Duration,
    most: u32,
    since: Option<Instant>,
    made: u32,
}

impl Budget {
    /// At most so many calls.
    pub(super) fn new(per_minute: u32, per_day: u32) -> Self {
        let span = |length, most| Span {
            length,
            most,
            since: None,
            made: 0,
        };
        Self {
            spans: [span(MINUTE, per_minute), span(DAY, per_day)],
        }
    }

    /// Whether a call may be made.
    pub(super) fn has_room(&self, now: Instant) -> bool {
        self.spans
            .iter()
            .all(|span| span.is_over(now) || span.made < span.most)
    }

    /// A call is made.
    pub(super) fn spend(&mut self, now: Instant) {
        for span in &mut self.spans {
            if span.is_over(now) {
                (span.since, span.made) = (Some(now), 0);
            }
            span.made = span.made.saturating_add(1);
        }
    }
}

impl Span {
    fn is_over(&self, now: Instant) -> bool {
        self.since
            .is_none_or(|since| now.saturating_duration_since(since) >= self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_and_a_day_have_each_their_end() {
        let start = Instant::now();
        let mut budget = Budget::new(2, 3);
        let mut made = |at: Duration| {
            let has_room = budget.has_room(start + at);
            if has_room {
                budget.spend(start + at);
            }
            has_room
        };
        let second = Duration::from_secs(1);
        assert_eq!(
            [made(second), made(second), made(second)],
            [true, true, false]
        );
        assert!(!made(MINUTE));
        assert!(made(MINUTE + second));
        // The day's three are spent, and the minute's are not.
        assert!(!made(MINUTE * 3));
        assert!(!made(DAY));
        assert!(made(DAY + second));
    }
}
