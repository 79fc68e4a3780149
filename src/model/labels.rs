//! `magistrate model labels`: what people decided, as labelled rows for `model tune` and `model eval`.
//!
//! Texts and arguments are those that are stored, so redacted.

mod dispositions;
mod said;
mod session;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufWriter, Write, stdout};

use anyhow::Context as _;
use magistrate_event::{Class, Clock as _, Event, EventUid, Field, SystemClock, Timestamp};
use magistrate_sinks::lake::Query;
use serde_json::Value as Json;

use self::said::{Said, by_approval, of_row};
use self::session::{Asked, Sessions};
use crate::cli::LabelsArguments;
use crate::config::Config;
use crate::exit::{Failure, Outcome, tell};
use crate::rows::Rows;
use crate::{approvals, check, rest};

/// More rows than this of the sessions in question are not read.
const MAX_ROWS: usize = 1_000_000;

/// What is asked for of the events that people's words are about.
type Wanted = HashMap<EventUid, Vec<Asked>>;

/// Writes a row for each word of a person that says something of a text or an action.
pub(super) fn command(arguments: &LabelsArguments) -> Outcome {
    let config = check::sound(&arguments.place)?;
    if !config.data.join("lake").is_dir() {
        let folder = config.data.display();
        let message = format!("`{folder}` has no lake; name a data folder with --data");
        return Err(Failure::Usage(message));
    }
    let mut words = words_of_approvals(&config)?;
    if let Some(file) = &arguments.dispositions {
        let read =
            dispositions::read(file).map_err(|error| Failure::Usage(format!("{error:#}")))?;
        words.extend(read);
    }
    let now = SystemClock.now();
    let labels = labels(&config, &words, arguments.since.seen_from(now))?;
    match &arguments.out {
        Some(path) => {
            let file = File::create(path);
            let file = file.with_context(|| format!("cannot write `{}`", path.display()))?;
            write(&labels.rows, BufWriter::new(file))?;
        }
        None => write(&labels.rows, stdout().lock())?,
    }
    tell(&format!(
        "{} rows of {} decisions; {} decisions say nothing of a text or an action that is stored",
        labels.rows.len(),
        words.len(),
        labels.without,
    ));
    Ok(())
}

fn write(rows: &[Json], mut out: impl Write) -> std::io::Result<()> {
    for row in rows {
        serde_json::to_writer(&mut out, row)?;
        writeln!(out)?;
    }
    out.flush()
}

/// What people said, by the id of the event or the finding that it is about.
fn words_of_approvals(config: &Config) -> Result<HashMap<String, Said>, Failure> {
    if !config.data.join(approvals::FILE).is_file() {
        return Ok(HashMap::new());
    }
    let all = approvals::all(config)?;
    Ok(all.iter().filter_map(by_approval).collect())
}

/// Rows, and how many words led to none.
struct Labels {
    rows: Vec<Json>,
    without: usize,
}

fn labels(
    config: &Config,
    words: &HashMap<String, Said>,
    since: Timestamp,
) -> anyhow::Result<Labels> {
    if words.is_empty() {
        return Ok(Labels {
            rows: Vec::new(),
            without: 0,
        });
    }
    let stored = Rows {
        config,
        rest: rest::of(config, "model labels".to_owned(), |_| true),
    };
    let query = |classes: &[Class], fields: &[Field], values: Vec<String>| Query {
        classes: classes.to_vec(),
        fields: fields.to_vec(),
        texts: values.into(),
        since,
        until: None,
    };
    // Verdicts and findings name the events and their sessions.
    let fields = [Field::VerdictEvent, Field::FindingUid];
    let classes = [Class::ApiActivity, Class::DetectionFinding];
    let about = query(&classes, &fields, words.keys().cloned().collect());
    let (mut wanted, mut sessions) = (Wanted::new(), HashSet::new());
    for (_, row) in stored.read(&about, MAX_ROWS)? {
        for (event, asked) in of_row(&row, words) {
            let all = wanted.entry(event).or_default();
            if !all.contains(&asked) {
                all.push(asked);
            }
        }
        sessions.extend(row.text(Field::SessionUid).map(str::to_owned));
    }
    if sessions.is_empty() {
        return Ok(Labels {
            rows: Vec::new(),
            without: words.len(),
        });
    }
    // A command is process activity, a file's change file activity: findings alone are no actions.
    let all = Class::ALL.into_iter();
    let classes: Vec<Class> = all.filter(|one| *one != Class::DetectionFinding).collect();
    let own = query(
        &classes,
        &[Field::SessionUid],
        sessions.into_iter().collect(),
    );
    let mut events = stored.read(&own, MAX_ROWS)?;
    events.sort_by_key(|(uid, event)| (event.time(), *uid));
    Ok(walk(&events, &wanted, words))
}

/// Goes through the events of sessions in order, and makes rows of those that are wanted.
fn walk(events: &[(EventUid, Event)], wanted: &Wanted, words: &HashMap<String, Said>) -> Labels {
    let mut sessions = Sessions::default();
    let (mut rows, mut told) = (Vec::new(), HashSet::new());
    for (uid, event) in events {
        for asked in wanted.get(uid).into_iter().flatten() {
            let own = sessions.rows(event, asked);
            if !own.is_empty() {
                told.insert(asked.word.as_str());
            }
            for row in own {
                if !rows.contains(&row) {
                    rows.push(row);
                }
            }
        }
        sessions.learn(event);
    }
    Labels {
        without: words
            .keys()
            .filter(|word| !told.contains(word.as_str()))
            .count(),
        rows,
    }
}

#[cfg(test)]
mod tests;
