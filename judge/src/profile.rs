//! Which policies are in force: one shipped set, five selections.

use magistrate_enrich::Policy;
use magistrate_event::Mode;
use serde::Deserialize;

/// A selection of policies, by who works and what is at stake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Ordinary work with the employee's own accounts.
    #[default]
    Native,
    /// Set apart: test accounts, listed sites.
    Containment,
    /// One person without a company behind.
    Individual,
    /// A company with managed devices.
    Company,
    /// Administration, regulated data, money.
    HighRisk,
}

impl Profile {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Native,
        Self::Containment,
        Self::Individual,
        Self::Company,
        Self::HighRisk,
    ];

    /// As policies and the configuration write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Containment => "containment",
            Self::Individual => "individual",
            Self::Company => "company",
            Self::HighRisk => "high-risk",
        }
    }

    /// Whether `policy` is in force for a session of `mode`. The mode adds policies and takes none
    /// away: a caller that claims to be native loosens nothing.
    pub fn has(self, policy: &Policy, mode: Option<Mode>) -> bool {
        let is_contained = mode == Some(Mode::Containment);
        policy.profiles.is_empty()
            || policy
                .profiles
                .iter()
                .any(|name| name == self.name() || is_contained && name == Self::Containment.name())
    }
}

#[cfg(test)]
mod tests {
    use magistrate_enrich::Decision;

    use super::*;

    #[test]
    fn a_mode_only_adds_policies() {
        let policy = |profiles: &[&str]| Policy {
            decision: Decision::Block,
            category: "x".to_owned(),
            profiles: profiles.iter().map(|one| (*one).to_owned()).collect(),
            message: String::new(),
            redact: Vec::new(),
            limit: None,
        };
        let contained = Some(Mode::Containment);
        for profile in Profile::ALL {
            assert!(profile.has(&policy(&[]), None));
            assert!(profile.has(&policy(&[profile.name()]), Some(Mode::Native)));
            assert!(profile.has(&policy(&["containment"]), contained));
        }
        assert!(!Profile::Native.has(&policy(&["containment"]), Some(Mode::Native)));
        assert!(Profile::Containment.has(&policy(&["containment"]), Some(Mode::Native)));
    }
}
