//! Tests that full and failing disks are answered, counted and survived without a restart.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::Duration;

use super::segment::Kind;
use super::testing::{Bench, batch, drain, folder, number};
use super::{ByteSize, QueueError};
use crate::Position;
use crate::disk::{Disk, Faults};

fn capacity(bytes: usize) -> Faults {
    Faults {
        capacity_bytes: Some(bytes),
        ..Faults::default()
    }
}

#[test]
fn a_full_disk_refuses_and_takes_again_when_there_is_room() {
    let bench = Bench::new(1);
    let queue = bench.open(&["lake"]).unwrap();
    queue.append_and_wait(batch(0..10)).unwrap();
    bench.disk.set_faults(capacity(1_500));
    let mut stored = BTreeSet::from_iter(0..10);
    let mut refused = 0;
    for start in (10..60).step_by(5) {
        match queue.append_and_wait(batch(start..start + 5)) {
            Ok(_) => stored.extend(start..start + 5),
            Err(error) => {
                assert_eq!(error.reason(), "disk_full", "{error}");
                assert!(error.refusal().retry_after().is_some());
                refused += 1;
            }
        }
    }
    assert!(refused > 3);
    let told = queue.status().last_error.map(|error| error.reason());
    assert_eq!(told, Some("disk_full"));
    bench.disk.set_faults(Faults::default());
    assert_eq!(
        queue.append_and_wait(batch(0..100)).unwrap().duplicate,
        stored.len() as u64
    );
    assert!(queue.status().last_error.is_none());
    let mut read = drain(&mut queue.consumer("lake").unwrap());
    read.sort_unstable();
    assert_eq!(read, (0..100).collect::<Vec<_>>());
}

#[test]
fn the_quota_refuses_until_consumers_have_moved_on() {
    let mut bench = Bench::new(1);
    bench.config.max_bytes = ByteSize::from_bytes(8_000);
    let queue = bench.open(&["lake", "hec"]).unwrap();
    let mut lake = queue.consumer("lake").unwrap();
    let mut hec = queue.consumer("hec").unwrap();
    let mut next = 0;
    let error = loop {
        match queue.append_and_wait(batch(next..next + 10)) {
            Ok(_) => next += 10,
            Err(error) => break error,
        }
    };
    assert!(matches!(
        error,
        QueueError::Full {
            max_bytes: 8_000,
            ..
        }
    ));
    assert!(queue.status().used_bytes <= 8_000);
    assert_eq!(drain(&mut lake).len() as u64, next);
    lake.commit(lake.position()).unwrap();
    assert!(queue.append_and_wait(batch(next..next + 10)).is_err());
    assert_eq!(drain(&mut hec).len() as u64, next);
    hec.commit(hec.position()).unwrap();
    queue.append_and_wait(batch(next..next + 10)).unwrap();
    assert_eq!(drain(&mut hec), (next..next + 10).collect::<Vec<_>>());
    let logs = bench.disk.list(&folder()).unwrap();
    assert_eq!(
        logs.iter()
            .filter(|file| file.name.ends_with("log"))
            .count(),
        1
    );
    // The ids outlive their segments.
    assert_eq!(
        queue.append_and_wait(batch(0..next)).unwrap().duplicate,
        next
    );
    drop((queue, lake, hec));
    let queue = bench.open(&["lake", "hec"]).unwrap();
    assert_eq!(
        queue.append_and_wait(batch(0..next)).unwrap().duplicate,
        next
    );
}

#[test]
fn on_a_full_disk_a_segment_makes_room_for_its_ids() {
    let bench = Bench::new(1);
    let queue = bench.open(&["lake"]).unwrap();
    queue.append_and_wait(batch(0..10)).unwrap();
    let full = bench.disk.content(&folder().join(Kind::Log.name(1))).len();
    bench.disk.set_faults(capacity(full));
    drop(queue);
    let queue = bench.open(&["lake"]).unwrap();
    let mut lake = queue.consumer("lake").unwrap();
    assert_eq!(drain(&mut lake).len(), 10);
    lake.commit(lake.position()).unwrap();
    bench.disk.power_cut();
    drop((queue, lake));
    let names = bench.disk.list(&folder()).unwrap();
    assert!(!names.iter().any(|file| file.name == Kind::Log.name(1)));
    let queue = bench.open(&["lake"]).unwrap();
    let stored = queue.append_and_wait(batch(0..10)).unwrap();
    assert_eq!((stored.accepted, stored.duplicate), (0, 10));
}

#[test]
fn a_failed_sync_is_no_ack_and_the_next_batch_gets_a_new_file() {
    let bench = Bench::new(1);
    let queue = bench.open(&["lake"]).unwrap();
    queue.append_and_wait(batch(0..5)).unwrap();
    bench.disk.set_faults(Faults {
        sync_fails_in: Some(1),
        ..Faults::default()
    });
    let error = queue.append_and_wait(batch(3..8)).unwrap_err();
    assert_eq!(error.reason(), "disk_error");
    bench.disk.set_faults(Faults::default());
    let stored = queue.append_and_wait(batch(3..8)).unwrap();
    assert_eq!((stored.accepted, stored.duplicate), (3, 2));
    let names = bench.disk.list(&folder()).unwrap();
    assert!(names.iter().any(|file| file.name == Kind::Log.name(2)));
    let read = drain(&mut queue.consumer("lake").unwrap());
    assert_eq!(read, (0..8).collect::<Vec<_>>());
}

#[test]
fn what_the_disk_does_not_give_is_passed_over_in_the_end() {
    let bench = Bench::new(1);
    let queue = bench.open(&["lake"]).unwrap();
    queue.append_and_wait(batch(0..100)).unwrap();
    bench.disk.set_faults(Faults {
        unreadable_byte: Some(2_000),
        ..Faults::default()
    });
    let mut lake = queue.consumer("lake").unwrap();
    let (mut read, mut errors) = (Vec::new(), 0);
    for _ in 0..30 {
        match lake.read(100, Duration::ZERO) {
            Ok(entries) => read.extend(entries.iter().map(|entry| number(&entry.record))),
            Err(_) => {
                errors += 1;
                bench.clock.advance(Duration::from_secs(20));
            }
        }
    }
    assert_eq!(errors, 3);
    assert_eq!(
        read.len() as u64 + queue.metrics().corrupt_records.get(),
        100
    );
    assert_eq!(queue.metrics().read_errors.get(), 3);
}

#[test]
fn errors_that_may_pass_are_waited_for() {
    let bench = Bench::new(1);
    let queue = bench.open(&["lake"]).unwrap();
    queue.append_and_wait(batch(0..100)).unwrap();
    bench.disk.set_faults(Faults {
        calls_to_power_cut: Some(0),
        ..Faults::default()
    });
    let mut lake = queue.consumer("lake").unwrap();
    for _ in 0..20 {
        assert!(lake.read(100, Duration::ZERO).is_err());
        bench.clock.advance(Duration::from_secs(3_600));
    }
    bench.disk.set_faults(Faults::default());
    assert_eq!(drain(&mut lake).len(), 100);
}

#[test]
fn ids_are_known_for_a_day_after_their_segment_went() {
    let bench = Bench::new(1);
    let hour = Duration::from_secs(3_600);
    let queue = bench.open(&["lake"]).unwrap();
    let mut lake = queue.consumer("lake").unwrap();
    queue.append_and_wait(batch(0..100)).unwrap();
    drain(&mut lake);
    lake.commit(lake.position()).unwrap();
    drop((queue, lake));
    bench.clock.advance(hour * 23);
    let queue = bench.open(&["lake"]).unwrap();
    assert_eq!(queue.status().segments, 0);
    assert_eq!(queue.append_and_wait(batch(0..100)).unwrap().duplicate, 100);
    drop(queue);
    bench.clock.advance(hour * 2);
    let queue = bench.open(&["lake"]).unwrap();
    assert_eq!(queue.append_and_wait(batch(0..100)).unwrap().accepted, 100);
}

#[test]
fn a_segment_stays_while_its_ids_are_half_written() {
    let bench = Bench::new(1);
    let queue = bench.open(&["lake"]).unwrap();
    let mut lake = queue.consumer("lake").unwrap();
    queue.append_and_wait(batch(0..20)).unwrap();
    drain(&mut lake);
    lake.commit(lake.position()).unwrap();
    bench.disk.set_faults(Faults {
        write_fails_in: Some(1),
        ..Faults::default()
    });
    drop((queue, lake));
    bench.disk.set_faults(Faults::default());
    let queue = bench.open(&["lake"]).unwrap();
    assert_eq!(queue.append_and_wait(batch(0..20)).unwrap().duplicate, 20);
}

#[test]
fn too_much_waiting_is_refused_at_once_and_one_sync_serves_many() {
    let mut bench = Bench::new(1);
    bench.config.max_waiting_bytes = ByteSize::from_bytes(5_000);
    let queue = bench.open(&["lake"]).unwrap();
    let (sender, receiver) = mpsc::channel();
    // The first answer holds the writer, so that the rest has to wait.
    let (release, held) = mpsc::channel::<()>();
    let (entered, inside) = mpsc::channel();
    queue.append(
        batch([0]),
        Box::new(move |_| {
            entered.send(()).unwrap();
            held.recv().unwrap();
        }),
    );
    inside.recv().unwrap();
    let syncs = bench.disk.syncs();
    for start in (1..2_000).step_by(5) {
        let sender = sender.clone();
        let done = move |outcome| drop(sender.send(outcome));
        queue.append(batch(start..start + 5), Box::new(done));
    }
    drop(sender);
    release.send(()).unwrap();
    let outcomes: Vec<_> = receiver.iter().collect();
    let busy = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(QueueError::Busy { .. })));
    let busy = busy.count();
    assert!(busy > 300, "{busy}");
    let stored = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(stored + busy, outcomes.len());
    assert!(stored > 5);
    assert_eq!(bench.disk.syncs() - syncs, 1);
    // A batch larger than the line is taken when nothing else waits.
    assert!(queue.append_and_wait(batch(5_000..5_500)).is_ok());
}

#[test]
fn a_consumer_that_is_no_longer_configured_holds_nothing() {
    let bench = Bench::new(1);
    let queue = bench.open(&["lake", "old"]).unwrap();
    for start in (0..300).step_by(10) {
        queue.append_and_wait(batch(start..start + 10)).unwrap();
    }
    queue
        .consumer("old")
        .unwrap()
        .commit(Position {
            segment: 1,
            offset: 0,
        })
        .unwrap();
    let mut lake = queue.consumer("lake").unwrap();
    drain(&mut lake);
    lake.commit(lake.position()).unwrap();
    assert!(queue.status().segments > 5);
    drop((queue, lake));

    let queue = bench.open(&["lake", "new"]).unwrap();
    assert_eq!(bench.state.cursor("old").unwrap(), None);
    assert!(matches!(
        queue.consumer("old"),
        Err(QueueError::UnknownConsumer(_))
    ));
    // The new consumer begins with the oldest record; the lake stays where it was.
    assert_eq!(drain(&mut queue.consumer("new").unwrap()).len(), 300);
    assert!(drain(&mut queue.consumer("lake").unwrap()).is_empty());
    drop(queue);

    let queue = bench.open(&["lake"]).unwrap();
    assert_eq!(queue.status().segments, 0);
}

#[test]
fn status_tells_backlog_and_age() {
    let bench = Bench::new(1);
    let queue = bench.open(&["lake", "hec"]).unwrap();
    queue.append_and_wait(batch(0..50)).unwrap();
    let mut lake = queue.consumer("lake").unwrap();
    drain(&mut lake);
    lake.moved_to(lake.position());
    let status = queue.status();
    let [hec, lake] = status.consumers.as_slice() else {
        panic!("{status:?}");
    };
    assert_eq!((hec.queued_records, lake.queued_records), (50, 0));
    assert_eq!(hec.oldest.unwrap().as_millis(), 1_000);
    assert_eq!(lake.oldest, None);
    assert!(status.used_bytes > 2_000 && status.last_error.is_none());
    let gauge = super::metrics::Consumer {
        consumer: "hec".to_owned(),
    };
    assert_eq!(queue.metrics().queued.get_or_create(&gauge).get(), 50);
}

#[test]
fn a_reader_waits_for_the_next_record_and_learns_of_the_end() {
    let bench = Bench::new(1);
    let queue = bench.open(&["lake"]).unwrap();
    let mut lake = queue.consumer("lake").unwrap();
    let reader = std::thread::spawn(move || {
        let first = lake.read(10, Duration::from_secs(60)).unwrap();
        let end = lake.read(10, Duration::from_secs(60));
        (first.len(), end)
    });
    queue.append_and_wait(batch([1])).unwrap();
    queue.close();
    let (first, end) = reader.join().unwrap();
    assert_eq!(first, 1);
    assert!(matches!(end, Err(QueueError::Closed)));
}
