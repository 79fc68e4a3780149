//! Opens a data folder: its keys, its queue, its state.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use magistrate_enrich::{Context, Detectors, Epoch, RedactKey, Redactor, ToolNames, UidKey};
use magistrate_event::{Clock, SystemClock};
use magistrate_sinks::State;
use magistrate_sinks::queue::{FolderLock, Metrics, Queue, Setup};

use crate::canary::Canary;
use crate::config::Config;
use crate::keys::{self, make_private_folder, read_or_make};
use crate::lists;
use crate::path::Path;
use crate::rules;

/// The name of the lake's cursor.
pub(crate) const LAKE: &str = "lake";

/// The name of the analysis's cursor, and of what it remembers.
pub(crate) const ANALYSIS: &str = "analysis";

/// The key of event ids, in the data folder.
pub(crate) const UID_KEY: &str = "keys/uid.key";

/// An open data folder.
pub(crate) struct Store {
    /// The folder.
    pub(crate) folder: PathBuf,
    /// The path's fixed parts, with this folder's keys.
    pub(crate) path: Arc<Path>,
    /// The durable queue.
    pub(crate) queue: Queue,
    /// Cursors and checkpoints.
    pub(crate) state: Arc<State>,
    /// Keeps other processes off the folder.
    pub(crate) lock: FolderLock,
    /// What is remembered of sessions.
    pub(crate) context: Context,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
}

impl Store {
    /// Opens the folder that `config` names; makes it where it is missing.
    ///
    /// # Errors
    /// When it cannot be made, read or locked, or a key in it is damaged.
    pub(crate) fn open(config: &Config) -> anyhow::Result<Self> {
        make_private_folder(&config.data)?;
        let folder = std::path::absolute(&config.data)
            .with_context(|| format!("cannot resolve data folder `{}`", config.data.display()))?;
        let path = Arc::new(open_path(config, &folder)?);
        crate::logging::start(Arc::clone(&path));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let lock = FolderLock::take(&folder)?;
        let state = Arc::new(State::open(&folder.join("state.redb"))?);
        let setup = Setup {
            config: config.queue.clone(),
            state: Arc::clone(&state),
            consumers: consumer_names(config),
            metrics: Metrics::default(),
            clock: Arc::clone(&clock),
        };
        let queue = Queue::open(&lock, setup)?;
        let context = open_context(config, &state)?;
        Ok(Self {
            folder,
            path,
            queue,
            state,
            lock,
            context,
            clock,
        })
    }
}

/// Takes back what was remembered of sessions.
fn open_context(config: &Config, state: &State) -> anyhow::Result<Context> {
    let context = Context::new(&config.context);
    let mut unreadable = 0_u64;
    state.rows(ANALYSIS, |key, bytes| {
        if Context::is_row(key) {
            unreadable += u64::from(!context.restore(key, bytes));
        }
    })?;
    if unreadable > 0 {
        tracing::warn!(
            unreadable,
            "what is remembered of some sessions cannot be read; they start anew"
        );
    }
    Ok(context)
}

/// Makes the path with the keys of a data folder.
///
/// # Errors
/// When a key cannot be read or made, a list cannot be read, or a rule does not compile.
pub(crate) fn open_path(config: &Config, folder: &FilePath) -> anyhow::Result<Path> {
    let uid_key = UidKey::new(read_or_make(&folder.join(UID_KEY))?);
    let key = keys::redact_key(&config.redact, folder)?;
    let mut redactor = redactor(&key, config)?;
    if let Some(seal_key) = keys::seal_key(&config.redact)? {
        redactor = redactor.with_seal(seal_key);
    }
    Ok(Path {
        redactor: Arc::new(redactor),
        uid_key,
        tool_names: ToolNames::default(),
        canary: Canary::new(config.canary.clone()),
    })
}

/// The redactor alone, for a filter: with the folder's key where there is one, so that tokens
/// join with those of the lake, else with a key of the moment. Writes nothing.
///
/// # Errors
/// When the key or a list cannot be read, or a rule does not compile.
pub(crate) fn open_redactor(config: &Config) -> anyhow::Result<Redactor> {
    if let Some(key) = keys::redact_key_if_any(&config.redact, &config.data)? {
        return redactor(&key, config);
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key)?;
    redactor(&RedactKey::from_bytes(key), config)
}

fn redactor(key: &RedactKey, config: &Config) -> anyhow::Result<Redactor> {
    let custom = rules::load(&config.redact.rules)
        .map_err(|faults| anyhow::anyhow!("{}", faults.join("\n")))?;
    let detectors = Detectors::new(&config.redact, lists::read(&config.redact, key)?);
    let epoch = Epoch(config.redact.epoch);
    Redactor::with(key, epoch, custom, detectors).context("cannot build the redactor")
}

/// The cursor name of the forwarder `sink`.
pub(crate) fn sink_consumer(sink: &str) -> String {
    format!("sink:{sink}")
}

fn consumer_names(config: &Config) -> Vec<String> {
    let sinks = config.sink.iter().map(|sink| sink_consumer(&sink.name));
    let own = [LAKE.to_owned()].into_iter();
    let analysis = config.detect.enabled.then(|| ANALYSIS.to_owned());
    own.chain(analysis).chain(sinks).collect()
}
