//! Points in time, in the one unit that all tables use.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Microseconds since 1970-01-01T00:00:00Z; may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(i64);

const MICROS_PER_DAY: i64 = 86_400_000_000;

impl Timestamp {
    /// From microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From milliseconds since the Unix epoch; saturates.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// From OTLP's nanoseconds since the Unix epoch; cuts below the microsecond. Never overflows.
    #[expect(
        clippy::cast_possible_wrap,
        reason = "u64::MAX / 1000 is below i64::MAX"
    )]
    pub const fn from_unix_nanos(nanos: u64) -> Self {
        Self((nanos / 1_000) as i64)
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since the Unix epoch, rounded down.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole days since 1970-01-01, UTC, rounded down.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(MICROS_PER_DAY)
    }

    /// This time plus `duration`; saturates.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// This time minus `duration`; saturates.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }

    /// The time from `earlier` to this one; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.0.saturating_sub(earlier.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// The time that `text` names in RFC 3339, cut below the microsecond; none for anything else.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let time: jiff::Timestamp = text.parse().ok()?;
        Some(Self(time.as_microsecond()))
    }

    /// RFC 3339 in UTC with microseconds, or the plain number where the year has no four digits.
    pub fn to_rfc3339(self) -> String {
        jiff::Timestamp::from_microsecond(self.0)
            .map_or_else(|_| self.0.to_string(), |time| format!("{time:.6}"))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self(micros(after)),
            Err(before) => Self(-micros(before.duration())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_before_the_epoch_round_down() {
        assert_eq!(Timestamp::from_micros(-1).day(), -1);
        assert_eq!(Timestamp::from_micros(MICROS_PER_DAY).day(), 1);
    }

    #[test]
    fn the_largest_otlp_time_fits() {
        assert_eq!(
            Timestamp::from_unix_nanos(u64::MAX).as_micros(),
            18_446_744_073_709_551
        );
    }

    #[test]
    fn prints_rfc3339_with_microseconds() {
        assert_eq!(
            Timestamp::from_micros(1_500_000).to_rfc3339(),
            "1970-01-01T00:00:01.500000Z"
        );
    }

    #[test]
    fn reads_what_it_prints() {
        let time = Timestamp::from_micros(1_795_435_200_123_456);
        assert_eq!(Timestamp::from_rfc3339(&time.to_rfc3339()), Some(time));
        assert_eq!(
            Timestamp::from_rfc3339("1970-01-01T02:00:00+02:00"),
            Some(Timestamp::default())
        );
        assert_eq!(Timestamp::from_rfc3339("yesterday"), None);
    }
}
