//! The `judge:` block, which makes a policy of a rule.

use serde::Deserialize;

use super::rate_limit::RateLimit;

/// What is to become of an action that a policy matches, from the mildest to the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Mask what was found, and let the rest pass.
    Redact,
    /// Let it read, but not change anything.
    Downgrade,
    /// Ask a person.
    RequireApproval,
    /// Refuse it.
    Block,
}

impl Decision {
    /// As rules and verdicts write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Redact => "redact",
            Self::Downgrade => "downgrade",
            Self::RequireApproval => "require_approval",
            Self::Block => "block",
        }
    }
}

/// A rule's `judge:` block.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// What is to become of what matches.
    pub decision: Decision,
    /// Decides deadline, and whether it fails open or closed: `[judge.category.NAME]`.
    pub category: String,
    /// The profiles that have the policy; none means all of them.
    #[serde(default)]
    pub profiles: Vec<String>,
    /// For the person whose action was stopped.
    #[serde(default)]
    pub message: String,
    /// Kinds and families of kinds that `decision: redact` masks; none means everything that is
    /// masked when stored.
    #[serde(default)]
    pub redact: Vec<String>,
    /// How much may match before the policy counts; none where every match counts.
    #[serde(default)]
    pub limit: Option<RateLimit>,
}

/// Longer messages are cut by those who show them.
const MAX_MESSAGE_BYTES: usize = 500;

impl Policy {
    /// What is wrong with the block, and what to do about it.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !is_name(&self.category) {
            faults.push(format!(
                "`judge.category` is `{}`: write a name of small letters, digits and `_`",
                self.category
            ));
        }
        for profile in self
            .profiles
            .iter()
            .filter(|profile| !is_name(&profile.replace('-', "_")))
        {
            faults.push(format!(
                "`judge.profiles` has `{profile}`: write a name of small letters, digits, `-` and `_`"
            ));
        }
        if self.message.len() > MAX_MESSAGE_BYTES {
            faults.push(format!(
                "`judge.message` is longer than {MAX_MESSAGE_BYTES} bytes: say it shorter"
            ));
        }
        faults.extend(self.limit.iter().flat_map(RateLimit::faults));
        faults
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_ordered_by_their_severity() {
        let mut all = [
            Decision::Block,
            Decision::Redact,
            Decision::RequireApproval,
            Decision::Downgrade,
        ];
        all.sort_unstable();
        let names = all.map(Decision::name);
        assert_eq!(names, ["redact", "downgrade", "require_approval", "block"]);
    }

    #[test]
    fn what_is_wrong_is_told() {
        let policy = Policy {
            decision: Decision::Block,
            category: "Data Movement".to_owned(),
            profiles: vec!["high-risk".to_owned(), String::new()],
            message: "x".repeat(501),
            redact: Vec::new(),
            limit: None,
        };
        assert_eq!(policy.faults().len(), 3);
    }
}
