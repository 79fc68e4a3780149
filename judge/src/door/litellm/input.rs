//! Reads what LiteLLM sends to a guardrail.

use magistrate_event::{Action, Occasion, Session, Verb};
use serde::Deserialize;

use crate::door::fault::Fault;
use crate::door::tool_uses::{MAX_USES, ToolUse};
use crate::misfit::misfit;

/// What passes between an application and its model.
#[derive(Debug)]
pub(super) struct Guarded {
    /// The texts as they were sent, to be masked one by one.
    pub(super) texts: Vec<String>,
    /// The request or the response with all its texts.
    pub(super) exchange: Action,
    /// Calls of tools that the model answered with.
    pub(super) calls: Vec<Action>,
}

/// The parts of LiteLLM's JSON that are read.
#[derive(Deserialize)]
struct Wire {
    texts: Option<Vec<String>>,
    images: Option<Vec<serde::de::IgnoredAny>>,
    tool_calls: Option<Vec<ToolCall>>,
    input_type: InputType,
    request_data: Option<RequestData>,
    litellm_trace_id: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum InputType {
    Request,
    Response,
}

/// OpenAI's shape: the arguments are JSON inside a string.
#[derive(Deserialize)]
struct ToolCall {
    id: Option<String>,
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    name: Option<String>,
    arguments: Option<String>,
}

#[derive(Deserialize, Default)]
struct RequestData {
    user_api_key_user_email: Option<String>,
    user_api_key_end_user_id: Option<String>,
    user_api_key_user_id: Option<String>,
}

impl Guarded {
    /// Reads the body of a call.
    pub(super) fn read(json: &[u8]) -> Result<Self, Fault> {
        let wire: Wire = serde_json::from_slice(json).map_err(|error| {
            Fault::Malformed(format!("cannot read guardrail call: {}", misfit(&error)))
        })?;
        let calls = wire.tool_calls.unwrap_or_default();
        if calls.len() > MAX_USES {
            let message = format!("cannot judge more than {MAX_USES} tool calls at once");
            return Err(Fault::Malformed(message));
        }
        let data = wire.request_data.unwrap_or_default();
        let session = Session {
            id: wire.litellm_trace_id,
            user: data
                .user_api_key_user_email
                .or(data.user_api_key_end_user_id)
                .or(data.user_api_key_user_id),
            ..Session::default()
        };
        let texts = wire.texts.unwrap_or_default();
        let has_images = wire.images.is_some_and(|images| !images.is_empty());
        let mut exchange = Action {
            session,
            ..Action::default()
        };
        let calls = match wire.input_type {
            // Calls in a request were judged when the model made them; here they are text.
            InputType::Request => {
                exchange.occasion = Some(Occasion::Request);
                // Whatever asks a model changes nothing by that.
                exchange.verb = Some(Verb::Read);
                exchange.content.text = joined(&texts, &calls);
                Vec::new()
            }
            InputType::Response => {
                exchange.occasion = Some(Occasion::Response);
                exchange.content.text = joined(&texts, &[]);
                let calls = calls.into_iter().map(ToolUse::from);
                calls.map(|call| call.action(&exchange)).collect()
            }
        };
        // Nobody looks at images.
        exchange.content.truncated = has_images.then_some(true);
        Ok(Self {
            texts,
            exchange,
            calls,
        })
    }
}

fn joined(texts: &[String], calls: &[ToolCall]) -> Option<String> {
    let arguments = calls
        .iter()
        .filter_map(|call| call.function.as_ref()?.arguments.as_deref());
    let texts: Vec<&str> = texts.iter().map(String::as_str).chain(arguments).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

impl From<ToolCall> for ToolUse {
    fn from(call: ToolCall) -> Self {
        let (name, arguments) = match call.function {
            Some(function) => (function.name, function.arguments),
            None => (None, None),
        };
        Self {
            id: call.id,
            name,
            server: None,
            arguments: arguments.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(json: &serde_json::Value) -> Guarded {
        Guarded::read(json.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn calls_of_an_answer_are_actions_and_those_of_a_request_are_text() {
        let calls = json!([
            { "id": "c1", "type": "function", "function": { "name": "send", "arguments": "{\"to\":\"bo\"}" } },
            { "function": { "name": "broken", "arguments": "{\"to\":" } },
        ]);
        let body = json!({
            "texts": ["a", "b"], "tool_calls": calls, "input_type": "response", "litellm_trace_id": "t",
            "request_data": { "user_api_key_user_email": "ana@example.com", "user_api_key_user_id": "u1" },
            "images": ["data:…"], "new": 1,
        });
        let guarded = read(&body);
        assert_eq!(guarded.texts, ["a", "b"]);
        assert_eq!(guarded.exchange.occasion, Some(Occasion::Response));
        assert_eq!(guarded.exchange.content.text.as_deref(), Some("a\nb"));
        assert_eq!(guarded.exchange.content.truncated, Some(true));
        let [send, broken] = guarded.calls.as_slice() else {
            panic!("two calls are two actions");
        };
        assert_eq!(send.tool.name.as_deref(), Some("send"));
        assert_eq!(send.session.user.as_deref(), Some("ana@example.com"));
        assert_eq!(
            send.tool.arguments.as_ref().unwrap().as_json(),
            "{\"to\":\"bo\"}"
        );
        assert_eq!(broken.content.text.as_deref(), Some("{\"to\":"));

        let mut body = body;
        body["input_type"] = json!("request");
        let guarded = read(&body);
        assert!(guarded.calls.is_empty());
        let text = guarded.exchange.content.text.unwrap();
        assert_eq!(text, "a\nb\n{\"to\":\"bo\"}\n{\"to\":");
    }

    #[test]
    fn nonsense_is_a_fault() {
        let many = vec![json!({}); MAX_USES + 1];
        for body in [
            json!([]),
            json!({}),
            json!({ "input_type": "other" }),
            json!({ "input_type": "request", "texts": [1] }),
            json!({ "input_type": "request", "tool_calls": many }),
        ] {
            assert!(Guarded::read(body.to_string().as_bytes()).is_err());
        }
    }
}
