//! The durable queue between the doors and the sinks: a segmented log that several consumers read.
//!
//! A batch is acknowledged after the sync that covers it, and one sync covers all batches that
//! waited. The same event sent again is stored once. A damaged record is set aside and counted.

mod batch;
mod config;
mod consumer;
#[cfg(test)]
mod damage;
mod ends;
mod error;
mod frame;
mod group;
mod index;
mod keeper;
mod lock;
mod metrics;
#[cfg(test)]
mod mishaps;
#[cfg(test)]
mod power_cuts;
mod quarantine;
mod reader;
mod recover;
mod rest;
mod segment;
mod shared;
mod sidecar;
mod size;
mod stalls;
mod status;
#[cfg(test)]
pub(crate) mod testing;
mod trim;
mod waiting;
mod writer;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use magistrate_event::Clock;

pub use batch::Batch;
pub use config::{Config, ConfigError};
pub use consumer::{Consumer, Entry};
pub use error::QueueError;
pub use lock::{FolderLock, Holder, LockError};
pub use metrics::{Metrics, Reason};
pub use rest::read_rest;
pub use size::{ByteSize, NotASize};
pub use status::{ConsumerStatus, Status};

pub(crate) use consumer::decode;

use crate::State;
use crate::disk::{Disk, RealDisk};
use index::Index;
use keeper::Keeper;
use shared::{Parts, Shared};
use waiting::Job;
use writer::Writer;

/// Told once about one batch, from the writer's thread: it must not block.
pub type Done = Box<dyn FnOnce(Result<Stored, QueueError>) + Send>;

/// What became of a batch's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stored {
    /// Stored by this call.
    pub accepted: u64,
    /// Stored before, and dropped.
    pub duplicate: u64,
}

/// What a queue is opened with.
pub struct Setup {
    /// Limits.
    pub config: Config,
    /// Where the cursors are.
    pub state: Arc<State>,
    /// Everybody who reads; only they hold segments back. Cursors of others are dropped.
    pub consumers: Vec<String>,
    /// The counters.
    pub metrics: Metrics,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The durable queue; clones are handles to the same one.
#[derive(Clone)]
pub struct Queue {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Held as long as the queue is open.
    _lock: Option<FolderLock>,
}

impl Queue {
    /// Opens or creates the queue in `queue/` of the locked data folder.
    ///
    /// Reads the segment that grew when the last process ended, and the ids of the others.
    ///
    /// # Errors
    /// When the folder or the cursors cannot be read. Damaged files are no error.
    pub fn open(lock: &FolderLock, setup: Setup) -> Result<Self, QueueError> {
        let folder = lock.folder().join("queue");
        Self::open_on(Arc::new(RealDisk), folder, setup, Some(lock.clone()))
    }

    fn open_on(
        disk: Arc<dyn Disk>,
        folder: PathBuf,
        setup: Setup,
        lock: Option<FolderLock>,
    ) -> Result<Self, QueueError> {
        disk.create_folder(&folder)
            .map_err(|error| QueueError::disk("create", &folder, error))?;
        let index = Index::new(recover::cursors(&setup.state, &setup.consumers)?);
        let parts = Parts {
            disk,
            folder,
            config: setup.config,
            state: setup.state,
            metrics: setup.metrics,
            clock: setup.clock,
        };
        let shared = Arc::new(Shared::new(parts, index));
        let dedup = recover::recover(&shared)?;
        let writer = Writer::new(Arc::clone(&shared), Keeper::start(&shared)?, dedup);
        let thread = std::thread::Builder::new()
            .name("queue-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| QueueError::disk("start a writer for", &shared.folder, error))?;
        Ok(Self {
            handle: Arc::new(Handle {
                shared,
                writer: Mutex::new(Some(thread)),
                _lock: lock,
            }),
        })
    }

    /// Hands a batch to the writer and returns at once. `done` is called exactly once: after the
    /// sync that covers the batch, or with the reason why it was not stored. Too much waiting is
    /// answered by `done` from this thread.
    pub fn append(&self, batch: Batch, done: Done) {
        self.offer(batch, done, true);
    }

    /// Like [`Self::append`], for what nobody waits for: it is written within some milliseconds, with
    /// one sync for all that has come until then.
    pub fn append_soon(&self, batch: Batch, done: Done) {
        self.offer(batch, done, false);
    }

    fn offer(&self, batch: Batch, done: Done, is_urgent: bool) {
        self.handle.shared.waiting.offer(Job {
            batch,
            done,
            is_urgent,
        });
    }

    /// Stores a batch and waits for the sync. For threads that may block.
    ///
    /// # Errors
    /// As given to `done` of [`Self::append`].
    pub fn append_and_wait(&self, batch: Batch) -> Result<Stored, QueueError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.append(batch, Box::new(move |outcome| drop(sender.send(outcome))));
        receiver.recv().unwrap_or(Err(QueueError::Closed))
    }

    /// Stores a batch and waits for the sync without blocking the thread.
    ///
    /// # Errors
    /// As given to `done` of [`Self::append`].
    pub async fn store(&self, batch: Batch) -> Result<Stored, QueueError> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        self.append(batch, Box::new(move |outcome| drop(sender.send(outcome))));
        receiver.await.unwrap_or(Err(QueueError::Closed))
    }

    /// A reader that goes on where the consumer of this name had committed; a new one begins with
    /// the oldest record there is.
    ///
    /// # Errors
    /// When the name is not among those that the queue was opened with.
    pub fn consumer(&self, name: &str) -> Result<Consumer, QueueError> {
        let shared = &self.handle.shared;
        let cursor = shared
            .index()
            .cursor(name)
            .ok_or_else(|| QueueError::UnknownConsumer(name.to_owned()))?;
        Ok(Consumer::new(Arc::clone(shared), name, cursor))
    }

    /// How the queue is doing; also refreshes the gauges of [`Metrics`]. Reads a few bytes from
    /// disk per consumer.
    pub fn status(&self) -> Status {
        self.handle.shared.status()
    }

    /// Each consumer that cannot go on, and why.
    pub fn stalled(&self) -> Vec<(String, String)> {
        self.handle.shared.stalls.all()
    }

    /// The counters.
    pub fn metrics(&self) -> &Metrics {
        &self.handle.shared.metrics
    }

    /// Takes no more batches, stores and answers those that wait, and ends the writer. Consumers
    /// can read on to the end. Does nothing the second time.
    pub fn close(&self) {
        self.handle.close();
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Queue({})", self.handle.shared.folder.display())
    }
}

impl Handle {
    fn close(&self) {
        self.shared.waiting.close();
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the queue's writer had ended by a panic");
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use magistrate_event::SystemClock;

    use super::testing::{batch, record};
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn open(folder: &Path, consumers: &[&str]) -> Queue {
        let lock = FolderLock::take(folder).unwrap();
        let state = State::open(&folder.join("state.redb")).unwrap();
        let setup = Setup {
            config: Config {
                segment_bytes: ByteSize::from_bytes(2_000),
                ..Config::default()
            },
            state: Arc::new(state),
            consumers: consumers.iter().map(|name| (*name).to_owned()).collect(),
            metrics: Metrics::default(),
            clock: Arc::new(SystemClock),
        };
        Queue::open(&lock, setup).unwrap()
    }

    #[test]
    fn records_come_out_in_order_and_a_cursor_survives_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let queue = open(folder.path(), &["lake"]);
        let mut lake = queue.consumer("lake").unwrap();
        assert_eq!(lake.read(10, NOW).unwrap(), []);
        for start in (0..100).step_by(10) {
            let stored = queue.append_and_wait(batch(start..start + 10)).unwrap();
            assert_eq!(stored.accepted, 10);
        }
        let stored = queue.append_and_wait(batch(95..105)).unwrap();
        let expected = Stored {
            accepted: 5,
            duplicate: 5,
        };
        assert_eq!(stored, expected);
        let entries = lake.read(30, NOW).unwrap();
        let records: Vec<_> = entries.iter().map(|entry| entry.record.clone()).collect();
        assert_eq!(records, (0..30).map(record).collect::<Vec<_>>());
        lake.commit(entries[19].end).unwrap();
        drop((queue, lake));

        let queue = open(folder.path(), &["lake"]);
        let stored = queue.append_and_wait(batch(0..105)).unwrap();
        assert_eq!(stored.duplicate, 105);
        let mut lake = queue.consumer("lake").unwrap();
        let mut records = Vec::new();
        queue.close();
        while let Ok(entries) = lake.read(7, Duration::from_secs(9)) {
            records.extend(entries.into_iter().map(|entry| entry.record));
        }
        assert_eq!(records, (20..105).map(record).collect::<Vec<_>>());
        let refused = queue.append_and_wait(batch([999]));
        assert!(matches!(refused, Err(QueueError::Closed)));
    }
}
