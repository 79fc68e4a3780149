//! The `[redact]` section of the configuration.

use std::path::{Path, PathBuf};

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
    /// Name of the environment variable that holds that key as 64 hex digits; instead of
    /// `key_file`. No default.
    pub key_env: Option<String>,
    /// The period in which tokens join, 0 to 4294967295. Another number gives other tokens under
    /// the same key. Default 0.
    pub epoch: u32,
    /// Keeps what was masked, encrypted to a public key. Off unless the section is there.
    pub seal: Option<SealConfig>,
}

/// The `[redact.seal]` section: with which public key originals are sealed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SealConfig {
    /// The PUBLIC file of `magistrate generate seal-key PRIVATE PUBLIC`. No default.
    pub key_file: Option<PathBuf>,
    /// Name of the environment variable that holds that file's line; instead of `key_file`. No
    /// default.
    pub key_env: Option<String>,
}

/// Where a key is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace<'a> {
    /// In this file.
    File(&'a Path),
    /// In the environment variable of this name.
    Environment(&'a str),
}

/// What is wrong with how a section names its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyPlaceError {
    /// Both places are named.
    #[error("{section} names its key twice: set `key_file` or `key_env`")]
    Two {
        /// The section.
        section: &'static str,
    },
    /// None is, where there is no default.
    #[error("{section} names no key: set `key_file` or `key_env`")]
    None {
        /// The section.
        section: &'static str,
    },
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

    /// Where the key of the tokens is; nowhere means in the data folder.
    ///
    /// # Errors
    /// When two places are named.
    pub fn key_place(&self) -> Result<Option<KeyPlace<'_>>, KeyPlaceError> {
        place(self.key_file.as_deref(), self.key_env.as_deref(), "redact")
    }
}

impl SealConfig {
    /// Where the public key is.
    ///
    /// # Errors
    /// When two places are named, or none.
    pub fn key_place(&self) -> Result<KeyPlace<'_>, KeyPlaceError> {
        let section = "redact.seal";
        place(self.key_file.as_deref(), self.key_env.as_deref(), section)?
            .ok_or(KeyPlaceError::None { section })
    }
}

fn place<'a>(
    file: Option<&'a Path>,
    variable: Option<&'a str>,
    section: &'static str,
) -> Result<Option<KeyPlace<'a>>, KeyPlaceError> {
    match (file, variable) {
        (Some(_), Some(_)) => Err(KeyPlaceError::Two { section }),
        (Some(file), None) => Ok(Some(KeyPlace::File(file))),
        (None, Some(name)) => Ok(Some(KeyPlace::Environment(name))),
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Config {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn unknown_keys_are_refused() {
        let config = read("rules = [\"/r.toml\"]");
        assert_eq!(config.rules, [PathBuf::from("/r.toml")]);
        assert_eq!(read("key_file = \"/k\"").key_file, Some("/k".into()));
        assert_eq!(read(""), Config::default());
        for text in ["keyfile = \"/k\"", "[seal]\nprivate_key_file = \"/k\""] {
            assert!(toml::from_str::<Config>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_epoch_has_32_bits() {
        assert_eq!(read("epoch = 4294967295").epoch, u32::MAX);
        for epoch in ["-1", "4294967296", "1.5", "\"1\""] {
            assert!(toml::from_str::<Config>(&format!("epoch = {epoch}")).is_err());
        }
    }

    #[test]
    fn a_key_has_one_place() {
        let file = Some(KeyPlace::File(Path::new("/k")));
        assert_eq!(read("key_file = \"/k\"").key_place(), Ok(file));
        let variable = Some(KeyPlace::Environment("K"));
        assert_eq!(read("key_env = \"K\"").key_place(), Ok(variable));
        assert_eq!(read("").key_place(), Ok(None));
        let two = read("key_env = \"K\"\nkey_file = \"/k\"");
        assert!(
            two.key_place()
                .unwrap_err()
                .to_string()
                .contains("redact names")
        );
        for text in ["[seal]", "[seal]\nkey_env = \"K\"\nkey_file = \"/k\""] {
            let seal = read(text).seal.unwrap();
            let error = seal.key_place().unwrap_err().to_string();
            assert!(error.contains("redact.seal names"), "{error}");
        }
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
