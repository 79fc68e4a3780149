//! `magistrate run`: joins sources, path, queue, lake and forwarders, and drains them at the end.

use std::io::Write as _;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use magistrate_ingest::Intake;
use magistrate_judge::Judge;
use magistrate_sinks::lake::Lake;
use prometheus_client::registry::Registry;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::admin::{self, Reads, Shown};
use crate::admin_tls;
use crate::analysis::{self, AnalysisThread, Pace};
use crate::approvals;
use crate::audit;
use crate::background::Ended;
use crate::canary::{self, Rounds};
use crate::cli::RunArguments;
use crate::config::{self, Config};
use crate::consume::{self, LakeThread};
use crate::dead_letter::DeadLetters;
use crate::exit::{Failure, Outcome};
use crate::forwarders::Forwarders;
use crate::judge;
use crate::listeners::Listeners;
use crate::metrics::Metrics;
use crate::models::Models;
use crate::store::{ANALYSIS, LAKE, Store};
use crate::workers::{self, Worker};
use crate::{check, signal};

/// Runs until SIGTERM or SIGINT.
pub(crate) fn command(arguments: &RunArguments) -> Outcome {
    let loaded = config::load(&arguments.place);
    let report = check::examine(&loaded);
    if !report.faults.is_empty() {
        return Err(Failure::Usage(report.to_string()));
    }
    let store =
        Store::open(&loaded.config).map_err(|error| Failure::Usage(format!("{error:#}")))?;
    for warning in &report.warnings {
        tracing::warn!(warning = %warning, "configuration");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run(&loaded.config, store))
}

async fn run(config: &Config, store: Store) -> Outcome {
    let mut listeners = Listeners::bind(config)
        .await
        .map_err(|error| Failure::Usage(format!("{error:#}")))?;
    let token = admin::token(config, &store.folder)?;
    if let Some(admin) = listeners.address("admin") {
        let files = admin_tls::files(config);
        let certificate = files.as_ref().map(admin_tls::fingerprint).transpose()?;
        store.lock.tell_admin(admin, certificate.as_deref())?;
    }
    // Before anybody can know that it runs: a stop that comes at once is a stop, too.
    let stop = signal::Stop::listen()?;
    let mut registry = Registry::default();
    let models = Models::start(&config.models)?;
    let (intake, engine) = Engine::start(
        config,
        (&store, models.as_ref()),
        Pace::Shared,
        &mut registry,
    )?;
    let (audit, audit_threads) = audit::start(config, &store)?;
    let judge = judge::start(
        config,
        (&store, models.as_ref(), Arc::clone(&audit)),
        (listeners.address("judge"), listeners.address("admin")),
        &mut registry,
    )?;
    let shutdown = CancellationToken::new();
    let decisions = approvals::serve(config, judge.approvals(), &shutdown)?;
    let doorkeeper = Arc::new(admin::doorkeeper(config, token)?);
    let queue = store.queue.clone();
    let refresh = Box::new(move || drop(queue.status()));
    let queue = store.queue.clone();
    let stalled = Box::new(move || queue.stalled());
    let canary = Rounds::start(canary_parts(config, (&store, &judge), &intake))?;
    listeners.start(
        config,
        (&intake, engine.dead_letters(), &judge),
        Shown {
            registry,
            refresh,
            stalled,
            path: Arc::clone(&store.path),
            state: Arc::clone(&store.state),
            closing: engine.closing(),
            console: admin::console(judge.approvals(), &doorkeeper),
            doorkeeper,
            reads: Reads::new(audit, Arc::clone(&store.path), Arc::clone(&store.clock)),
        },
        &shutdown,
    )?;
    let reload = judge::reload(config.clone(), Arc::clone(&judge), shutdown.clone());
    drop((intake, judge));
    announce(&listeners, &store)?;

    stop.asked().await;
    let stopping = Instant::now();
    tracing::info!("stopping: finishing what was received");
    shutdown.cancel();
    listeners.drain().await;
    reload.await?;
    decisions.join_all().await;
    let drain = tokio::task::spawn_blocking(move || {
        canary.into_iter().for_each(Rounds::stop);
        let journal = audit_threads.stop();
        let ended = engine.drain(&store, stopping);
        audit::end(&journal);
        ended
    });
    outcome(drain.await?)
}

/// What the exit status tells of a stop.
fn outcome(ended: Ended) -> Outcome {
    match ended {
        Ended::Complete => {
            tracing::info!("stopped");
            Ok(())
        }
        Ended::Short => Err(anyhow!(
            "stopped before all that was acknowledged is in the lake; \
             the rest waits in the queue for the next start"
        )
        .into()),
    }
}

/// Everything behind the listeners.
pub(crate) struct Engine {
    workers: Vec<JoinHandle<()>>,
    analysis: Option<AnalysisThread>,
    detected: Option<Arc<analysis::Metrics>>,
    lake: LakeThread,
    forwarders: Forwarders,
    dead_letters: DeadLetters,
}

impl Engine {
    /// Starts path workers, analysis, lake and forwarders; the intake is where sources submit.
    ///
    /// # Errors
    /// When the lake cannot be opened or a thread cannot be started.
    pub(crate) fn start(
        config: &Config,
        (store, models): (&Store, Option<&Arc<Models>>),
        pace: Pace,
        registry: &mut Registry,
    ) -> anyhow::Result<(Intake, Self)> {
        let metrics = Arc::new(Metrics::default());
        metrics.register(registry);
        store.queue.metrics().register(registry);
        store.path.canary.register(registry);
        let dead_letters = DeadLetters::new(store.folder.join("dlq"), Arc::clone(&store.path));

        let lake = open_lake(config, store, registry)?;
        let analysis = start_analysis(config, (store, models), pace, registry)?;
        let (analysis, detected) = analysis.unzip();
        let forwarders = Forwarders::start(config, store, &dead_letters, registry)?;

        let (intake, envelopes) = Intake::new(config.limits.intake());
        let path = Arc::clone(&store.path);
        let worker = Worker {
            path,
            queue: store.queue.clone(),
            dead_letters: dead_letters.clone(),
            metrics,
        };
        let count = std::thread::available_parallelism().map_or(2, usize::from);
        let workers = workers::start(count, &envelopes, &worker)?;
        Ok((
            intake,
            Self {
                workers,
                analysis,
                detected,
                lake,
                forwarders,
                dead_letters,
            },
        ))
    }

    /// Where what cannot be taken goes.
    pub(crate) const fn dead_letters(&self) -> &DeadLetters {
        &self.dead_letters
    }

    /// For those who want to read what is not in a closed file of the lake yet.
    pub(crate) fn closing(&self) -> consume::Closing {
        self.lake.closing()
    }

    /// What rules found; none where they are switched off.
    pub(crate) fn detected(&self) -> Option<Arc<analysis::Metrics>> {
        self.detected.clone()
    }

    /// Ends everything in the order of the path; every intake must be gone by now. The stop began at
    /// `stopping`. Says whether all that was acknowledged is in the lake.
    pub(crate) fn drain(self, store: &Store, stopping: Instant) -> Ended {
        for worker in self.workers {
            if worker.join().is_err() {
                tracing::error!("path worker panicked");
            }
        }
        // Its findings are records, too: it ends before the queue closes.
        let analysis = self.analysis.map(|thread| thread.drain(stopping));
        if analysis == Some(Ended::Short) {
            tracing::warn!("not everything is analysed; the next start goes on");
        }
        store.queue.close();
        let lake = self.lake.drain();
        self.forwarders.stop();
        lake
    }
}

fn canary_parts(
    config: &Config,
    (store, judge): (&Store, &Arc<Judge>),
    intake: &Intake,
) -> canary::Parts {
    canary::Parts {
        intake: intake.clone(),
        judge: Arc::clone(judge),
        queue: store.queue.clone(),
        path: Arc::clone(&store.path),
        folder: store.folder.clone(),
        lake: config.lake.clone(),
        clock: Arc::clone(&store.clock),
        runtime: Handle::current(),
    }
}

fn start_analysis(
    config: &Config,
    (store, models): (&Store, Option<&Arc<Models>>),
    pace: Pace,
    registry: &mut Registry,
) -> anyhow::Result<Option<(AnalysisThread, Arc<analysis::Metrics>)>> {
    if !config.detect.enabled {
        return Ok(None);
    }
    let metrics = Arc::new(analysis::Metrics::default());
    metrics.register(registry);
    let parts = analysis::Parts {
        consumer: store.queue.consumer(ANALYSIS)?,
        queue: store.queue.clone(),
        path: Arc::clone(&store.path),
        state: Arc::clone(&store.state),
        context: store.context.clone(),
        models: models.cloned(),
        clock: Arc::clone(&store.clock),
        metrics: Arc::clone(&metrics),
        config: config.clone(),
        pace,
    };
    Ok(Some((AnalysisThread::start(parts)?, metrics)))
}

fn open_lake(
    config: &Config,
    store: &Store,
    registry: &mut Registry,
) -> anyhow::Result<LakeThread> {
    let lake = Lake::open(
        &config.lake,
        &store.folder,
        &store.state,
        Arc::clone(&store.clock),
    )
    .context("cannot open the lake")?;
    lake.metrics().register(registry);
    let parts = consume::Parts {
        lake,
        max_age: config.lake.max_age.get(),
        consumer: store.queue.consumer(LAKE)?,
        path: Arc::clone(&store.path),
        state: Arc::clone(&store.state),
        clock: Arc::clone(&store.clock),
    };
    Ok(LakeThread::start(parts)?)
}

/// Prints one line per listener and where the data go.
fn announce(listeners: &Listeners, store: &Store) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    for (name, address) in listeners.addresses() {
        writeln!(stdout, "{name:<11} {address}")?;
    }
    if let Some(file) = listeners.file() {
        writeln!(stdout, "{:<11} {}", "judge_unix", file.display())?;
    }
    writeln!(stdout, "data        {}", store.folder.display())?;
    stdout.flush()
}
