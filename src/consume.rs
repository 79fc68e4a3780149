//! The thread that carries records from the queue into the lake.

mod held;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use magistrate_event::Clock;
use magistrate_sinks::lake::{self, Lake, LakeError};
use magistrate_sinks::queue::{Consumer, Entry, QueueError};
use magistrate_sinks::{Position, State, StateError};
use tokio::sync::oneshot;

use crate::background::{self, Ended};
use crate::canary::output;
use crate::path::Path;
use crate::store::LAKE;

use self::held::{Held, Release, is_masked};

/// Records read at once: few enough that they are still in the processor's caches when written.
const READ_RECORDS: usize = 32;
/// How long a read waits for the first record.
const READ_WAIT: Duration = Duration::from_millis(100);
/// How long to wait before trying again after the disk failed.
const RETRY_WAIT: Duration = Duration::from_secs(2);
/// So long a stop waits for the lake: with the time until the analysis has ended, it must end within 30 s.
const DRAIN: Duration = Duration::from_secs(14);
/// So often a file is tried again at shutdown: a stop must end within 30 s.
const MAX_FAILURES_AT_END: u32 = 5;

/// What the lake thread works on.
pub(crate) struct Parts {
    /// Where rows go.
    pub(crate) lake: Lake,
    /// How long a row may wait for its file.
    pub(crate) max_age: Duration,
    /// Where records come from.
    pub(crate) consumer: Consumer,
    /// Knows the names of masked tools.
    pub(crate) path: Arc<Path>,
    /// Knows the last checkpoint.
    pub(crate) state: Arc<State>,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
}

/// Carries records until the queue is closed, then ends with everything written.
pub(crate) struct LakeThread {
    thread: JoinHandle<Ended>,
    hurry: Arc<AtomicBool>,
    closing: Closing,
}

/// Has the lake thread write what it holds before it is time, for those who read the lake now.
#[derive(Debug, Clone)]
pub(crate) struct Closing(mpsc::Sender<oneshot::Sender<()>>);

impl Closing {
    /// Waits until everything that the queue held when this was called is in the lake; says whether
    /// it is. Not so when the thread has ended.
    pub(crate) async fn close(&self) -> bool {
        let (done, written) = oneshot::channel();
        self.0.send(done).is_ok() && written.await.is_ok()
    }
}

impl LakeThread {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(crate) fn start(parts: Parts) -> std::io::Result<Self> {
        let hurry = Arc::new(AtomicBool::new(false));
        let (asking, asked) = mpsc::channel();
        let mut carrier = Carrier::new(parts, Arc::clone(&hurry), asked);
        let thread = std::thread::Builder::new()
            .name("lake".to_owned())
            .spawn(move || {
                background::give_way();
                carrier.run()
            })?;
        let closing = Closing(asking);
        Ok(Self {
            thread,
            hurry,
            closing,
        })
    }

    /// For those who want to read what is not in a closed file yet.
    pub(crate) fn closing(&self) -> Closing {
        self.closing.clone()
    }

    /// Waits until what the queue still held is written, or until a stop must end; the queue must
    /// be closed by now. What is left then is written by the next start.
    pub(crate) fn drain(self) -> Ended {
        let started = Instant::now();
        while !self.thread.is_finished() && started.elapsed() < DRAIN {
            std::thread::park_timeout(Duration::from_millis(20));
        }
        self.hurry.store(true, Ordering::Release);
        self.thread.join().unwrap_or_else(|_panic| {
            tracing::error!(
                "lake thread panicked; the next start carries on from its last checkpoint"
            );
            Ended::Short
        })
    }
}

struct Carrier {
    parts: Parts,
    /// What was read last, for its memory.
    entries: Vec<Entry>,
    /// Rows of masked tools, which other records may name.
    held: Held,
    /// The place after the last record taken; `None` when nothing is unwritten.
    position: Option<Position>,
    /// The queue was closed, and all of it was read at least once.
    is_closed: bool,
    /// To go on from the last checkpoint: at the start, and when what was read since is lost.
    is_lost: bool,
    /// Set when a stop has taken too long already.
    hurry: Arc<AtomicBool>,
    /// Those who want to read what is not in a closed file yet.
    asked: mpsc::Receiver<oneshot::Sender<()>>,
    /// The same, each with the place up to which the lake must hold everything.
    waiting: Vec<(Position, oneshot::Sender<()>)>,
}

/// Whether there may be more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    On,
    /// The queue is closed and all of it is written, or there is no more time.
    End(Ended),
}

#[derive(Debug, thiserror::Error)]
enum CarryError {
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Lake(#[from] LakeError),
    #[error(transparent)]
    State(#[from] StateError),
}

impl Carrier {
    fn new(
        parts: Parts,
        hurry: Arc<AtomicBool>,
        asked: mpsc::Receiver<oneshot::Sender<()>>,
    ) -> Self {
        Self {
            held: Held::new(parts.max_age),
            parts,
            entries: Vec::new(),
            position: None,
            is_closed: false,
            is_lost: true,
            hurry,
            asked,
            waiting: Vec::new(),
        }
    }

    fn run(&mut self) -> Ended {
        let mut failures_at_end = 0;
        loop {
            match self.step() {
                Ok(Step::End(ended)) => return ended,
                Ok(Step::On) => {}
                Err(error) => {
                    let error = anyhow::Error::from(error);
                    tracing::error!(
                        error = format!("{error:#}"),
                        "lake cannot be written; trying again"
                    );
                    self.parts.consumer.stall(error.as_ref());
                    failures_at_end += u32::from(self.is_closed);
                    let is_over = self.hurry.load(Ordering::Acquire);
                    if is_over || failures_at_end > MAX_FAILURES_AT_END {
                        tracing::error!(
                            "giving up; the next start carries on from the last checkpoint"
                        );
                        return Ended::Short;
                    }
                    self.forget();
                    std::thread::park_timeout(RETRY_WAIT);
                }
            }
        }
    }

    /// Takes the next records and writes files when it is time.
    fn step(&mut self) -> Result<Step, CarryError> {
        if self.parts.path.canary.is_stopped(output::LAKE) {
            tracing::error!("lake has stopped; records wait in the queue");
            return Ok(Step::End(Ended::Short));
        }
        if self.is_lost {
            self.rewind()?;
        }
        let used = std::mem::take(&mut self.entries);
        let consumer = &mut self.parts.consumer;
        let asked = self.asked.try_iter().map(|done| (consumer.end(), done));
        self.waiting.extend(asked);
        let entries = match consumer.read_over(used, READ_RECORDS, READ_WAIT) {
            Ok(entries) => entries,
            Err(QueueError::Closed) => {
                self.is_closed = true;
                self.checkpoint(Release::All)?;
                return Ok(Step::End(Ended::Complete));
            }
            Err(error) => return Err(error.into()),
        };
        for entry in &entries {
            self.take(entry)?;
            self.position = Some(entry.end);
        }
        self.entries = entries;
        if self.hurry.load(Ordering::Acquire) {
            tracing::warn!("stopping with records in the queue; the next start writes them");
            self.checkpoint(Release::Named)?;
            return Ok(Step::End(Ended::Short));
        }
        let now = self.parts.clock.now();
        if self.held.is_due(now) {
            self.write_held(Release::Due)?;
        }
        if self.is_awaited() {
            self.checkpoint(Release::All)?;
            self.tell_written();
        } else if self.parts.lake.due(now) {
            self.checkpoint(Release::Named)?;
        }
        Ok(Step::On)
    }

    fn take(&mut self, entry: &Entry) -> Result<(), LakeError> {
        let Entry { record, end } = entry;
        let names = &self.parts.path.tool_names;
        names.learn(record);
        if !is_masked(record) {
            return self.parts.lake.write(record);
        }
        match names.apply(record) {
            Some(named) => self.parts.lake.write(&named),
            None => {
                let now = self.parts.clock.now();
                self.held.hold(*end, record.clone(), now);
                Ok(())
            }
        }
    }

    /// Writes rows that have waited for a name.
    fn write_held(&mut self, what: Release) -> Result<(), LakeError> {
        let now = self.parts.clock.now();
        let names = &self.parts.path.tool_names;
        for row in self.held.release(what, names, now) {
            self.parts.lake.write_late(&row.record, row.since)?;
        }
        Ok(())
    }

    /// Whether somebody waits for what was read by now.
    fn is_awaited(&self) -> bool {
        let consumer = &self.parts.consumer;
        self.waiting.iter().any(|(end, _)| consumer.has_read(*end))
    }

    /// Answers those whose place was reached; everything that was read is written by now.
    fn tell_written(&mut self) {
        let consumer = &self.parts.consumer;
        for (_, done) in self
            .waiting
            .extract_if(.., |(end, _)| consumer.has_read(*end))
        {
            // Who asked may have gone.
            let _ = done.send(());
        }
    }

    /// Writes files, without the rows that go on waiting for a name: these are stored with the cursor.
    fn checkpoint(&mut self, what: Release) -> Result<(), LakeError> {
        self.write_held(what)?;
        let changes = self.held.changes();
        if self.position.is_none() && changes.is_empty() {
            return Ok(());
        }
        let consumer = &self.parts.consumer;
        let position = self.position.unwrap_or_else(|| consumer.position());
        self.parts.lake.checkpoint_holding(position, &changes)?;
        self.held.stored();
        self.parts.consumer.moved_to(position);
        self.position = None;
        Ok(())
    }

    /// Forgets what is unwritten; the next step goes back to the last checkpoint.
    fn forget(&mut self) {
        self.position = None;
        self.is_lost = true;
    }

    fn rewind(&mut self) -> Result<(), CarryError> {
        self.parts.lake.reset()?;
        let position = self.parts.state.cursor(LAKE)?.unwrap_or_default();
        let held = lake::held(&self.parts.state)?;
        self.held.restore(held, self.parts.clock.now());
        self.parts.consumer.rewind(position);
        self.is_lost = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
