//! What the canary asks the judge: each text in several places, at every door.

use serde_json::{Value, json};

use super::NAME;

/// Texts that share a question: fewer take longer, more make each too long for its deadline.
const TEXTS_A_QUESTION: usize = 40;
/// What the shipped policies ask a person about.
const NEEDS_A_PERSON: &str = "https://api.github.com/orgs/acme/memberships/ana";
/// A request and a response whose bodies proxies show.
const POSTED: &str = "POST http://canary.example/planted HTTP/1.1\r\nHost: canary.example\r\nContent-Type: text/plain\r\n\r\n";
const ANSWERED: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";

/// One question.
pub(super) struct Question {
    /// Where it is asked.
    pub(super) place: Place,
    /// How many texts are planted in it.
    pub(super) count: u64,
    /// What is sent there.
    pub(super) body: String,
}

/// Where a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A door that is called by HTTP, by its path.
    Http(&'static str),
    /// The door of inference hooks, whose calls are signed.
    Signed(&'static str),
    /// A connection of ICAP, by the service.
    Icap(&'static str),
}

impl Place {
    /// Its name in the log.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Http(name) | Self::Signed(name) | Self::Icap(name) => name,
        }
    }
}

/// Questions for every door that takes texts; proxies' other doors take an address alone.
pub(super) fn questions(texts: &[String]) -> Vec<Question> {
    let mut questions = Vec::new();
    for texts in texts.chunks(TEXTS_A_QUESTION) {
        let joined = texts.join("\n\n");
        let calls = calls(texts, &joined)
            .map(|(path, body)| (Place::Http(path), body))
            .into_iter();
        let hooks = hooks(&joined).map(|body| (Place::Signed("/hooks/inference"), body));
        let shown = shown(&joined).map(|(service, body)| (Place::Icap(service), body));
        for (place, body) in calls.chain(hooks).chain(shown) {
            let count = texts.len() as u64;
            questions.push(Question { place, count, body });
        }
    }
    questions
}

/// Paths with what is posted there.
fn calls(texts: &[String], joined: &str) -> [(&'static str, String); 8] {
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
    let called = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call });
    let result = json!({ "content": [{ "type": "text", "text": joined }] });
    let answered = json!({ "jsonrpc": "2.0", "id": 1, "result": result });
    let guarded = json!({ "texts": texts, "input_type": "request" });
    let input = json!({ "input": asked });
    [
        ("/v1/judge", asked.to_string()),
        ("/v1/judge", to_a_person.to_string()),
        ("/v1/data/magistrate/decision", input.to_string()),
        ("/hooks/claude-code", hook.to_string()),
        ("/mcp/judge", called.to_string()),
        ("/mcp/judge", answered.to_string()),
        ("/beta/litellm_basic_guardrail_api", guarded.to_string()),
        ("/authz/envoy/planted", joined.to_owned()),
    ]
}

/// Calls of inference hooks, one for each part that a turn can have: the first that is denied ends a call.
fn hooks(joined: &str) -> [String; 3] {
    [
        json!({ "type": "text", "text": joined }),
        json!({ "type": "tool_result", "tool_name": "note", "content": joined }),
        json!({ "type": "attachment", "file_name": "planted.txt", "text": joined }),
    ]
    .map(|block| {
        json!({
            "type": "prompt",
            "session_id": NAME,
            "messages": [{ "role": "user", "content": [block] }],
        })
        .to_string()
    })
}

/// Services of ICAP with what is shown to them. What passes unchanged they need not give back.
fn shown(joined: &str) -> [(&'static str, String); 2] {
    let head = |method: &str, parts: String| {
        format!(
            "{method} ICAP/1.0\r\nHost: canary.example\r\nAllow: 204\r\nEncapsulated: req-hdr=0, {parts}\r\n\r\n"
        )
    };
    let posted = POSTED.len();
    let request = head(
        "REQMOD icap://canary.example/reqmod",
        format!("req-body={posted}"),
    );
    let response = head(
        "RESPMOD icap://canary.example/respmod",
        format!("res-hdr={posted}, res-body={}", posted + ANSWERED.len()),
    );
    let body = format!("{:x}\r\n{joined}\r\n0\r\n\r\n", joined.len());
    [
        ("/reqmod", format!("{request}{POSTED}{body}")),
        ("/respmod", format!("{response}{POSTED}{ANSWERED}{body}")),
    ]
}
