//! Writes answers in the exact shapes that Claude Code obeys; anything else it takes for consent.

use serde_json::{Map, Value as Json, json};

use super::input::Hook;
use crate::decision::Decision;
use crate::door::fault::Fault;
use crate::verdict::Verdict;

/// Longer texts the client cuts.
const MAX_TEXT_CHARS: usize = 10_000;
/// What the model sees instead of a result that it must not see.
const WITHHELD: &str = "[withheld by policy]";
/// Members of a tool's answer that hold what the tool said.
const SAID: [&str; 9] = [
    "stdout", "stderr", "text", "content", "output", "result", "results", "body", "error",
];

/// Leaves the client to its own rules.
pub(super) fn no_opinion() -> Json {
    json!({})
}

/// The answer that carries `verdict`. `masked` gives the tool's answer with what policy names
/// masked; none where nothing of it was.
pub(super) fn answer(
    hook: Hook,
    verdict: &Verdict,
    masked: impl FnOnce() -> Option<Json>,
    response: Option<&Json>,
) -> Json {
    match verdict.decision {
        Decision::Allow => no_opinion(),
        Decision::Redact => match hook {
            Hook::PreToolUse => changed_input(verdict),
            Hook::PostToolUse => masked().map_or_else(no_opinion, changed_output),
            // These hooks cannot carry it, so that the decision is another one.
            Hook::PermissionRequest | Hook::PostToolUseFailure | Hook::UserPromptSubmit => {
                stop(hook, &verdict.told(), response)
            }
        },
        Decision::Downgrade | Decision::RequireApproval | Decision::Block => {
            stop(hook, &verdict.told(), response)
        }
    }
}

/// The answer to a call that got no verdict: it stops what can be stopped. Where not even the hook
/// is known, it is what stops most.
pub(super) fn refusal(hook: Option<Hook>, fault: &Fault) -> Json {
    let reason = format!("The policy judge could not judge this: {fault}.");
    match hook {
        Some(hook) => stop(hook, &reason, None),
        None => {
            let mut answer = stop(Hook::PreToolUse, &reason, None);
            if let (Some(answer), Json::Object(more)) = (
                answer.as_object_mut(),
                stop(Hook::UserPromptSubmit, &reason, None),
            ) {
                answer.extend(more);
            }
            answer
        }
    }
}

fn stop(hook: Hook, reason: &str, response: Option<&Json>) -> Json {
    let reason: String = reason.chars().take(MAX_TEXT_CHARS).collect();
    match hook {
        Hook::PreToolUse => specific(
            hook,
            json!({ "permissionDecision": "deny", "permissionDecisionReason": reason }),
        ),
        Hook::PermissionRequest => specific(
            hook,
            json!({ "decision": { "behavior": "deny", "message": reason } }),
        ),
        Hook::UserPromptSubmit => json!({ "decision": "block", "reason": reason }),
        Hook::PostToolUse | Hook::PostToolUseFailure => {
            let mut answer = json!({ "decision": "block", "reason": reason });
            // The client shows the model the reason *and* the output, unless that is replaced.
            if hook == Hook::PostToolUse
                && let (Some(response), Some(members)) = (response, answer.as_object_mut())
                && let Json::Object(changed) = changed_output(withheld(response))
            {
                members.extend(changed);
            }
            answer
        }
    }
}

fn specific(hook: Hook, members: Json) -> Json {
    let mut specific = Map::new();
    specific.insert("hookEventName".to_owned(), Json::from(hook.name()));
    if let Json::Object(members) = members {
        specific.extend(members);
    }
    json!({ "hookSpecificOutput": specific })
}

/// The tool's input with what policy names masked; alone, without `allow`, it grants nothing.
fn changed_input(verdict: &Verdict) -> Json {
    let masked = verdict.redacted.as_ref();
    match masked.and_then(|masked| masked.arguments.clone()) {
        Some(arguments) => specific(Hook::PreToolUse, json!({ "updatedInput": arguments })),
        None => no_opinion(),
    }
}

fn changed_output(response: Json) -> Json {
    specific(Hook::PostToolUse, json!({ "updatedToolOutput": response }))
}

/// The tool's answer in its own shape, without what the tool said.
fn withheld(response: &Json) -> Json {
    match response {
        Json::String(_) => Json::from(WITHHELD),
        Json::Array(items) => Json::Array(items.iter().map(withheld).collect()),
        Json::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                let is_said = SAID.contains(&name.as_str());
                let value = match value {
                    Json::String(text) if is_said && !text.is_empty() => Json::from(WITHHELD),
                    Json::Array(_) | Json::Object(_) => withheld(value),
                    Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => value.clone(),
                };
                (name.clone(), value)
            });
            Json::Object(members.collect())
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => response.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::verdict::{Masked, Tier};

    fn verdict(decision: Decision, arguments: Option<Json>) -> Verdict {
        Verdict {
            verdict_id: "v1".to_owned(),
            request_id: None,
            decision,
            reasons: Vec::new(),
            scores: BTreeMap::new(),
            redacted: Some(Masked {
                text: None,
                arguments,
            }),
            constraints: None,
            approval: None,
            requested: None,
            tier: Tier::Rules,
            degraded: false,
            partial: false,
            policy_version: String::new(),
            model: None,
            retry_after_ms: None,
            elapsed_us: 0,
            families: Vec::new(),
            message: "No.".to_owned(),
        }
    }

    fn told(hook: Hook, decision: Decision) -> Json {
        let output = json!({"stdout": "secret", "stderr": "", "interrupted": false});
        let masked = || Some(json!({"stdout": "masked"}));
        answer(
            hook,
            &verdict(decision, Some(json!({"a": 1}))),
            masked,
            Some(&output),
        )
    }

    #[test]
    fn every_hook_is_stopped_in_its_own_shape() {
        let reason = "No. (verdict v1)";
        for (hook, expected) in [
            (
                Hook::PreToolUse,
                json!({"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": reason}}),
            ),
            (
                Hook::PermissionRequest,
                json!({"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": {"behavior": "deny", "message": reason}}}),
            ),
            (
                Hook::UserPromptSubmit,
                json!({"decision": "block", "reason": reason}),
            ),
            (
                Hook::PostToolUse,
                json!({"decision": "block", "reason": reason, "hookSpecificOutput": {"hookEventName": "PostToolUse",
                    "updatedToolOutput": {"stdout": WITHHELD, "stderr": "", "interrupted": false}}}),
            ),
        ] {
            assert_eq!(told(hook, Decision::Block), expected);
        }
    }

    #[test]
    fn masking_changes_input_or_output_and_never_allows() {
        assert_eq!(
            told(Hook::PreToolUse, Decision::Redact),
            json!({"hookSpecificOutput": {"hookEventName": "PreToolUse", "updatedInput": {"a": 1}}})
        );
        assert_eq!(
            told(Hook::PostToolUse, Decision::Redact),
            json!({"hookSpecificOutput": {"hookEventName": "PostToolUse", "updatedToolOutput": {"stdout": "masked"}}})
        );
        for hook in [
            Hook::PreToolUse,
            Hook::PermissionRequest,
            Hook::PostToolUse,
            Hook::UserPromptSubmit,
        ] {
            assert_eq!(told(hook, Decision::Allow), json!({}));
            for decision in Decision::ALL {
                let text = told(hook, decision).to_string();
                assert!(
                    !text.contains("\"allow\"") && !text.contains("approve\""),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn a_refusal_stops_even_an_unknown_hook() {
        let answer = refusal(None, &Fault::Slow);
        assert_eq!(answer["decision"], "block");
        assert_eq!(answer["hookSpecificOutput"]["permissionDecision"], "deny");
        let answer = refusal(Some(Hook::PermissionRequest), &Fault::Slow);
        assert_eq!(answer["hookSpecificOutput"]["decision"]["behavior"], "deny");
    }

    #[test]
    fn nested_answers_keep_their_shape() {
        let mcp = json!([{"type": "text", "text": "secret"}]);
        assert_eq!(withheld(&mcp), json!([{"type": "text", "text": WITHHELD}]));
        let read =
            json!({"type": "text", "file": {"filePath": "/a", "content": "secret", "numLines": 1}});
        assert_eq!(
            withheld(&read),
            json!({"type": "text", "file": {"filePath": "/a", "content": WITHHELD, "numLines": 1}})
        );
    }
}
