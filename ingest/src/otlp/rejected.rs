//! Which records of a batch were not taken, by whom ever, for an exact `partial_success`.

use std::fmt::Write as _;

use magistrate_event::Rejection;

/// How many rejections are told one by one; the rest are counted.
const MAX_TOLD: usize = 8;
/// How many stretches of rejected positions are remembered; a hostile body could hold millions.
const MAX_STRETCHES: usize = 4_096;

/// The rejected records of one batch: counted exactly, the first few with their reasons.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rejected {
    count: u64,
    by_reason: Vec<(&'static str, u64)>,
    told: Vec<Rejection>,
    stretches: Vec<Stretch>,
}

/// Neighbouring positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    start: usize,
    len: usize,
}

/// A state to go back to.
pub(crate) struct Mark {
    count: u64,
    by_reason: Vec<(&'static str, u64)>,
    told: usize,
    stretches: usize,
    last_len: usize,
}

impl Rejected {
    /// How many.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// How many for each reason.
    pub(crate) fn by_reason(&self) -> &[(&'static str, u64)] {
        &self.by_reason
    }

    /// The first few, in order.
    pub(crate) fn into_told(self) -> Vec<Rejection> {
        self.told
    }

    /// Whether the next rejection's message will be told.
    pub(crate) const fn keeps_message(&self) -> bool {
        self.told.len() < MAX_TOLD
    }

    /// Adds one; positions must not fall.
    pub(crate) fn push(&mut self, rejection: Rejection) {
        self.remember(rejection.index);
        self.add(rejection);
    }

    /// Adds what the pipeline rejected of the records that were left, by their places among those.
    pub(crate) fn merge(&mut self, rejections: Vec<Rejection>) {
        for rejection in rejections {
            let index = self.original(rejection.index);
            self.add(Rejection { index, ..rejection });
        }
        self.told.sort_by_key(|rejection| rejection.index);
    }

    /// The sentence for the sender; empty when nothing was rejected.
    pub(crate) fn message(&self) -> String {
        let mut message = String::new();
        for rejection in &self.told {
            if !message.is_empty() {
                message.push_str("; ");
            }
            let told = write!(message, "record {}: {}", rejection.index, rejection.message);
            debug_assert!(told.is_ok(), "writing to a string cannot fail");
        }
        let rest = self.count.saturating_sub(self.told.len() as u64);
        if rest > 0 {
            let told = write!(message, "; and {rest} more");
            debug_assert!(told.is_ok(), "writing to a string cannot fail");
        }
        message
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            count: self.count,
            by_reason: self.by_reason.clone(),
            told: self.told.len(),
            stretches: self.stretches.len(),
            last_len: self.stretches.last().map_or(0, |last| last.len),
        }
    }

    /// Forgets what was pushed since `mark`.
    pub(crate) fn rewind(&mut self, mark: Mark) {
        self.count = mark.count;
        self.by_reason = mark.by_reason;
        self.told.truncate(mark.told);
        self.stretches.truncate(mark.stretches);
        if let Some(last) = self.stretches.last_mut() {
            last.len = mark.last_len;
        }
    }

    fn add(&mut self, rejection: Rejection) {
        let (reason, records) = (rejection.reason, rejection.records);
        self.count += records;
        match self.by_reason.iter_mut().find(|(name, _)| *name == reason) {
            Some((_, count)) => *count += records,
            None => self.by_reason.push((reason, records)),
        }
        if self.keeps_message() {
            self.told.push(rejection);
        }
    }

    fn remember(&mut self, index: usize) {
        let room = self.stretches.len() < MAX_STRETCHES;
        match self.stretches.last_mut() {
            Some(last) if last.start + last.len == index => last.len += 1,
            Some(_) | None if room => self.stretches.push(Stretch {
                start: index,
                len: 1,
            }),
            Some(_) | None => {}
        }
    }

    /// The place in the sender's batch of the record that is `kept`-th among those left.
    fn original(&self, kept: usize) -> usize {
        let mut index = kept;
        for stretch in &self.stretches {
            if stretch.start > index {
                break;
            }
            index += stretch.len;
        }
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection(index: usize) -> Rejection {
        Rejection {
            index,
            records: 1,
            reason: "type",
            message: "field `key`: expected a string".to_owned(),
        }
    }

    fn rejected(indexes: &[usize]) -> Rejected {
        let mut rejected = Rejected::default();
        indexes
            .iter()
            .for_each(|index| rejected.push(rejection(*index)));
        rejected
    }

    #[test]
    fn the_pipelines_places_become_those_of_the_senders_batch() {
        for (left_out, kept, original) in [
            (&[][..], 3, 3),
            (&[0], 0, 1),
            (&[0, 1, 2], 1, 4),
            (&[1, 3], 0, 0),
            (&[1, 3], 1, 2),
            (&[1, 3], 2, 4),
        ] {
            let mut all = rejected(left_out);
            all.merge(vec![rejection(kept)]);
            assert!(all.told.iter().any(|told| told.index == original));
            assert_eq!(all.count(), left_out.len() as u64 + 1);
        }
    }

    #[test]
    fn the_first_few_are_told_and_the_rest_counted() {
        assert_eq!(rejected(&[]).message(), "");
        assert_eq!(
            rejected(&[5]).message(),
            "record 5: field `key`: expected a string"
        );
        let many: Vec<usize> = (0..100).collect();
        assert!(rejected(&many).message().ends_with("; and 92 more"));
    }

    #[test]
    fn a_rewind_gives_the_state_of_the_mark() {
        let mut all = rejected(&[1, 2]);
        let mark = all.mark();
        all.push(rejection(3));
        all.push(rejection(9));
        all.rewind(mark);
        assert_eq!(all, rejected(&[1, 2]));
    }

    #[test]
    fn a_hostile_body_costs_bounded_memory() {
        let alternate: Vec<usize> = (0..100_000).map(|at| at * 2).collect();
        let all = rejected(&alternate);
        assert_eq!(all.count(), 100_000);
        assert_eq!(all.stretches.len(), MAX_STRETCHES);
    }

    #[test]
    fn several_in_a_row_are_told_once_and_counted_all() {
        let mut rejected = Rejected::default();
        rejected.merge(vec![Rejection {
            records: 50_000,
            ..rejection(100_000)
        }]);
        assert_eq!(rejected.count(), 50_000);
        assert_eq!(rejected.by_reason(), [("type", 50_000)]);
        assert!(rejected.message().ends_with("; and 49999 more"));
    }
}
