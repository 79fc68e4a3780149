//! `magistrate access report`: who can read what is stored, and who has.

mod audience;
mod holders;
mod looks;
mod print;

use std::io::Write as _;
use std::time::Duration;

use magistrate_event::{Class, Clock as _, Field, SystemClock, Timestamp};
use magistrate_sinks::audit::verify_audit;
use magistrate_sinks::lake::Query;
use serde::{Serialize, Serializer};

use crate::audit::{FOLDER, KEY};
use crate::cli::{AccessVerb, ReportArguments};
use crate::config::{self, Config};
use crate::exit::{Failure, Outcome};
use crate::rest;
use crate::rows::Rows;
use crate::users::Users;
use crate::verify::own_key;

use self::audience::Audience;
use self::holders::{Destination, Holding, Place, Role, Sort};
use self::looks::Look;

/// More looks are not shown.
const MAX_LOOKS: usize = 100_000;

/// All that is known of access to a data folder.
#[derive(Debug, Serialize)]
struct Report {
    data: String,
    host: String,
    /// When the report was made.
    #[serde(serialize_with = "text_of_time")]
    time: Timestamp,
    /// Who can.
    held: Vec<Held>,
    lake_encrypted: bool,
    /// The id of the key that originals are sealed to.
    #[serde(serialize_with = "either_of")]
    sealed_for: Option<Result<String, String>>,
    roles: Vec<Role>,
    sinks: Vec<Destination>,
    /// Who has, the oldest first, so many days back.
    looks: Vec<Look>,
    days: u16,
    #[serde(serialize_with = "either_of")]
    journal: Option<Result<Journal, String>>,
    /// What could not be found out.
    trouble: Vec<String>,
}

/// Something that can be read, as it lies.
#[derive(Debug, Serialize)]
struct Held {
    sort: Sort,
    name: &'static str,
    gives: &'static str,
    place: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    /// Files of a folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<usize>,
    readers: Vec<String>,
    /// Whether others than its owner and the system's administrator can read it.
    open_to_others: bool,
    trouble: Vec<String>,
}

/// The audit journal, in short.
#[derive(Debug, Serialize)]
struct Journal {
    entries: u64,
    is_sound: bool,
}

/// Makes the report.
pub(crate) fn command(verb: &AccessVerb) -> Outcome {
    match verb {
        AccessVerb::Report(arguments) => report(arguments),
    }
}

fn report(arguments: &ReportArguments) -> Outcome {
    let loaded = config::load(&arguments.place);
    if !loaded.faults.is_empty() {
        let faults: Vec<_> = loaded.faults.iter().map(ToString::to_string).collect();
        return Err(Failure::Usage(faults.join("\n")));
    }
    let config = &loaded.config;
    if !config.data.is_dir() {
        let message = format!(
            "`{}` is no data folder; name one with --data",
            config.data.display()
        );
        return Err(Failure::Usage(message));
    }
    let report = made(config, arguments.days)?;
    let mut stdout = std::io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut stdout, &report)?;
        writeln!(stdout)?;
    } else {
        print::print(&report, &mut stdout)?;
    }
    Ok(())
}

fn made(config: &Config, days: u16) -> anyhow::Result<Report> {
    let now = SystemClock.now();
    let users = Users::of_this_machine();
    let holdings = holders::holdings(config).into_iter();
    let mut trouble = Vec::new();
    let looks = looks_since(config, now, days, &mut trouble)?;
    let system = rustix::system::uname();
    Ok(Report {
        data: config.data.display().to_string(),
        host: system.nodename().to_string_lossy().into_owned(),
        time: now,
        held: holdings.filter_map(|one| held(one, &users)).collect(),
        lake_encrypted: holders::is_encrypted(config),
        sealed_for: holders::sealed_for(config),
        roles: holders::roles(config),
        sinks: holders::destinations(&config.sink),
        looks,
        days,
        journal: journal(config),
        trouble,
    })
}

/// Who can read one thing; none where it is not there.
fn held(holding: Holding, users: &Users) -> Option<Held> {
    let Holding {
        sort,
        name,
        gives,
        place,
    } = holding;
    let mut held = Held {
        sort,
        name,
        gives,
        place: String::new(),
        mode: None,
        files: None,
        readers: Vec::new(),
        open_to_others: false,
        trouble: Vec::new(),
    };
    let path = match place {
        Place::File(path) => path,
        Place::Variable(name) => {
            held.place = format!("environment variable {name}");
            held.readers = vec![
                "the user that runs the instance".to_owned(),
                ROOT.to_owned(),
            ];
            return Some(held);
        }
    };
    held.place = path.display().to_string();
    match audience::of(&path) {
        Ok(found) => {
            held.mode = Some(format!("{:04o}", found.mode));
            held.files = path.is_dir().then_some(found.files);
            held.readers = readers(&found, users);
            held.open_to_others = found.is_everybody || !found.groups.is_empty();
            held.trouble = found.unread;
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => held.trouble.push(format!("cannot be looked at: {error}")),
    }
    Some(held)
}

const ROOT: &str = "root (0)";

fn readers(audience: &Audience, users: &Users) -> Vec<String> {
    let mut readers: Vec<String> = audience
        .owners
        .iter()
        .map(|uid| users.called(*uid))
        .collect();
    if !audience.owners.contains(&0) {
        readers.push(ROOT.to_owned());
    }
    let groups = audience.groups.iter();
    readers.extend(groups.map(|gid| format!("group {}", users.group_called(*gid))));
    if audience.is_everybody {
        readers.push("everybody on this machine".to_owned());
    }
    readers
}

/// Who looked within so many days, the oldest first.
fn looks_since(
    config: &Config,
    now: Timestamp,
    days: u16,
    trouble: &mut Vec<String>,
) -> anyhow::Result<Vec<Look>> {
    if !config.data.join("lake").is_dir() {
        return Ok(Vec::new());
    }
    let since = now.minus(Duration::from_secs(u64::from(days) * 86_400));
    let rest = rest::of(config, "access report".to_owned(), looks::is_look);
    let query = Query {
        classes: vec![Class::ApiActivity],
        fields: vec![Field::EventCode],
        texts: [looks::UNSEAL, looks::READ]
            .map(str::to_owned)
            .to_vec()
            .into(),
        since,
        until: None,
    };
    let rows = Rows { config, rest }.read(&query, MAX_LOOKS)?;
    if rows.len() >= MAX_LOOKS {
        trouble.push(format!(
            "more than {MAX_LOOKS} looks: the oldest are left out"
        ));
    }
    let looks = rows
        .iter()
        .filter_map(|(uid, event)| looks::look(*uid, event));
    let mut looks: Vec<Look> = looks.filter(|look| look.time >= since).collect();
    looks.sort_by_key(|look| (look.time, look.uid));
    Ok(looks)
}

/// Whether the audit journal is as it was written; none where there is none.
fn journal(config: &Config) -> Option<Result<Journal, String>> {
    let folder = config.data.join(FOLDER);
    if !folder.is_dir() {
        return None;
    }
    // Whoever may not read the key still sees whether the chain holds.
    let key = own_key(&config.data.join(KEY)).ok().flatten();
    let report = verify_audit(&folder, key, &[]);
    let journal = report.map(|report| Journal {
        entries: report.entries,
        is_sound: report.is_sound(),
    });
    Some(journal.map_err(|error| format!("cannot read `{}`: {error}", folder.display())))
}

/// A word of the configuration, as it is written there.
fn word(value: &impl Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}

fn text_of_time<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339())
}

/// What is known, or `{"trouble": …}`.
fn either_of<T: Serialize, S: Serializer>(
    value: &Option<Result<T, String>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        None => serializer.serialize_none(),
        Some(Ok(known)) => known.serialize(serializer),
        Some(Err(trouble)) => serde_json::json!({ "trouble": trouble }).serialize(serializer),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_open_to_others_is_told_and_what_is_not_there_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let holding = |sort| Holding {
            sort,
            name: "redaction key",
            gives: "x",
            place: Place::File(file.clone()),
        };
        let users = Users::default();
        assert!(held(holding(Sort::Key), &users).is_none());
        std::fs::write(&file, "x").unwrap();
        let set = |path: &std::path::Path, mode| {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(path, mode).unwrap();
        };
        set(&file, 0o600);
        let closed = held(holding(Sort::Key), &users).unwrap();
        assert!(!closed.open_to_others, "{closed:?}");
        assert_eq!(closed.mode.as_deref(), Some("0600"));
        let root = closed
            .readers
            .iter()
            .filter(|name| name.starts_with('0') || *name == ROOT);
        assert_eq!(root.count(), 1, "{closed:?}");
        set(&file, 0o644);
        set(folder.path(), 0o711);
        let open = held(holding(Sort::Key), &users).unwrap();
        assert!(open.open_to_others);
        assert!(
            open.readers
                .iter()
                .any(|name| name.starts_with("everybody")),
            "{open:?}"
        );
        let variable = Holding {
            place: Place::Variable("K".to_owned()),
            ..holding(Sort::Key)
        };
        assert_eq!(
            held(variable, &users).unwrap().place,
            "environment variable K"
        );
    }
}
