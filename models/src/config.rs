//! The `[models]` section of the configuration.

use std::path::PathBuf;

use serde::Deserialize;

/// Whether texts and actions are judged by models, with which, and how long that may take.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whether models judge at all.
    pub enabled: bool,
    /// A folder with models instead of the shipped ones. Read again when its `card.json` changes.
    pub folder: Option<PathBuf>,
    /// Threads that judge, 1 to 64; each takes one core while it does.
    pub threads: usize,
    /// Milliseconds that a text of the log may wait for its score, 1 to 60,000.
    pub wait_ms: u64,
    /// Texts whose scores are remembered, so that what comes again is not judged again.
    pub remembered_texts: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            enabled: true,
            folder: None,
            threads: 1,
            wait_ms: 2_000,
            remembered_texts: 10_000,
        }
    }
}

impl Config {
    /// What is wrong with the section, and what to do about it.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(1..=64).contains(&self.threads) {
            faults.push(format!(
                "`models.threads` is {}: write 1 to 64, or `models.enabled = false`",
                self.threads
            ));
        }
        if !(1..=60_000).contains(&self.wait_ms) {
            faults.push(format!(
                "`models.wait_ms` is {}: write 1 to 60000",
                self.wait_ms
            ));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told() {
        assert_eq!(Config::default().faults(), Vec::<String>::new());
        let wrong = Config {
            threads: 0,
            wait_ms: 0,
            ..Config::default()
        };
        assert_eq!(wrong.faults().len(), 2);
    }
}
