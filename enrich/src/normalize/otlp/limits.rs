//! What one record, and one batch, may hold.

use magistrate_event::Rejection;

use super::wire::Broken;

/// How deep an attribute's lists and maps may lie in one another.
pub(super) const MAX_DEPTH: usize = 64;
/// How many values one record may hold: attributes, list items and map entries together.
pub(super) const MAX_VALUES: usize = 10_000;
/// The largest encoded record, in bytes.
pub(super) const MAX_RECORD_BYTES: usize = 8 << 20;
/// The largest resource or scope, in bytes; it is repeated on each of its records.
pub(super) const MAX_RESOURCE_BYTES: usize = 256 << 10;
/// How many records one batch may hold.
pub(super) const MAX_BATCH_RECORDS: usize = 100_000;
/// How many values all records of a batch may hold, those of their resources included.
pub(super) const MAX_BATCH_VALUES: usize = 4_000_000;
/// How many bytes the records of a batch may come to, those of their resources included.
pub(super) const MAX_BATCH_BYTES: usize = 512 << 20;

/// The limits of a batch in words, for its sender.
pub(super) const BATCH_LIMITS: &str = "100000 records, 4000000 values or 512 MiB";

/// The limit that one record is over; the rest of its batch is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Over {
    /// Lists and maps lie too deep.
    #[error("attribute values are nested deeper than {MAX_DEPTH} levels")]
    Depth,
    /// Too many values.
    #[error("record holds more than {MAX_VALUES} values")]
    Values,
    /// Too many bytes.
    #[error("record is larger than {MAX_RECORD_BYTES} bytes")]
    Size,
    /// Its resource or scope is too large to be repeated.
    #[error("resource or scope is larger than {MAX_RESOURCE_BYTES} bytes or {MAX_VALUES} values")]
    Resource,
}

impl Over {
    /// The answer about the record at `index`.
    pub(super) fn rejection(self, index: usize) -> Rejection {
        Rejection {
            index,
            records: 1,
            reason: match self {
                Self::Depth => "depth",
                Self::Values => "values",
                Self::Size => "size",
                Self::Resource => "resource",
            },
            message: self.to_string(),
        }
    }
}

/// The answer about the record at `index`, with which its batch came over a limit.
pub(super) fn over_batch(index: usize) -> Rejection {
    Rejection {
        index,
        records: 1,
        reason: "batch",
        message: format!(
            "with their resources the batch's records come to more than {BATCH_LIMITS}; send smaller batches"
        ),
    }
}

/// What can be wrong with one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The framing is broken: nothing after it can be trusted.
    Broken(Broken),
    /// It is over a limit.
    Over(Over),
}

impl From<Broken> for Flaw {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<Over> for Flaw {
    fn from(over: Over) -> Self {
        Self::Over(over)
    }
}

/// Counts down what a batch may still hold.
#[derive(Debug)]
pub(super) struct Budget {
    records: usize,
    values: usize,
    bytes: usize,
}

impl Budget {
    /// The whole allowance.
    pub(super) const fn new() -> Self {
        Self {
            records: MAX_BATCH_RECORDS,
            values: MAX_BATCH_VALUES,
            bytes: MAX_BATCH_BYTES,
        }
    }

    /// Takes one record of that weight; `None` when the batch is over a limit.
    pub(super) fn take(&mut self, values: usize, bytes: usize) -> Option<()> {
        self.records = self.records.checked_sub(1)?;
        self.values = self.values.checked_sub(values)?;
        self.bytes = self.bytes.checked_sub(bytes)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_say_the_numbers() {
        let words = format!(
            "{MAX_BATCH_RECORDS} records, {MAX_BATCH_VALUES} values or {} MiB",
            MAX_BATCH_BYTES >> 20
        );
        assert_eq!(words, BATCH_LIMITS);
    }

    #[test]
    fn a_budget_ends_with_its_least_part() {
        let mut budget = Budget::new();
        assert!(budget.take(MAX_BATCH_VALUES, 0).is_some());
        assert!(budget.take(0, MAX_BATCH_BYTES).is_some());
        assert!(budget.take(1, 0).is_none());
        let mut budget = Budget {
            records: 1,
            ..Budget::new()
        };
        assert!(budget.take(0, 0).is_some());
        assert!(budget.take(0, 0).is_none());
    }
}
