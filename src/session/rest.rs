//! The rows of a session that are not in the lake's files yet.

use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Context as _;
use magistrate_event::{Event, EventUid, Field};
use magistrate_sinks::State;
use magistrate_sinks::queue::{self, FolderLock, LockError};

use super::{MAX_EVENTS, tell};
use crate::admin::CLOSE;
use crate::config::Config;
use crate::replay;
use crate::store::LAKE;

/// Rows that may be of `session` and may not be in the lake yet. A running instance closes its
/// files, so that there are none; of a folder that none holds they are in the queue. What cannot be
/// had is told, and left out.
pub(super) fn of(config: &Config, session: &str) -> Vec<(EventUid, Event)> {
    let state = config.data.join("state.redb");
    if !state.is_file() {
        // A copy of the lake alone.
        return Vec::new();
    }
    let rest = match FolderLock::take(&config.data) {
        Ok(lock) => queued(&lock, &state, session),
        Err(error @ LockError::Held { .. }) => close(config, error.into()).map(|()| Vec::new()),
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
fn close(config: &Config, held: anyhow::Error) -> anyhow::Result<()> {
    let running = replay::running(config, &held).map_err(|why| why.unwrap_or(held))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let closed = runtime.block_on(running.tell(CLOSE, &serde_json::Value::Null));
    closed.context("the running instance did not close its files")?;
    Ok(())
}

/// What the queue holds after the lake's cursor.
fn queued(
    lock: &FolderLock,
    state: &Path,
    session: &str,
) -> anyhow::Result<Vec<(EventUid, Event)>> {
    let from = State::open(state)?.cursor(LAKE)?.unwrap_or_default();
    let mut rows = Vec::new();
    queue::read_rest(lock, from, |record| {
        if may_be_of(record.event(), session) {
            rows.push((record.uid(), record.event().clone()));
        }
        if rows.len() < MAX_EVENTS {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    Ok(rows)
}

/// Whether an event is of the session, or is of none and may be a flow of it or a verdict on one.
fn may_be_of(event: &Event, session: &str) -> bool {
    match event.text(Field::SessionUid) {
        Some(own) => own == session,
        None => event.class().is_flow() || event.text(Field::VerdictUid).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};

    use super::*;

    #[test]
    fn rows_of_the_session_and_flows_of_nobody_may_be_of_it() {
        let event = |class, fields: &[(Field, &str)]| {
            let mut event = Event::new(class, 1, Timestamp::default());
            for (field, text) in fields {
                event.set_text(*field, text);
            }
            event
        };
        let own = event(Class::ApiActivity, &[(Field::SessionUid, "s")]);
        let other = event(Class::HttpActivity, &[(Field::SessionUid, "t")]);
        let flow = event(Class::HttpActivity, &[]);
        let verdict = event(Class::ApiActivity, &[(Field::VerdictUid, "v")]);
        let nothing = event(Class::ApiActivity, &[]);
        let taken = [own, other, flow, verdict, nothing].map(|event| may_be_of(&event, "s"));
        assert_eq!(taken, [true, false, true, true, false]);
    }
}
