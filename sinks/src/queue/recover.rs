//! What a start finds on disk and makes of it: the segments, the known ids, the cursors.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use magistrate_event::Timestamp;

use super::QueueError;
use super::index::{Retired, Segment};
use super::quarantine::{Depth, Gap, Survey, survey};
use super::reader::SegmentReader;
use super::segment::{HEADER_BYTES, Header, Kind, read_header};
use super::shared::Shared;
use super::sidecar::Sidecar;
use crate::dedup::Dedup;
use crate::disk::DiskFile;
use crate::{Position, State};

/// The largest file of ids that is read: those of a segment full of the smallest records.
const MAX_IDS_BYTES: u64 = 1 << 30;

/// The cursors of `consumers`; those of others are dropped, so that they hold nothing back.
pub(super) fn cursors(
    state: &State,
    consumers: &[String],
) -> Result<BTreeMap<String, Position>, QueueError> {
    for (name, position) in state.cursors()? {
        if !consumers.contains(&name) {
            tracing::warn!(
                consumer = name,
                %position,
                "consumer is no longer configured; its place in the queue is forgotten"
            );
            state.remove_cursor(&name)?;
        }
    }
    let mut cursors = BTreeMap::new();
    for name in consumers {
        let cursor = state.cursor(name)?.unwrap_or_default();
        cursors.insert(name.clone(), cursor);
    }
    Ok(cursors)
}

/// Reads the queue's folder: fills the index, and returns the known ids.
pub(super) fn recover(shared: &Shared) -> Result<Dedup, QueueError> {
    let now = shared.clock.now();
    let config = &shared.config;
    let mut dedup = Dedup::new(config.dedup_max_ids / 2, config.dedup_age(), now);
    let files = list(shared)?;
    for (number, found) in &files {
        dedup.rotate(now);
        shared.index().keep_number(*number);
        let ids = found.ids.and_then(|len| read_ids(shared, *number, len));
        match (found.log, ids) {
            (Some(len), ids) => recover_segment(shared, *number, len, ids, &mut dedup)?,
            (None, Some(ids)) => recover_ids(shared, &ids, &mut dedup),
            (None, None) => shared.delete(&shared.path(Kind::Ids, *number)),
        }
    }
    shared.trim();
    shared.forget_old_ids();
    Ok(dedup)
}

/// The sizes of the files of one segment.
#[derive(Debug, Default)]
struct Files {
    log: Option<u64>,
    ids: Option<u64>,
}

fn list(shared: &Shared) -> Result<BTreeMap<u64, Files>, QueueError> {
    let folder = &shared.folder;
    let listed = shared
        .disk
        .list(folder)
        .map_err(|error| QueueError::disk("list", folder, error))?;
    let mut files: BTreeMap<u64, Files> = BTreeMap::new();
    for file in listed {
        match Kind::parse(&file.name) {
            Some((number, Kind::Log)) => {
                files.entry(number).or_default().log = Some(file.len_bytes);
            }
            Some((number, Kind::Ids)) => {
                files.entry(number).or_default().ids = Some(file.len_bytes);
            }
            None => {}
        }
    }
    Ok(files)
}

fn read_ids(shared: &Shared, number: u64, len: u64) -> Option<Sidecar> {
    let path = shared.path(Kind::Ids, number);
    let read = || {
        let file = shared.disk.open(&path)?;
        let mut bytes = vec![0; usize::try_from(len.min(MAX_IDS_BYTES)).unwrap_or(0)];
        let read = file.read_at(&mut bytes, 0)?;
        bytes.truncate(read);
        Ok::<_, std::io::Error>(bytes)
    };
    let ids = read()
        .ok()
        .and_then(|bytes| Sidecar::decode(&bytes, number));
    if ids.is_none() {
        tracing::warn!(segment = number, "file of ids is damaged; it is made anew");
    }
    ids
}

fn recover_ids(shared: &Shared, ids: &Sidecar, dedup: &mut Dedup) {
    for fingerprint in &ids.fingerprints {
        dedup.insert(*fingerprint);
    }
    let retired = Retired {
        sealed: ids.sealed,
        records: ids.fingerprints.len() as u64,
    };
    shared.index().add_retired(ids.segment, retired);
}

fn recover_segment(
    shared: &Shared,
    number: u64,
    len: u64,
    ids: Option<Sidecar>,
    dedup: &mut Dedup,
) -> Result<(), QueueError> {
    let path = shared.path(Kind::Log, number);
    let failed = |error| QueueError::disk("read", &path, error);
    let file = shared.disk.open(&path).map_err(failed)?;
    let mut first = vec![0; HEADER_BYTES as usize];
    let read = file.read_at(&mut first, 0).map_err(failed)?;
    first.truncate(read);
    if let Header::Newer(version) = read_header(&first, number) {
        tracing::error!(
            segment = number,
            version,
            "a newer magistrate wrote this queue file"
        );
        return shared.move_aside(number);
    }
    match ids {
        Some(ids) if ids.log_bytes <= len => {
            let doubled = doubled(&ids.fingerprints, dedup);
            let offsets = if doubled.is_empty() {
                BTreeSet::new()
            } else {
                let mut reader = SegmentReader::new(file);
                let found = survey(&mut reader, ids.log_bytes, Depth::Ids).map_err(failed)?;
                offsets(&found, &doubled)
            };
            adopt(shared, &ids, offsets, dedup);
            Ok(())
        }
        ids => rebuild(shared, number, len, file, ids, dedup),
    }
}

/// Reads a segment whose ids are not known: the one that grew when the process ended.
fn rebuild(
    shared: &Shared,
    number: u64,
    len: u64,
    file: Arc<dyn DiskFile>,
    ids: Option<Sidecar>,
    dedup: &mut Dedup,
) -> Result<(), QueueError> {
    let path = shared.path(Kind::Log, number);
    // What a killed process had written may not be on disk yet; it counts as stored from here on.
    file.sync()
        .map_err(|error| QueueError::disk("sync", &path, error))?;
    let mut reader = SegmentReader::new(Arc::clone(&file));
    let mut found = survey(&mut reader, len, Depth::Ids)
        .map_err(|error| QueueError::disk("read", &path, error))?;
    if found.frames.is_empty() && ids.is_none() {
        return drop_empty(shared, number, len);
    }
    cut_tail(shared, number, &file, &mut found);
    let fingerprints: Vec<u64> = found.frames.iter().map(|(_, id)| *id).collect();
    let doubled = doubled(&fingerprints, dedup);
    let rebuilt = Sidecar {
        segment: number,
        log_bytes: found.sound_end,
        sealed: shared.clock.now(),
        fingerprints,
    };
    adopt(shared, &rebuilt, offsets(&found, &doubled), dedup);
    let written = ids.map_or(0, |ids| ids.fingerprints.len() as u64);
    if let Some(segment) = shared.index().segment_mut(number) {
        segment.records = segment.records.max(written);
    }
    if !found.gaps.is_empty() || written > rebuilt.fingerprints.len() as u64 {
        shared.report(number, &found);
    }
    shared.write_ids(&rebuilt);
    Ok(())
}

/// A segment without any record: deleted when it is only a beginning, else set aside.
fn drop_empty(shared: &Shared, number: u64, len: u64) -> Result<(), QueueError> {
    if len <= HEADER_BYTES {
        shared.delete(&shared.path(Kind::Log, number));
        return Ok(());
    }
    tracing::error!(
        segment = number,
        bytes = len,
        "queue file holds no record; set aside"
    );
    shared.metrics.corrupt_bytes.inc_by(len);
    shared.move_aside(number)
}

/// Cuts off what follows the last sound record: a write that the end of the process tore.
fn cut_tail(shared: &Shared, number: u64, file: &Arc<dyn DiskFile>, found: &mut Survey) {
    let end = found.sound_end;
    let Some(tail) = found.gaps.pop_if(|gap: &mut Gap| gap.start >= end) else {
        return;
    };
    let bytes = tail.end - tail.start;
    tracing::warn!(
        segment = number,
        bytes,
        "cut an unfinished write off the queue"
    );
    shared.metrics.torn_bytes.inc_by(bytes);
    shared.copy_aside(number, tail);
    if let Err(error) = file.truncate(end) {
        tracing::warn!(segment = number, %error, "cannot cut off an unfinished write");
    }
}

fn adopt(shared: &Shared, ids: &Sidecar, doubled: BTreeSet<u64>, dedup: &mut Dedup) {
    for fingerprint in &ids.fingerprints {
        dedup.insert(*fingerprint);
    }
    let segment = Segment {
        len: ids.log_bytes,
        records: ids.fingerprints.len() as u64,
        sealed: Some(ids.sealed),
        doubled: Arc::new(doubled),
        ..Segment::default()
    };
    shared.index().add(ids.segment, segment);
}

/// The ids that an earlier segment holds too: a write that failed, yet reached the disk, and was
/// sent again.
fn doubled(fingerprints: &[u64], dedup: &Dedup) -> HashSet<u64> {
    fingerprints
        .iter()
        .copied()
        .filter(|fingerprint| dedup.contains(*fingerprint))
        .collect()
}

fn offsets(found: &Survey, doubled: &HashSet<u64>) -> BTreeSet<u64> {
    found
        .frames
        .iter()
        .filter(|(_, fingerprint)| doubled.contains(fingerprint))
        .map(|(offset, _)| *offset)
        .collect()
}

/// The time that status shows for a record: that of its receipt.
pub(super) fn received_at(shared: &Shared, position: Position) -> Option<Timestamp> {
    let readable = shared.index().readable(position)?;
    let path = shared.path(Kind::Log, readable.start.segment);
    let mut bytes = [0; 64];
    let file = shared.disk.open(&path).ok()?;
    let payload_at = readable.start.offset + super::frame::HEAD_BYTES as u64;
    let read = file.read_at(&mut bytes, payload_at).ok()?;
    let (_, received) = magistrate_event::Record::peek(bytes.get(..read)?).ok()?;
    Some(received)
}
