//! Which records of the waiting batches are new, and which bytes that makes.

use super::{Batch, Stored};
use crate::dedup::Dedup;

/// The new records of several batches, ready to be written in one go.
#[derive(Debug, Default)]
pub(super) struct Group<'a> {
    /// The frames to write, neighbours joined.
    pub(super) parts: Vec<&'a [u8]>,
    /// The size of all parts.
    pub(super) len_bytes: u64,
    /// The fingerprints of the frames to write.
    pub(super) fresh: Vec<u64>,
    /// What each batch's sender is told.
    pub(super) stored: Vec<Stored>,
}

impl<'a> Group<'a> {
    /// Gathers what `dedup` does not know yet, and teaches it.
    pub(super) fn gather(batches: impl Iterator<Item = &'a Batch>, dedup: &mut Dedup) -> Self {
        let mut group = Self::default();
        for batch in batches {
            let stored = group.add(batch, dedup);
            group.stored.push(stored);
        }
        group
    }

    fn add(&mut self, batch: &'a Batch, dedup: &mut Dedup) -> Stored {
        let mut stored = Stored::default();
        // The bytes from `run` to `start` are new and not yet among the parts.
        let (mut run, mut start) = (0, 0);
        for frame in batch.frames() {
            if dedup.insert(frame.fingerprint) {
                self.fresh.push(frame.fingerprint);
                stored.accepted += 1;
            } else {
                self.push(batch, run, start);
                run = frame.end;
                stored.duplicate += 1;
            }
            start = frame.end;
        }
        self.push(batch, run, start);
        stored
    }

    fn push(&mut self, batch: &'a Batch, start: usize, end: usize) {
        if let Some(part) = batch
            .bytes()
            .get(start..end)
            .filter(|part| !part.is_empty())
        {
            self.parts.push(part);
            self.len_bytes += part.len() as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use magistrate_event::Timestamp;

    use super::super::testing::batch;
    use super::*;

    #[test]
    fn only_new_records_are_written_and_each_sender_learns_how_many() {
        let mut dedup = Dedup::new(1000, Duration::from_secs(1), Timestamp::default());
        let batches = [batch([1, 2, 3]), batch([2, 4, 4, 5]), batch([1, 5])];
        let group = Group::gather(batches.iter(), &mut dedup);
        let counts: Vec<(u64, u64)> = group
            .stored
            .iter()
            .map(|stored| (stored.accepted, stored.duplicate))
            .collect();
        assert_eq!(counts, [(3, 0), (2, 2), (0, 2)]);
        assert_eq!(group.fresh.len(), 5);
        let expected = [
            batch([1, 2, 3]).bytes(),
            batch([4]).bytes(),
            batch([5]).bytes(),
        ]
        .concat();
        assert_eq!(group.parts.concat(), expected);
        assert_eq!(group.len_bytes, expected.len() as u64);
        assert_eq!(group.parts.len(), 3);
        dedup.remove(&group.fresh);
        assert_eq!(dedup.len(), 0);
    }
}
