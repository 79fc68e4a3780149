//! Deletes the segments that every consumer has passed, so that a power cut at any moment leaves
//! either the segment or its ids, and never a later one without the one before.

use std::io;
use std::sync::PoisonError;

use super::quarantine::{Depth, survey};
use super::reader::{SegmentReader, Unreadable};
use super::segment::Kind;
use super::shared::Shared;
use super::sidecar::Sidecar;

impl Shared {
    /// Deletes what every consumer has passed. What cannot be deleted safely now waits for the
    /// next time.
    pub(super) fn trim(&self) {
        let turn = self.trimming.lock();
        let turn = turn.unwrap_or_else(PoisonError::into_inner);
        while let Some(number) = self.passed() {
            if let Err(error) = self.drop_segment(number) {
                tracing::warn!(segment = number, %error, "cannot delete a queue file yet");
                break;
            }
            let mut index = self.index();
            index.retire(number);
            self.show_size(&index);
        }
        drop(turn);
    }

    fn passed(&self) -> Option<u64> {
        self.index().passed()
    }

    fn drop_segment(&self, number: u64) -> io::Result<()> {
        match self.secure_ids(number) {
            Err(error) if is_full(&error) => return self.trade_for_ids(number),
            outcome => outcome?,
        }
        self.delete_log(number)?;
        // A segment tells where the one before it ends, so it must not go first.
        self.disk.sync_folder(&self.folder)
    }

    /// On a full disk: the segment makes the room that its ids lack. Both names are synced at once, so
    /// that it takes a power cut in between to lose the ids; then what was never acknowledged, and is
    /// sent again, is stored twice.
    fn trade_for_ids(&self, number: u64) -> io::Result<()> {
        let Some(ids) = self.ids_unless_gone(number)? else {
            return Ok(());
        };
        self.delete_log(number)?;
        if let Err(error) = self.create_ids(&ids) {
            tracing::warn!(segment = number, %error, "no room for the ids of a queue file");
        }
        self.disk.sync_folder(&self.folder)
    }

    fn delete_log(&self, number: u64) -> io::Result<()> {
        match self.disk.delete(&self.path(Kind::Log, number)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            outcome => outcome,
        }
    }

    /// Makes the ids of a segment survive a power cut.
    fn secure_ids(&self, number: u64) -> io::Result<()> {
        if !self.sync_ids(number) {
            let Some(ids) = self.ids_unless_gone(number)? else {
                return Ok(());
            };
            self.create_ids(&ids)?;
        }
        self.disk.sync_folder(&self.folder)
    }

    /// Writes ids anew: after a failed write or sync only a new file can be trusted.
    fn create_ids(&self, ids: &Sidecar) -> io::Result<()> {
        let path = self.path(Kind::Ids, ids.segment);
        self.delete(&path);
        let file = self.disk.create(&path)?;
        let written = file
            .write_at(&[&ids.encode()], 0)
            .and_then(|()| file.sync());
        if written.is_err() {
            self.delete(&path);
        }
        written
    }

    /// The ids of a segment; none where it is gone already, and its ids were secured before it went.
    fn ids_unless_gone(&self, number: u64) -> io::Result<Option<Sidecar>> {
        match self.ids_of(number) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    /// Whether the file of ids is whole and on disk: writing it may have failed half done.
    fn sync_ids(&self, number: u64) -> bool {
        let opened = self.disk.open(&self.path(Kind::Ids, number));
        let synced = opened.and_then(|file| file.sync());
        synced.is_ok() && matches!(self.read_ids(number), Ok(Some(_)))
    }

    /// Reads the ids out of a segment.
    fn ids_of(&self, number: u64) -> io::Result<Sidecar> {
        let (limit, sealed) = self
            .index()
            .segment(number)
            .map_or((0, None), |segment| (segment.len, segment.sealed));
        let file = self.disk.open(&self.path(Kind::Log, number))?;
        let mut reader = SegmentReader::new(file, Unreadable::Blank);
        let found = survey(&mut reader, limit, Depth::Ids)?;
        Ok(Sidecar {
            segment: number,
            log_bytes: limit,
            sealed: sealed.unwrap_or_default(),
            fingerprints: found.frames.iter().map(|(_, id)| *id).collect(),
        })
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}
