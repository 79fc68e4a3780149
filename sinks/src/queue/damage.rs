//! Tests that damaged files cost what they must and no more, and stop nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use super::segment::{HEADER_BYTES, Kind};
use super::testing::{Bench, batch, drain, folder};
use crate::disk::Disk;

/// A closed queue of several segments that holds 0..200, all unread.
fn filled() -> Bench {
    let bench = Bench::new(3);
    let queue = bench.open(&["lake"]).unwrap();
    for start in (0..200).step_by(5) {
        queue.append_and_wait(batch(start..start + 5)).unwrap();
    }
    bench
}

/// The same with the newest segment as a killed process leaves it.
fn killed() -> Bench {
    let bench = filled();
    let ids = last(&bench, Kind::Ids);
    bench.disk.delete(&folder().join(ids)).unwrap();
    bench
}

fn last(bench: &Bench, kind: Kind) -> String {
    let names = bench.disk.list(&folder()).unwrap().into_iter();
    let mut names = names.map(|file| file.name);
    names
        .rfind(|name| Kind::parse(name).is_some_and(|(_, found)| found == kind))
        .unwrap()
}

fn with_disk_of(bench: &Bench, seed: u64) -> Bench {
    let mut copy = Bench::new(seed);
    copy.disk = bench.disk.copy(seed);
    copy
}

/// Flips one byte, starts, reads everything; returns what is missing and what was reported.
fn flip(bench: &Bench, name: &str, offset: usize, mask: u8) -> (usize, u64, u64) {
    let bench = with_disk_of(bench, 1);
    bench.disk.flip(&folder().join(name), offset, mask);
    let queue = bench.open(&["lake"]).unwrap();
    let read = drain(&mut queue.consumer("lake").unwrap());
    let distinct: BTreeSet<u64> = read.iter().copied().collect();
    assert_eq!(read.len(), distinct.len(), "{name} at {offset}");
    assert!(distinct.iter().all(|number| *number < 200));
    queue.append_and_wait(batch([1_000])).unwrap();
    let metrics = queue.metrics();
    let told = metrics.corrupt_records.get();
    let torn = metrics.torn_bytes.get();
    let quarantined = metrics.quarantined_bytes.get();
    let moved = bench.disk.list(&folder().join("quarantine")).unwrap();
    assert_eq!(told + torn > 0, !moved.is_empty(), "{name} at {offset}");
    assert_eq!(told + torn > 0, quarantined > 0, "{name} at {offset}");
    (200 - distinct.len(), told, torn)
}

#[test]
fn one_flipped_byte_anywhere_costs_one_record_at_most_and_is_reported() {
    let bench = filled();
    let mut lost_in_all = 0;
    for sample in 0..500_u64 {
        let files = bench.disk.list(&folder()).unwrap();
        let file = &files[bench.disk.below(files.len() as u64) as usize];
        let offset = bench.disk.below(file.len_bytes) as usize;
        let mask = 1 << (sample % 8);
        let (lost, told, torn) = flip(&bench, &file.name, offset, mask);
        assert_eq!(lost as u64, told, "{} at {offset}", file.name);
        let in_records = file.name.ends_with("log") && offset >= HEADER_BYTES as usize;
        assert_eq!(lost, usize::from(in_records), "{} at {offset}", file.name);
        assert_eq!(torn, 0);
        lost_in_all += lost;
    }
    assert!(lost_in_all > 100);
}

#[test]
fn in_the_segment_that_grew_the_last_record_counts_as_torn() {
    let bench = killed();
    let name = last(&bench, Kind::Log);
    let len = bench.disk.content(&folder().join(&name)).len();
    for offset in 0..len {
        let (lost, told, torn) = flip(&bench, &name, offset, 0x20);
        let in_records = offset >= HEADER_BYTES as usize;
        assert_eq!(lost, usize::from(in_records), "at {offset}");
        assert_eq!(told + u64::from(torn > 0), lost as u64, "at {offset}");
    }
}

#[test]
fn damage_is_counted_once_for_all_readers() {
    let bench = filled();
    let path = folder().join(Kind::Log.name(1));
    for offset in [100, 700, 710, 900] {
        bench.disk.flip(&path, offset, 1);
    }
    let queue = bench.open(&["lake", "hec"]).unwrap();
    let lake = drain(&mut queue.consumer("lake").unwrap());
    let hec = drain(&mut queue.consumer("hec").unwrap());
    let again = drain(&mut queue.consumer("hec").unwrap());
    assert_eq!((&lake, &lake), (&hec, &again));
    let lost = 200 - lake.len() as u64;
    assert!((3..=4).contains(&lost));
    assert_eq!(queue.metrics().corrupt_records.get(), lost);
}

#[test]
fn a_cut_file_and_a_missing_file_cost_their_records() {
    let bench = filled();
    let path = folder().join(Kind::Log.name(2));
    bench.disk.open(&path).unwrap().truncate(500).unwrap();
    let queue = bench.open(&["lake"]).unwrap();
    let mut lake = queue.consumer("lake").unwrap();
    bench
        .disk
        .delete(&folder().join(Kind::Log.name(3)))
        .unwrap();
    let mut read = 0;
    for _ in 0..40 {
        bench.clock.advance(Duration::from_secs(30));
        read += lake
            .read(50, Duration::ZERO)
            .map_or(0, |entries| entries.len());
    }
    assert!((100..180).contains(&read), "{read}");
    assert_eq!(queue.metrics().corrupt_records.get(), 200 - read as u64);
    assert_eq!(queue.status().consumers[0].name, "lake");
    assert!(lake.position().segment > 3);
}

#[test]
fn a_file_of_garbage_is_set_aside() {
    let bench = filled();
    let path = folder().join(Kind::Log.name(77));
    let file = bench.disk.create(&path).unwrap();
    file.write_at(&[&[0xab; 5_000]], 0).unwrap();
    let queue = bench.open(&["lake"]).unwrap();
    let read = drain(&mut queue.consumer("lake").unwrap());
    assert_eq!(read, (0..200).collect::<Vec<_>>());
    let aside = bench.disk.list(&folder().join("quarantine")).unwrap();
    assert_eq!(aside[0].name, Kind::Log.name(77));
    let metrics = queue.metrics();
    assert_eq!(metrics.corrupt_records.get(), 1);
    assert_eq!(metrics.corrupt_bytes.get(), 5_000);
    assert_eq!(metrics.quarantined_bytes.get(), 5_000);
    assert_eq!(queue.append_and_wait(batch([300])).unwrap().accepted, 1);
    assert_eq!(queue.append_and_wait(batch([199])).unwrap().duplicate, 1);
}

#[test]
fn a_growing_segment_that_is_destroyed_counts_as_damage_and_one_that_was_begun_as_torn() {
    for (damaged_from, is_torn) in [(0, false), (HEADER_BYTES, false), (HEADER_BYTES + 8, true)] {
        let bench = killed();
        let path = folder().join(last(&bench, Kind::Log));
        let len = bench.disk.content(&path).len() as u64;
        let noise = vec![0xd5; usize::try_from(len - damaged_from).unwrap()];
        let file = bench.disk.open(&path).unwrap();
        file.write_at(&[&noise], damaged_from).unwrap();
        let queue = bench.open(&["lake"]).unwrap();
        let metrics = queue.metrics();
        let (torn, corrupt) = (metrics.torn_bytes.get(), metrics.corrupt_bytes.get());
        let expected = if is_torn { (len, 0) } else { (0, len) };
        assert_eq!((torn, corrupt), expected, "from {damaged_from}");
        assert_eq!(metrics.corrupt_records.get(), u64::from(!is_torn));
        assert_eq!(metrics.quarantined_bytes.get(), len);
        assert!(drain(&mut queue.consumer("lake").unwrap()).len() < 200);
    }
}

#[test]
fn the_quarantine_stays_within_its_limit() {
    let mut bench = filled();
    bench.config.quarantine_bytes = super::ByteSize::from_bytes(100);
    for segment in 1..5 {
        bench
            .disk
            .flip(&folder().join(Kind::Log.name(segment)), 100, 1);
    }
    let queue = bench.open(&["lake"]).unwrap();
    let read = drain(&mut queue.consumer("lake").unwrap());
    assert_eq!(read.len(), 196);
    let metrics = queue.metrics();
    assert_eq!(metrics.corrupt_records.get(), 4);
    assert!(metrics.corrupt_bytes.get() > metrics.quarantined_bytes.get());
    assert!(metrics.quarantined_bytes.get() <= 100);
}
