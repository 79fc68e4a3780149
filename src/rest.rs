//! The rows of a folder that are not in the lake's files yet.

use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Context as _;
use magistrate_event::{Event, EventUid};
use magistrate_sinks::State;
use magistrate_sinks::lake;
use magistrate_sinks::queue::{self, FolderLock, LockError};

use crate::admin::{CLOSE, For};
use crate::config::Config;
use crate::exit::tell;
use crate::replay;
use crate::store::LAKE;

/// More rows are not read from the queue.
const MAX_ROWS: usize = 200_000;

/// Rows that `wanted` asks for, which are read for what `reads` says, and that may not be in the lake yet. A running instance closes its
/// files, so that there are none; of a folder that none holds they are in the queue. What cannot be
/// had is told, and left out.
pub(crate) fn of(
    config: &Config,
    reads: String,
    wanted: impl Fn(&Event) -> bool,
) -> Vec<(EventUid, Event)> {
    let state = config.data.join("state.redb");
    if !state.is_file() {
        // A copy of the lake alone.
        return Vec::new();
    }
    let rest = match FolderLock::take(&config.data) {
        Ok(lock) => queued(&lock, &state, wanted),
        Err(error @ LockError::Held { .. }) => {
            close(config, error.into(), For { reads }).map(|()| Vec::new())
        }
        Err(error) => Err(error.into()),
    };
    rest.unwrap_or_else(|error| {
        tell(&format!(
            "what is not in the lake's files yet is left out: {error:#}"
        ));
        Vec::new()
    })
}

/// Has the instance that holds the folder close its files.
fn close(config: &Config, held: anyhow::Error, told: For) -> anyhow::Result<()> {
    let running = replay::running(config, &held).map_err(|why| why.unwrap_or(held))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let closed = runtime.block_on(running.tell(CLOSE, &serde_json::to_value(told)?));
    closed.context("the running instance did not close its files")?;
    Ok(())
}

/// What the queue holds after the lake's cursor, and what the lake holds back.
fn queued(
    lock: &FolderLock,
    state: &Path,
    wanted: impl Fn(&Event) -> bool,
) -> anyhow::Result<Vec<(EventUid, Event)>> {
    let state = State::open(state)?;
    let from = state.cursor(LAKE)?.unwrap_or_default();
    let held = lake::held(&state)?.into_iter();
    let held = held.filter(|(_, record)| wanted(record.event()));
    let mut rows: Vec<_> = held
        .map(|(_, record)| (record.uid(), record.event().clone()))
        .collect();
    queue::read_rest(lock, from, |record| {
        if wanted(record.event()) {
            rows.push((record.uid(), record.event().clone()));
        }
        if rows.len() < MAX_ROWS {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    Ok(rows)
}
