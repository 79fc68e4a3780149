//! Reads what is remembered of clients: of a running instance by its admin listener, else from the data
//! folder.

use std::path::Path;

use magistrate_sinks::State;
use magistrate_sinks::queue::{FolderLock, LockError};
use serde::de::DeserializeOwned;

use crate::admin::Remembered;
use crate::config::Config;
use crate::exit::Failure;
use crate::replay;

/// The rows of `what`, as of the last checkpoint.
///
/// # Errors
/// When there is no data folder, or neither it nor the instance that holds it can be read.
pub(crate) fn rows<T: DeserializeOwned>(
    config: &Config,
    what: &Remembered<T>,
) -> Result<Vec<T>, Failure> {
    let file = config.data.join("state.redb");
    if !file.is_file() {
        let folder = config.data.display();
        let message = format!("`{folder}` is no data folder of magistrate; name one with --data");
        return Err(Failure::Usage(message));
    }
    match FolderLock::take(&config.data) {
        Ok(_lock) => stored(&file, what),
        Err(error @ LockError::Held { .. }) => asked(config, what, error.into()),
        Err(error) => Err(Failure::Usage(format!("{:#}", anyhow::Error::from(error)))),
    }
}

fn stored<T>(file: &Path, what: &Remembered<T>) -> Result<Vec<T>, Failure> {
    Ok(what.rows(&State::open(file)?)?)
}

/// Asks the instance that holds the folder, which is what `error` says.
fn asked<T: DeserializeOwned>(
    config: &Config,
    what: &Remembered<T>,
    error: anyhow::Error,
) -> Result<Vec<T>, Failure> {
    let running = replay::running(config, &error).map_err(|why| {
        let why = why.map(|why| format!(": {why:#}")).unwrap_or_default();
        Failure::Usage(format!("{error:#}{why}"))
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let text = runtime.block_on(running.show(what.place))?;
    Ok(serde_json::from_str(&text)?)
}
