//! `magistrate replay`: files walk the same path as live traffic.

mod detect;
mod door;
mod input;
mod progress;
mod read;
mod report;
mod summary;
pub(crate) mod wire;

use std::time::Instant;

use anyhow::Context as _;
use magistrate_event::{Clock as _, Refusal, Source, SystemClock};
use magistrate_sinks::queue::LockError;
use prometheus_client::registry::Registry;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};

use self::door::Door;
use self::input::Input;
use self::read::Piece;
use self::summary::{Form, Summary};
use self::wire::Taken;
use crate::analysis::Pace;
use crate::background::Ended;
use crate::cli::ReplayArguments;
use crate::config::Config;
use crate::dead_letter::DeadLetter;
use crate::exit::{Failure, Outcome, tell};
use crate::models::Models;
use crate::run::Engine;
use crate::store::Store;
use crate::{admin, check, config};

pub(crate) use door::{Running, take};
pub(crate) use progress::Progress;

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
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let _inside = runtime.enter();
    let summary = match Store::open(&loaded.config) {
        Ok(store) => {
            let models = Models::start(&loaded.config.models)?;
            let (intake, engine) = Engine::start(
                &loaded.config,
                (&store, models.as_ref()),
                Pace::Thorough,
                &mut Registry::default(),
            )?;
            let dead_letters = engine.dead_letters().clone();
            let door = Door::Own {
                intake,
                dead_letters,
            };
            let mut summary = runtime.block_on(Replay::run(arguments, door, files));
            let detected = engine.detected();
            let waiting = progress::waiting("rules and models look at what was read");
            let ended = engine.drain(&store, Instant::now());
            waiting.finish_and_clear();
            if ended == Ended::Short {
                tell("not everything is in the lake; the next start or replay goes on");
            }
            summary.alerts = detected.map(|metrics| metrics.alerts().into_iter().collect());
            summary
        }
        Err(error) => {
            let running = running(&loaded.config, &error);
            let running = running.map_err(|why| match why {
                Some(why) => Failure::Usage(format!("{error:#}: {why:#}")),
                None => Failure::Usage(format!("{error:#}")),
            })?;
            runtime.block_on(Replay::run(arguments, Door::Running(running), files))
        }
    };
    if let Some(file) = &arguments.report {
        report::write(&loaded.config, file)?;
    }
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

/// The instance that holds the folder, where that is why it cannot be opened; else why not.
pub(crate) fn running(
    config: &Config,
    error: &anyhow::Error,
) -> Result<Running, Option<anyhow::Error>> {
    let Some(LockError::Held { folder, holder }) = error.downcast_ref::<LockError>() else {
        return Err(None);
    };
    let running = || {
        let token = admin::existing_token(config, folder);
        let token = token.context("its admin token is needed to ask it")?;
        Running::of(holder, token)
    };
    running().map_err(Some)
}

struct Replay<'a> {
    arguments: &'a ReplayArguments,
    door: Door,
    progress: Progress,
    summary: Summary,
}

impl<'a> Replay<'a> {
    async fn run(arguments: &'a ReplayArguments, door: Door, files: Vec<Input>) -> Summary {
        let mut replay = Self {
            arguments,
            door,
            progress: Progress::start(files.iter().map(Input::size).sum()),
            summary: Summary::default(),
        };
        replay.files(files).await;
        replay.progress.finish();
        replay.summary
    }

    /// Reads the files one after the other; a file is read on a thread of its own, so that the
    /// next piece is ready while the last ones are synced.
    async fn files(&mut self, inputs: Vec<Input>) {
        for input in inputs {
            let name = input.name();
            let size = usize::try_from(input.size()).unwrap_or(usize::MAX);
            self.progress.file(&name);
            let (sender, mut pieces) = mpsc::channel(IN_FLIGHT);
            let (count, format) = (self.progress.counter(), self.arguments.format);
            let reading = tokio::task::spawn_blocking(move || {
                let mut take = |piece| sender.blocking_send(piece).is_ok();
                input
                    .open(count)
                    .and_then(|reader| read::pieces(reader, format, &mut take))
            });
            self.file(&name, size, &mut pieces).await;
            match reading.await {
                Ok(Ok(())) => self.summary.files += 1,
                Ok(Err(error)) => self.unreadable(&name, size, error.to_string()).await,
                Err(error) => self.unreadable(&name, size, error.to_string()).await,
            }
        }
    }

    /// Notes a file that could not be read, and keeps a dead letter of it, without what it holds.
    async fn unreadable(&mut self, name: &str, size: usize, message: String) {
        let told = format!("{name}: {message}");
        let letter = DeadLetter::of_file(Source::Replay.name(), SystemClock.now(), told, size);
        if let Err(refusal) = self.door.keep(letter).await {
            self.summary.unreadable(name, refusal.to_string());
        }
        self.summary.unreadable(name, message);
    }

    async fn file(&mut self, name: &str, size: usize, pieces: &mut mpsc::Receiver<Piece>) {
        let mut walking = JoinSet::new();
        while let Some(piece) = pieces.recv().await {
            if walking.len() >= IN_FLIGHT {
                self.note(name, walking.join_next().await);
            }
            match piece {
                Piece::Payload { payload, rejected } => {
                    self.summary.left_out(rejected);
                    let door = self.door.clone();
                    walking.spawn(async move { door.submit(payload).await });
                }
                Piece::Text { message, text } => {
                    let letter = DeadLetter::of_text(
                        Source::Replay.name(),
                        SystemClock.now(),
                        "malformed",
                        message.clone(),
                        &text,
                    );
                    if let Err(refusal) = self.door.keep(letter).await {
                        self.summary.unreadable(name, refusal.to_string());
                    }
                    self.summary.unreadable(name, message);
                }
                Piece::Unreadable(message) => self.unreadable(name, size, message).await,
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

type Answer = Result<Taken, Refusal>;
