//! What the canary asks the judge: each text in several places, at every door.

use serde_json::{Value, json};

use super::{NAME, grpc};

/// Texts that share a question: fewer take longer, more make each too long for its deadline.
const TEXTS_A_QUESTION: usize = 40;
/// What the shipped policies ask a person about.
const NEEDS_A_PERSON: &str = "https://api.github.com/orgs/acme/memberships/ana";
/// A request and a response whose bodies proxies show.
const POSTED: &str = "POST http://canary.example/planted HTTP/1.1\r\nHost: canary.example\r\nContent-Type: text/plain\r\n\r\n";
const ANSWERED: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";

/// One question.
pub(super) struct Question<'a> {
    /// Where it is asked.
    pub(super) place: Place,
    /// The texts that are planted in it.
    pub(super) texts: &'a [String],
    /// Headers beside those that every question has.
    pub(super) headers: Vec<(&'static str, String)>,
    /// What is sent there.
    pub(super) body: Vec<u8>,
}

/// Where a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A door that is called by HTTP, by its path.
    Http(&'static str),
    /// The door of inference hooks, whose calls are signed.
    Signed(&'static str),
    /// A door of gRPC that gives back no more than it was told to mask.
    Grpc(&'static str),
    /// One that gives back what passes, too.
    GrpcThrough(&'static str),
    /// A connection of ICAP, by the service.
    Icap(&'static str),
}

impl Place {
    /// Its name in the log.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Http(name)
            | Self::Signed(name)
            | Self::Grpc(name)
            | Self::GrpcThrough(name)
            | Self::Icap(name) => name,
        }
    }

    /// Whether its answer holds what is allowed, and not only what was masked.
    pub(super) const fn gives_back(self) -> bool {
        match self {
            Self::GrpcThrough(_) => true,
            Self::Http(_) | Self::Signed(_) | Self::Grpc(_) | Self::Icap(_) => false,
        }
    }
}

/// Questions for every door; about the last texts first, which are those of the configuration.
pub(super) fn questions(texts: &[String]) -> Vec<Question<'_>> {
    let mut questions = Vec::new();
    for texts in texts.chunks(TEXTS_A_QUESTION).rev() {
        let joined = joined(texts);
        let calls = calls(texts, &joined)
            .map(|(path, body)| (Place::Http(path), body.into_bytes()))
            .into_iter();
        let hooks = hooks(&joined).map(|body| (Place::Signed("/hooks/inference"), body.into()));
        let shown = shown(&joined).map(|(service, body)| (Place::Icap(service), body.into()));
        let arguments = arguments(texts).to_string();
        let framed = grpc::questions(&joined, &arguments);
        for (place, body) in calls.chain(hooks).chain(shown).chain(framed) {
            let headers = Vec::new();
            questions.push(Question {
                place,
                texts,
                headers,
                body,
            });
        }
        for (path, headers) in addresses(texts) {
            questions.push(Question {
                place: Place::Http(path),
                texts,
                headers,
                body: Vec::new(),
            });
        }
    }
    questions
}

/// Texts as one.
pub(super) fn joined(texts: &[String]) -> String {
    texts.join("\n\n")
}

/// Texts as a tool's arguments.
pub(super) fn arguments(texts: &[String]) -> Value {
    let named = texts.iter().enumerate();
    named
        .map(|(number, text)| (format!("planted.{number}"), Value::from(text.as_str())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Paths with what is posted there.
fn calls(texts: &[String], joined: &str) -> [(&'static str, String); 9] {
    let arguments = arguments(texts);
    let asked = json!({
        "session": { "id": NAME, "task": joined },
        "event": "tool_call",
        "tool": { "name": "note", "arguments": arguments },
        "content": { "text": joined },
    });
    let sent = json!({
        "session": { "id": NAME },
        "event": "request",
        "tool": { "arguments": arguments },
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
        ("/v1/judge", sent.to_string()),
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

/// Doors that are told an address alone, with the headers that tell it.
fn addresses(texts: &[String]) -> [(&'static str, Vec<(&'static str, String)>); 2] {
    let path = format!("/planted?text={}", percent(&joined(texts)));
    let session = ("x-claude-code-session-id", NAME.to_owned());
    let of_nginx = vec![
        ("x-original-url", format!("https://canary.example{path}")),
        ("x-original-method", "GET".to_owned()),
        session.clone(),
    ];
    let forwarded = vec![
        ("x-forwarded-host", "canary.example".to_owned()),
        ("x-forwarded-proto", "https".to_owned()),
        ("x-forwarded-uri", path),
        ("x-forwarded-method", "GET".to_owned()),
        session,
    ];
    [
        ("/authz/nginx", of_nginx),
        ("/authz/forward-auth", forwarded),
    ]
}

/// A text in percent-encoding: all but RFC 3986's unreserved characters.
pub(super) fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_a_query_has_unreserved_characters_alone() {
        assert_eq!(percent("a-B_9.~ /\u{fc}"), "a-B_9.~%20%2F%C3%BC");
    }
}
