//! `magistrate session ID`: timeline and task graph of one session.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use magistrate_enrich::{FlowsWanted, flows_wanted, task_graph};
use magistrate_event::{Class, Clock as _, Event, EventUid, Field, Source, SystemClock, Timestamp};
use magistrate_sinks::lake::{Query, Texts};

use crate::cli::SessionArguments;
use crate::config;
use crate::exit::{Failure, Outcome, tell};
use crate::rest;
use crate::rows::Rows;

/// A session with more events is shown in part.
const MAX_EVENTS: usize = 200_000;
/// More flows of a session's owner are not held against its calls.
const MAX_FLOWS: usize = 50_000;

/// Prints the session; exit status 1 when nothing is known of it.
///
/// The lake's files are read, and what is not in them yet: a running instance is asked to close its
/// files first; of a folder that none holds the queue is read from where the lake ends.
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
    let reads = format!("session {}", arguments.id);
    let rest = rest::of(config, reads, |event| may_be_of(event, &arguments.id));
    let rows = Rows { config, rest };
    let events = events_of(&rows, &arguments.id, since)?;
    if events.is_empty() {
        let message = format!(
            "`{}` has no event of session `{}` within {} days",
            config.data.display(),
            arguments.id,
            arguments.days
        );
        tell(&message);
        return Err(Failure::NotSo);
    }
    let flows = match flows_wanted(&arguments.id, &events) {
        Some(wanted) => flows_of(&rows, wanted)?,
        None => Vec::new(),
    };
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
    rows: &Rows<'_>,
    session: &str,
    since: Timestamp,
) -> anyhow::Result<Vec<(EventUid, Event)>> {
    let classes = Class::ALL.into_iter();
    let query = Query {
        classes: classes.filter(|class| *class != Class::Metric).collect(),
        fields: vec![Field::SessionUid],
        texts: vec![session.to_owned()].into(),
        since,
        until: None,
    };
    rows.read(&query, MAX_EVENTS)
}

/// Flows that are no session's by their own word and that the session's owner sent, and what the judge
/// said of them.
fn flows_of(rows: &Rows<'_>, wanted: FlowsWanted) -> anyhow::Result<Vec<(EventUid, Event)>> {
    let wanted = Arc::new(wanted);
    let (since, until) = (wanted.from, Some(wanted.to));
    let owners = Arc::clone(&wanted);
    let query = Query {
        classes: vec![Class::HttpActivity, Class::NetworkActivity],
        fields: FlowsWanted::COLUMNS.to_vec(),
        texts: Texts::such(move |text| owners.is_owners(text)),
        since,
        until,
    };
    let mut flows = rows.read_such(&query, MAX_FLOWS, |event| wanted.takes(event))?;
    if flows.len() >= MAX_FLOWS {
        tell(&format!(
            "more than {MAX_FLOWS} flows of the session's user: the others are left out, so that \
             `telemetry only` says less"
        ));
    }
    let judged = flows.iter().filter(|(_, event)| {
        let door = event.text(Field::Source);
        door == Some(Source::Judge.name())
    });
    let judged: Vec<_> = judged.map(|(uid, _)| uid.to_string()).collect();
    if judged.is_empty() {
        return Ok(flows);
    }
    let query = Query {
        classes: vec![Class::ApiActivity],
        fields: vec![Field::VerdictEvent],
        texts: judged.into(),
        since,
        until: None,
    };
    flows.extend(rows.read(&query, MAX_FLOWS)?);
    Ok(flows)
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
