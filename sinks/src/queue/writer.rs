//! The one thread that writes: many batches, one write, one sync, then the answers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::group::Group;
use super::index::Segment;
use super::keeper::Keeper;
use super::metrics::{Reason, gauge};
use super::segment::{HEADER_BYTES, Kind, header};
use super::shared::Shared;
use super::sidecar::Sidecar;
use super::waiting::Job;
use super::{QueueError, Stored};
use crate::Position;
use crate::dedup::Dedup;
use crate::disk::DiskFile;

/// About how many bytes share one sync; more would make the first of them wait.
const MAX_GROUP_BYTES: usize = 8 << 20;

/// Owns the segment that grows and the index of known ids.
pub(super) struct Writer {
    shared: Arc<Shared>,
    keeper: Keeper,
    dedup: Dedup,
    active: Option<Active>,
    /// Where the newest closed segment ends.
    last_end: Position,
}

/// The segment that grows.
struct Active {
    number: u64,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    /// How far it is written and synced.
    len: u64,
    fingerprints: Vec<u64>,
}

/// Refuses what waits when the writer goes, be it by a panic.
struct LastWord(Arc<Shared>);

impl Drop for LastWord {
    fn drop(&mut self) {
        self.0.waiting.refuse_all();
        self.0.end();
    }
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, keeper: Keeper, dedup: Dedup) -> Self {
        let last_end = shared.index().last_end();
        Self {
            shared,
            keeper,
            dedup,
            active: None,
            last_end,
        }
    }

    /// Writes until the queue is closed and nothing waits.
    pub(super) fn run(mut self) {
        let last_word = LastWord(Arc::clone(&self.shared));
        while let Some(jobs) = self.shared.waiting.take(MAX_GROUP_BYTES) {
            self.serve(jobs);
        }
        self.seal();
        self.keeper.settle();
        drop(last_word);
    }

    fn serve(&mut self, jobs: Vec<Job>) {
        let bytes: usize = jobs.iter().map(|job| job.batch.len_bytes()).sum();
        let outcome = self.store(&jobs);
        self.count(jobs.len(), &outcome);
        match outcome {
            Ok(stored) => {
                for (job, stored) in jobs.into_iter().zip(stored) {
                    (job.done)(Ok(stored));
                }
            }
            Err(error) => {
                for job in jobs {
                    (job.done)(Err(error.clone()));
                }
            }
        }
        self.shared.waiting.release(bytes as u64);
    }

    /// Stores what is new in `jobs`; when this returns it is synced, or nothing of it counts.
    fn store(&mut self, jobs: &[Job]) -> Result<Vec<Stored>, QueueError> {
        self.dedup.rotate(self.shared.clock.now());
        let group = Group::gather(jobs.iter().map(|job| &job.batch), &mut self.dedup);
        match self.write(&group) {
            Ok(()) => Ok(group.stored),
            Err(error) => {
                self.dedup.remove(&group.fresh);
                Err(error)
            }
        }
    }

    fn write(&mut self, group: &Group<'_>) -> Result<(), QueueError> {
        if group.fresh.is_empty() {
            return Ok(());
        }
        self.make_room(group.len_bytes)?;
        let mut active = match self.active.take() {
            Some(active) => active,
            None => self.begin_segment()?,
        };
        match self.append(&mut active, group) {
            Ok(()) => {
                self.active = Some(active);
                Ok(())
            }
            Err(error) => {
                self.abandon(active);
                Err(error)
            }
        }
    }

    fn append(&self, active: &mut Active, group: &Group<'_>) -> Result<(), QueueError> {
        active
            .file
            .write_at(&group.parts, active.len)
            .map_err(|error| QueueError::disk("write to", &active.path, error))?;
        let begun = Instant::now();
        active
            .file
            .sync()
            .map_err(|error| QueueError::disk("sync", &active.path, error))?;
        let metrics = &self.shared.metrics;
        metrics.sync_seconds.observe(begun.elapsed().as_secs_f64());
        active.len = active.len.saturating_add(group.len_bytes);
        active.fingerprints.extend_from_slice(&group.fresh);
        let added = group.fresh.len() as u64;
        self.shared.publish(active.number, active.len, added);
        Ok(())
    }

    /// Closes the segment that would grow too large, and keeps to the quota.
    fn make_room(&mut self, bytes: u64) -> Result<(), QueueError> {
        let config = &self.shared.config;
        let (segment_bytes, max_bytes) = (config.segment_bytes.bytes(), config.max_bytes.bytes());
        let grown = self
            .active
            .as_ref()
            .map(|active| active.len.saturating_add(bytes));
        if grown.is_some_and(|len| len > segment_bytes) {
            self.seal();
        }
        let mut used_bytes = self.shared.index().bytes();
        if used_bytes.saturating_add(bytes) > max_bytes {
            // A segment that all have read can only go when it is closed, which may be under way.
            if self.active.is_some() {
                self.seal();
            }
            self.keeper.settle();
            used_bytes = self.shared.index().bytes();
        }
        if used_bytes.saturating_add(bytes) > max_bytes {
            return Err(QueueError::Full {
                used_bytes,
                max_bytes,
            });
        }
        Ok(())
    }

    /// Creates the next segment. Its content is synced with the first group, its name here.
    fn begin_segment(&self) -> Result<Active, QueueError> {
        let shared = &self.shared;
        let number = shared.index().take_number();
        let path = shared.path(Kind::Log, number);
        let create = || {
            let file = shared.disk.create(&path)?;
            file.write_at(&[&header(number, self.last_end)], 0)?;
            shared.disk.sync_folder(&shared.folder)?;
            Ok(file)
        };
        let file = create().map_err(|error| {
            shared.delete(&path);
            QueueError::disk("create", &path, error)
        })?;
        let segment = Segment {
            len: HEADER_BYTES,
            ..Segment::default()
        };
        shared.index().add(number, segment);
        Ok(Active {
            number,
            path,
            file,
            len: HEADER_BYTES,
            fingerprints: Vec::new(),
        })
    }

    /// Gives a segment up after a failed write or sync: what was synced before stays readable,
    /// nothing after it is trusted, and the next group gets a new file.
    fn abandon(&mut self, active: Active) {
        if let Err(error) = active.file.truncate(active.len) {
            tracing::warn!(path = %active.path.display(), %error, "cannot cut off a failed write");
        }
        self.finish(active);
    }

    /// Closes the segment that grows, if there is one.
    fn seal(&mut self) {
        if let Some(active) = self.active.take() {
            self.finish(active);
        }
    }

    fn finish(&mut self, active: Active) {
        let shared = &self.shared;
        if active.fingerprints.is_empty() {
            shared.index().remove(active.number);
            shared.delete(&active.path);
            return;
        }
        self.last_end = Position {
            segment: active.number,
            offset: active.len,
        };
        self.keeper.closed(Sidecar {
            segment: active.number,
            log_bytes: active.len,
            sealed: shared.clock.now(),
            fingerprints: active.fingerprints,
        });
    }

    fn count(&self, batches: usize, outcome: &Result<Vec<Stored>, QueueError>) {
        let metrics = &self.shared.metrics;
        match outcome {
            Ok(stored) => {
                metrics.group_batches.observe(batches as f64);
                metrics
                    .appended
                    .inc_by(stored.iter().map(|stored| stored.accepted).sum());
                metrics
                    .duplicates
                    .inc_by(stored.iter().map(|stored| stored.duplicate).sum());
                metrics.known_ids.set(gauge(self.dedup.len()));
                if let Some(error) = self.shared.last_error().take() {
                    tracing::info!(%error, "queue can be written again");
                }
            }
            Err(error) => {
                let reason = Reason {
                    reason: error.reason(),
                };
                metrics.write_errors.get_or_create(&reason).inc();
                let before = self.shared.last_error().replace(error.clone());
                if before.is_none_or(|before| before.reason() != error.reason()) {
                    tracing::error!(%error, "queue cannot be written; senders are told to retry");
                }
            }
        }
    }
}
