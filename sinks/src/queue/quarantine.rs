//! What happens to damaged stretches of a segment: counted once, copied aside, passed over.

use std::io;
use std::path::PathBuf;

use magistrate_event::Record;

use super::QueueError;
use super::consumer::decode;
use super::reader::{SegmentReader, Step, Unreadable};
use super::segment::{HEADER_BYTES, Kind};
use super::shared::Shared;

/// How much is copied at a time.
const COPY_BYTES: u64 = 1 << 20;

/// What one walk over a segment found.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Each sound record's offset and fingerprint.
    pub(super) frames: Vec<(u64, u64)>,
    /// The stretches that hold no sound record.
    pub(super) gaps: Vec<Gap>,
    /// Offset after the last sound record.
    pub(super) sound_end: u64,
}

/// A stretch without a sound record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) start: u64,
    pub(super) end: u64,
}

/// How closely a survey looks at each record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Checksum and id.
    Ids,
    /// Whether the record can be read back, too.
    Records,
}

/// Walks over a segment up to `limit`.
///
/// # Errors
/// When the file cannot be read; damage is no error.
pub(super) fn survey(reader: &mut SegmentReader, limit: u64, depth: Depth) -> io::Result<Survey> {
    let mut found = Survey {
        sound_end: HEADER_BYTES,
        ..Survey::default()
    };
    let mut offset = HEADER_BYTES;
    loop {
        let end = match reader.step(offset, limit)? {
            Step::Frame { end } => {
                let payload = reader.payload(offset, end);
                match Record::peek(payload) {
                    Ok((uid, _)) if depth == Depth::Ids || decode(payload).is_some() => {
                        found.frames.push((offset, uid.fingerprint()));
                    }
                    Ok(_) | Err(_) => found.gaps.push(Gap { start: offset, end }),
                }
                found.sound_end = end;
                end
            }
            Step::Gap { end } => {
                found.gaps.push(Gap { start: offset, end });
                end
            }
            Step::End => return Ok(found),
        };
        offset = end;
    }
}

impl Shared {
    /// Counts and copies aside the damage of a segment, when it has not been done yet.
    ///
    /// How many records are lost is known from how many were written.
    pub(super) fn survey(&self, number: u64, offset: u64, limit: u64) {
        let known = self
            .index()
            .segment(number)
            .is_none_or(|segment| segment.damage.contains(&offset));
        if known {
            return;
        }
        match self.try_survey(number, limit) {
            Ok(found) => self.report(number, &found),
            Err(error) => {
                self.metrics.read_errors.inc();
                tracing::warn!(segment = number, %error, "cannot survey a damaged queue file");
            }
        }
    }

    /// Counts, logs and copies aside what a survey found damaged and was not known to be.
    pub(super) fn report(&self, number: u64, found: &Survey) {
        let mut index = self.index();
        let Some(segment) = index.segment_mut(number) else {
            return;
        };
        let fresh: Vec<Gap> = found
            .gaps
            .iter()
            .filter(|gap| segment.damage.insert(gap.start))
            .copied()
            .collect();
        let missing = segment.records.saturating_sub(found.frames.len() as u64);
        let lost = missing.max(found.gaps.len() as u64);
        let newly_lost = lost.saturating_sub(segment.lost);
        segment.lost = segment.lost.max(lost);
        drop(index);
        let bytes: u64 = fresh.iter().map(|gap| gap.end - gap.start).sum();
        self.metrics.corrupt_records.inc_by(newly_lost);
        self.metrics.corrupt_bytes.inc_by(bytes);
        tracing::error!(
            segment = number,
            records = newly_lost,
            bytes,
            "queue file is damaged; the damage is set aside and passed over"
        );
        for gap in fresh {
            self.copy_aside(number, gap);
        }
    }

    /// Counts a segment as lost that cannot even be opened.
    pub(super) fn lose(&self, number: u64) {
        let mut index = self.index();
        let Some(segment) = index.segment_mut(number) else {
            return;
        };
        let newly_lost = segment.records.saturating_sub(segment.lost);
        segment.lost = segment.records;
        drop(index);
        self.metrics.corrupt_records.inc_by(newly_lost);
        if newly_lost > 0 {
            tracing::error!(segment = number, records = newly_lost, "queue file is gone");
        }
    }

    /// Copies a damaged stretch to the quarantine, as long as there is room in it.
    pub(super) fn copy_aside(&self, number: u64, gap: Gap) {
        match self.try_copy_aside(number, gap) {
            Ok(copied) => {
                self.metrics.quarantined_bytes.inc_by(copied);
            }
            Err(error) => {
                tracing::warn!(segment = number, %error, "cannot copy damaged bytes aside");
            }
        }
    }

    /// Moves a segment that cannot be read at all to the quarantine.
    pub(super) fn move_aside(&self, number: u64) -> Result<(), QueueError> {
        let from = self.path(Kind::Log, number);
        let folder = self.quarantine();
        self.disk
            .create_folder(&folder)
            .and_then(|()| {
                let to = folder.join(Kind::Log.name(number));
                self.disk.rename(&from, &to)
            })
            .map_err(|error| QueueError::disk("set aside", &from, error))
    }

    fn try_survey(&self, number: u64, limit: u64) -> io::Result<Survey> {
        let file = self.disk.open(&self.path(Kind::Log, number))?;
        let mut reader = SegmentReader::new(file, Unreadable::Blank);
        survey(&mut reader, limit, Depth::Records)
    }

    fn try_copy_aside(&self, number: u64, gap: Gap) -> io::Result<u64> {
        let folder = self.quarantine();
        self.disk.create_folder(&folder)?;
        let used: u64 = self
            .disk
            .list(&folder)?
            .iter()
            .map(|file| file.len_bytes)
            .sum();
        let len = gap.end.saturating_sub(gap.start);
        if used.saturating_add(len) > self.config.quarantine_bytes.bytes() {
            tracing::warn!("quarantine is full; damaged bytes are counted but not copied");
            return Ok(0);
        }
        let from = self.disk.open(&self.path(Kind::Log, number))?;
        let to = self
            .disk
            .create(&folder.join(format!("{number:020}-{}.bin", gap.start)))?;
        let mut chunk = vec![0; usize::try_from(len.min(COPY_BYTES)).unwrap_or(0)];
        let mut copied = 0;
        while copied < len {
            let want = usize::try_from((len - copied).min(COPY_BYTES)).unwrap_or(0);
            let place = chunk.get_mut(..want).unwrap_or_default();
            let read = from.read_at(place, gap.start.saturating_add(copied))?;
            if read == 0 {
                break;
            }
            to.write_at(&[place.get(..read).unwrap_or_default()], copied)?;
            copied = copied.saturating_add(read as u64);
        }
        Ok(copied)
    }

    fn quarantine(&self) -> PathBuf {
        self.folder.join("quarantine")
    }
}
