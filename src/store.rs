//! Opens a data folder: its keys, its queue, its state.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use magistrate_enrich::{Detectors, Epoch, RedactKey, Redactor, ToolNames, UidKey};
use magistrate_event::{Clock, SystemClock};
use magistrate_sinks::State;
use magistrate_sinks::queue::{FolderLock, Metrics, Queue, Setup};

use crate::canary::Canary;
use crate::config::Config;
use crate::keys::{make_private_folder, read_or_make};
use crate::lists;
use crate::path::Path;
use crate::rules;

/// The name of the lake's cursor.
pub(crate) const LAKE: &str = "lake";

/// The key of the tokens that stand for masked values, in the data folder.
const REDACT_KEY: &str = "keys/redact.key";
/// The key of event ids, in the data folder.
const UID_KEY: &str = "keys/uid.key";

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
        Ok(Self {
            folder,
            path,
            queue,
            state,
            clock,
        })
    }
}

/// Makes the path with the keys of a data folder.
///
/// # Errors
/// When a key cannot be read or made, a list cannot be read, or a rule does not compile.
pub(crate) fn open_path(config: &Config, folder: &FilePath) -> anyhow::Result<Path> {
    let uid_key = UidKey::new(read_or_make(&folder.join(UID_KEY))?);
    let redact_key = read_or_make(&redact_key_file(config, folder))?;
    Ok(Path {
        redactor: redactor(config, redact_key)?,
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
    let file = redact_key_file(config, &config.data);
    if config.redact.key_file.is_some() || file.exists() {
        return redactor(config, read_or_make(&file)?);
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key)?;
    redactor(config, key)
}

fn redactor(config: &Config, key: [u8; 32]) -> anyhow::Result<Redactor> {
    let custom = rules::load(&config.redact.rules)
        .map_err(|faults| anyhow::anyhow!("{}", faults.join("\n")))?;
    let key = RedactKey::from_bytes(key);
    let detectors = Detectors::new(&config.redact, lists::read(&config.redact, &key)?);
    Redactor::with(&key, Epoch(1), custom, detectors).context("cannot build the redactor")
}

fn redact_key_file(config: &Config, folder: &FilePath) -> PathBuf {
    config
        .redact
        .key_file
        .clone()
        .unwrap_or_else(|| folder.join(REDACT_KEY))
}

/// The cursor name of the forwarder `sink`.
pub(crate) fn sink_consumer(sink: &str) -> String {
    format!("sink:{sink}")
}

fn consumer_names(config: &Config) -> Vec<String> {
    let sinks = config.sink.iter().map(|sink| sink_consumer(&sink.name));
    std::iter::once(LAKE.to_owned()).chain(sinks).collect()
}
