//! Writes who looked at what and why as rows of the lake, before anything is shown.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use magistrate_enrich::Redactor;
use magistrate_event::{Class, Clock as _, Event, EventUid, Field, Record, SystemClock, Timestamp};
use magistrate_sinks::State;
use magistrate_sinks::lake::{self, Lake, Wanted};
use magistrate_sinks::queue::{Batch, FolderLock, LockError, Metrics, Queue, Setup};

use crate::background::Ended;
use crate::config::Config;
use crate::consume::{LakeThread, Parts};
use crate::store::{self, LAKE};

use super::attempt::Attempt;
use super::person::Person;

/// API Activity: Read (OCSF 1.8.0, class 6003).
const READ: u8 = 2;
/// OCSF's `status_id` and `severity_id` of what opened and of what did not.
const SUCCESS: (i64, i64) = (1, 1);
const FAILURE: (i64, i64) = (2, 3);

/// One call of the command.
#[derive(Debug)]
pub(super) struct Inquiry {
    /// Why.
    pub(super) reason: String,
    /// What is asked for.
    pub(super) wanted: Wanted,
    /// Who asks.
    pub(super) person: Person,
}

/// Makes an access row of each attempt durable: in the lake at once while an instance runs, else
/// through queue and lake like every record, so that forwarders get it too.
///
/// # Errors
/// When a row may not be on disk: then nothing may be shown.
pub(super) fn log(config: &Config, inquiry: &Inquiry, attempts: &[Attempt]) -> anyhow::Result<()> {
    let redactor = store::open_redactor(config)?;
    let now = SystemClock.now();
    let call = random_uid()?.to_string();
    let records = attempts
        .iter()
        .map(|attempt| {
            let event = event(inquiry, attempt, &call, now);
            Ok(Record::new(random_uid()?, now, redact(&redactor, event)))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let folder = std::path::absolute(&config.data)?;
    match FolderLock::take(&folder) {
        Ok(lock) => through_queue(config, &lock, &records),
        Err(LockError::Held { .. }) => {
            lake::put(&config.lake, &folder, &records, now).map_err(anyhow::Error::from)
        }
        Err(error) => Err(error.into()),
    }
    .context("cannot write the access row, and so shows nothing")
}

fn redact(redactor: &Redactor, event: Event) -> magistrate_event::Redacted {
    let (redacted, _) = redactor.redact(event);
    redacted
}

fn random_uid() -> anyhow::Result<EventUid> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(EventUid::from_bytes(bytes))
}

fn event(inquiry: &Inquiry, attempt: &Attempt, call: &str, now: Timestamp) -> Event {
    let mut event = Event::new(Class::ApiActivity, READ, now);
    let person = &inquiry.person;
    let (status, severity) = if attempt.is_opened() {
        SUCCESS
    } else {
        FAILURE
    };
    event.set_int(Field::StatusId, status);
    event.set_int(Field::SeverityId, severity);
    event.set_text(Field::StatusCode, attempt.word());
    if let Err(trouble) = &attempt.outcome {
        event.set_text(Field::StatusDetail, &trouble.to_string());
    }
    event.set_text(Field::EventCode, "magistrate.unseal");
    event.set_text(Field::Source, "unseal");
    event.set_text(Field::ProductName, "magistrate");
    event.set_text(Field::ProductVersion, env!("CARGO_PKG_VERSION"));
    event.set_text(Field::AppName, "magistrate");
    event.set_text(Field::ApiOperation, "unseal");
    event.set_text(Field::ApiServiceName, "magistrate");
    event.set_text(Field::ApiRequestUid, call);
    event.set_text(Field::UserUid, &person.uid.to_string());
    if let Some(name) = &person.name {
        event.set_text(Field::UserName, name);
    }
    event.set_text(Field::DeviceHostname, &person.host);
    event.set_text(Field::Message, &inquiry.reason);
    if let Some(uid) = attempt.uid {
        event.keep_text("unseal.row", &uid.to_string());
    }
    if let Some(id) = attempt.sealed_for {
        event.keep_text("unseal.sealed_for", &id.to_string());
    }
    if let Wanted::Token(token) = &inquiry.wanted {
        event.keep_text("unseal.stands_for", token);
    }
    if let Some(uid) = person.login_uid {
        event.keep_text("unseal.login_uid", &uid.to_string());
    }
    for (key, name) in [
        ("unseal.login_name", &person.login_name),
        ("unseal.sudo_user", &person.sudo_user),
    ] {
        if let Some(name) = name {
            event.keep_text(key, name);
        }
    }
    event
}

/// Stores the records in the queue, which is durable, and lets the lake take them.
fn through_queue(config: &Config, lock: &FolderLock, records: &[Record]) -> anyhow::Result<()> {
    let clock = Arc::new(SystemClock);
    let path = Arc::new(store::open_path(config, lock.folder())?);
    crate::logging::start(Arc::clone(&path));
    let state = Arc::new(State::open(&lock.folder().join("state.redb"))?);
    let setup = Setup {
        config: config.queue.clone(),
        state: Arc::clone(&state),
        consumers: consumers(&state)?,
        metrics: Metrics::default(),
        clock: Arc::clone(&clock) as Arc<_>,
    };
    let queue = Queue::open(lock, setup)?;
    let parts = Parts {
        lake: Lake::open(
            &config.lake,
            lock.folder(),
            &state,
            Arc::clone(&clock) as Arc<_>,
        )?,
        max_age: config.lake.max_age.get(),
        consumer: queue.consumer(LAKE)?,
        path,
        state,
        clock,
    };
    let mut batch = Batch::new();
    for record in records {
        batch.push(record)?;
    }
    let stored = queue.append_and_wait(batch)?;
    ensure!(
        stored.accepted == records.len() as u64,
        "the queue took {} of {} access rows",
        stored.accepted,
        records.len()
    );
    let lake = LakeThread::start(parts)?;
    queue.close();
    if lake.drain() == Ended::Short {
        tracing::warn!("the access rows wait in the queue for the next start");
    }
    Ok(())
}

/// Everybody who has a place in the queue keeps it, also sinks that this configuration lacks.
fn consumers(state: &State) -> anyhow::Result<Vec<String>> {
    let mut names: Vec<String> = state.cursors()?.into_iter().map(|(name, _)| name).collect();
    if !names.iter().any(|name| name == LAKE) {
        names.push(LAKE.to_owned());
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use magistrate_enrich::{Epoch, RedactKey};

    use super::super::attempt::Trouble;
    use super::*;

    fn inquiry(reason: &str, wanted: Wanted) -> Inquiry {
        Inquiry {
            reason: reason.to_owned(),
            wanted,
            person: Person {
                uid: 1000,
                name: Some("ada".to_owned()),
                login_uid: Some(1000),
                login_name: Some("ada".to_owned()),
                sudo_user: None,
                host: "desk".to_owned(),
            },
        }
    }

    #[test]
    fn an_access_row_says_who_when_what_and_why_without_secrets() {
        let uid = EventUid::from_bytes([0xa7; 16]);
        let failed = Attempt {
            uid: Some(uid),
            place: None,
            sealed_for: None,
            outcome: Err(Trouble::NotFound),
        };
        let secret = format!("{}_{}", "ghp", "Ab1".repeat(12));
        let reason = format!("ticket 4711, see {secret}");
        let token = "q5y3k7m2xv4ta6ob".to_owned();
        let inquiry = inquiry(&reason, Wanted::Token(token.clone()));
        let now = Timestamp::from_millis(1_795_435_200_000);
        let call = "0f".repeat(16);
        let event = event(&inquiry, &failed, &call, now);
        let redactor = Redactor::new(&RedactKey::from_bytes([7; 32]), Epoch(0)).unwrap();
        let redacted = redact(&redactor, event);
        let event = redacted.event();
        assert_eq!(
            (event.class(), event.activity()),
            (Class::ApiActivity, READ)
        );
        assert_eq!(event.time(), now);
        for (field, text) in [
            (Field::ApiOperation, "unseal"),
            (Field::UserUid, "1000"),
            (Field::UserName, "ada"),
            (Field::DeviceHostname, "desk"),
            (Field::StatusCode, "not_found"),
            (Field::ApiRequestUid, &call),
        ] {
            assert_eq!(event.text(field), Some(text));
        }
        let message = event.text(Field::Message).unwrap();
        assert!(
            message.starts_with("ticket 4711, see [redacted:"),
            "{message}"
        );
        let mut unmapped = String::new();
        event.push_unmapped_json(&mut unmapped);
        assert!(unmapped.contains(&uid.to_string()), "{unmapped}");
        assert!(unmapped.contains(&token), "{unmapped}");
    }

    #[test]
    fn a_sink_that_is_not_configured_here_keeps_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&folder.path().join("state.redb")).unwrap();
        assert_eq!(consumers(&state).unwrap(), [LAKE]);
        state.set_cursor("sink:siem", Default::default()).unwrap();
        state.set_cursor(LAKE, Default::default()).unwrap();
        let names = consumers(&state).unwrap();
        assert!(names.contains(&"sink:siem".to_owned()) && names.len() == 2);
    }
}
