//! Rules that a user brings along in a file of gitleaks' schema (version 8), as it is.

mod allow;
mod compile;
mod custom;
mod go_regex;
mod keywords;
mod written;

pub(crate) use custom::CONFIDENCE as CUSTOM_CONFIDENCE;
pub use custom::{CustomRule, CustomRules};
pub use written::RuleFile;

/// What keeps a rule file from being used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {fault}", place(file, *line), of_rule(rule.as_deref()))]
pub struct RuleFault {
    /// The file.
    pub file: String,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// The rule's id.
    pub rule: Option<String>,
    /// What is wrong, and what to do about it.
    pub fault: String,
}

/// What a rule file asks for that has no effect here, or is dear.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {note}", place(file, *line), of_rule(rule.as_deref()))]
pub struct RuleWarning {
    /// The file.
    pub file: String,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// The rule's id.
    pub rule: Option<String>,
    /// What should be known.
    pub note: String,
}

fn place(file: &str, line: Option<usize>) -> String {
    line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"))
}

fn of_rule(rule: Option<&str>) -> String {
    rule.map_or_else(String::new, |rule| format!(": rule `{rule}`"))
}

#[cfg(test)]
mod tests;
