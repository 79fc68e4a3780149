//! The rule files that are part of the program.

use super::rule::{Rule, RuleError, read_rules};

/// File name and text.
const FILES: &[(&str, &str)] = &[
    ("headers.toml", include_str!("rules/headers.toml")),
    ("passwords.toml", include_str!("rules/passwords.toml")),
    ("commands.toml", include_str!("rules/commands.toml")),
    ("oauth.toml", include_str!("rules/oauth.toml")),
    ("keys.toml", include_str!("rules/keys.toml")),
    ("hashes.toml", include_str!("rules/hashes.toml")),
    ("wallets.toml", include_str!("rules/wallets.toml")),
    ("aws.toml", include_str!("rules/aws.toml")),
    ("google.toml", include_str!("rules/google.toml")),
    ("azure.toml", include_str!("rules/azure.toml")),
    ("hosting.toml", include_str!("rules/hosting.toml")),
    ("hosting_more.toml", include_str!("rules/hosting_more.toml")),
    ("databases.toml", include_str!("rules/databases.toml")),
    ("vaults.toml", include_str!("rules/vaults.toml")),
    ("forges.toml", include_str!("rules/forges.toml")),
    ("registries.toml", include_str!("rules/registries.toml")),
    ("ci.toml", include_str!("rules/ci.toml")),
    (
        "observability.toml",
        include_str!("rules/observability.toml"),
    ),
    ("identity.toml", include_str!("rules/identity.toml")),
    ("models.toml", include_str!("rules/models.toml")),
    ("models_more.toml", include_str!("rules/models_more.toml")),
    ("chat.toml", include_str!("rules/chat.toml")),
    ("mail.toml", include_str!("rules/mail.toml")),
    ("payment.toml", include_str!("rules/payment.toml")),
    ("shops.toml", include_str!("rules/shops.toml")),
    ("projects.toml", include_str!("rules/projects.toml")),
    ("social.toml", include_str!("rules/social.toml")),
    ("network.toml", include_str!("rules/network.toml")),
];

/// All shipped rules, checked.
pub(crate) fn rules() -> Result<Vec<Rule>, RuleError> {
    let mut rules = Vec::new();
    for (file, text) in FILES {
        rules.extend(read_rules(file, text)?);
    }
    Ok(rules)
}
