//! `magistrate replay`: files walk the same path as live traffic.

mod detect;
mod input;
mod progress;
mod read;
mod summary;

use std::time::{Duration, Instant};

use magistrate_event::{
    Clock as _, Identity, Origin, Payload, Receipt, Refusal, Source, SystemClock,
};
use magistrate_ingest::Intake;
use prometheus_client::registry::Registry;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};

use self::input::Input;
use self::progress::Progress;
use self::read::Piece;
use self::summary::{Form, Summary};
use crate::cli::ReplayArguments;
use crate::dead_letter::{DeadLetter, DeadLetters};
use crate::exit::{Failure, Outcome};
use crate::run::Engine;
use crate::store::Store;
use crate::{check, config};

/// So long a payload may wait for room in the queue: the lake empties it within its `max_age`.
const PATIENCE: Duration = Duration::from_secs(180);
/// A full queue empties while the lake follows; look again soon.
const MAX_RETRY_WAIT: Duration = Duration::from_millis(200);
/// Batches on their way at once: the next ones are walked while earlier ones are synced.
const IN_FLIGHT: usize = 4;

/// Reads every path and prints what became of it.
pub(crate) fn command(arguments: &ReplayArguments) -> Outcome {
    let loaded = config::load(&arguments.place);
    let report = check::examine(&loaded);
    if !report.faults.is_empty() {
        return Err(Failure::Usage(report.to_string()));
    }
    let files =
        input::list(&arguments.paths).map_err(|error| Failure::Usage(format!("{error:#}")))?;
    let store =
        Store::open(&loaded.config).map_err(|error| Failure::Usage(format!("{error:#}")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let _inside = runtime.enter();
    let (intake, engine) = Engine::start(&loaded.config, &store, &mut Registry::default())?;
    let mut replay = Replay {
        arguments,
        intake,
        dead_letters: engine.dead_letters().clone(),
        progress: Progress::start(&files),
        summary: Summary::default(),
    };
    runtime.block_on(replay.files(files));
    let Replay {
        intake,
        summary,
        progress,
        ..
    } = replay;
    progress.finish();
    drop(intake);
    engine.drain(&store);
    summary.print(if arguments.json {
        Form::Json
    } else {
        Form::Text
    })?;
    if summary.is_clean() {
        Ok(())
    } else {
        Err(Failure::NotSo)
    }
}

struct Replay<'a> {
    arguments: &'a ReplayArguments,
    intake: Intake,
    dead_letters: DeadLetters,
    progress: Progress,
    summary: Summary,
}

impl Replay<'_> {
    /// Reads the files one after the other; a file is read on a thread of its own, so that the
    /// next piece is ready while the last ones are synced.
    async fn files(&mut self, inputs: Vec<Input>) {
        for input in inputs {
            let name = input.name();
            self.progress.file(&name);
            let (sender, mut pieces) = mpsc::channel(IN_FLIGHT);
            let (count, format) = (self.progress.counter(), self.arguments.format);
            let reading = tokio::task::spawn_blocking(move || {
                let mut take = |piece| sender.blocking_send(piece).is_ok();
                input
                    .open(count)
                    .and_then(|reader| read::pieces(reader, format, &mut take))
            });
            self.file(&name, &mut pieces).await;
            match reading.await {
                Ok(Ok(())) => self.summary.files += 1,
                Ok(Err(error)) => self.summary.unreadable(&name, error.to_string()),
                Err(error) => self.summary.unreadable(&name, error.to_string()),
            }
        }
    }

    async fn file(&mut self, name: &str, pieces: &mut mpsc::Receiver<Piece>) {
        let mut walking = JoinSet::new();
        while let Some(piece) = pieces.recv().await {
            if walking.len() >= IN_FLIGHT {
                self.note(name, walking.join_next().await);
            }
            match piece {
                Piece::Payload { payload, rejected } => {
                    self.summary.left_out(rejected);
                    let intake = self.intake.clone();
                    walking.spawn(async move { submit(&intake, payload).await });
                }
                Piece::Text { message, text } => {
                    let received = SystemClock.now();
                    self.dead_letters.put(DeadLetter::of_text(
                        Source::Replay.name(),
                        received,
                        "malformed",
                        message.clone(),
                        &text,
                    ));
                    self.summary.unreadable(name, message);
                }
                Piece::Unreadable(message) => self.summary.unreadable(name, message),
            }
        }
        while let Some(ended) = walking.join_next().await {
            self.note(name, Some(ended));
        }
    }

    fn note(&mut self, name: &str, ended: Option<Result<Answer, JoinError>>) {
        match ended {
            Some(Ok(outcome)) => self.summary.count(name, outcome),
            Some(Err(error)) => self.summary.unreadable(name, error.to_string()),
            None => {}
        }
    }
}

type Answer = Result<Receipt, Refusal>;

/// Submits a payload until it is taken, can never be, or has waited too long.
async fn submit(intake: &Intake, payload: Payload) -> Answer {
    let origin = Origin {
        source: Source::Replay,
        peer: None,
        identity: Identity::Anonymous,
    };
    let started = Instant::now();
    loop {
        let raw = intake.stamp(origin.clone(), payload.clone());
        match intake.submit(raw).await {
            Err(Refusal::Busy { retry_after } | Refusal::Unavailable { retry_after, .. })
                if started.elapsed() < PATIENCE =>
            {
                tokio::time::sleep(retry_after.min(MAX_RETRY_WAIT)).await;
            }
            outcome @ (Ok(_) | Err(_)) => return outcome,
        }
    }
}
