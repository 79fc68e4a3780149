//! How one sink is configured, and what can be wrong with that.

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::{Secret, Wanted};

/// One `[[sink]]`: a SIEM that gets records.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkConfig {
    /// Its name, unique, of `a-z`, `0-9`, `-` and `_`, at most 64. Names the cursor, so a renamed
    /// sink starts from the oldest record that the queue still has.
    pub name: String,
    /// The protocol: `splunk_hec`, `elasticsearch` or `opensearch`.
    pub kind: Kind,
    /// Address of the peer, `https://host:port`, a path where a proxy needs one.
    pub endpoint: String,
    /// HEC token, or Elasticsearch API key (base64).
    pub token: Option<Secret>,
    /// File with the token; read at start and again when the peer refuses it.
    pub token_file: Option<PathBuf>,
    /// User for basic authentication (`elasticsearch`, `opensearch`).
    pub username: Option<String>,
    /// File with that user's password; read like `token_file`.
    pub password_file: Option<PathBuf>,
    /// PEM file with the authorities to trust, instead of those that the machine trusts.
    pub ca_file: Option<PathBuf>,
    /// Splunk: count a batch as delivered only once the indexer acknowledges it. Default false.
    #[serde(default)]
    pub ack: bool,
    /// Splunk: send a batch again when it is not acknowledged after this many seconds. Default 60.
    #[serde(default = "default_ack_timeout_s")]
    pub ack_timeout_s: u64,
    /// What it gets: `alert`, `verdict`, `event`, `metric`, `span`. Default the first three.
    #[serde(default = "default_records")]
    pub records: Vec<Wanted>,
    /// Splunk: the index, else the token's own. Elasticsearch: data stream or index, default
    /// `logs-magistrate.events-default`, or `magistrate-events` with `data_stream = false`.
    pub index: Option<String>,
    /// Elasticsearch, OpenSearch: whether `index` is a data stream. Default true.
    #[serde(default = "default_data_stream")]
    pub data_stream: bool,
    /// Records in one request, at most. Default 1000.
    #[serde(default = "default_batch_max_records")]
    pub batch_max_records: usize,
    /// Bytes in one request before compression, at most. Default 1,048,576.
    #[serde(default = "default_batch_max_bytes")]
    pub batch_max_bytes: usize,
}

/// A protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Splunk HTTP Event Collector.
    SplunkHec,
    /// Elasticsearch `_bulk`.
    Elasticsearch,
    /// OpenSearch `_bulk`.
    Opensearch,
}

/// One thing that is wrong with the configuration of a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The sink's number among the sinks, from 0.
    pub number: usize,
    /// The sink's name.
    pub sink: String,
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sink,
            field,
            message,
            ..
        } = self;
        write!(f, "sink `{sink}`: {field}: {message}")
    }
}

const DATA_STREAM: &str = "logs-magistrate.events-default";
const INDEX: &str = "magistrate-events";
const MAX_NAME_CHARS: usize = 64;
const MAX_BATCH_RECORDS: usize = 10_000;
const BATCH_BYTES: std::ops::RangeInclusive<usize> = 1024..=16 * 1024 * 1024;
const ACK_TIMEOUT_S: std::ops::RangeInclusive<u64> = 5..=3600;

const fn default_ack_timeout_s() -> u64 {
    60
}

fn default_records() -> Vec<Wanted> {
    vec![Wanted::Alert, Wanted::Verdict, Wanted::Event]
}

const fn default_data_stream() -> bool {
    true
}

const fn default_batch_max_records() -> usize {
    1000
}

const fn default_batch_max_bytes() -> usize {
    1024 * 1024
}

/// Finds everything that is wrong with the sinks, each alone and among themselves.
pub fn check(sinks: &[SinkConfig]) -> Vec<Fault> {
    let mut names = HashSet::new();
    let mut faults = Vec::new();
    for (number, sink) in sinks.iter().enumerate() {
        let mut own = sink.faults();
        if !names.insert(sink.name.as_str()) {
            own.push(sink.fault("name", "is the name of another sink; give each its own"));
        }
        faults.extend(own.into_iter().map(|fault| Fault { number, ..fault }));
    }
    faults
}

impl SinkConfig {
    /// Finds everything that is wrong with this sink.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut note = |field, message: Option<&str>| {
            faults.extend(message.map(|message| self.fault(field, message)));
        };
        note("name", name_fault(&self.name));
        note("endpoint", self.endpoint_url().err());
        note("records", self.records_fault());
        note("index", self.index_fault());
        note("batch_max_records", self.batch_records_fault());
        note("batch_max_bytes", self.batch_bytes_fault());
        note("token", self.token_fault());
        note("username", self.username_fault());
        note("password_file", self.password_fault());
        note("ack", self.ack_fault());
        note("ack_timeout_s", self.ack_timeout_fault());
        note("data_stream", self.data_stream_fault());
        faults
    }

    /// The name of its cursor, to open the queue with.
    pub fn consumer(&self) -> String {
        format!("sink:{}", self.name)
    }

    /// The data stream or index of an Elasticsearch or OpenSearch sink.
    pub(crate) fn index_or_default(&self) -> &str {
        let default = if self.data_stream { DATA_STREAM } else { INDEX };
        self.index.as_deref().unwrap_or(default)
    }

    /// The endpoint, without a slash at its end.
    pub(crate) fn endpoint_url(&self) -> Result<Url, &'static str> {
        let url = Url::parse(self.endpoint.trim_end_matches('/'))
            .map_err(|_| "is no URL; write https:// and a host")?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err("must be http:// or https:// and a host");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold a user or password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("must not have a query or fragment");
        }
        Ok(url)
    }

    fn fault(&self, field: &'static str, message: &str) -> Fault {
        Fault {
            number: 0,
            sink: self.name.clone(),
            field,
            message: message.to_owned(),
        }
    }

    fn records_fault(&self) -> Option<&'static str> {
        self.records
            .is_empty()
            .then_some("is empty: the sink would get nothing; name alert, verdict or event")
    }

    fn index_fault(&self) -> Option<&'static str> {
        let index = self.index.as_deref()?;
        match self.kind {
            Kind::SplunkHec => index.is_empty().then_some("is empty"),
            Kind::Elasticsearch | Kind::Opensearch => (!is_index_name(index)).then_some(
                "must be lower case, at most 255 bytes, without spaces, commas or any of \\ / * ? \" < > | # :, and not begin with - _ + or .",
            ),
        }
    }

    fn batch_records_fault(&self) -> Option<&'static str> {
        (!(1..=MAX_BATCH_RECORDS).contains(&self.batch_max_records))
            .then_some("must be between 1 and 10000")
    }

    fn batch_bytes_fault(&self) -> Option<&'static str> {
        (!BATCH_BYTES.contains(&self.batch_max_bytes))
            .then_some("must be between 1024 and 16777216")
    }

    fn token_fault(&self) -> Option<&'static str> {
        let given = self.token.is_some() || self.token_file.is_some();
        if self.token.is_some() && self.token_file.is_some() {
            return Some("is given besides token_file; give one of them");
        }
        match self.kind {
            Kind::SplunkHec => (!given).then_some("is missing; give token or token_file"),
            Kind::Elasticsearch => (given && self.username.is_some())
                .then_some("is given besides username; give one of them"),
            Kind::Opensearch => given.then_some("is not for opensearch; give username"),
        }
    }

    fn username_fault(&self) -> Option<&'static str> {
        let username = self.username.as_deref()?;
        match self.kind {
            Kind::SplunkHec => Some("is not for splunk_hec; give token"),
            Kind::Elasticsearch | Kind::Opensearch => (username.is_empty()
                || username.contains(':')
                || username.chars().any(char::is_control))
            .then_some("is empty or holds a colon or a control character"),
        }
    }

    const fn password_fault(&self) -> Option<&'static str> {
        match (&self.username, &self.password_file) {
            (Some(_), None) => Some("is missing besides username"),
            (None, Some(_)) => Some("is given without username"),
            (Some(_), Some(_)) | (None, None) => None,
        }
    }

    const fn ack_fault(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Elasticsearch | Kind::Opensearch if self.ack => Some("is for splunk_hec only"),
            Kind::SplunkHec | Kind::Elasticsearch | Kind::Opensearch => None,
        }
    }

    fn ack_timeout_fault(&self) -> Option<&'static str> {
        (!ACK_TIMEOUT_S.contains(&self.ack_timeout_s)).then_some("must be between 5 and 3600")
    }

    const fn data_stream_fault(&self) -> Option<&'static str> {
        match self.kind {
            Kind::SplunkHec if !self.data_stream => Some("is not for splunk_hec"),
            Kind::SplunkHec | Kind::Elasticsearch | Kind::Opensearch => None,
        }
    }
}

fn name_fault(name: &str) -> Option<&'static str> {
    let fits = (1..=MAX_NAME_CHARS).contains(&name.len())
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte)
        });
    (!fits).then_some("must be 1 to 64 characters of a-z, 0-9, - and _")
}

/// What Elasticsearch and OpenSearch take as the name of an index or data stream.
fn is_index_name(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && !name.starts_with(['-', '_', '+', '.'])
        && name.to_lowercase() == name
        && !name.chars().any(|letter| {
            letter.is_whitespace() || letter.is_control() || "\\/*?\"<>|,#:".contains(letter)
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(fields: serde_json::Value) -> SinkConfig {
        let mut whole =
            json!({"name": "s", "kind": "splunk_hec", "endpoint": "https://h:8088", "token": "t"});
        for (name, value) in fields.as_object().unwrap() {
            whole[name] = value.clone();
        }
        serde_json::from_value(whole).unwrap()
    }

    fn fields(sink: &SinkConfig) -> Vec<&'static str> {
        sink.faults().iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn a_minimal_sink_has_no_fault_and_the_documented_defaults() {
        let sink = config(json!({}));
        assert_eq!(sink.faults(), []);
        assert_eq!(
            sink.records,
            [Wanted::Alert, Wanted::Verdict, Wanted::Event]
        );
        assert_eq!(
            (sink.batch_max_records, sink.batch_max_bytes),
            (1000, 1_048_576)
        );
        assert!(!format!("{sink:?}").contains("\"t\""));
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let sink = config(json!({
            "name": "Ä", "kind": "opensearch", "endpoint": "ftp://u@h", "token_file": "/t",
            "username": "a:b", "ack": true, "ack_timeout_s": 1, "records": [],
            "index": "Events", "batch_max_records": 0, "batch_max_bytes": 0,
        }));
        assert_eq!(
            fields(&sink),
            [
                "name",
                "endpoint",
                "records",
                "index",
                "batch_max_records",
                "batch_max_bytes",
                "token",
                "username",
                "password_file",
                "ack",
                "ack_timeout_s",
            ]
        );
    }

    #[test]
    fn two_sinks_must_not_share_a_name() {
        let faults = check(&[config(json!({})), config(json!({}))]);
        assert_eq!(faults.len(), 1);
        assert_eq!(
            faults[0].to_string(),
            "sink `s`: name: is the name of another sink; give each its own"
        );
    }

    #[test]
    fn an_endpoint_is_a_plain_address() {
        for bad in [
            "",
            "h:8088",
            "https://",
            "https://u:p@h",
            "https://h?x",
            "https://h#x",
        ] {
            assert_eq!(
                fields(&config(json!({"endpoint": bad}))),
                ["endpoint"],
                "{bad}"
            );
        }
        for good in [
            "http://127.0.0.1:8088/",
            "https://h/splunk",
            "https://[::1]:8088",
        ] {
            assert_eq!(
                fields(&config(json!({"endpoint": good}))),
                [""; 0],
                "{good}"
            );
        }
    }

    #[test]
    fn unknown_fields_and_kinds_are_refused() {
        for text in [
            r#"{"name":"s","kind":"splunk_hec","endpoint":"x","tokn":"t"}"#,
            r#"{"name":"s","kind":"splunk","endpoint":"x"}"#,
        ] {
            assert!(serde_json::from_str::<SinkConfig>(text).is_err(), "{text}");
        }
    }
}
