//! Starts the configured forwarders, each with its own cursor and thread.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use magistrate_sinks::Guard;
use magistrate_sinks::forward::{self, Letter, Metrics, Names, Pace, Setup};
use prometheus_client::registry::Registry;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::dead_letter::{DeadLetter, DeadLetters};
use crate::store::{Store, sink_consumer};

/// So long a row of a masked tool waits for its name: three exports of the client's spans.
const HOLD: Duration = Duration::from_secs(15);

/// The running forwarders.
pub(crate) struct Forwarders {
    threads: Vec<JoinHandle<()>>,
    stop: CancellationToken,
}

impl Forwarders {
    /// Starts one thread a sink; must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When a sink's credentials or certificates cannot be read.
    pub(crate) fn start(
        config: &Config,
        store: &Store,
        dead_letters: &DeadLetters,
        registry: &mut Registry,
    ) -> anyhow::Result<Self> {
        let metrics = Metrics::default();
        metrics.register(registry);
        let stop = CancellationToken::new();
        let mut threads = Vec::with_capacity(config.sink.len());
        for sink in &config.sink {
            let letters = dead_letters.clone();
            let setup = Setup {
                feed: store.queue.consumer(&sink_consumer(&sink.name))?,
                pace: Pace::default(),
                dead: Box::new(move |letter| keep(&letters, letter)),
                guard: Arc::clone(&store.path) as Arc<dyn Guard>,
                names: names(store),
                hold: HOLD,
                metrics: metrics.clone(),
                clock: Arc::clone(&store.clock),
                stop: stop.clone(),
                runtime: Handle::current(),
            };
            threads.push(forward::start(sink, setup)?);
        }
        Ok(Self { threads, stop })
    }

    /// Ends them; what is not delivered goes on with the next start.
    pub(crate) fn stop(self) {
        self.stop.cancel();
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a forwarder panicked; the next start goes on from its cursor");
            }
        }
    }
}

fn names(store: &Store) -> Names {
    let path = Arc::clone(&store.path);
    Arc::new(move |record| {
        path.tool_names.learn(record);
        path.tool_names.apply(record)
    })
}

fn keep(letters: &DeadLetters, letter: Letter<'_>) -> io::Result<()> {
    letters
        .try_put(DeadLetter::of_letter(&letter))
        .map_err(io::Error::other)
}
