//! What of the findings an answer tells: its reasons, and what it masks.

use crate::category::Postures;
use crate::decision::{Decision, Facts, Findings};
use crate::verdict::Reason;

/// The kinds that the matching policies mask; one that names none masks everything.
pub(crate) fn families(findings: &Findings) -> Vec<String> {
    let mut families = Vec::new();
    for one in findings
        .matches
        .iter()
        .filter(|one| one.decision == Decision::Redact)
    {
        if one.redact.is_empty() {
            return Vec::new();
        }
        families.extend(one.redact.iter().cloned());
    }
    families
}

/// Every reason, the strictest first.
pub(crate) fn reasons(facts: &Facts, findings: &Findings, postures: &Postures) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = findings.matches.iter().map(Reason::from).collect();
    let decision = postures.of(facts.category).on_error.decision();
    reasons.extend(findings.failures.iter().map(|failure| Reason {
        policy: failure.policy().to_owned(),
        title: failure.title().to_owned(),
        category: facts.category.to_owned(),
        tags: Vec::new(),
        decision,
    }));
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.decision));
    reasons
}
