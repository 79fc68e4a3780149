//! The `[judge.llm]` section of the configuration.

use std::path::PathBuf;

use reqwest::Url;
use serde::Deserialize;

use crate::decision::Decision;

/// How the peer is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LlmKind {
    /// Anthropic's Messages API; the answer is a forced tool call.
    #[default]
    Anthropic,
    /// Chat completions as OpenAI and many servers speak them; the answer follows a JSON schema.
    OpenAi,
}

/// `[judge.llm]`: a language model that is asked about what the models left in the grey.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LlmConfig {
    /// Whether one is asked. Default: no.
    pub enabled: bool,
    /// `anthropic` or `openai`. Default `anthropic`.
    pub kind: LlmKind,
    /// The whole address of the call, such as `https://api.anthropic.com/v1/messages`.
    pub endpoint: String,
    /// The model's name.
    pub model: String,
    /// File of the key. Neither this nor `key_env`: the peer asks for none.
    pub key_file: Option<PathBuf>,
    /// Environment variable with the key.
    pub key_env: Option<String>,
    /// PEM file of the authorities to trust, instead of the machine's.
    pub ca_file: Option<PathBuf>,
    /// Address of an HTTP proxy. The environment's is never used.
    pub proxy: Option<String>,
    /// Milliseconds that one call may take. What comes after the question's deadline is a late
    /// verdict. 1 to 60000. Default 3000.
    pub timeout_ms: u64,
    /// A score of the models from here on is grey, 0 to 1. Default 0.4.
    pub grey_low: f64,
    /// A score of the models up to here is grey, 0 to 1. Default 1: what policies settle anyhow is
    /// never asked.
    pub grey_high: f64,
    /// Ids of policies whose match leaves an action in the grey, whatever its scores. Default: none.
    pub policies: Vec<String>,
    /// Categories of actions that it may be asked about. Default: all.
    pub categories: Vec<String>,
    /// From this score of its own on, it speaks against the action. Above 0, up to 1. Default 0.7.
    pub threshold: f64,
    /// What it then asks for: `downgrade`, `require_approval` or `block`. Default `require_approval`.
    pub decision: Decision,
    /// Bytes of content and of arguments that it is shown, each. Default 16384.
    pub max_content_bytes: usize,
    /// Calls within a minute. Default 60.
    pub calls_per_minute: u32,
    /// Calls within a day. Default 5000.
    pub calls_per_day: u32,
    /// Calls at once. Default 4.
    pub max_calls: usize,
    /// After so many failures in a row nobody is asked for a while. Default 5.
    pub breaker_failures: u32,
    /// Seconds until one call tries again. Default 30.
    pub breaker_seconds: u64,
}

impl Default for LlmConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            kind: LlmKind::Anthropic,
            endpoint: String::new(),
            model: String::new(),
            key_file: None,
            key_env: None,
            ca_file: None,
            proxy: None,
            timeout_ms: 3_000,
            grey_low: 0.4,
            grey_high: 1.0,
            policies: Vec::new(),
            categories: Vec::new(),
            threshold: 0.7,
            decision: Decision::RequireApproval,
            max_content_bytes: 16 << 10,
            calls_per_minute: 60,
            calls_per_day: 5_000,
            max_calls: 4,
            breaker_failures: 5,
            breaker_seconds: 30,
        }
    }
}

/// Longer calls are a mistake: no caller waits so long.
const MAX_TIMEOUT_MS: u64 = 60_000;
/// More content costs more than it tells.
const MAX_CONTENT_BYTES: usize = 256 << 10;
/// More calls at once are a mistake.
const MAX_CALLS: usize = 256;
/// A longer pause is a mistake.
const MAX_BREAKER_SECONDS: u64 = 3_600;

impl LlmConfig {
    /// Where the key lies, if the peer wants one.
    pub const fn has_key(&self) -> bool {
        self.key_file.is_some() || self.key_env.is_some()
    }

    /// What is wrong with it; nothing where it is off.
    pub fn faults(&self) -> Vec<String> {
        if !self.enabled {
            return Vec::new();
        }
        let mut faults = self.peer_faults();
        let (low, high) = (self.grey_low, self.grey_high);
        if !(0.0 <= low && low <= high && high <= 1.0) {
            faults.push(format!(
                "judge.llm.grey_low is {low} and grey_high is {high}: set 0 <= low <= high <= 1"
            ));
        }
        if !(self.threshold > 0.0 && self.threshold <= 1.0) {
            let threshold = self.threshold;
            faults.push(format!(
                "judge.llm.threshold is {threshold}: set above 0, up to 1"
            ));
        }
        if self.decision < Decision::Downgrade {
            let name = self.decision.name();
            faults.push(format!(
                "judge.llm.decision is `{name}`: set downgrade, require_approval or block"
            ));
        }
        faults.extend(self.unknown_categories());
        let counts = [
            ("timeout_ms", self.timeout_ms, MAX_TIMEOUT_MS),
            (
                "max_content_bytes",
                self.max_content_bytes as u64,
                MAX_CONTENT_BYTES as u64,
            ),
            (
                "calls_per_minute",
                self.calls_per_minute.into(),
                u32::MAX.into(),
            ),
            ("calls_per_day", self.calls_per_day.into(), u32::MAX.into()),
            ("max_calls", self.max_calls as u64, MAX_CALLS as u64),
            (
                "breaker_failures",
                self.breaker_failures.into(),
                u32::MAX.into(),
            ),
            ("breaker_seconds", self.breaker_seconds, MAX_BREAKER_SECONDS),
        ];
        for (key, value, most) in counts {
            if !(1..=most).contains(&value) {
                faults.push(format!("judge.llm.{key} is {value}: set 1 to {most}"));
            }
        }
        faults
    }

    fn unknown_categories(&self) -> impl Iterator<Item = String> {
        let unknown = self
            .categories
            .iter()
            .filter(|name| !crate::category::NAMES.contains(&name.as_str()));
        unknown.map(|name| {
            let known = crate::category::NAMES.join(", ");
            format!("judge.llm.categories has `{name}`: known are {known}")
        })
    }

    fn peer_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.model.is_empty() {
            faults.push("judge.llm.model is missing".to_owned());
        }
        if self.key_file.is_some() && self.key_env.is_some() {
            faults.push("judge.llm names its key twice: set key_file or key_env".to_owned());
        }
        match web_address(&self.endpoint) {
            None => faults.push(
                "judge.llm.endpoint must be an http or https address without user and password"
                    .to_owned(),
            ),
            Some(url) if url.scheme() == "http" && self.has_key() && !is_loopback(&url) => {
                faults.push(
                    "judge.llm.endpoint would show its key to the network: use https".to_owned(),
                );
            }
            Some(_) => {}
        }
        if self
            .proxy
            .as_deref()
            .is_some_and(|proxy| web_address(proxy).is_none())
        {
            faults.push(
                "judge.llm.proxy must be an http or https address without user and password"
                    .to_owned(),
            );
        }
        faults
    }
}

/// An address that can be called, and holds no secret.
fn web_address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.has_host();
    (is_plain && ["http", "https"].contains(&url.scheme())).then_some(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        toml::from_str::<LlmConfig>(text).unwrap().faults()
    }

    #[test]
    fn what_is_off_has_no_fault_and_the_rest_is_checked() {
        assert_eq!(faults("decision = \"allow\""), Vec::<String>::new());
        let sound = "enabled = true\nmodel = \"m\"\nendpoint = \"https://a.example/v1/messages\"\n";
        assert_eq!(faults(sound), Vec::<String>::new());
        for (line, told) in [
            ("key_file = \"/k\"\nkey_env = \"K\"", "names its key twice"),
            ("grey_low = 0.9\ngrey_high = 0.5", "grey_low is 0.9"),
            ("grey_low = nan", "grey_low is NaN"),
            ("threshold = 0.0", "threshold is 0"),
            ("decision = \"redact\"", "decision is `redact`"),
            ("categories = [\"browsign\"]", "has `browsign`"),
            ("timeout_ms = 0", "timeout_ms is 0"),
            ("calls_per_day = 0", "calls_per_day is 0"),
            ("max_calls = 1000", "max_calls is 1000"),
            ("proxy = \"socks5://p\"", "judge.llm.proxy must be"),
        ] {
            let found = faults(&format!("{sound}{line}"));
            assert!(found.len() == 1 && found[0].contains(told), "{found:?}");
        }
        assert!(toml::from_str::<LlmConfig>("key = \"sk-1\"").is_err());
        assert!(toml::from_str::<LlmConfig>("kind = \"gemini\"").is_err());
        assert_eq!(faults("enabled = true").len(), 2);
    }

    #[test]
    fn a_key_is_never_shown_to_a_network() {
        for (endpoint, key, count) in [
            ("http://127.0.0.1:8000/v1", true, 0),
            ("http://[::1]:8000/v1", true, 0),
            ("http://localhost/v1", true, 0),
            ("http://llm.internal/v1", false, 0),
            ("http://llm.internal/v1", true, 1),
            ("https://user:secret@llm.example/v1", true, 1),
            ("ftp://llm.example/v1", false, 1),
        ] {
            let key = if key { "key_env = \"K\"" } else { "" };
            let text = format!("enabled = true\nmodel = \"m\"\nendpoint = \"{endpoint}\"\n{key}\n");
            let found = faults(&text);
            assert_eq!(found.len(), count, "{endpoint} {found:?}");
            assert!(!found.concat().contains("secret"));
        }
    }
}
