//! The thread that looks at synced records with rules, and stores what it finds as records.
//!
//! It has a cursor of its own and nobody waits for it. What correlations and groups remember is
//! stored with the cursor in one transaction, so that a start goes on as if there had been none:
//! what was looked at since is looked at again, and its alerts, which have the same ids, are
//! dropped as duplicates.

mod acts;
mod allowance;
mod desk;
mod metrics;
mod outbox;
mod remembered;
mod rules;
mod scores;
mod tasks;
mod texts;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use magistrate_enrich::Context;
use magistrate_event::{Clock, Field, Record};
use magistrate_sinks::forward::Wanted;
use magistrate_sinks::queue::{Batch, Consumer, Entry, Queue, QueueError};
use magistrate_sinks::{Checkpoint, Position, Rows, State, StateError};

use crate::background::{self, Ended};
use crate::canary::output;
use crate::models::Models;
use crate::path::Path;
use crate::store::ANALYSIS;

pub(crate) use self::metrics::Metrics;
pub(crate) use self::texts::untrusted_texts;

use self::desk::Desk;
use self::outbox::Outbox;
use self::rules::Source;

/// Records read at once.
const READ_RECORDS: usize = 256;
/// How long a read waits for the first record.
const READ_WAIT: Duration = Duration::from_millis(100);
/// How long to wait before trying again after the disk failed.
const RETRY_WAIT: Duration = Duration::from_secs(2);
/// So often the cursor and what is remembered are stored.
const CHECKPOINT: Duration = Duration::from_secs(5);
/// Storing may take this part of the time, so that much that is remembered does not slow it down.
const CHECKPOINT_SHARE: u32 = 20;
/// So often it is looked whether rule files have changed.
const RELOAD: Duration = Duration::from_secs(5);
/// So long after its beginning a stop waits for what the queue still holds: with the lake's time it must
/// end within 30 s.
const DRAIN: Duration = Duration::from_secs(8);
/// So long it waits in any case, also when the listeners needed that time.
const LEAST_DRAIN: Duration = Duration::from_secs(3);

/// Whether anything else waits for the time that the analysis takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Listeners do: models have a share of the time, and a stop waits for seconds only.
    Shared,
    /// Nothing does: everything is looked at, however long it takes.
    Thorough,
}

/// What the thread works on.
pub(crate) struct Parts {
    /// Where records come from.
    pub(crate) consumer: Consumer,
    /// Where findings go.
    pub(crate) queue: Queue,
    /// Masks findings, and knows the names of masked tools.
    pub(crate) path: Arc<Path>,
    /// Keeps cursor and memory.
    pub(crate) state: Arc<State>,
    /// What is remembered of sessions.
    pub(crate) context: Context,
    /// Models; none where they are switched off.
    pub(crate) models: Option<Arc<Models>>,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// What is counted.
    pub(crate) metrics: Arc<Metrics>,
    /// Where rules come from.
    pub(crate) config: crate::config::Config,
    /// How much time there is.
    pub(crate) pace: Pace,
}

/// The running analysis.
pub(crate) struct AnalysisThread {
    thread: JoinHandle<Ended>,
    ending: Arc<AtomicBool>,
    hurry: Arc<AtomicBool>,
    pace: Pace,
}

impl AnalysisThread {
    /// Compiles the rules and starts the thread.
    ///
    /// # Errors
    /// When the state cannot be read or the thread cannot be started.
    pub(crate) fn start(parts: Parts) -> anyhow::Result<Self> {
        let (ending, hurry) = (Arc::default(), Arc::default());
        let pace = parts.pace;
        let mut source = Source::new(parts.config.clone());
        let desk = Desk::open(&mut source, &parts)?;
        let mut analyst = Analyst {
            outbox: Outbox::new(parts.queue.clone()),
            parts,
            desk,
            source,
            entries: Vec::new(),
            position: None,
            unstored: Rows::default(),
            due: Instant::now(),
            looked: Instant::now(),
            ending: Arc::clone(&ending),
            hurry: Arc::clone(&hurry),
        };
        let thread = std::thread::Builder::new()
            .name("analysis".to_owned())
            .spawn(move || {
                background::give_way();
                analyst.run()
            })?;
        Ok(Self {
            thread,
            ending,
            hurry,
            pace,
        })
    }

    /// Waits until all that the queue holds was looked at, or until a stop must go on; nobody may
    /// append to the queue by now. What is left then is looked at after the next start.
    /// The stop began at `stopping`.
    pub(crate) fn drain(self, stopping: Instant) -> Ended {
        self.ending.store(true, Ordering::Release);
        let began = Instant::now();
        let is_time_left = || stopping.elapsed() < DRAIN || began.elapsed() < LEAST_DRAIN;
        let may_wait = || self.pace == Pace::Thorough || is_time_left();
        while !self.thread.is_finished() && may_wait() {
            std::thread::park_timeout(Duration::from_millis(20));
        }
        self.hurry.store(true, Ordering::Release);
        self.thread.join().unwrap_or_else(|_panic| {
            tracing::error!("analysis panicked; the next start goes on from its last checkpoint");
            Ended::Short
        })
    }
}

struct Analyst {
    parts: Parts,
    desk: Desk,
    source: Source,
    /// What was read last, for its memory.
    entries: Vec<Entry>,
    /// The place after the last record that was looked at; none when that is stored.
    position: Option<Position>,
    /// What changed in what is remembered and is not stored yet.
    unstored: Rows,
    /// Findings; the cursor may not pass their records before they are synced.
    outbox: Outbox,
    /// When cursor and memory are to be stored next.
    due: Instant,
    /// When it was looked whether rule files have changed.
    looked: Instant,
    ending: Arc<AtomicBool>,
    hurry: Arc<AtomicBool>,
}

/// Whether there may be more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    On,
    End(Ended),
}

/// Whether something was appended to the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Something,
}

#[derive(Debug, thiserror::Error)]
enum AnalysisError {
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("cannot write down what rules remember")]
    Memory(#[from] serde_json::Error),
    #[error("queue has gone")]
    Gone,
    #[error("a planted secret came out in what is remembered")]
    Leak,
}

impl Analyst {
    fn run(&mut self) -> Ended {
        loop {
            match self.step() {
                Ok(Step::On) => {}
                Ok(Step::End(ended)) => return ended,
                Err(error) if self.hurry.load(Ordering::Acquire) => {
                    tracing::error!(%error, "giving up; the next start goes on from the last checkpoint");
                    return Ended::Short;
                }
                Err(error) => {
                    let error = anyhow::Error::from(error);
                    tracing::error!(
                        error = format!("{error:#}"),
                        "analysis cannot go on; trying again"
                    );
                    self.parts.consumer.stall(error.as_ref());
                    std::thread::park_timeout(RETRY_WAIT);
                }
            }
        }
    }

    fn step(&mut self) -> Result<Step, AnalysisError> {
        if self.parts.path.canary.is_stopped(output::STATE) {
            tracing::error!("analysis has stopped; records wait in the queue");
            return Ok(Step::End(Ended::Short));
        }
        let used = std::mem::take(&mut self.entries);
        let read = self.parts.consumer.read_over(used, READ_RECORDS, READ_WAIT);
        let entries = match read {
            Ok(entries) => entries,
            Err(QueueError::Closed) => return self.end(Ended::Complete),
            Err(error) => return Err(error.into()),
        };
        let is_idle = entries.is_empty();
        let looked = self.look_at(&entries);
        self.entries = entries;
        looked?;
        // What was found is to be looked at, too.
        let is_over = is_idle
            && self.outbox.settle(&self.hurry)? == Found::Nothing
            && self.ending.load(Ordering::Acquire);
        if is_over {
            return self.end(Ended::Complete);
        }
        if self.hurry.load(Ordering::Acquire) {
            return self.end(Ended::Short);
        }
        if Instant::now() >= self.due {
            self.checkpoint()?;
        }
        if self.looked.elapsed() >= RELOAD {
            self.looked = Instant::now();
            self.desk.reload(&mut self.source, &self.parts);
        }
        Ok(Step::On)
    }

    fn end(&mut self, ended: Ended) -> Result<Step, AnalysisError> {
        self.checkpoint()?;
        Ok(Step::End(ended))
    }

    /// Looks at records and sends what it finds.
    fn look_at(&mut self, entries: &[Entry]) -> Result<(), AnalysisError> {
        let mut findings = Batch::new();
        let asked = entries.iter();
        let asked = asked.map(|entry| self.desk.ask(&entry.record, &self.parts));
        let asked: Vec<_> = asked.collect();
        for (Entry { record, .. }, pending) in entries.iter().zip(asked) {
            for finding in self.desk.look_at(record, pending, &self.parts) {
                findings.push(&finding)?;
            }
        }
        if entries.is_empty() && self.ending.load(Ordering::Acquire) {
            self.desk.hurry();
        }
        for finding in self.desk.passed(self.parts.clock.now(), &self.parts) {
            findings.push(&finding)?;
        }
        if !findings.is_empty() && !self.parts.path.canary.is_stopped(output::QUEUE) {
            self.outbox.send(findings);
        }
        if let Some(last) = entries.last() {
            self.position = Some(last.end);
        }
        if self.outbox.is_full() {
            self.outbox.settle(&self.hurry)?;
        }
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<(), AnalysisError> {
        self.outbox.settle(&self.hurry)?;
        self.desk.count(&self.parts.context, &self.parts.metrics);
        let began = Instant::now();
        self.due = began + CHECKPOINT;
        let Some(position) = self.position else {
            return Ok(());
        };
        let bytes = serde_json::to_vec(&self.desk.memory())?;
        let now = self.parts.clock.now();
        let unstored = &mut self.unstored;
        self.parts.context.changes(now, |(key, bytes)| {
            unstored.set(&key, bytes.as_deref());
        });
        self.desk.changes(|(key, bytes)| {
            unstored.set(&key, bytes.as_deref());
        });
        let canary = &self.parts.path.canary;
        self.unstored.settle();
        let rows = self.unstored.iter().filter_map(|(_, bytes)| bytes);
        if !canary.permits_all(output::STATE, rows.chain([bytes.as_slice()])) {
            return Err(AnalysisError::Leak);
        }
        let checkpoint = Checkpoint {
            position,
            note: &bytes,
            rows: &self.unstored,
        };
        self.parts.state.checkpoint(ANALYSIS, &checkpoint)?;
        self.unstored = Rows::default();
        self.parts.consumer.moved_to(position);
        self.position = None;
        self.due += began.elapsed() * CHECKPOINT_SHARE;
        Ok(())
    }
}

/// Whether rules look at it: no finding of ours, which would lead in circles, and none of the rows
/// that prove the redactor.
fn is_of_interest(record: &Record) -> bool {
    let event = record.event();
    match Wanted::of(event) {
        Wanted::Alert | Wanted::Metric => false,
        Wanted::Event | Wanted::Span | Wanted::Verdict => {
            event.text(Field::SenderIdentity) != Some(crate::canary::NAME)
        }
    }
}
