//! Writes answers to Anthropic: `allow` or `deny`, and nothing else.

use serde_json::json;

use crate::door::fault::Fault;
use crate::verdict::Verdict;

/// A longer reason is cut.
const MAX_REASON_CHARS: usize = 500;

/// The inference may be made.
pub(super) fn allowed(verdict: &Verdict) -> String {
    json!({ "action": "allow", "reference_id": verdict.verdict_id }).to_string()
}

/// It may not; the user is shown why.
pub(super) fn denied(verdict: &Verdict) -> String {
    let reason = cut(&verdict.told());
    json!({ "action": "deny", "deny_reason": reason, "reference_id": verdict.verdict_id })
        .to_string()
}

/// It could not be judged.
pub(super) fn unjudged(fault: &Fault) -> String {
    let reason = cut(&format!("Magistrate could not judge this: {fault}."));
    json!({ "action": "deny", "deny_reason": reason }).to_string()
}

/// What this version does not know must not stop anything.
pub(super) fn no_opinion() -> String {
    json!({ "action": "allow" }).to_string()
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_REASON_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_short() {
        let fault = Fault::Malformed("ü".repeat(900));
        let answer: serde_json::Value = serde_json::from_str(&unjudged(&fault)).unwrap();
        assert_eq!(answer["deny_reason"].as_str().unwrap().chars().count(), 500);
        assert_eq!(answer["action"], "deny");
    }
}
