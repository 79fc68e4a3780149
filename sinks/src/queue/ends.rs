//! Where each segment of a folder ends, as far as the headers of the others say.

use std::collections::BTreeMap;
use std::path::Path;

use super::QueueError;
use super::segment::{HEADER_BYTES, Header, Kind, read_header};
use crate::Position;
use crate::disk::Disk;

/// What is known of a segment's end without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing: it is the newest, or its successor's beginning is damaged.
    Unknown,
    /// Its successor says where it was when that was begun.
    At(u64),
    /// It was given up before it held anything that was acknowledged.
    Void,
    /// A program that knows this later layout wrote it.
    Newer(u32),
}

/// The ends of the segments with these numbers, which ascend: each one's header says where the one
/// before it ends.
pub(super) fn ends(
    disk: &dyn Disk,
    folder: &Path,
    numbers: impl DoubleEndedIterator<Item = u64>,
) -> Result<BTreeMap<u64, End>, QueueError> {
    let mut ends = BTreeMap::new();
    let mut claim: Option<Position> = None;
    for number in numbers.rev() {
        let mut end = match claim {
            Some(previous) if number > previous.segment => End::Void,
            Some(previous) if number == previous.segment => End::At(previous.offset),
            Some(_) | None => End::Unknown,
        };
        if end != End::Void {
            claim = match header_of(disk, folder, number)? {
                Header::Good { previous } => Some(previous),
                Header::Damaged => None,
                Header::Newer(version) => {
                    end = End::Newer(version);
                    None
                }
            };
        }
        ends.insert(number, end);
    }
    Ok(ends)
}

fn header_of(disk: &dyn Disk, folder: &Path, number: u64) -> Result<Header, QueueError> {
    let path = folder.join(Kind::Log.name(number));
    let mut bytes = [0; HEADER_BYTES as usize];
    let read = disk
        .open(&path)
        .and_then(|file| file.read_at(&mut bytes, 0))
        .map_err(|error| QueueError::disk("read", &path, error))?;
    Ok(read_header(bytes.get(..read).unwrap_or_default(), number))
}
