//! The `[redact]` section of the configuration.

use std::path::PathBuf;

use serde::Deserialize;

use super::lists::ListConfig;
use super::personal::PersonalConfig;

/// How secrets are masked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// File with the key of the tokens: 64 hex digits or 32 bytes, readable by its owner only.
    /// Default: `redact.key` in the data folder, made with mode 0600 at the first start. Another
    /// key gives other tokens, so that new rows no longer join old ones.
    pub key_file: Option<PathBuf>,
    /// Which personal data is masked, and why the rest is kept.
    pub personal: PersonalConfig,
    /// Lists of customers, accounts or names that are masked wherever they stand in a text.
    pub lists: Vec<ListConfig>,
    /// Domains that only your own network knows, such as `corp.example`: noted as a finding, never
    /// masked. `.internal`, `.local`, `.corp`, `.lan`, `.home.arpa` and private addresses in URLs
    /// are known anyway.
    pub internal_domains: Vec<String>,
    /// Files of rules in gitleaks' schema (version 8), read at the start and used beside the shipped
    /// rules. Default: none. What they match is masked as `credential.custom.<id>`.
    pub rules: Vec<PathBuf>,
}

impl Config {
    /// What is wrong with values that TOML alone cannot tell; lists are checked when they are read.
    pub fn faults(&self) -> Vec<String> {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        let is_domain = |domain: &&String| {
            let bare = domain.trim_start_matches('.');
            (3..=253).contains(&bare.len()) && bare.bytes().all(is_part) && !bare.ends_with('.')
        };
        let wrong = self
            .internal_domains
            .iter()
            .filter(|domain| !is_domain(domain));
        wrong
            .map(|domain| {
                format!("redact.internal_domains: `{domain}` is no domain such as `corp.example`")
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_refused() {
        let config: Config = toml::from_str("key_file = \"/k\"").unwrap();
        assert_eq!(config.key_file, Some(PathBuf::from("/k")));
        let config: Config = toml::from_str("rules = [\"/r.toml\"]").unwrap();
        assert_eq!(config.rules, [PathBuf::from("/r.toml")]);
        assert_eq!(toml::from_str::<Config>("").unwrap(), Config::default());
        assert!(toml::from_str::<Config>("keyfile = \"/k\"").is_err());
    }

    #[test]
    fn an_internal_domain_is_a_domain() {
        let config: Config = toml::from_str(
            "internal_domains = [\"corp.example\", \".lab\", \"x\", \"a b.c\", \"a.\"]",
        )
        .unwrap();
        let faults = config.faults();
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(
            faults
                .iter()
                .all(|fault| fault.contains("is no domain such as `corp.example`"))
        );
    }
}
