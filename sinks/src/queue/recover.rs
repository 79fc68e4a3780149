//! What a start finds on disk and makes of it: the segments, the known ids, the cursors.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use magistrate_event::Timestamp;

use super::QueueError;
use super::ends::{End, ends};
use super::frame::{HEAD_BYTES, Head};
use super::index::{Retired, Segment};
use super::quarantine::{Depth, Gap, Survey, survey};
use super::reader::{SegmentReader, Unreadable};
use super::segment::{HEADER_BYTES, Header, Kind, read_header};
use super::shared::Shared;
use super::sidecar::Sidecar;
use crate::dedup::Dedup;
use crate::disk::DiskFile;
use crate::{Position, State};

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
    let logs = files.iter().filter(|(_, found)| found.log.is_some());
    let ends = ends(
        shared.disk.as_ref(),
        &shared.folder,
        logs.map(|(number, _)| *number),
    )?;
    for (number, found) in &files {
        dedup.rotate(now);
        shared.index().keep_number(*number);
        let ids = found.has_ids.then(|| read_ids(shared, *number)).flatten();
        match (found.log, ids) {
            (Some(len), ids) => {
                let end = ends.get(number).copied().unwrap_or(End::Unknown);
                recover_segment(shared, (*number, len, end), ids, &mut dedup)?;
            }
            (None, Some(ids)) if ids.sealed >= now.minus(config.dedup_age()) => {
                recover_ids(shared, &ids, &mut dedup);
            }
            (None, Some(_) | None) => shared.delete(&shared.path(Kind::Ids, *number)),
        }
    }
    shared.trim();
    shared.forget_old_ids();
    Ok(dedup)
}

/// The files of one segment.
#[derive(Debug, Default)]
struct Files {
    /// The size of its log.
    log: Option<u64>,
    has_ids: bool,
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
                files.entry(number).or_default().has_ids = true;
            }
            None => {}
        }
    }
    Ok(files)
}

fn read_ids(shared: &Shared, number: u64) -> Option<Sidecar> {
    let ids = shared.read_ids(number).ok().flatten();
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
    (number, len, end): (u64, u64, End),
    ids: Option<Sidecar>,
    dedup: &mut Dedup,
) -> Result<(), QueueError> {
    let end = match end {
        End::Newer(version) => {
            tracing::error!(
                segment = number,
                version,
                "a newer magistrate wrote this queue file; it is set aside"
            );
            return shared.move_aside(number);
        }
        End::Void => {
            shared.delete(&shared.path(Kind::Log, number));
            return Ok(());
        }
        End::At(end) => Some(end),
        End::Unknown => None,
    };
    match ids {
        Some(ids) if ids.log_bytes == end.unwrap_or(ids.log_bytes) && ids.log_bytes <= len => {
            adopt(shared, &ids, dedup);
            Ok(())
        }
        ids => rebuild(shared, number, len, end, ids, dedup),
    }
}

/// Reads a segment whose ids are not known: most often the one that grew when the process ended.
fn rebuild(
    shared: &Shared,
    number: u64,
    len: u64,
    end: Option<u64>,
    ids: Option<Sidecar>,
    dedup: &mut Dedup,
) -> Result<(), QueueError> {
    let path = shared.path(Kind::Log, number);
    let (file, mut found) = read_through(shared, number, end.unwrap_or(len))
        .map_err(|error| QueueError::disk("read", &path, error))?;
    let written = ids.map_or(0, |ids| ids.fingerprints.len() as u64);
    if end.is_none() && written == 0 {
        if found.frames.is_empty() {
            return drop_empty(shared, number, len, file.as_ref());
        }
        cut_tail(shared, number, file.as_ref(), &mut found);
    }
    let rebuilt = Sidecar {
        segment: number,
        log_bytes: end.unwrap_or(found.sound_end),
        sealed: shared.clock.now(),
        fingerprints: found.frames.iter().map(|(_, id)| *id).collect(),
    };
    adopt(shared, &rebuilt, dedup);
    if let Some(segment) = shared.index().segment_mut(number) {
        segment.records = segment.records.max(written);
    }
    if !found.gaps.is_empty() || written > rebuilt.fingerprints.len() as u64 {
        shared.report(number, &found);
    }
    shared.write_ids(&rebuilt);
    Ok(())
}

/// Surveys a segment, and makes sure that what was found is on disk: a killed process may have
/// left writes that it had not synced, and they count as stored from here on.
fn read_through(
    shared: &Shared,
    number: u64,
    limit: u64,
) -> io::Result<(Arc<dyn DiskFile>, Survey)> {
    let file = shared.disk.open(&shared.path(Kind::Log, number))?;
    file.sync()?;
    let mut reader = SegmentReader::new(Arc::clone(&file), Unreadable::Blank);
    let found = survey(&mut reader, limit, Depth::Ids)?;
    Ok((file, found))
}

/// A segment without any record: deleted when it is only a beginning, else set aside.
fn drop_empty(
    shared: &Shared,
    number: u64,
    len: u64,
    file: &dyn DiskFile,
) -> Result<(), QueueError> {
    if len <= HEADER_BYTES {
        shared.delete(&shared.path(Kind::Log, number));
        return Ok(());
    }
    if is_begun(file, number) {
        tracing::warn!(
            segment = number,
            bytes = len,
            "queue file holds no whole record; set aside"
        );
        shared.metrics.torn_bytes.inc_by(len);
    } else {
        tracing::error!(
            segment = number,
            bytes = len,
            "queue file is damaged from its first record to its end; set aside"
        );
        // How many they were is not known: one at least.
        shared.metrics.corrupt_records.inc();
        shared.metrics.corrupt_bytes.inc_by(len);
    }
    shared.move_aside(number)?;
    shared.metrics.quarantined_bytes.inc_by(len);
    Ok(())
}

/// Whether a segment begins as it should, up to its first record, as after a write that the end of the
/// process tore.
fn is_begun(file: &dyn DiskFile, number: u64) -> bool {
    let mut bytes = [0; HEADER_BYTES as usize + HEAD_BYTES];
    let Ok(read) = file.read_at(&mut bytes, 0) else {
        return false;
    };
    let (header, rest) = bytes.split_at(HEADER_BYTES as usize);
    let is_good = matches!(read_header(header, number), Header::Good { .. });
    let is_short = read < bytes.len();
    is_good && (is_short || Head::parse(rest).is_some())
}

/// Cuts off what follows the last sound record: a write that the end of the process tore.
fn cut_tail(shared: &Shared, number: u64, file: &dyn DiskFile, found: &mut Survey) {
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

fn adopt(shared: &Shared, ids: &Sidecar, dedup: &mut Dedup) {
    for fingerprint in &ids.fingerprints {
        dedup.insert(*fingerprint);
    }
    let segment = Segment {
        len: ids.log_bytes,
        records: ids.fingerprints.len() as u64,
        ..Segment::default()
    };
    let mut index = shared.index();
    index.add(ids.segment, segment);
    index.seal(ids.segment, ids.sealed);
}

/// The time that status shows for a record: that of its receipt.
pub(super) fn received_at(shared: &Shared, position: Position) -> Option<Timestamp> {
    let readable = shared.index().readable(position)?;
    let path = shared.path(Kind::Log, readable.start.segment);
    let mut bytes = [0; 64];
    let file = shared.disk.open(&path).ok()?;
    let payload_at = readable.start.offset + HEAD_BYTES as u64;
    let read = file.read_at(&mut bytes, payload_at).ok()?;
    let (_, received) = magistrate_event::Record::peek(bytes.get(..read)?).ok()?;
    Some(received)
}
