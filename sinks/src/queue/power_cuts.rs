//! Tests that nothing acknowledged is lost and nothing is doubled, whatever the disk does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::testing::{Bench, batch, number};
use super::{ByteSize, Consumer, Queue, QueueError};
use crate::disk::Faults;
use crate::{Position, State};

const CONSUMERS: [&str; 2] = ["eager", "lazy"];

/// A sender that re-sends what was not acknowledged, and two readers, over many restarts.
struct World {
    bench: Bench,
    acknowledged: BTreeSet<u64>,
    unacknowledged: Vec<Vec<u64>>,
    sent: u64,
    /// What each reader has received up to its committed cursor.
    received: BTreeMap<String, Vec<u64>>,
    cursors: BTreeMap<String, Position>,
}

impl World {
    fn new(seed: u64, state: &Arc<State>) -> Self {
        let mut bench = Bench::with_state(seed, Arc::clone(state));
        for name in CONSUMERS {
            bench.state.remove_cursor(name).unwrap();
        }
        if bench.disk.below(4) == 0 {
            bench.config.max_bytes = ByteSize::from_bytes(8_000);
        }
        Self {
            bench,
            acknowledged: BTreeSet::new(),
            unacknowledged: Vec::new(),
            sent: 0,
            received: BTreeMap::new(),
            cursors: BTreeMap::new(),
        }
    }

    fn faults(&self) -> Faults {
        let disk = &self.bench.disk;
        let mut faults = Faults {
            calls_to_power_cut: Some(disk.below(90)),
            ..Faults::default()
        };
        match disk.below(5) {
            0 => faults.write_fails_in = Some(5),
            1 => faults.sync_fails_in = Some(5),
            2 => {
                faults.write_fails_in = Some(6);
                faults.sync_fails_in = Some(6);
                faults.truncate_fails_in = Some(2);
            }
            3 => {
                let bytes = 2_000 + disk.below(9_000);
                faults.capacity_bytes = usize::try_from(bytes).ok();
            }
            _ => {}
        }
        faults
    }

    /// One life of the process, ended by a power cut.
    fn live(&mut self) {
        self.bench.disk.set_faults(self.faults());
        if let Ok(queue) = self.open() {
            let mut readers = readers(&queue);
            for _ in 0..10 {
                self.send(&queue);
                self.receive(&mut readers);
            }
        }
        self.bench.disk.power_cut();
    }

    fn open(&self) -> Result<Queue, QueueError> {
        for (name, cursor) in &self.cursors {
            self.bench.state.set_cursor(name, *cursor).unwrap();
        }
        self.bench.open(&CONSUMERS)
    }

    /// Sends what was not acknowledged and a few new batches, all at once.
    fn send(&mut self, queue: &Queue) {
        for _ in 0..self.bench.disk.below(4) {
            let end = self.sent + 1 + self.bench.disk.below(6);
            self.unacknowledged.push((self.sent..end).collect());
            self.sent = end;
        }
        self.send_again(queue);
    }

    fn send_again(&mut self, queue: &Queue) {
        let (sender, receiver) = mpsc::channel();
        for numbers in std::mem::take(&mut self.unacknowledged) {
            let sender = sender.clone();
            let records = batch(numbers.iter().copied());
            let done = move |outcome: Result<_, _>| {
                sender.send((numbers, outcome.is_ok())).unwrap();
            };
            queue.append(records, Box::new(done));
        }
        drop(sender);
        for (numbers, stored) in receiver {
            if stored {
                self.acknowledged.extend(numbers);
            } else {
                self.unacknowledged.push(numbers);
            }
        }
    }

    fn receive(&mut self, readers: &mut [(Consumer, Vec<u64>)]) {
        for (reader, pending) in readers {
            let entries = reader.read(7, Duration::ZERO).unwrap_or_default();
            pending.extend(entries.iter().map(|entry| number(&entry.record)));
            let rarely = reader.name() == "lazy" && self.bench.disk.below(6) != 0;
            if !rarely {
                // As the lake does: the cursor and what was received are stored in one go.
                let name = reader.name().to_owned();
                self.received
                    .entry(name.clone())
                    .or_default()
                    .append(pending);
                self.cursors.insert(name, reader.position());
                reader.moved_to(reader.position());
            }
        }
    }

    /// A last life without mishaps: everything is sent and received.
    fn settle(&mut self) {
        let queue = self.open().unwrap();
        let mut readers = readers(&queue);
        for _ in 0..2_000 {
            self.send_again(&queue);
            self.receive(&mut readers);
            let behind = queue
                .status()
                .consumers
                .iter()
                .any(|one| one.queued_records > 0);
            if self.unacknowledged.is_empty() && !behind {
                return;
            }
        }
        panic!("never settles: {:?}", queue.status());
    }

    fn check(&self, seed: u64) {
        for name in CONSUMERS {
            let received = self.received.get(name).cloned().unwrap_or_default();
            let distinct: BTreeSet<u64> = received.iter().copied().collect();
            assert_eq!(
                distinct.len(),
                received.len(),
                "seed {seed}: {name} got some twice"
            );
            let lost: Vec<_> = self.acknowledged.difference(&distinct).collect();
            assert!(lost.is_empty(), "seed {seed}: {name} lost {lost:?}");
        }
    }
}

fn readers(queue: &Queue) -> Vec<(Consumer, Vec<u64>)> {
    CONSUMERS
        .into_iter()
        .map(|name| (queue.consumer(name).unwrap(), Vec::new()))
        .collect()
}

#[test]
fn a_thousand_power_cuts_lose_nothing_acknowledged_and_double_nothing() {
    let mut acknowledged = 0;
    // One state serves all, because making one takes longer than the rest of a run.
    let state = Arc::new(State::in_memory());
    for seed in 0..350 {
        let mut world = World::new(seed, &state);
        for _ in 0..3 {
            world.live();
        }
        world.settle();
        world.check(seed);
        acknowledged += world.acknowledged.len();
    }
    assert!(acknowledged > 10_000, "{acknowledged}");
}
