//! One round after the other: plant, wait until it is written, read back, tell.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use magistrate_event::{Class, Clock, Event, EventUid, Field, Record, Timestamp};
use magistrate_ingest::Intake;
use magistrate_judge::Judge;
use magistrate_sinks::lake;
use magistrate_sinks::queue::{Batch, Queue};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::answered::leak;
use super::ask::questions;
use super::doors::Doors;
use super::{Canary, Leak, NAME, output, plant};
use crate::path::Path;

/// What the canary's thread works with.
pub(crate) struct Parts {
    /// Where it plants, like any source.
    pub(crate) intake: Intake,
    /// The judge, at whose doors it asks.
    pub(crate) judge: Arc<Judge>,
    /// Where alerts go.
    pub(crate) queue: Queue,
    /// Holds the canary, and the redactor that alerts pass.
    pub(crate) path: Arc<Path>,
    /// The data folder.
    pub(crate) folder: PathBuf,
    /// How to read the lake back, and how long its rows wait.
    pub(crate) lake: lake::Config,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// The runtime that drives the intake's answers.
    pub(crate) runtime: Handle,
}

/// The running rounds.
pub(crate) struct Rounds {
    thread: JoinHandle<()>,
    stop: CancellationToken,
}

/// The first round comes soon, so that a wrong set-up shows on the first afternoon.
const FIRST: Duration = Duration::from_secs(120);
/// How often the thread looks up.
const TICK: Duration = Duration::from_millis(200);
/// After a row's time the lake takes this long to write it, at most.
const LAKE_GRACE: Duration = Duration::from_secs(10);

impl Rounds {
    /// Starts the thread, where the configuration wants it.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(crate) fn start(parts: Parts) -> anyhow::Result<Option<Self>> {
        if !parts.path.canary.config.enabled {
            return Ok(None);
        }
        let stop = CancellationToken::new();
        let mut round = Round {
            doors: Doors::open(Arc::clone(&parts.judge))?,
            parts,
            stop: stop.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("canary".to_owned())
            .spawn(move || round.run())?;
        Ok(Some(Self { thread, stop }))
    }

    /// Ends the thread, so that it no longer holds the intake.
    pub(crate) fn stop(self) {
        self.stop.cancel();
        if self.thread.join().is_err() {
            tracing::error!("canary panicked");
        }
    }
}

struct Round {
    parts: Parts,
    doors: Doors,
    stop: CancellationToken,
}

/// The signal to stop came.
struct Stopped;

impl Round {
    fn canary(&self) -> &Canary {
        &self.parts.path.canary
    }

    fn run(&mut self) {
        let every = self.canary().config.every.get();
        let mut wait = every.min(FIRST);
        while self.sleep(wait).is_ok() && self.once().is_ok() {
            wait = every;
        }
    }

    fn once(&self) -> Result<(), Stopped> {
        if self.canary().is_stopped(output::QUEUE) {
            return Ok(());
        }
        let since = SystemTime::now();
        self.plant();
        self.ask();
        self.sleep(self.parts.lake.max_age.get() + LAKE_GRACE)?;
        let is_clean = self.search(since);
        if is_clean
            && !self
                .canary()
                .any_stopped
                .load(std::sync::atomic::Ordering::Acquire)
        {
            let now = self.parts.clock.now().as_micros() / 1_000_000;
            self.canary().last_success.set(now);
        }
        Ok(())
    }

    fn plant(&self) {
        let texts = self.canary().needles().texts();
        let micros = self.parts.clock.now().as_micros();
        let nanos = u64::try_from(micros)
            .unwrap_or_default()
            .saturating_mul(1_000);
        for (origin, payload) in plant::payloads(texts, nanos) {
            let source = origin.source.name();
            let raw = self.parts.intake.stamp(origin, payload);
            match self.parts.runtime.block_on(self.parts.intake.submit(raw)) {
                Ok(_) => drop(self.canary().planted.inc_by(texts.len() as u64)),
                Err(error) => tracing::warn!(source, %error, "canary was not taken"),
            }
        }
    }

    /// Asks at every door of the judge, and looks at what it answers.
    fn ask(&self) {
        let canary = self.canary();
        let needles = canary.needles();
        let redactor = &self.parts.path.redactor;
        for question in questions(needles.texts()) {
            if canary.is_stopped(output::ANSWERS) || self.stop.is_cancelled() {
                return;
            }
            self.tell();
            let place = question.place.name();
            match self.parts.runtime.block_on(self.doors.ask(&question)) {
                Ok(answer) => {
                    canary.planted.inc_by(question.texts.len() as u64);
                    let leak = leak((needles, redactor), &question, &answer);
                    if canary.judge(output::ANSWERS, leak) {
                        canary.checked(output::ANSWERS);
                    }
                }
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::warn!(place, error, "the judge did not take the canary");
                }
            }
        }
    }

    /// Reads the outputs on disk back; says whether nothing was found.
    fn search(&self, since: SystemTime) -> bool {
        let letters = self.search_dead_letters(since);
        let lake = match self.search_lake(since) {
            Ok(is_clean) => is_clean,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "cannot read the lake back");
                false
            }
        };
        letters && lake
    }

    fn search_lake(&self, since: SystemTime) -> Result<bool, lake::LakeError> {
        let canary = self.canary();
        let mut is_clean = true;
        let mut rows = 0;
        for file in lake::files_since(&self.parts.folder, since)? {
            rows += lake::each_text(&file, &self.parts.lake, NAME, &mut |text| {
                is_clean &= canary.judge(output::LAKE, canary.needles().find(text.as_bytes()));
            })?;
        }
        if rows == 0 {
            tracing::warn!("no row of the canary has reached the lake yet");
        } else if is_clean {
            canary.checked(output::LAKE);
        }
        Ok(is_clean && rows > 0)
    }

    fn search_dead_letters(&self, since: SystemTime) -> bool {
        let folder = self.parts.folder.join("dlq");
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let is_new = |entry: &std::fs::DirEntry| {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            modified.is_ok_and(|time| time >= since)
        };
        let mut is_clean = true;
        for entry in entries.filter(is_new) {
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            is_clean &= self.canary().permits_any(output::DEAD_LETTERS, &bytes);
        }
        if is_clean {
            self.canary().checked(output::DEAD_LETTERS);
        }
        is_clean
    }

    /// Waits, and tells of leaks meanwhile.
    fn sleep(&self, wait: Duration) -> Result<(), Stopped> {
        let until = Instant::now() + wait;
        while Instant::now() < until {
            if self.stop.is_cancelled() {
                return Err(Stopped);
            }
            self.tell();
            std::thread::park_timeout(TICK);
        }
        Ok(())
    }

    /// Tells of leaks.
    fn tell(&self) {
        let leaks = self.canary().take_leaks();
        leaks.iter().for_each(|leak| self.alert(leak));
    }

    /// An error in the log, and a Detection Finding where the queue may still be written.
    fn alert(&self, leak: &Leak) {
        tracing::error!(
            output = leak.output,
            kind = leak.kind,
            "a planted secret came out in plain text; this output has stopped"
        );
        if leak.output == output::QUEUE {
            return;
        }
        let now = self.parts.clock.now();
        let (redacted, _) = self.parts.path.redactor.redact(finding(leak, now));
        let mut uid = [0; 16];
        if getrandom::fill(&mut uid).is_err() {
            return;
        }
        let record = Record::new(EventUid::from_bytes(uid), now, redacted);
        let mut batch = Batch::new();
        if batch.push(&record).is_ok() {
            let told = |stored: Result<_, _>| {
                if let Err(error) = stored {
                    tracing::error!(%error, "cannot store the alert of a leak");
                }
            };
            self.parts.queue.append(batch, Box::new(told));
        }
    }
}

fn finding(leak: &Leak, now: Timestamp) -> Event {
    let mut event = Event::new(Class::DetectionFinding, CREATE, now);
    event.set_int(Field::SeverityId, CRITICAL);
    event.set_text(Field::ProductName, "magistrate");
    event.set_text(Field::ProductVendor, "Magistrate");
    event.set_text(Field::FindingUid, &format!("{NAME}-{}", leak.output));
    event.set_text(
        Field::FindingTitle,
        "Redaction failed: a planted secret came out",
    );
    let description = format!(
        "A made-up secret of kind {} was found in plain text in the output {}, which has stopped.",
        leak.kind, leak.output
    );
    event.set_text(Field::FindingDesc, &description);
    event.set_text(Field::Message, &description);
    event
}

/// OCSF's `activity_id` of a new finding, and `severity_id` 5.
const CREATE: u8 = 1;
const CRITICAL: i64 = 5;
