//! What a user can set about the lake.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::key::Key;
use super::{KeyError, LakeError};
use crate::HumanDuration;

const MIB: usize = 1024 * 1024;
const BUFFER_BYTES: std::ops::RangeInclusive<usize> = MIB..=512 * MIB;
const ZSTD_LEVELS: std::ops::RangeInclusive<i32> = 1..=22;
const AGES: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(86_400);

/// The section `[lake]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How long a row may wait for its file, 1 s to 24 h. Shorter means more and smaller files.
    /// Default `60s`.
    pub max_age: HumanDuration,
    /// How many bytes of rows may wait in memory, 1 MiB to 512 MiB; files are written when they
    /// are reached. The process needs about twice as much while it writes. Default 16777216.
    pub max_buffer_bytes: usize,
    /// The zstd level of the files, 1 to 22. Higher is smaller and slower. Default 1.
    pub zstd_level: i32,
    /// A file that holds the key with which the files are encrypted (Parquet modular encryption):
    /// 16 or 32 bytes as hex or base64. Not encrypted unless this or the next is set.
    pub encryption_key_file: Option<PathBuf>,
    /// The name of the environment variable that holds that key.
    pub encryption_key_env: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_age: HumanDuration::new(Duration::from_secs(60)),
            max_buffer_bytes: 16 * MIB,
            zstd_level: 1,
            encryption_key_file: None,
            encryption_key_env: None,
        }
    }
}

impl Config {
    /// Every key that cannot be used, and why: its value, or that the key of the files cannot be read.
    pub fn faults(&self) -> Vec<(&'static str, LakeError)> {
        let mut faults = self.out_of_range();
        let key = if self.encryption_key_file.is_some() {
            "encryption_key_file"
        } else {
            "encryption_key_env"
        };
        faults.extend(self.read_key().err().map(|error| (key, error.into())));
        faults
    }

    /// The key of the files, after all values have been checked.
    pub(super) fn key(&self) -> Result<Option<Key>, LakeError> {
        match self.out_of_range().into_iter().next() {
            Some((_, error)) => Err(error),
            None => Ok(self.read_key()?),
        }
    }

    fn read_key(&self) -> Result<Option<Key>, KeyError> {
        match (&self.encryption_key_file, &self.encryption_key_env) {
            (None, None) => Ok(None),
            (Some(path), None) => Key::from_file(path).map(Some),
            (None, Some(name)) => Key::from_environment(name).map(Some),
            (Some(_), Some(_)) => Err(KeyError::Two),
        }
    }

    fn out_of_range(&self) -> Vec<(&'static str, LakeError)> {
        let mut faults = Vec::new();
        let mut check = |good: bool, name, value: String, allowed| {
            if !good {
                let error = LakeError::Setting {
                    name,
                    value,
                    allowed,
                };
                faults.push((name, error));
            }
        };
        check(
            AGES.contains(&self.max_age.get()),
            "max_age",
            self.max_age.to_string(),
            "1s to 24h",
        );
        check(
            BUFFER_BYTES.contains(&self.max_buffer_bytes),
            "max_buffer_bytes",
            self.max_buffer_bytes.to_string(),
            "1048576 to 536870912",
        );
        check(
            ZSTD_LEVELS.contains(&self.zstd_level),
            "zstd_level",
            self.zstd_level.to_string(),
            "1 to 22",
        );
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_section_is_the_default() {
        let config: Config = serde_json::from_str("{}").unwrap();
        assert_eq!(config, Config::default());
        assert!(config.faults().is_empty());
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(serde_json::from_str::<Config>(r#"{"max_agee": "1s"}"#).is_err());
    }

    #[test]
    fn a_value_out_of_range_is_named() {
        for (text, name) in [
            (r#"{"max_age": "500ms"}"#, "max_age"),
            (r#"{"max_age": "25h"}"#, "max_age"),
            (r#"{"max_buffer_bytes": 1000}"#, "max_buffer_bytes"),
            (r#"{"max_buffer_bytes": 1073741824}"#, "max_buffer_bytes"),
            (r#"{"zstd_level": 0}"#, "zstd_level"),
            (r#"{"zstd_level": 23}"#, "zstd_level"),
        ] {
            let config: Config = serde_json::from_str(text).unwrap();
            let faults = config.faults();
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert_eq!(faults[0].0, name);
            assert!(faults[0].1.to_string().contains(name), "{faults:?}");
        }
    }

    #[test]
    fn one_fault_hides_no_other() {
        let text = r#"{"max_age": "0s", "zstd_level": 99, "encryption_key_file": "/no/such"}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        let keys: Vec<_> = config.faults().into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["max_age", "zstd_level", "encryption_key_file"]);
        assert!(config.key().is_err());
    }

    #[test]
    fn two_places_for_the_key_are_refused() {
        let config = Config {
            encryption_key_file: Some("a".into()),
            encryption_key_env: Some("B".into()),
            ..Config::default()
        };
        assert!(matches!(config.key(), Err(LakeError::Key(KeyError::Two))));
    }
}
