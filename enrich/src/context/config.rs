//! The `[context]` section of the configuration.

use serde::Deserialize;

/// How much is remembered of sessions and users, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContextConfig {
    /// Sessions that are remembered; beyond it those not heard of for longest are forgotten.
    pub max_sessions: usize,
    /// Mebibytes that what is remembered of sessions may take.
    pub max_megabytes: usize,
    /// Users and MCP servers whose destinations are remembered over sessions.
    pub max_users: usize,
    /// Days after which a session that nothing was heard of is forgotten, 1 to 90.
    pub ttl_days: u32,
}

/// Sessions that lie open for quick use, at most; and the part of all that they are.
const MAX_OPEN: usize = 16_384;
const SECONDS_OF_DAY: u32 = 86_400;
const MEBIBYTE: usize = 1024 * 1024;

impl Default for ContextConfig {
    fn default() -> Self {
        Self {
            max_sessions: 1_000_000,
            max_megabytes: 768,
            max_users: 100_000,
            ttl_days: 7,
        }
    }
}

impl ContextConfig {
    /// Everything that is wrong with it.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut range = |name: &str, value: usize, least: usize, most: usize| {
            if !(least..=most).contains(&value) {
                faults.push(format!(
                    "context.{name} is {value}, but must be {least} to {most}"
                ));
            }
        };
        range("max_sessions", self.max_sessions, 1_000, 100_000_000);
        range("max_megabytes", self.max_megabytes, 16, 1_048_576);
        range("max_users", self.max_users, 1_000, 10_000_000);
        range(
            "ttl_days",
            usize::try_from(self.ttl_days).unwrap_or(usize::MAX),
            1,
            90,
        );
        faults
    }

    pub(super) const fn max_bytes(&self) -> usize {
        self.max_megabytes.saturating_mul(MEBIBYTE)
    }

    pub(super) fn open_sessions(&self) -> usize {
        (self.max_sessions / 8).clamp(64, MAX_OPEN)
    }

    pub(super) const fn ttl_seconds(&self) -> u32 {
        self.ttl_days.saturating_mul(SECONDS_OF_DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told() {
        assert_eq!(ContextConfig::default().faults(), [""; 0]);
        let text = "max_sessions = 1\nmax_megabytes = 0\nmax_users = 0\nttl_days = 0";
        let config: ContextConfig = toml::from_str(text).unwrap();
        assert_eq!(config.faults().len(), 4);
        assert!(toml::from_str::<ContextConfig>("sessions = 1").is_err());
    }
}
