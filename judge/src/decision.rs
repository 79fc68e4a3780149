//! Decides: pure, total, and never milder for one more piece of evidence.

use magistrate_enrich::Decision as Asked;
use serde::{Deserialize, Serialize};

use crate::category::Postures;
use crate::limits::Counted;

/// What becomes of an action, from the mildest to the strictest.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It passes as it is.
    #[default]
    Allow,
    /// It passes with some of its text masked.
    Redact,
    /// It passes, and what follows may only read.
    Downgrade,
    /// A person decides.
    RequireApproval,
    /// It does not pass.
    Block,
}

impl Decision {
    /// Every decision, mildest first.
    pub const ALL: [Self; 5] = [
        Self::Allow,
        Self::Redact,
        Self::Downgrade,
        Self::RequireApproval,
        Self::Block,
    ];

    /// As verdicts and rows write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Redact => "redact",
            Self::Downgrade => "downgrade",
            Self::RequireApproval => "require_approval",
            Self::Block => "block",
        }
    }
}

impl From<Asked> for Decision {
    fn from(asked: Asked) -> Self {
        match asked {
            Asked::Redact => Self::Redact,
            Asked::Downgrade => Self::Downgrade,
            Asked::RequireApproval => Self::RequireApproval,
            Asked::Block => Self::Block,
        }
    }
}

/// What is certain about an action: it sets the posture, and no evidence changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The category by what the action does.
    pub category: &'static str,
    /// Whether a person has approved this very action.
    pub is_approved: bool,
}

/// What speaks against an action. It can only grow.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Findings {
    /// Policies in force that matched.
    pub matches: Vec<Match>,
    /// What could not be done.
    pub failures: Vec<Failure>,
}

/// A policy that matched.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Match {
    /// Its id.
    pub policy: String,
    /// Its title.
    pub title: String,
    /// Its category.
    pub category: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// What it asks for.
    pub decision: Decision,
    /// What it says to the person.
    #[serde(skip)]
    pub message: String,
    /// Kinds that it masks.
    #[serde(skip)]
    pub redact: Vec<String>,
    /// The values that made it match.
    pub matched: Vec<(String, String)>,
    /// What it counts for, where the policy has a rate limit and that has not been asked yet.
    #[serde(skip)]
    pub(crate) counted: Option<Counted>,
}

/// Something that could not be done, so that the action was not judged in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The time was over before policies had looked.
    Late,
    /// Only a part of the content was looked at.
    Partial,
    /// The verdict could not be written down in time.
    Unrecorded,
    /// A fault of ours.
    Internal,
    /// Too much was asked at once.
    Overload,
    /// A model that should have judged could not.
    Unjudged,
}

impl Failure {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Late,
        Self::Partial,
        Self::Unrecorded,
        Self::Internal,
        Self::Overload,
        Self::Unjudged,
    ];

    /// Whether policies have looked at the action all the same.
    pub const fn is_looked_at(self) -> bool {
        match self {
            Self::Partial | Self::Unjudged => true,
            Self::Late | Self::Unrecorded | Self::Internal | Self::Overload => false,
        }
    }

    /// Its name in reasons: `magistrate.late`.
    pub const fn policy(self) -> &'static str {
        match self {
            Self::Late => "magistrate.late",
            Self::Partial => "magistrate.partial",
            Self::Unrecorded => "magistrate.unrecorded",
            Self::Internal => "magistrate.internal",
            Self::Overload => "magistrate.overload",
            Self::Unjudged => "magistrate.unjudged",
        }
    }

    /// What to tell.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Late => "The time was over before the action was judged",
            Self::Partial => "Only a part of the content was looked at",
            Self::Unrecorded => "The verdict could not be written down in time",
            Self::Internal => "The judge failed",
            Self::Overload => "The judge is asked too much at once",
            Self::Unjudged => "No model could judge it in time",
        }
    }
}

/// What was decided, before a door carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ruling {
    /// The decision.
    pub decision: Decision,
    /// The category whose policy or posture decided; the action's own where nothing did.
    pub strictest: Option<usize>,
}

/// The strictest of what policies ask for and what postures say of what could not be done. A person's
/// approval settles what asks for a person, and nothing else.
pub fn decide(facts: &Facts, findings: &Findings, postures: &Postures) -> Ruling {
    let by_posture = postures.of(facts.category).on_error.decision();
    let failed = findings.failures.iter().map(|_| by_posture);
    let asked = findings.matches.iter().map(|one| one.decision);
    let is_settled =
        |decision: &Decision| facts.is_approved && *decision == Decision::RequireApproval;
    let open = asked.chain(failed).filter(|decision| !is_settled(decision));
    let decision = open.max().unwrap_or_default();
    let strictest = findings
        .matches
        .iter()
        .position(|one| one.decision == decision);
    Ruling {
        decision,
        strictest,
    }
}

/// Which decisions a door's protocol can carry out; `block` every one can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carries {
    /// Masked text instead of the original.
    pub redact: Carry,
    /// Constraints on what follows.
    pub downgrade: Carry,
    /// The address of an approval.
    pub approval: Carry,
}

/// Whether a door can carry a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carry {
    /// It can.
    Yes,
    /// It cannot: the action is blocked instead.
    No,
}

impl Carries {
    /// A door that carries everything.
    pub const ALL: Self = Self {
        redact: Carry::Yes,
        downgrade: Carry::Yes,
        approval: Carry::Yes,
    };

    /// A door that lets pass or blocks.
    pub const ONLY_BLOCK: Self = Self {
        redact: Carry::No,
        downgrade: Carry::No,
        approval: Carry::No,
    };

    /// What is enforced: the decision, or the next stricter one that the door carries.
    pub fn enforced(self, decision: Decision) -> Decision {
        let carry = match decision {
            Decision::Allow | Decision::Block => Carry::Yes,
            Decision::Redact => self.redact,
            Decision::Downgrade => self.downgrade,
            Decision::RequireApproval => self.approval,
        };
        match carry {
            Carry::Yes => decision,
            Carry::No => Decision::Block,
        }
    }
}

#[cfg(test)]
mod tests;
