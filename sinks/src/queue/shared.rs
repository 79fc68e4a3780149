//! What the writer, the consumers and the queue's handles have in common.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use magistrate_event::Clock;

use super::index::{Index, Readable};
use super::metrics::gauge;
use super::segment::Kind;
use super::sidecar::Sidecar;
use super::stalls::Stalls;
use super::waiting::Waiting;
use super::{Config, Metrics, QueueError};
use crate::disk::Disk;
use crate::{Position, State};

/// The largest file of ids that is read: those of a segment full of the smallest records.
const MAX_IDS_BYTES: usize = 1 << 30;
/// How much of a file of ids is read at a time.
const IDS_READ_BYTES: usize = 64 << 10;

/// One open queue.
pub(super) struct Shared {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) folder: PathBuf,
    pub(super) config: Config,
    pub(super) state: Arc<State>,
    pub(super) metrics: Metrics,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) waiting: Waiting,
    index: Mutex<Index>,
    /// Rings when records were synced, and when the queue was closed.
    news: Condvar,
    last_error: Mutex<Option<QueueError>>,
    pub(super) stalls: Stalls,
    /// Held while segments are deleted, so that they go in their order.
    pub(super) trimming: Mutex<()>,
}

/// The parts that a [`Shared`] is made of.
pub(super) struct Parts {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) folder: PathBuf,
    pub(super) config: Config,
    pub(super) state: Arc<State>,
    pub(super) metrics: Metrics,
    pub(super) clock: Arc<dyn Clock>,
}

impl Shared {
    pub(super) fn new(parts: Parts, index: Index) -> Self {
        Self {
            waiting: Waiting::new(parts.config.max_waiting_bytes.bytes()),
            disk: parts.disk,
            folder: parts.folder,
            config: parts.config,
            state: parts.state,
            metrics: parts.metrics,
            clock: parts.clock,
            index: Mutex::new(index),
            news: Condvar::new(),
            last_error: Mutex::new(None),
            stalls: Stalls::default(),
            trimming: Mutex::new(()),
        }
    }

    pub(super) fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn path(&self, kind: Kind, segment: u64) -> PathBuf {
        self.folder.join(kind.name(segment))
    }

    /// Tells the consumers that `segment` is synced up to `len` and holds `added` more records.
    pub(super) fn publish(&self, segment: u64, len: u64, added: u64) {
        let mut index = self.index();
        if let Some(segment) = index.segment_mut(segment) {
            segment.len = len;
            segment.records += added;
        }
        self.show_size(&index);
        drop(index);
        self.news.notify_all();
    }

    /// Waits until something can be read at `position`; `None` when the time is up.
    ///
    /// # Errors
    /// [`QueueError::Closed`] when the queue is closed and nothing is left.
    pub(super) fn wait_readable(
        &self,
        position: Position,
        wait: Duration,
    ) -> Result<Option<Readable>, QueueError> {
        let end = Instant::now().checked_add(wait);
        let mut index = self.index();
        loop {
            if let Some(readable) = index.readable(position) {
                return Ok(Some(readable));
            }
            if index.is_closed() {
                return Err(QueueError::Closed);
            }
            let left = end.map_or(wait, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Ok(None);
            }
            index = self
                .news
                .wait_timeout(index, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Wakes the consumers for the last time: no record will follow.
    pub(super) fn end(&self) {
        self.index().close();
        self.news.notify_all();
    }

    /// Deletes the ids that are past the horizon.
    pub(super) fn forget_old_ids(&self) {
        let since = self.clock.now().minus(self.config.dedup_age());
        let expired = self.index().take_expired(since, self.config.dedup_max_ids);
        for number in expired {
            self.delete(&self.path(Kind::Ids, number));
        }
    }

    /// Writes the ids of a closed segment. Without them the next start reads the segment.
    pub(super) fn write_ids(&self, ids: &Sidecar) {
        self.try_on("write", &self.path(Kind::Ids, ids.segment), |disk, path| {
            disk.create(path)?.write_at(&[&ids.encode()], 0)
        });
    }

    /// Reads the ids of a segment; `None` when their file is damaged.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn read_ids(&self, segment: u64) -> io::Result<Option<Sidecar>> {
        let file = self.disk.open(&self.path(Kind::Ids, segment))?;
        let mut bytes = Vec::new();
        while bytes.len() < MAX_IDS_BYTES {
            let filled = bytes.len();
            bytes.resize(filled + IDS_READ_BYTES, 0);
            let rest = bytes.get_mut(filled..).unwrap_or_default();
            let read = file.read_at(rest, filled as u64)?;
            bytes.truncate(filled + read);
            if read < IDS_READ_BYTES {
                break;
            }
        }
        Ok(Sidecar::decode(&bytes, segment))
    }

    pub(super) fn delete(&self, path: &Path) {
        self.try_on("delete", path, |disk, path| disk.delete(path));
    }

    /// What a failed write said last, until a write succeeds.
    pub(super) fn last_error(&self) -> MutexGuard<'_, Option<QueueError>> {
        self.last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something that may fail without harm: a failure is logged.
    pub(super) fn try_on(
        &self,
        action: &'static str,
        path: &Path,
        run: impl FnOnce(&dyn Disk, &Path) -> io::Result<()>,
    ) {
        if let Err(error) = run(self.disk.as_ref(), path) {
            let error = QueueError::disk(action, path, error);
            tracing::warn!(%error, "queue file left as it was");
        }
    }

    pub(super) fn show_size(&self, index: &Index) {
        self.metrics.bytes.set(gauge(index.bytes()));
        self.metrics.segments.set(gauge(index.segments() as u64));
    }
}
