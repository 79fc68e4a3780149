//! Reads what lies after a place in a queue that nobody writes, and changes nothing of it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use magistrate_event::Record;

use super::consumer::decode;
use super::ends::{End, ends};
use super::reader::{SegmentReader, Step, Unreadable};
use super::segment::{HEADER_BYTES, Kind};
use super::{FolderLock, QueueError};
use crate::Position;
use crate::disk::{Disk, RealDisk};

/// Hands out the records after `from` in the queue of the locked folder, in their order, until
/// `take` breaks. Damage is passed over.
///
/// # Errors
/// When the folder or a segment cannot be read.
pub fn read_rest(
    lock: &FolderLock,
    from: Position,
    take: impl FnMut(Record) -> ControlFlow<()>,
) -> Result<(), QueueError> {
    let folder = lock.folder().join("queue");
    if !folder.is_dir() {
        return Ok(());
    }
    read_on(&RealDisk, &folder, from, take)
}

fn read_on(
    disk: &dyn Disk,
    folder: &Path,
    from: Position,
    mut take: impl FnMut(Record) -> ControlFlow<()>,
) -> Result<(), QueueError> {
    for (number, end) in segments(disk, folder)?.range(from.segment..) {
        let path = folder.join(Kind::Log.name(*number));
        let failed = |error| QueueError::disk("read", &path, error);
        let file = disk.open(&path).map_err(failed)?;
        let mut reader = SegmentReader::new(file, Unreadable::Blank);
        let mut offset = HEADER_BYTES;
        if *number == from.segment {
            offset = offset.max(from.offset);
        }
        loop {
            match reader.step(offset, *end).map_err(failed)? {
                Step::End => break,
                Step::Gap { end } => offset = end,
                Step::Frame { end } => {
                    let record = decode(reader.payload(offset, end));
                    offset = end;
                    if record.map(&mut take).is_some_and(|flow| flow.is_break()) {
                        return Ok(());
                    }
                }
            }
        }
    }
    Ok(())
}

/// Where each segment ends: its successor says so, since what lies behind that was never
/// acknowledged; the newest ends with its file. Those that were given up are left out.
fn segments(disk: &dyn Disk, folder: &Path) -> Result<BTreeMap<u64, u64>, QueueError> {
    let listed = disk.list(folder);
    let listed = listed.map_err(|error| QueueError::disk("list", folder, error))?;
    let mut files = BTreeMap::new();
    for file in listed {
        if let Some((number, Kind::Log)) = Kind::parse(&file.name) {
            files.insert(number, file.len_bytes);
        }
    }
    let ends = ends(disk, folder, files.keys().copied())?;
    let known = files.into_iter().filter_map(|(number, len)| {
        let end = match ends.get(&number)? {
            End::At(end) => len.min(*end),
            End::Unknown => len,
            // Given up, or written by a newer program, which cannot be read.
            End::Void | End::Newer(_) => return None,
        };
        Some((number, end))
    });
    Ok(known.collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::testing::{Bench, batch, folder, number};
    use super::*;

    fn rest(bench: &Bench, from: Position, most: usize) -> Vec<u64> {
        let mut numbers = Vec::new();
        read_on(&bench.disk, &folder(), from, |record| {
            numbers.push(number(&record));
            if numbers.len() < most {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })
        .unwrap();
        numbers
    }

    #[test]
    fn what_lies_after_a_cursor_is_read_over_several_segments() {
        let bench = Bench::new(1);
        let queue = bench.open(&["lake"]).unwrap();
        for start in (0..100).step_by(10) {
            queue.append_and_wait(batch(start..start + 10)).unwrap();
        }
        let mut lake = queue.consumer("lake").unwrap();
        let read = lake.read(30, Duration::ZERO).unwrap();
        let cursor = read[24].end;
        drop((queue, lake));
        let all = 0..100;
        let expected: Vec<u64> = all.clone().collect();
        assert_eq!(rest(&bench, Position::default(), 1_000), expected);
        let expected: Vec<u64> = (25..100).collect();
        assert_eq!(rest(&bench, cursor, 1_000), expected);
        assert_eq!(rest(&bench, cursor, 2), [25, 26]);
        let far = Position {
            segment: 99,
            offset: 0,
        };
        assert_eq!(rest(&bench, far, 9), [0; 0]);
    }

    #[test]
    fn damage_hides_no_other_record() {
        let bench = Bench::new(2);
        let queue = bench.open(&["lake"]).unwrap();
        queue.append_and_wait(batch(0..10)).unwrap();
        drop(queue);
        let path = folder().join(Kind::Log.name(1));
        let file = bench.disk.open(&path).unwrap();
        // In the first record's payload.
        file.write_at(&[&[0xff; 4]], HEADER_BYTES + 40).unwrap();
        let expected: Vec<u64> = (1..10).collect();
        assert_eq!(rest(&bench, Position::default(), 99), expected);
    }
}
