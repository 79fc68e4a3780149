//! What the canary asks the judge: each text in several places, at every door.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use magistrate_event::Identity;
use magistrate_judge::Caller;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::NAME;

/// Texts that share a question: fewer take longer, more make each too long for its deadline.
const TEXTS_A_QUESTION: usize = 40;
/// No answer is longer.
const MAX_ANSWER_BYTES: usize = 16 << 20;
/// What the shipped policies ask a person about.
const NEEDS_A_PERSON: &str = "https://api.github.com/orgs/acme/memberships/ana";

/// One call of a door.
pub(super) struct Question {
    /// The door.
    pub(super) path: &'static str,
    /// How many texts are planted in it.
    pub(super) count: u64,
    body: String,
}

/// Questions for every door that takes texts; proxies' other doors take an address alone.
pub(super) fn questions(texts: &[String]) -> Vec<Question> {
    let mut questions = Vec::new();
    for texts in texts.chunks(TEXTS_A_QUESTION) {
        let joined = texts.join("\n\n");
        let named = texts.iter().enumerate();
        let arguments: Value = named
            .map(|(number, text)| (format!("planted.{number}"), Value::from(text.as_str())))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let asked = json!({
            "session": { "id": NAME, "task": joined },
            "event": "tool_call",
            "tool": { "name": "note", "arguments": arguments },
            "content": { "text": joined },
        });
        let to_a_person = json!({
            "session": { "id": NAME },
            "event": "request",
            "destination": { "url": NEEDS_A_PERSON, "method": "PUT" },
            "content": { "text": joined },
        });
        let hook = json!({
            "hook_event_name": "PreToolUse",
            "session_id": NAME,
            "tool_name": "note",
            "tool_input": arguments,
        });
        let call = json!({ "name": "note", "arguments": arguments });
        let result = json!({ "content": [{ "type": "text", "text": joined }] });
        let guarded = json!({ "texts": texts, "input_type": "request" });
        for (path, body) in [
            ("/v1/judge", asked.to_string()),
            ("/v1/judge", to_a_person.to_string()),
            (
                "/v1/data/magistrate/decision",
                json!({ "input": asked }).to_string(),
            ),
            ("/hooks/claude-code", hook.to_string()),
            (
                "/mcp/judge",
                json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call })
                    .to_string(),
            ),
            (
                "/mcp/judge",
                json!({ "jsonrpc": "2.0", "id": 1, "result": result }).to_string(),
            ),
            ("/beta/litellm_basic_guardrail_api", guarded.to_string()),
            ("/authz/envoy/planted", joined.clone()),
        ] {
            let count = texts.len() as u64;
            questions.push(Question { path, count, body });
        }
    }
    questions
}

/// Asks; answers with the answer's body, head included.
///
/// # Errors
/// Why there was no verdict.
pub(super) async fn ask(doors: &Router, question: Question) -> Result<Vec<u8>, String> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(question.path)
        .header("host", "canary.example")
        .header("content-type", "application/json")
        .extension(Caller::Known {
            identity: Identity::Token(NAME.to_owned()),
            peer: None,
        })
        .body(Body::from(question.body))
        .map_err(|error| error.to_string())?;
    let Ok(answer) = doors.clone().oneshot(request).await;
    let (head, body) = answer.into_parts();
    // Proxies' doors say no with a status.
    if ![StatusCode::OK, StatusCode::FORBIDDEN].contains(&head.status) {
        return Err(head.status.to_string());
    }
    let body = to_bytes(body, MAX_ANSWER_BYTES).await;
    let body = body.map_err(|error| error.to_string())?;
    Ok([format!("{:?}", head.headers).as_bytes(), &body].concat())
}
