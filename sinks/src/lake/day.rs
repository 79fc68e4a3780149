//! The folder of a day: which day a row belongs to, and how it is written.

use std::fmt;
use std::time::Duration;

use magistrate_event::Timestamp;

const SECONDS_PER_DAY: u64 = 86_400;
/// How long before its receipt an event may have happened to be filed under its own day.
const MAX_PAST: Duration = Duration::from_secs(400 * SECONDS_PER_DAY);
/// How long after its receipt; clocks run wrong.
const MAX_FUTURE: Duration = Duration::from_secs(2 * SECONDS_PER_DAY);

/// 0001-01-01 and 9999-12-31.
const FIRST_DAY: i64 = -719_162;
const LAST_DAY: i64 = 2_932_896;

/// A UTC day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Day(i64);

impl Day {
    /// The day of the event's time, or of its receipt where that time is not believable.
    pub(super) fn of(time: Timestamp, received: Timestamp) -> Self {
        let believable = received.minus(MAX_PAST) <= time && time <= received.plus(MAX_FUTURE);
        Self(if believable { time } else { received }.day())
    }
}

impl fmt::Display for Day {
    /// `YYYYMMDD`; a day outside the years 1 to 9999 shows the nearest of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = jiff::Span::new()
            .try_days(self.0.clamp(FIRST_DAY, LAST_DAY))
            .unwrap_or_default();
        let epoch = jiff::civil::date(1970, 1, 1);
        let date = epoch.checked_add(days).unwrap_or(epoch);
        write!(f, "{:04}{:02}{:02}", date.year(), date.month(), date.day())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000;

    fn at(days: i64, micros: i64) -> Timestamp {
        Timestamp::from_micros(days * DAY + micros)
    }

    #[test]
    fn a_believable_time_decides_the_day() {
        let received = at(20_000, DAY / 2);
        for (time, day) in [
            (at(20_000, 0), 20_000),
            (at(19_999, DAY - 1), 19_999),
            (at(19_600, DAY / 2), 19_600),
            (at(20_002, DAY / 2), 20_002),
        ] {
            assert_eq!(Day::of(time, received), Day(day));
        }
    }

    #[test]
    fn an_unbelievable_time_is_filed_under_the_day_of_receipt() {
        let received = at(20_000, DAY / 2);
        for time in [
            at(19_600, DAY / 2 - 1),
            at(20_002, DAY / 2 + 1),
            at(0, 0),
            Timestamp::from_micros(i64::MIN),
            Timestamp::from_micros(i64::MAX),
            Timestamp::from_unix_nanos(u64::MAX),
        ] {
            assert_eq!(Day::of(time, received), Day(20_000), "{time:?}");
        }
    }

    #[test]
    fn a_day_has_eight_digits_whatever_the_clock_says() {
        for (day, text) in [
            (0, "19700101"),
            (20_780, "20261123"),
            (-1, "19691231"),
            (i64::MAX, "99991231"),
            (i64::MIN, "00010101"),
            (-800_000, "00010101"),
            (106_751_991, "99991231"),
        ] {
            assert_eq!(Day(day).to_string(), text);
        }
    }
}
