//! Whether an event was stored before: the fingerprints of what the last day brought.

use std::time::Duration;

use hashbrown::HashTable;
use magistrate_event::Timestamp;

/// Many small tables, so that growing one moves little and needs little memory beside itself.
const SHARDS: usize = 256;

/// The fingerprints of stored events, in two generations.
///
/// When the current generation is full or old it becomes the previous one, and the one before is
/// forgotten; so an id is known for at least one generation's worth of ids or time.
#[derive(Debug)]
pub(crate) struct Dedup {
    current: Generation,
    previous: Generation,
    started: Timestamp,
    max_ids: u64,
    max_age: Duration,
}

impl Dedup {
    /// An empty index. A generation is over at `max_ids` ids or after `max_age`.
    pub(crate) fn new(max_ids: u64, max_age: Duration, now: Timestamp) -> Self {
        Self {
            current: Generation::new(),
            previous: Generation::new(),
            started: now,
            max_ids,
            max_age,
        }
    }

    /// Begins a new generation when the current one is full or old. Call it between groups.
    pub(crate) fn rotate(&mut self, now: Timestamp) {
        // After the clock was set back, the age counts anew.
        self.started = self.started.min(now);
        if self.current.len >= self.max_ids || now.since(self.started) >= self.max_age {
            self.previous = std::mem::replace(&mut self.current, Generation::new());
            self.started = now;
        }
    }

    /// Remembers a fingerprint; `false` when it was known.
    pub(crate) fn insert(&mut self, fingerprint: u64) -> bool {
        !self.previous.contains(fingerprint) && self.current.insert(fingerprint)
    }

    /// Forgets fingerprints of the current generation whose records could not be stored.
    pub(crate) fn remove(&mut self, fingerprints: &[u64]) {
        for fingerprint in fingerprints {
            self.current.remove(*fingerprint);
        }
    }

    /// How many ids are known.
    pub(crate) const fn len(&self) -> u64 {
        self.current.len + self.previous.len
    }
}

#[derive(Debug)]
struct Generation {
    shards: Vec<HashTable<u64>>,
    len: u64,
}

impl Generation {
    fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| HashTable::new()).collect(),
            len: 0,
        }
    }

    fn contains(&self, fingerprint: u64) -> bool {
        self.shards.get(shard(fingerprint)).is_some_and(|table| {
            table
                .find(fingerprint, |kept| *kept == fingerprint)
                .is_some()
        })
    }

    fn insert(&mut self, fingerprint: u64) -> bool {
        let Some(table) = self.shards.get_mut(shard(fingerprint)) else {
            return false;
        };
        match table.entry(fingerprint, |kept| *kept == fingerprint, |kept| *kept) {
            hashbrown::hash_table::Entry::Occupied(_) => false,
            hashbrown::hash_table::Entry::Vacant(place) => {
                place.insert(fingerprint);
                self.len += 1;
                true
            }
        }
    }

    fn remove(&mut self, fingerprint: u64) {
        let Some(table) = self.shards.get_mut(shard(fingerprint)) else {
            return;
        };
        if let Ok(entry) = table.find_entry(fingerprint, |kept| *kept == fingerprint) {
            entry.remove();
            self.len -= 1;
        }
    }
}

/// The table places by the lowest and the highest bits, so the shard is told by others.
const fn shard(fingerprint: u64) -> usize {
    (fingerprint >> 40) as usize % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    impl Dedup {
        fn contains(&self, fingerprint: u64) -> bool {
            self.current.contains(fingerprint) || self.previous.contains(fingerprint)
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    /// Spreads small numbers over all bits, as a hash would.
    fn id(number: u64) -> u64 {
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    #[test]
    fn an_id_is_new_once() {
        let mut dedup = Dedup::new(1000, DAY, at(0));
        assert!(dedup.insert(id(1)));
        assert!(!dedup.insert(id(1)));
        assert!(dedup.insert(0));
        dedup.remove(&[id(1), id(9)]);
        assert!(dedup.insert(id(1)));
        assert_eq!(dedup.len(), 2);
    }

    #[test]
    fn an_id_outlives_one_rotation_and_not_two() {
        let mut dedup = Dedup::new(100, DAY, at(0));
        for number in 0..100 {
            dedup.rotate(at(1));
            assert!(dedup.insert(id(number)));
        }
        dedup.rotate(at(1));
        assert!((0..100).all(|number| dedup.contains(id(number))));
        for number in 100..200 {
            assert!(dedup.insert(id(number)));
        }
        assert!(!dedup.insert(id(5)));
        dedup.rotate(at(1));
        assert!(!dedup.contains(id(5)));
        assert!(dedup.contains(id(150)));
    }

    #[test]
    fn a_day_ends_a_generation_and_a_clock_set_back_does_not() {
        let mut dedup = Dedup::new(100, DAY, at(86_400 * 10));
        dedup.insert(id(1));
        dedup.rotate(at(0));
        dedup.rotate(at(86_399));
        dedup.insert(id(2));
        dedup.rotate(at(86_400));
        assert!(dedup.contains(id(1)) && dedup.contains(id(2)));
        dedup.rotate(at(86_400 * 2));
        assert!(!dedup.contains(id(1)));
    }
}
