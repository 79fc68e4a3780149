//! What is known of one rule beside its conditions.

use super::example::RuleExamples;
use super::judge::Policy;
use super::question::Question;

/// How bad it is when a rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Level {
    /// Worth knowing.
    Informational,
    /// Rarely worth a look.
    Low,
    /// Worth a look.
    #[default]
    Medium,
    /// Worth a look now.
    High,
    /// Somebody must act.
    Critical,
}

impl Level {
    /// As rules write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// OCSF's `severity_id`.
    pub const fn severity_id(self) -> i64 {
        match self {
            Self::Informational => 1,
            Self::Low => 2,
            Self::Medium => 3,
            Self::High => 4,
            Self::Critical => 5,
        }
    }
}

/// Whether a rule looks at one event, or at several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// At each event alone.
    Detection,
    /// At events over time.
    Correlation,
}

/// Where a rule was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RulePlace {
    /// The file.
    pub file: String,
    /// The line at which its document begins, from 1.
    pub line: usize,
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its id; what alerts name and what other rules refer to.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it looks for.
    pub description: String,
    /// What else may look like it.
    pub false_positives: Vec<String>,
    /// Where to read more.
    pub references: Vec<String>,
    /// Its author.
    pub author: String,
    /// How bad a match is.
    pub level: Level,
    /// Tags such as `attack.t1567.002`.
    pub tags: Vec<String>,
    /// One event, or several.
    pub kind: RuleKind,
    /// Whether a match of its own makes an alert; what only correlations look at makes none.
    pub alerts: bool,
    /// Its `judge:` block.
    pub policy: Option<Policy>,
    /// Events that it must match, and events that it must not.
    pub examples: RuleExamples,
    /// What its alerts ask.
    pub questions: Vec<Question>,
    /// Whether a match is a chain of steps, whose alerts go into its own.
    pub is_chain: bool,
    /// Where it was written.
    pub place: RulePlace,
    /// Whether events of its log source can come at all.
    pub has_source: bool,
}
