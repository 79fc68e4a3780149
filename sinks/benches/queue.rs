//! How long the ack of one batch takes, beside a bare append and sync of the same bytes.
//!
//! `cargo bench -p magistrate-sinks --bench queue`; the last lines compare the 99th percentiles of
//! alternating calls, which is fairer on a busy machine than one after the other.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput};
use magistrate_event::{Class, Event, EventUid, Field, Record, Redacted, SystemClock, Timestamp};
use magistrate_sinks::queue::{Config, FolderLock, Metrics, Setup};
use magistrate_sinks::{Batch, Queue, State};

/// Batches of one comparison.
const ROUNDS: usize = 1_000;

/// A record of about 700 bytes.
#[expect(
    clippy::disallowed_methods,
    reason = "the bench stands in for the redactor"
)]
fn record(number: u64) -> Record {
    let mut event = Event::new(
        Class::ApiActivity,
        1,
        Timestamp::from_millis(1_790_000_000_000),
    );
    for (field, bytes) in [(Field::Message, 60), (Field::RawData, 300)] {
        event.set_text(field, &"x".repeat(bytes));
    }
    for name in [
        "session.id",
        "organization.id",
        "user.account_uuid",
        "model",
    ] {
        event.keep_text(name, "5d0c7ffb-5d37-4a4b-9b9c-0a4f6f0d1c55");
    }
    let mut uid = [0; 16];
    for (place, byte) in uid.iter_mut().zip(
        number
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .to_le_bytes()
            .into_iter()
            .chain(number.to_le_bytes()),
    ) {
        *place = byte;
    }
    Record::new(
        EventUid::from_bytes(uid),
        Timestamp::from_millis(1_790_000_000_000),
        Redacted::seal(event),
    )
}

/// Makes batches whose records were never seen.
struct Source {
    next: u64,
}

impl Source {
    fn batch(&mut self, records: u64) -> Batch {
        let mut batch = Batch::with_capacity(1_000, 700_000);
        for _ in 0..records {
            self.next += 1;
            if let Err(error) = batch.push(&record(self.next)) {
                unreachable!("{error}");
            }
        }
        batch
    }
}

fn open(folder: &Path) -> Result<Queue, Box<dyn std::error::Error>> {
    let lock = FolderLock::take(folder)?;
    let setup = Setup {
        config: Config::default(),
        state: Arc::new(State::open(&folder.join("state.redb"))?),
        consumers: Vec::new(),
        metrics: Metrics::default(),
        clock: Arc::new(SystemClock),
    };
    Ok(Queue::open(&lock, setup)?)
}

fn append_and_sync(file: &mut File, bytes: &[u8]) {
    let done = file.write_all(bytes).and_then(|()| file.sync_data());
    assert!(done.is_ok(), "{done:?}");
}

fn append(queue: &Queue, batch: Batch) {
    let done = queue.append_and_wait(batch);
    assert!(done.is_ok(), "{done:?}");
}

fn measure(criterion: &mut Criterion, queue: &Queue, file: &mut File, source: &mut Source) {
    for records in [100, 1_000] {
        let bytes = vec![7; source.batch(records).len_bytes()];
        let mut group = criterion.benchmark_group(format!("{records} records"));
        group.throughput(Throughput::Elements(records));
        group.bench_function("append and sync a file", |bencher| {
            bencher.iter(|| append_and_sync(file, &bytes));
        });
        group.bench_function("append to the queue", |bencher| {
            bencher.iter_batched(
                || source.batch(records),
                |batch| append(queue, batch),
                BatchSize::PerIteration,
            );
        });
        group.bench_function("encode", |bencher| {
            let one = record(1);
            bencher.iter_batched(
                || Batch::with_capacity(1_000, 700_000),
                |mut batch| {
                    for _ in 0..records {
                        assert!(batch.push(&one).is_ok());
                    }
                    batch
                },
                BatchSize::PerIteration,
            );
        });
        group.finish();
    }
}

/// Prints the 50th and 99th percentiles of both, measured in turns.
#[expect(clippy::print_stdout, reason = "a bench tells its figures")]
fn compare(queue: &Queue, file: &mut File, source: &mut Source) {
    for records in [100, 1_000] {
        let (mut bare, mut queued) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let batch = source.batch(records);
            let bytes = vec![7; batch.len_bytes()];
            bare.push(timed(|| append_and_sync(file, &bytes)));
            queued.push(timed(|| append(queue, batch)));
        }
        bare.sort_unstable();
        queued.sort_unstable();
        for (name, percent) in [("p50", 50), ("p99", 99)] {
            let place = ROUNDS * percent / 100;
            let (Some(bare), Some(queued)) = (bare.get(place), queued.get(place)) else {
                continue;
            };
            let ratio = queued.as_secs_f64() / bare.as_secs_f64();
            println!(
                "{records} records, {name}: bare {bare:?}, queue {queued:?}, {ratio:.2} times"
            );
        }
    }
}

fn timed(run: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    run();
    begun.elapsed()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir_in(".")?;
    let queue = open(folder.path())?;
    let mut file = File::create(folder.path().join("bare"))?;
    let mut source = Source { next: 0 };
    let mut criterion = Criterion::default()
        .measurement_time(Duration::from_secs(3))
        .warm_up_time(Duration::from_millis(500))
        .configure_from_args();
    measure(&mut criterion, &queue, &mut file, &mut source);
    compare(&queue, &mut file, &mut source);
    criterion.final_summary();
    queue.close();
    Ok(())
}
