//! The rule files that are part of the program.

use super::rule::{Rule, RuleError, read_rules};

/// File name and text.
const FILES: &[(&str, &str)] = &[
    ("headers.toml", include_str!("rules/headers.toml")),
    ("passwords.toml", include_str!("rules/passwords.toml")),
    ("commands.toml", include_str!("rules/commands.toml")),
    ("keys.toml", include_str!("rules/keys.toml")),
    ("cloud.toml", include_str!("rules/cloud.toml")),
    ("forges.toml", include_str!("rules/forges.toml")),
    ("models.toml", include_str!("rules/models.toml")),
    ("services.toml", include_str!("rules/services.toml")),
];

/// All shipped rules, checked.
pub(crate) fn rules() -> Result<Vec<Rule>, RuleError> {
    let mut rules = Vec::new();
    for (file, text) in FILES {
        rules.extend(read_rules(file, text)?);
    }
    Ok(rules)
}
