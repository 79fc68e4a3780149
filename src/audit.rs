//! Keeps the rows of verdicts: in the audit journal before the answer, and in the queue, where every
//! other row is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use magistrate_event::Record;
use magistrate_judge::{Audit, AuditError, AuditLog, Kept};
use magistrate_sinks::Guard as _;
use magistrate_sinks::audit::{Journal, JournalConfig};
use magistrate_sinks::queue::{Batch, Queue};
use tokio::sync::oneshot;

use crate::canary::output;
use crate::config::Config;
use crate::keys;
use crate::path::Path;
use crate::store::Store;

/// The journal's folder, and the secret of its signing key, in the data folder.
pub(crate) const FOLDER: &str = "audit";
pub(crate) const KEY: &str = "keys/audit.key";
/// Rows that may wait to be written; more would come too late anyhow.
const MAX_WAITING: usize = 4_096;
/// So often a checkpoint is written, and tried again what the queue did not take.
const CHECKPOINT: Duration = Duration::from_secs(1);
/// So often the writer looks whether it shall end.
const LOOK: Duration = Duration::from_millis(50);
/// Records that the queue may owe; above that no more answers are given without it.
const MAX_OWED: usize = 10_000;

/// The journal and the queue as the judge sees them.
///
/// `written` follows write(2) to the journal, `synced` the queue's sync. A thread writes: where the
/// disk stands still, callers' deadlines do not.
pub(crate) struct JournalAudit {
    jobs: Sender<Job>,
    owed: Arc<Owed>,
}

struct Job {
    batch: Batch,
    audit: Audit,
    done: Answer,
}

type Answer = oneshot::Sender<Result<Instant, AuditError>>;

/// Numbers of journal entries that the queue did not take.
#[derive(Default)]
struct Owed(Mutex<Vec<u64>>);

/// The threads behind a [`JournalAudit`].
pub(crate) struct AuditThreads {
    writer: JoinHandle<()>,
    keeper: JoinHandle<()>,
    journal: Arc<Journal>,
    stop: Arc<AtomicBool>,
}

/// Opens the journal of a data folder, gives the queue what a kill kept from it, and starts the
/// threads.
///
/// # Errors
/// When the journal or its key cannot be read or written, or a thread cannot be started.
pub(crate) fn start(
    config: &Config,
    store: &Store,
) -> anyhow::Result<(Arc<dyn AuditLog>, AuditThreads)> {
    let (journal, missing) = Journal::open(JournalConfig {
        folder: store.folder.join(FOLDER),
        seed: keys::read_or_make(&store.folder.join(KEY))?,
        keep: Duration::from_secs(config.judge.audit_days.saturating_mul(86_400)),
        clock: Arc::clone(&store.clock),
    })
    .context("cannot open the audit journal")?;
    let journal = Arc::new(journal);
    let owed = Arc::new(Owed::default());
    for (number, batch) in journal.unsettled().into_iter().zip(missing) {
        give(&store.queue, batch, (number, &journal, &owed), None);
    }
    let (jobs, waiting) = bounded(MAX_WAITING);
    let stop = Arc::new(AtomicBool::new(false));
    let writer = Writer {
        path: Arc::clone(&store.path),
        queue: store.queue.clone(),
        journal: Arc::clone(&journal),
        owed: Arc::clone(&owed),
        stop: Arc::clone(&stop),
    };
    let keeper = writer.clone();
    let threads = AuditThreads {
        writer: spawn("audit", move || writer.write(&waiting))?,
        keeper: spawn("audit-keeper", move || keeper.keep())?,
        journal,
        stop,
    };
    Ok((Arc::new(JournalAudit { jobs, owed }), threads))
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> anyhow::Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(work).context("cannot start a thread")
}

impl AuditLog for JournalAudit {
    fn keep(&self, rows: Vec<Record>, audit: Audit) -> Kept {
        let mut batch = Batch::new();
        for row in &rows {
            if let Err(error) = batch.push(row) {
                return Box::pin(async move { Err(AuditError(error.to_string())) });
            }
        }
        if self.owed.len() > MAX_OWED {
            let error = AuditError("the queue does not take what the journal has".to_owned());
            return Box::pin(async { Err(error) });
        }
        let (done, heard) = oneshot::channel();
        let sent = self.jobs.try_send(Job { batch, audit, done });
        Box::pin(async move {
            match sent {
                Ok(()) => heard.await.unwrap_or_else(|_| Err(ended())),
                Err(TrySendError::Full(_)) => Err(AuditError(
                    "too many records wait for the journal".to_owned(),
                )),
                Err(TrySendError::Disconnected(_)) => Err(ended()),
            }
        })
    }
}

fn ended() -> AuditError {
    AuditError("the journal is closed".to_owned())
}

#[derive(Clone)]
struct Writer {
    /// Holds the canary, which looks at rows first.
    path: Arc<Path>,
    queue: Queue,
    journal: Arc<Journal>,
    owed: Arc<Owed>,
    stop: Arc<AtomicBool>,
}

impl Writer {
    /// Writes until it shall stop and nothing waits.
    fn write(&self, waiting: &Receiver<Job>) {
        loop {
            match waiting.recv_timeout(LOOK) {
                Ok(job) => self.take(job),
                Err(RecvTimeoutError::Timeout) if !self.stop.load(Ordering::Acquire) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn take(&self, job: Job) {
        let Job { batch, audit, done } = job;
        let has_leaked = self.path.canary.is_stopped(output::AUDIT)
            || !self.path.permits(output::AUDIT, batch.bytes());
        if has_leaked {
            let error = "a planted secret came out in the audit journal, which has stopped";
            let _ = done.send(Err(AuditError(error.to_owned())));
            return;
        }
        let number = match self.journal.append(&batch) {
            Ok(number) => number,
            Err(error) => {
                let error = format!("{:#}", anyhow::Error::from(error));
                // Nobody may wait any more.
                let _ = done.send(Err(AuditError(error)));
                return;
            }
        };
        let later = match audit {
            Audit::Synced => Some(done),
            Audit::Written => {
                let _ = done.send(Ok(Instant::now()));
                None
            }
        };
        if self.path.canary.is_stopped(output::QUEUE) {
            self.owed.add(number);
            let error = AuditError("a planted secret came out in the queue".to_owned());
            later.map(|done| done.send(Err(error)));
            return;
        }
        give(
            &self.queue,
            batch,
            (number, &self.journal, &self.owed),
            later,
        );
    }

    /// Writes checkpoints, and gives the queue what it did not take, until it shall stop.
    fn keep(&self) {
        while !self.stop.load(Ordering::Acquire) {
            std::thread::park_timeout(CHECKPOINT);
            let is_stopped = self.path.canary.is_stopped(output::QUEUE);
            let owed = if is_stopped {
                Vec::new()
            } else {
                self.owed.take()
            };
            for number in owed {
                match self.journal.read(number) {
                    Some(batch) => {
                        give(
                            &self.queue,
                            batch,
                            (number, &self.journal, &self.owed),
                            None,
                        );
                    }
                    None => tracing::error!(number, "a record of the audit journal cannot be read"),
                }
            }
            checkpoint(&self.journal);
        }
    }
}

fn checkpoint(journal: &Journal) {
    if let Err(error) = journal.checkpoint() {
        let error = format!("{:#}", anyhow::Error::from(error));
        tracing::error!(error, "audit journal cannot be synced");
    }
}

/// Appends to the queue what the journal has under that number; `done` hears of the sync.
fn give(
    queue: &Queue,
    batch: Batch,
    (number, journal, owed): (u64, &Arc<Journal>, &Arc<Owed>),
    done: Option<Answer>,
) {
    let (journal, owed) = (Arc::clone(journal), Arc::clone(owed));
    let is_waited_for = done.is_some();
    let heard = move |stored: Result<_, magistrate_sinks::QueueError>| {
        match &stored {
            Ok(_) => journal.settled(number),
            Err(_) => owed.add(number),
        }
        if let Some(done) = done {
            let stored = stored.map(|_| Instant::now());
            let _ = done.send(stored.map_err(|error| AuditError(error.to_string())));
        }
    };
    if is_waited_for {
        queue.append(batch, Box::new(heard));
    } else {
        queue.append_soon(batch, Box::new(heard));
    }
}

impl Owed {
    fn add(&self, number: u64) {
        self.numbers().push(number);
    }

    fn take(&self) -> Vec<u64> {
        std::mem::take(&mut *self.numbers())
    }

    fn len(&self) -> usize {
        self.numbers().len()
    }

    fn numbers(&self) -> std::sync::MutexGuard<'_, Vec<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AuditThreads {
    /// Ends the threads once nothing waits; the queue must still be open.
    pub(crate) fn stop(self) -> Arc<Journal> {
        self.stop.store(true, Ordering::Release);
        self.keeper.thread().unpark();
        for thread in [self.writer, self.keeper] {
            if thread.join().is_err() {
                tracing::error!("a thread of the audit journal panicked");
            }
        }
        self.journal
    }
}

/// The last checkpoint, once the queue has taken everything.
pub(crate) fn end(journal: &Journal) {
    checkpoint(journal);
}
