//! Writes a verdict as a message.

use super::message::{
    Approval, Constraints, Decision as Carried, JudgeResponse, Reason, Redacted, Tier as Reached,
};
use crate::decision::Decision;
use crate::verdict::{Tier, Verdict};

/// The answer that tells a verdict.
pub(super) fn response(verdict: &Verdict) -> JudgeResponse {
    let reasons = verdict.reasons.iter().map(|reason| Reason {
        policy: reason.policy.clone(),
        title: reason.title.clone(),
        category: reason.category.clone(),
        tags: reason.tags.clone(),
        decision: decision(reason.decision).into(),
    });
    let requested = verdict.requested.map_or(Carried::Unspecified, decision);
    JudgeResponse {
        verdict_id: verdict.verdict_id.clone(),
        request_id: verdict.request_id.clone(),
        decision: decision(verdict.decision).into(),
        reasons: reasons.collect(),
        scores: verdict.scores.clone(),
        redacted: verdict.redacted.as_ref().map(|masked| Redacted {
            text: masked.text.clone(),
            arguments_json: masked.arguments.as_ref().map(ToString::to_string),
        }),
        constraints: verdict.constraints.as_ref().map(|one| Constraints {
            read_only: one.read_only,
            methods: one
                .methods
                .iter()
                .map(|&method| method.to_owned())
                .collect(),
        }),
        approval: verdict.approval.as_ref().map(|ticket| Approval {
            id: ticket.id.clone(),
            url: ticket.url.clone(),
            page: ticket.page.clone(),
            expires_at: ticket.expires_at.clone(),
        }),
        requested: requested.into(),
        tier: tier(verdict.tier).into(),
        degraded: verdict.degraded,
        partial: verdict.partial,
        policy_version: verdict.policy_version.clone(),
        model: verdict.model.clone(),
        elapsed_us: verdict.elapsed_us,
        retry_after_ms: verdict.retry_after_ms,
        message: verdict.told(),
    }
}

const fn decision(decision: Decision) -> Carried {
    match decision {
        Decision::Allow => Carried::Allow,
        Decision::Redact => Carried::Redact,
        Decision::Downgrade => Carried::Downgrade,
        Decision::RequireApproval => Carried::RequireApproval,
        Decision::Block => Carried::Block,
    }
}

const fn tier(tier: Tier) -> Reached {
    match tier {
        Tier::Rules => Reached::Rules,
        Tier::FastModel => Reached::FastModel,
        Tier::Model => Reached::Model,
        Tier::Llm => Reached::Llm,
    }
}
