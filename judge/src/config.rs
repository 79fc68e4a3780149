//! The `[judge]` section of the configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::approvals::ApprovalsConfig;
use crate::category::{Audit, OnError};
use crate::llm::LlmConfig;
use crate::profile::Profile;

/// How actions are judged.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Which of the policies are in force: those of this profile and those that name none.
    /// `native`, `containment`, `individual`, `company` or `high-risk`. Default `native`.
    pub profile: Profile,
    /// Files and folders of policies, added to the shipped ones. Default: none.
    pub policies: Vec<PathBuf>,
    /// Milliseconds to an answer where the caller names no deadline, 1 to 60000. Default 100.
    pub deadline_ms: u64,
    /// Largest request body in bytes. Default 10 MiB, as the largest that a door's peer sends.
    pub max_body_bytes: usize,
    /// Bytes of all bodies that are being read or judged; over it callers hear 429.
    /// Default 128 MiB.
    pub max_in_flight_bytes: usize,
    /// Calls that are being read or judged; over it callers hear 429. Default 1024.
    pub max_in_flight: usize,
    /// Answers that are remembered, so that a retry with the same `request_id` and body gets the
    /// same one. Default 20000.
    pub remembered_answers: usize,
    /// How many seconds a session may only read after a downgrade. Default 3600.
    pub read_only_seconds: u64,
    /// How many days the files of the audit journal are kept. Default 90.
    pub audit_days: u64,
    /// `[judge.approvals]`: what people decide.
    pub approvals: ApprovalsConfig,
    /// `[judge.llm]`: a language model that is asked about what the models left in the grey.
    pub llm: LlmConfig,
    /// `[judge.inference_hooks]`: Anthropic's hooks.
    pub inference_hooks: InferenceHooksConfig,
    /// `[judge.category.NAME]`: deadline and posture of one category of policies.
    pub category: BTreeMap<String, CategoryConfig>,
}

/// `[judge.inference_hooks]`: who may sign calls of `/hooks/inference`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InferenceHooksConfig {
    /// File of secrets (`whsec_…`), one a line, read again when it changes: while a secret is being
    /// changed the old one and the new one. Unset: only the call that tries the address is answered.
    pub secrets_file: Option<PathBuf>,
}

/// `[judge.category.NAME]`; what is left out is the category's default (docs/judge.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CategoryConfig {
    /// Milliseconds to an answer, whatever the caller allows; 1 to 60000.
    pub deadline_ms: Option<u64>,
    /// What becomes of an action that could not be judged in time or in full: `open`, `closed` or
    /// `approve`.
    pub on_error: Option<OnError>,
    /// `written`: the answer follows once the system has the verdict's record. `synced`: an answer
    /// that lets the action pass follows once the disk has it.
    pub audit: Option<Audit>,
    /// How many different persons must approve an action, 1 or 2.
    pub persons: Option<u8>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            profile: Profile::Native,
            policies: Vec::new(),
            deadline_ms: 100,
            max_body_bytes: 10 << 20,
            max_in_flight_bytes: 128 << 20,
            max_in_flight: 1024,
            remembered_answers: 20_000,
            read_only_seconds: 3_600,
            audit_days: 90,
            approvals: ApprovalsConfig::default(),
            llm: LlmConfig::default(),
            inference_hooks: InferenceHooksConfig::default(),
            category: BTreeMap::new(),
        }
    }
}

/// Longer deadlines are a mistake: nobody waits so long.
const MAX_DEADLINE_MS: u64 = 60_000;

impl Config {
    /// The shortest deadline that any category has where the caller names none.
    pub(crate) fn shortest_deadline(&self) -> Duration {
        let own = self.category.values().filter_map(|one| one.deadline_ms);
        let shortest = own.chain([self.deadline_ms]).min();
        Duration::from_millis(shortest.unwrap_or(self.deadline_ms))
    }

    /// What is wrong with values that TOML alone cannot tell.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let deadlines = self.category.iter().filter_map(|(name, category)| {
            let key = format!("judge.category.{name}.deadline_ms");
            Some((key, category.deadline_ms?))
        });
        let own = ("judge.deadline_ms".to_owned(), self.deadline_ms);
        for (key, deadline) in [own].into_iter().chain(deadlines) {
            if !(1..=MAX_DEADLINE_MS).contains(&deadline) {
                faults.push(format!("{key} is {deadline}: set 1 to {MAX_DEADLINE_MS}"));
            }
        }
        for (key, value) in [
            ("max_body_bytes", self.max_body_bytes),
            ("max_in_flight_bytes", self.max_in_flight_bytes),
            ("max_in_flight", self.max_in_flight),
            ("remembered_answers", self.remembered_answers),
        ] {
            if value == 0 {
                faults.push(format!("judge.{key} must be above zero"));
            }
        }
        let own = ("judge.approvals.persons".to_owned(), self.approvals.persons);
        let persons = self.category.iter().filter_map(|(name, category)| {
            Some((format!("judge.category.{name}.persons"), category.persons?))
        });
        for (key, persons) in [own].into_iter().chain(persons) {
            if !(1..=2).contains(&persons) {
                faults.push(format!("{key} is {persons}: set 1 or 2"));
            }
        }
        faults.extend(self.approvals.faults());
        faults.extend(self.llm.faults());
        if self.max_in_flight_bytes < self.max_body_bytes {
            faults.push(
                "judge.max_in_flight_bytes is below judge.max_body_bytes, so the largest body never fits"
                    .to_owned(),
            );
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_is_read_and_checked() {
        let config: Config = toml::from_str(
            "profile = \"high-risk\"\n[category.data_movement]\ndeadline_ms = 50\non_error = \"closed\"\naudit = \"synced\"",
        )
        .unwrap();
        assert_eq!(
            (config.profile, config.faults()),
            (Profile::HighRisk, vec![])
        );
        let category = config.category["data_movement"];
        assert_eq!(category.deadline_ms, Some(50));
        assert_eq!(category.on_error, Some(OnError::Closed));
        assert_eq!(category.audit, Some(Audit::Synced));
        assert!(toml::from_str::<Config>("[category.x]\non_eror = \"open\"").is_err());
        let wrong: Config = toml::from_str(
            "deadline_ms = 0\nmax_in_flight_bytes = 5\n[category.x]\ndeadline_ms = 90000",
        )
        .unwrap();
        assert_eq!(wrong.faults().len(), 3);
    }
}
