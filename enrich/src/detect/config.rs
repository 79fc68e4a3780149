//! The `[detect]` and `[lists]` sections of the configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// Which rules run beside the shipped ones, and how their alerts are grouped.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DetectConfig {
    /// Whether events are looked at by rules at all.
    pub enabled: bool,
    /// Files and folders of rules, added to the shipped ones. Read again when they change.
    pub rules: Vec<PathBuf>,
    /// Seconds in which equal matches (one rule, one session) make one alert, 1 to 86,400.
    pub group_seconds: u64,
    /// Alerts that one rule may make in an hour; one more says that the rest is left out.
    pub max_alerts_per_hour: u32,
    /// Groups of events that all correlations together remember.
    pub max_groups: usize,
    /// The risk that alerts of one session add up to over 24 hours, from which on one more event says
    /// so (`risk_passed`), and a shipped rule makes an alert of it; 0 for never.
    pub risk_session: u32,
    /// The same for the alerts of one user.
    pub risk_user: u32,
    /// Alerts that nobody wants.
    pub suppress: Vec<Suppression>,
}

/// Takes out alerts that it fits; what it leaves out fits anything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Suppression {
    /// Id of a rule.
    pub rule: Option<String>,
    /// Exact values by field name, of the event that matched.
    pub fields: BTreeMap<String, String>,
    /// Why; so that the next person knows.
    pub reason: String,
}

impl Default for DetectConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            rules: Vec::new(),
            group_seconds: 3_600,
            max_alerts_per_hour: 100,
            max_groups: 200_000,
            risk_session: 300,
            risk_user: 600,
            suppress: Vec::new(),
        }
    }
}

/// Where the values of a list are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum ListValues {
    /// In the configuration.
    Inline(Vec<String>),
    /// In a file, one a line; blank lines and lines that begin with `#` are left out.
    File {
        /// The file.
        file: PathBuf,
    },
}

impl DetectConfig {
    /// Everything that is wrong with it.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(1..=86_400).contains(&self.group_seconds) {
            faults.push(format!(
                "detect.group_seconds is {}, but must be 1 to 86400",
                self.group_seconds
            ));
        }
        if self.max_alerts_per_hour == 0 {
            faults.push(
                "detect.max_alerts_per_hour is 0; `enabled = false` switches alerts off".to_owned(),
            );
        }
        if !(1..=10_000_000).contains(&self.max_groups) {
            faults.push(format!(
                "detect.max_groups is {}, but must be 1 to 10000000",
                self.max_groups
            ));
        }
        for (number, one) in self.suppress.iter().enumerate() {
            if one.rule.is_none() && one.fields.is_empty() {
                faults.push(format!(
                    "detect.suppress[{number}] fits every alert; name a `rule` or `fields`"
                ));
            }
            if one.reason.is_empty() {
                faults.push(format!(
                    "detect.suppress[{number}] has no `reason`; say why, so that the next person knows"
                ));
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told() {
        let text = "group_seconds = 0\nmax_alerts_per_hour = 0\nmax_groups = 0\nsuppress = [{}]";
        let config: DetectConfig = toml::from_str(text).unwrap();
        assert_eq!(config.faults().len(), 5);
        assert_eq!(DetectConfig::default().faults(), [""; 0]);
        assert!(toml::from_str::<DetectConfig>("rule = []").is_err());
    }

    #[test]
    fn a_list_stands_in_the_configuration_or_in_a_file() {
        let lists: BTreeMap<String, ListValues> =
            toml::from_str("a = [\"x\"]\nb = { file = \"/y\" }").unwrap();
        assert_eq!(lists["a"], ListValues::Inline(vec!["x".to_owned()]));
        assert_eq!(lists["b"], ListValues::File { file: "/y".into() });
    }
}
