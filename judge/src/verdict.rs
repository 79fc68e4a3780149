//! The answer: what is enforced, and every reason.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::decision::{Decision, Match};

/// How deep it was looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Rules and lists.
    Rules,
    /// The linear model, too.
    FastModel,
    /// The encoder, too.
    Model,
    /// A language model, too.
    Llm,
}

impl Tier {
    /// As verdicts and rows write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::FastModel => "fast_model",
            Self::Model => "model",
            Self::Llm => "llm",
        }
    }
}

/// One reason of a verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Id of the policy, or `magistrate.…` for what could not be done.
    pub policy: String,
    /// Its title.
    pub title: String,
    /// Its category.
    pub category: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// What it asks for.
    pub decision: Decision,
}

impl From<&Match> for Reason {
    fn from(matched: &Match) -> Self {
        Self {
            policy: matched.policy.clone(),
            title: matched.title.clone(),
            category: matched.category.clone(),
            tags: matched.tags.clone(),
            decision: matched.decision,
        }
    }
}

/// Text and arguments with what a policy names masked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Masked {
    /// The content's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The tool's arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Json>,
}

/// What may still be done after a downgrade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Constraints {
    /// Only tools that read.
    pub read_only: bool,
    /// Only these HTTP methods.
    pub methods: Vec<&'static str>,
}

impl Constraints {
    /// Reading alone.
    pub fn read_only() -> Self {
        Self {
            read_only: true,
            methods: vec!["GET", "HEAD"],
        }
    }
}

/// The approval that a `require_approval` waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ticket {
    /// Its id.
    pub id: String,
    /// Where callers read its state.
    pub url: String,
    /// Where a person decides.
    pub page: String,
    /// Until when.
    pub expires_at: String,
}

/// The answer to one request. Fields that do not apply are absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Its id.
    pub verdict_id: String,
    /// The caller's own id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What is enforced.
    pub decision: Decision,
    /// Every reason.
    pub reasons: Vec<Reason>,
    /// Scores of the models.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub scores: BTreeMap<String, f64>,
    /// The masked text, with `redact`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redacted: Option<Masked>,
    /// What may still be done, with `downgrade`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraints: Option<Constraints>,
    /// What a person is asked, where one must decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<Ticket>,
    /// What policy asked for, where the door could not carry it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested: Option<Decision>,
    /// In so many milliseconds the same may pass, where only a rate limit speaks against it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// How deep it was looked.
    pub tier: Tier,
    /// Whether something failed or came too late.
    pub degraded: bool,
    /// Whether only a part of the content was looked at.
    pub partial: bool,
    /// Which set of policies decided.
    pub policy_version: String,
    /// Which models were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Microseconds from the read request to the verdict.
    pub elapsed_us: u64,
    /// Families of kinds that `redact` masks, for doors that mask a shape of their own; none masks
    /// everything.
    #[serde(skip)]
    pub families: Vec<String>,
    /// What the agent is told: short, and nothing that helps to get around a policy.
    #[serde(skip)]
    pub message: String,
}

impl Verdict {
    /// What the agent is told.
    pub fn told(&self) -> String {
        let Self {
            message,
            verdict_id,
            ..
        } = self;
        let message = match self.retry_after_seconds() {
            Some(seconds) => format!("{message} The same may pass in {seconds} s."),
            None => message.clone(),
        };
        match &self.approval {
            Some(Ticket { id, page, .. }) => format!(
                "{message} Approval {id}: a person decides at {page}; once approved, do exactly the same again. (verdict {verdict_id})"
            ),
            None => format!("{message} (verdict {verdict_id})"),
        }
    }

    /// After so many whole seconds the same may pass, where only a rate limit speaks against it.
    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after_ms.map(|wait_ms| wait_ms.div_ceil(1_000))
    }
}

/// What the agent is told where the policy says nothing.
pub(crate) const fn message_of(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "Allowed.",
        Decision::Redact => "Some of the content is masked by policy.",
        Decision::Downgrade => "From here on this session may only read.",
        Decision::RequireApproval => "A person must approve this first.",
        Decision::Block => "Blocked by policy.",
    }
}
