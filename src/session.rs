//! `magistrate session ID`: timeline and task graph of one session, from the lake.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use magistrate_enrich::{FlowsWanted, flows_wanted, task_graph};
use magistrate_event::{Class, Clock as _, Event, EventUid, Field, SystemClock, Timestamp};
use magistrate_sinks::lake::{self, Query, StoredEvent};

use crate::cli::SessionArguments;
use crate::config::{self, Config};
use crate::exit::{Failure, Outcome};

/// A session with more events is shown in part.
const MAX_EVENTS: usize = 200_000;
/// More flows to a session's hosts are not held against its calls.
const MAX_FLOWS: usize = 50_000;

/// Prints the session; exit status 1 when the lake knows nothing of it.
///
/// The lake's files are read as they are, also while an instance writes more of them: what it
/// received within the last `lake.max_age` may not be among them.
pub(crate) fn command(arguments: &SessionArguments) -> Outcome {
    let loaded = config::load(&arguments.place);
    if !loaded.faults.is_empty() {
        let faults: Vec<_> = loaded.faults.iter().map(ToString::to_string).collect();
        return Err(Failure::Usage(faults.join("\n")));
    }
    let config = &loaded.config;
    if !config.data.join("lake").is_dir() {
        let message = format!(
            "`{}` has no lake; name a data folder with --data",
            config.data.display()
        );
        return Err(Failure::Usage(message));
    }
    let days = Duration::from_secs(u64::from(arguments.days) * 86_400);
    let since = SystemClock.now().minus(days);
    let events = events_of(config, &config.data, &arguments.id, since)?;
    if events.is_empty() {
        let message = format!(
            "the lake in `{}` has no event of session `{}` within {} days",
            config.data.display(),
            arguments.id,
            arguments.days
        );
        tell(&message);
        return Err(Failure::NotSo);
    }
    let flows = flows_of(config, &config.data, &flows_wanted(&events))?;
    let graph = task_graph(&arguments.id, &events, &flows);
    let mut stdout = std::io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut stdout, &graph)?;
        writeln!(stdout)?;
    } else {
        write!(stdout, "{graph}")?;
    }
    Ok(())
}

fn events_of(
    config: &Config,
    folder: &Path,
    session: &str,
    since: Timestamp,
) -> anyhow::Result<Vec<(EventUid, Event)>> {
    let classes = Class::ALL.into_iter();
    let query = Query {
        classes: classes.filter(|class| *class != Class::Metric).collect(),
        fields: vec![Field::SessionUid],
        values: vec![session.to_owned()],
        since,
    };
    let rows = read(config, folder, &query, MAX_EVENTS)?;
    Ok(rows.into_iter().map(|row| (row.uid, row.event)).collect())
}

/// Flows that are no session's by their own word.
fn flows_of(config: &Config, folder: &Path, wanted: &FlowsWanted) -> anyhow::Result<Vec<Event>> {
    if wanted.hosts.is_empty() {
        return Ok(Vec::new());
    }
    let query = Query {
        classes: vec![Class::HttpActivity, Class::NetworkActivity],
        fields: vec![Field::UrlHostname, Field::DstHostname],
        values: wanted.hosts.clone(),
        since: wanted.from,
    };
    let time = wanted.from..=wanted.to;
    let is_one = |event: &Event| {
        event.text(Field::ToolClass).is_none()
            && event.text(Field::SessionUid).is_none()
            && time.contains(&event.time())
    };
    let rows = read(config, folder, &query, MAX_FLOWS)?.into_iter();
    Ok(rows.map(|row| row.event).filter(is_one).collect())
}

fn read(
    config: &Config,
    folder: &Path,
    query: &Query,
    most: usize,
) -> anyhow::Result<Vec<StoredEvent>> {
    let mut events = Vec::new();
    let unread = lake::read(&config.lake, folder, query, |event| {
        events.push(event);
        if events.len() < most {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    for one in unread {
        let path = one.path.display();
        tell(&format!(
            "cannot read `{path}`: {}; its rows are left out",
            one.source
        ));
    }
    Ok(events)
}

fn tell(message: &str) {
    // A closed standard error leaves nobody to tell.
    let _ = writeln!(std::io::stderr().lock(), "magistrate: {message}");
}
