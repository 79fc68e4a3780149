//! Starts a sink on a thread of its own.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use magistrate_event::Clock;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::config::{Fault, Kind, SinkConfig};
use super::credentials::{Credentials, CredentialsError, Scheme, SecretSource};
use super::{ClientError, DeadLetters, Feed, Forwarder, Metrics, Names, Options, Pace, Sink, Ways};
use crate::Guard;
use crate::elasticsearch::Elasticsearch;
use crate::splunk_hec::SplunkHec;

/// What a sink needs besides its configuration.
pub struct Setup<F> {
    /// Its consumer of the queue, under a cursor of its own.
    pub feed: F,
    /// The waits between attempts.
    pub pace: Pace,
    /// Where refused records are kept.
    pub dead: DeadLetters,
    /// The last look at each request.
    pub guard: Arc<dyn Guard>,
    /// Knows the names of masked tools.
    pub names: Names,
    /// How long a row waits for such a name.
    pub hold: Duration,
    /// Where it counts.
    pub metrics: Metrics,
    /// What it measures lag by.
    pub clock: Arc<dyn Clock>,
    /// The signal to stop.
    pub stop: CancellationToken,
    /// The runtime that drives its connections.
    pub runtime: Handle,
}

/// Why a sink could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its configuration has faults.
    #[error("cannot start {}", shown(.0))]
    Config(Vec<Fault>),
    /// Its credentials cannot be used.
    #[error("cannot start sink `{sink}`: its credentials cannot be used")]
    Credentials {
        /// The sink's name.
        sink: String,
        /// Why.
        #[source]
        source: CredentialsError,
    },
    /// Its client cannot be set up.
    #[error("cannot start sink `{sink}`: its client cannot be set up")]
    Client {
        /// The sink's name.
        sink: String,
        /// Why.
        #[source]
        source: ClientError,
    },
    /// The machine gives no thread.
    #[error("cannot start a thread for sink `{sink}`")]
    Thread {
        /// The sink's name.
        sink: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn shown(faults: &[Fault]) -> String {
    let faults: Vec<String> = faults.iter().map(Fault::to_string).collect();
    faults.join("; ")
}

const CONFIRM_EVERY: Duration = Duration::from_secs(1);
const COMMIT_EVERY: Duration = Duration::from_secs(1);
const STOP_GRACE: Duration = Duration::from_secs(2);

/// Starts the sink; its thread ends soon after `setup.stop`, with the cursor stored.
///
/// # Errors
/// When the configuration has faults, or a file that it names cannot be used. A peer that is not
/// there is no error: its records wait in the queue.
pub fn start<F: Feed + 'static>(
    config: &SinkConfig,
    setup: Setup<F>,
) -> Result<JoinHandle<()>, StartError> {
    let faults = config.faults();
    let (true, Ok(endpoint)) = (faults.is_empty(), config.endpoint_url()) else {
        return Err(StartError::Config(faults));
    };
    let credentials = credentials(config).map_err(|source| StartError::Credentials {
        sink: config.name.clone(),
        source,
    })?;
    let failed = |source| StartError::Client {
        sink: config.name.clone(),
        source,
    };
    match (config.kind, credentials) {
        (Kind::SplunkHec, Some(credentials)) => {
            let sink = SplunkHec::new(config, &endpoint, credentials).map_err(failed)?;
            spawn(config, sink, setup)
        }
        // The check of the configuration has said so already.
        (Kind::SplunkHec, None) => Err(StartError::Config(faults)),
        (Kind::Elasticsearch | Kind::Opensearch, credentials) => {
            let sink = Elasticsearch::new(config, &endpoint, credentials).map_err(failed)?;
            spawn(config, sink, setup)
        }
    }
}

fn spawn<F: Feed + 'static, S: Sink + 'static>(
    config: &SinkConfig,
    sink: S,
    setup: Setup<F>,
) -> Result<JoinHandle<()>, StartError> {
    let options = options(config, setup.pace, setup.hold);
    let body = move || {
        let _context = setup.runtime.enter();
        let forwarder = Forwarder::new(
            (setup.feed, sink),
            options,
            Ways {
                dead: setup.dead,
                guard: setup.guard,
                names: setup.names,
            },
            (&setup.metrics, setup.clock),
            setup.stop,
        );
        setup.runtime.block_on(forwarder.run());
    };
    std::thread::Builder::new()
        .name(format!("sink-{}", config.name))
        .spawn(body)
        .map_err(|source| StartError::Thread {
            sink: config.name.clone(),
            source,
        })
}

fn options(config: &SinkConfig, pace: Pace, hold: Duration) -> Options {
    Options {
        name: config.name.clone(),
        wanted: config.records.clone(),
        batch_max_records: config.batch_max_records,
        batch_max_bytes: config.batch_max_bytes,
        pace,
        patience: Duration::from_secs(config.ack_timeout_s),
        confirm_every: CONFIRM_EVERY.min(pace.longest),
        commit_every: COMMIT_EVERY,
        stop_grace: STOP_GRACE,
        hold,
    }
}

fn credentials(config: &SinkConfig) -> Result<Option<Credentials>, CredentialsError> {
    let token = match (&config.token, &config.token_file) {
        (Some(token), _) => Some(SecretSource::Given(token.clone())),
        (None, Some(path)) => Some(SecretSource::File(path.clone())),
        (None, None) => None,
    };
    let basic = config.username.clone().zip(config.password_file.clone());
    let (scheme, source) = match (config.kind, token, basic) {
        (Kind::SplunkHec, Some(token), _) => (Scheme::Splunk, token),
        (Kind::Elasticsearch, Some(token), _) => (Scheme::ApiKey, token),
        (Kind::Elasticsearch | Kind::Opensearch, _, Some((username, path))) => {
            (Scheme::Basic { username }, SecretSource::File(path))
        }
        (Kind::SplunkHec | Kind::Elasticsearch | Kind::Opensearch, _, _) => return Ok(None),
    };
    Credentials::new(scheme, source).map(Some)
}
