//! What can be read, where it lies, and what it gives to who reads it: by the configuration alone.

use std::path::{Path, PathBuf};

use magistrate_ingest::Tokens;
use magistrate_sinks::forward::{Kind, SinkConfig, Wanted};
use reqwest::Url;
use serde::Serialize;

use crate::admin;
use crate::audit;
use crate::config::Config;
use crate::keys::{self, REDACT_KEY};
use crate::store::UID_KEY;

/// What something is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sort {
    /// Stored rows.
    Rows,
    /// Opens or tests something.
    Key,
    /// Shown at a listener.
    Token,
}

/// Something that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holding {
    pub(super) sort: Sort,
    pub(super) name: &'static str,
    /// What who reads it has.
    pub(super) gives: &'static str,
    pub(super) place: Place,
}

/// Where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A file or folder.
    File(PathBuf),
    /// A variable of the instance's environment.
    Variable(String),
}

/// Who may do something at a listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Role {
    pub(super) role: &'static str,
    /// What it may read and do.
    pub(super) may: &'static str,
    /// Names beside the tokens, never the tokens.
    pub(super) who: Vec<String>,
    /// Why they cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trouble: Option<String>,
}

/// Where rows go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Destination {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Scheme, host and port.
    pub(super) address: String,
    pub(super) records: Vec<Wanted>,
}

/// Everything that holds rows, keys or tokens.
pub(super) fn holdings(config: &Config) -> Vec<Holding> {
    let rows = rows(config).into_iter().map(|(name, gives, path)| Holding {
        sort: Sort::Rows,
        name,
        gives,
        place: Place::File(config.data.join(path)),
    });
    rows.chain(keys_of(config)).chain(tokens(config)).collect()
}

const fn rows(config: &Config) -> [(&'static str, &'static str, &'static str); 6] {
    let lake = if is_encrypted(config) {
        "redacted rows, encrypted: with the lake key alone"
    } else {
        "redacted rows"
    };
    [
        ("lake", lake, "lake"),
        ("queue", "redacted rows that came last", "queue"),
        (
            "audit journal",
            "redacted verdicts, and who read",
            audit::FOLDER,
        ),
        (
            "state",
            "what rules and sessions remember, redacted",
            "state.redb",
        ),
        (
            "approvals",
            "actions that asked for a person, redacted",
            "approvals.redb",
        ),
        ("dead letters", "what could not be stored, redacted", "dlq"),
    ]
}

/// Whether the lake's files are encrypted.
pub(super) const fn is_encrypted(config: &Config) -> bool {
    config.lake.encryption_key_file.is_some() || config.lake.encryption_key_env.is_some()
}

fn keys_of(config: &Config) -> Vec<Holding> {
    let own = |path: &str| Some(Place::File(config.data.join(path)));
    let named = |file: &Option<PathBuf>, variable: &Option<String>| match (file, variable) {
        (Some(file), _) => Some(Place::File(file.clone())),
        (None, Some(name)) => Some(Place::Variable(name.clone())),
        (None, None) => None,
    };
    let (redact, lake) = (&config.redact, &config.lake);
    let seal = redact.seal.as_ref();
    let all = [
        (
            "redaction key",
            "guesses of masked values can be tested",
            named(&redact.key_file, &redact.key_env).or_else(|| own(REDACT_KEY)),
        ),
        (
            "lake key",
            "opens the lake's files",
            named(&lake.encryption_key_file, &lake.encryption_key_env),
        ),
        (
            "public seal key",
            "seals originals, opens none",
            seal.and_then(|seal| named(&seal.key_file, &seal.key_env)),
        ),
        (
            "event id key",
            "guesses of whole events can be tested",
            own(UID_KEY),
        ),
        ("audit key", "signs the audit journal", own(audit::KEY)),
    ];
    let placed = all.into_iter().filter_map(|(name, gives, place)| {
        Some(Holding {
            sort: Sort::Key,
            name,
            gives,
            place: place?,
        })
    });
    placed.collect()
}

fn tokens(config: &Config) -> Vec<Holding> {
    let auth = &config.auth;
    let all = [
        (
            "admin token",
            ADMINISTRATOR,
            Some(admin::token_file(config, &config.data)),
        ),
        ("approver tokens", APPROVER, auth.approver_tokens.clone()),
        ("judge tokens", CALLER, auth.judge_tokens.clone()),
        ("intake tokens", SENDER, auth.intake_tokens.clone()),
    ];
    let placed = all.into_iter().filter_map(|(name, gives, path)| {
        Some(Holding {
            sort: Sort::Token,
            name,
            gives,
            place: Place::File(path?),
        })
    });
    placed.collect()
}

const ADMINISTRATOR: &str = "reads all that the admin listener shows, and decides approvals";
const APPROVER: &str = "reads and decides approvals";
const CALLER: &str = "asks the judge, reads how approvals stand";
const SENDER: &str = "sends records, reads none";

/// Who may do what at the listeners.
pub(super) fn roles(config: &Config) -> Vec<Role> {
    let auth = &config.auth;
    let mut approvers = role("approver", APPROVER, (&auth.approver_tokens, "nobody"));
    if auth.approver_tokens.is_none() {
        approvers.who.clear();
    }
    let mut callers = role("judge caller", CALLER, (&auth.judge_tokens, ANYBODY));
    let networks = auth.icap_peers.iter();
    callers
        .who
        .extend(networks.map(|network| format!("ICAP from {network}")));
    vec![
        Role {
            role: "administrator",
            may: ADMINISTRATOR,
            who: vec!["whoever shows the admin token".to_owned()],
            trouble: None,
        },
        approvers,
        callers,
        role("sender", SENDER, (&auth.intake_tokens, ANYBODY)),
    ]
}

const ANYBODY: &str = "anybody who reaches the port";

fn role(role: &'static str, may: &'static str, (file, without): (&Option<PathBuf>, &str)) -> Role {
    let names = file.as_deref().map(names);
    let (who, trouble) = match names {
        None => (vec![without.to_owned()], None),
        Some(Ok(names)) => (names, None),
        Some(Err(trouble)) => (Vec::new(), Some(trouble)),
    };
    Role {
        role,
        may,
        who,
        trouble,
    }
}

fn names(file: &Path) -> Result<Vec<String>, String> {
    let tokens = Tokens::open(file).map_err(|error| error.to_string())?;
    Ok(tokens.names())
}

/// Where rows go; who reads there is not known here.
pub(super) fn destinations(sinks: &[SinkConfig]) -> Vec<Destination> {
    let address = |endpoint: &str| match Url::parse(endpoint) {
        Ok(url) => url.origin().ascii_serialization(),
        Err(_) => "no address".to_owned(),
    };
    let sinks = sinks.iter().map(|sink| Destination {
        name: sink.name.clone(),
        kind: sink.kind,
        address: address(&sink.endpoint),
        records: sink.records.clone(),
    });
    sinks.collect()
}

/// The id of the key that originals are sealed to, or why it is not known; none where none are.
pub(super) fn sealed_for(config: &Config) -> Option<Result<String, String>> {
    match keys::seal_key(&config.redact) {
        Ok(key) => key.map(|key| Ok(key.id().to_string())),
        Err(error) => Some(Err(format!("{error:#}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn keys_are_where_the_configuration_says() {
        let find = |config: &Config, name: &str| {
            let all = holdings(config).into_iter();
            all.filter(|one| one.name == name)
                .map(|one| one.place)
                .next()
        };
        let own = config("data = \"/d\"");
        let file = |path: &str| Some(Place::File(PathBuf::from(path)));
        assert_eq!(find(&own, "redaction key"), file("/d/keys/redact.key"));
        assert_eq!(find(&own, "admin token"), file("/d/admin.token"));
        assert_eq!(find(&own, "lake key"), None);
        assert_eq!(find(&own, "approver tokens"), None);
        let set = config(
            "data = \"/d\"\n[redact]\nkey_env = \"K\"\n[lake]\nencryption_key_file = \"/k\"\n[auth]\nadmin_token = \"/t\"\n",
        );
        let variable = Some(Place::Variable("K".to_owned()));
        assert_eq!(find(&set, "redaction key"), variable);
        assert_eq!(find(&set, "lake key"), file("/k"));
        assert_eq!(find(&set, "admin token"), file("/t"));
        let lake = holdings(&set).into_iter().find(|one| one.name == "lake");
        assert!(lake.unwrap().gives.contains("encrypted"));
    }

    #[test]
    fn roles_are_told_by_name_and_never_by_token() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("approvers");
        std::fs::write(&file, "ana her-token\nbo his-token\n").unwrap();
        let told = |text: String| format!("{:?}", roles(&config(&text)));
        let known = told(format!("[auth]\napprover_tokens = {file:?}\n"));
        assert!(
            known.contains("\"ana\", \"bo\"") && !known.contains("-token\""),
            "{known}"
        );
        assert!(known.contains(ANYBODY), "{known}");
        let gone = told("[auth]\njudge_tokens = \"/nonexistent\"\n".to_owned());
        assert!(gone.contains("cannot read token file"), "{gone}");
    }

    #[test]
    fn an_address_shows_no_password() {
        let sinks = config(
            "[[sink]]\nname = \"a\"\nkind = \"splunk_hec\"\nendpoint = \"https://u:p@h.example:8088/x?y\"\n",
        );
        let [only] = destinations(&sinks.sink).try_into().unwrap();
        assert_eq!(only.address, "https://h.example:8088");
    }
}
