//! Chooses the time of a record, and keeps what a microsecond cannot hold.

use magistrate_event::{Field, Raw, Timestamp};

use crate::normalize::draft::Draft;

/// Names under which exact times are kept; whether they are depends on the clock's digits.
pub(crate) const EXACT_TIMES: [&str; 2] = [TIME, OBSERVED];
const TIME: &str = "time_unix_nano";
const OBSERVED: &str = "observed_time_unix_nano";

/// The times of a record, in nanoseconds since 1970; 0 is unknown.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moment {
    pub(super) time_nanos: u64,
    pub(super) observed_nanos: u64,
}

impl Moment {
    /// When it happened: its own time, else when it was observed, else when it was received.
    pub(super) fn timestamp(self, raw: &Raw) -> Timestamp {
        match (self.time_nanos, self.observed_nanos) {
            (0, 0) => raw.received,
            (0, observed) => Timestamp::from_unix_nanos(observed),
            (time, _) => Timestamp::from_unix_nanos(time),
        }
    }

    /// Whether the sender gave no time at all.
    pub(super) const fn is_unknown(self) -> bool {
        self.time_nanos == 0 && self.observed_nanos == 0
    }

    /// Says where the time comes from when it is not the record's own, and keeps exact numbers.
    pub(super) fn keep(self, draft: &mut Draft) {
        match (self.time_nanos, self.observed_nanos) {
            (0, 0) => {
                draft.text(Field::TimeStatus, "received");
            }
            (0, observed) => {
                draft.text(Field::TimeStatus, "observed");
                keep_exact(OBSERVED, observed, draft);
            }
            (time, observed) => {
                keep_exact(TIME, time, draft);
                if observed != 0 && observed != time {
                    draft.keep_u64(OBSERVED, observed);
                }
            }
        }
    }
}

/// Keeps nanoseconds that are not a whole number of microseconds.
pub(super) fn keep_exact(key: &str, nanos: u64, draft: &mut Draft) {
    if !nanos.is_multiple_of(1_000) {
        draft.keep_u64(key, nanos);
    }
}
