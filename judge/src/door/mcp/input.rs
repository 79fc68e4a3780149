//! Reads a message of the Model Context Protocol, and what the headers say around it.

use axum::http::HeaderMap;
use magistrate_event::{Action, Arguments, ContentOrigin, Occasion, Verb};
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::door::fault::Fault;
use crate::misfit::misfit;
use crate::texts::texts_of;

/// Methods that ask a server for something, and change nothing.
const READING: [&str; 13] = [
    "initialize",
    "ping",
    "server/discover",
    "tools/list",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "subscriptions/listen",
    "prompts/list",
    "prompts/get",
    "completion/complete",
];
/// Methods by which a server speaks to the model or the user.
const SPEAKING: [&str; 2] = ["sampling/createMessage", "elicitation/create"];

/// One message: what it does, and how to answer in its place.
#[derive(Debug)]
pub(super) struct Message {
    /// What is judged.
    pub(super) action: Action,
    /// The rest of it.
    pub(super) envelope: Envelope,
}

/// What is needed to answer in a message's place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Envelope {
    /// A call of a tool.
    ToolCall {
        /// Its id; none in a notification.
        id: Option<Json>,
        /// Its parameters.
        params: Json,
    },
    /// Another request or notification.
    Other {
        /// Its id; none in a notification.
        id: Option<Json>,
        /// Its method.
        method: String,
        /// Its parameters.
        params: Option<Json>,
    },
    /// An answer.
    Result {
        /// The id of what it answers.
        id: Json,
        /// What it says.
        result: Json,
    },
    /// An answer that tells of an error.
    Error {
        /// The id of what it answers.
        id: Json,
        /// The error.
        error: Json,
    },
}

/// A message as it stands on the wire. A member that is there twice is an error: readers would not
/// agree which one counts.
#[derive(Deserialize)]
struct Wire<'a> {
    jsonrpc: String,
    id: Option<Json>,
    method: Option<String>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    result: Option<Json>,
    error: Option<Json>,
}

#[derive(Deserialize)]
struct Called {
    name: String,
    arguments: Option<Arguments>,
}

#[derive(Deserialize)]
struct Resource {
    uri: Option<String>,
}

impl Message {
    /// Reads a message. Headers say what it does not: `X-Magistrate-Session`, `-User` and `-Server`,
    /// and, for the answer to a call, `Mcp-Name`.
    pub(super) fn read(json: &[u8], headers: &HeaderMap) -> Result<Self, Fault> {
        let wire: Wire<'_> = serde_json::from_slice(json).map_err(unread)?;
        if wire.jsonrpc != "2.0" {
            return Err(malformed("`jsonrpc` is not 2.0"));
        }
        let mut action = Action::default();
        action.session.id = header(headers, "x-magistrate-session")?;
        action.session.user = header(headers, "x-magistrate-user")?;
        action.tool.server = header(headers, "x-magistrate-server")?;
        let envelope = match (wire.method, wire.result, wire.error) {
            (Some(method), None, None) => request(&mut action, wire.id, method, wire.params)?,
            (None, Some(result), None) => {
                came_back(&mut action, &result, headers)?;
                Envelope::Result {
                    id: wire.id.unwrap_or_default(),
                    result,
                }
            }
            (None, None, Some(error)) => {
                came_back(&mut action, &error, headers)?;
                Envelope::Error {
                    id: wire.id.unwrap_or_default(),
                    error,
                }
            }
            (_, _, _) => {
                return Err(malformed(
                    "it has not one of `method`, `result` and `error`",
                ));
            }
        };
        Ok(Self { action, envelope })
    }
}

fn request(
    action: &mut Action,
    id: Option<Json>,
    method: String,
    params: Option<&RawValue>,
) -> Result<Envelope, Fault> {
    let whole = params.map(|raw| serde_json::from_str::<Json>(raw.get()));
    let whole = whole.transpose().map_err(unread)?;
    if method == "tools/call" {
        let Some(raw) = params else {
            return Err(malformed("`params` is missing"));
        };
        let called: Called = serde_json::from_str(raw.get()).map_err(unread)?;
        action.occasion = Some(Occasion::ToolCall);
        action.tool.name = Some(called.name);
        action.tool.arguments = called.arguments;
        let params = whole.unwrap_or_default();
        return Ok(Envelope::ToolCall { id, params });
    }
    let said = whole.as_ref().map(texts_of);
    action.content.text = said.filter(|text| !text.is_empty());
    action.told.push(("mcp_method".to_owned(), method.clone()));
    if SPEAKING.contains(&method.as_str()) {
        action.occasion = Some(Occasion::ToolResult);
        action.content.origin = Some(ContentOrigin::Tool);
    } else {
        action.occasion = Some(Occasion::AppAction);
        let reads = READING.contains(&method.as_str()) || method.starts_with("notifications/");
        action.verb = reads.then_some(Verb::Read);
        if let Some(raw) = params.filter(|_| method.starts_with("resources/")) {
            let resource: Resource = serde_json::from_str(raw.get()).map_err(unread)?;
            action.destination.url = resource.uri;
        }
    }
    Ok(Envelope::Other {
        id,
        method,
        params: whole,
    })
}

fn came_back(action: &mut Action, json: &Json, headers: &HeaderMap) -> Result<(), Fault> {
    action.occasion = Some(Occasion::ToolResult);
    action.tool.name = header(headers, "mcp-name")?;
    action.content.origin = Some(ContentOrigin::Tool);
    action.content.text = Some(texts_of(json));
    Ok(())
}

fn header(headers: &HeaderMap, name: &str) -> Result<Option<String>, Fault> {
    let value = headers.get(name).map(|value| value.to_str());
    let text = value.transpose();
    let text = text.map_err(|_| malformed(&format!("header `{name}` is no ASCII")))?;
    Ok(text.map(str::to_owned))
}

fn malformed(what: &str) -> Fault {
    Fault::Malformed(format!("cannot read MCP message: {what}"))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "what `map_err` hands over is owned"
)]
fn unread(error: serde_json::Error) -> Fault {
    malformed(&misfit(&error))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(json: &str) -> Result<Message, String> {
        let mut headers = HeaderMap::new();
        headers.insert("x-magistrate-server", HeaderValue::from_static("crm"));
        headers.insert("x-magistrate-session", HeaderValue::from_static("s1"));
        headers.insert("mcp-name", HeaderValue::from_static("look"));
        Message::read(json.as_bytes(), &headers).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_call_of_a_tool_is_an_action() {
        let json = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"export","arguments":{"a":1},"_meta":{}}}"#;
        let Message { action, envelope } = read(json).unwrap();
        assert_eq!(action.occasion, Some(Occasion::ToolCall));
        assert_eq!(action.tool.name.as_deref(), Some("export"));
        assert_eq!(action.tool.server.as_deref(), Some("crm"));
        assert_eq!(action.session.id.as_deref(), Some("s1"));
        assert_eq!(action.tool.arguments.unwrap().as_json(), r#"{"a":1}"#);
        assert!(matches!(envelope, Envelope::ToolCall { id: Some(_), .. }));
    }

    #[test]
    fn what_comes_back_is_text_of_a_tool() {
        for (json, text) in [
            (
                r#"{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"hello"}]}}"#,
                "hello",
            ),
            (
                r#"{"jsonrpc":"2.0","id":7,"result":{"tools":[{"name":"a","description":"does b"}]}}"#,
                "does b",
            ),
            (
                r#"{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"no"}}"#,
                "no",
            ),
            (
                r#"{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{"messages":[{"role":"user","content":{"text":"ask"}}]}}"#,
                "ask",
            ),
        ] {
            let action = read(json).unwrap().action;
            assert_eq!(action.occasion, Some(Occasion::ToolResult), "{json}");
            assert_eq!(action.content.origin, Some(ContentOrigin::Tool));
            assert!(action.content.text.unwrap().contains(text), "{json}");
        }
    }

    #[test]
    fn what_only_asks_reads_and_what_nobody_knows_does_not() {
        for (method, verb) in [
            ("tools/list", Some(Verb::Read)),
            ("notifications/initialized", Some(Verb::Read)),
            ("resources/read", Some(Verb::Read)),
            ("system/wipe", None),
        ] {
            let json = format!(
                r#"{{"jsonrpc":"2.0","method":"{method}","params":{{"uri":"https://a.example/"}}}}"#
            );
            let action = read(&json).unwrap().action;
            assert_eq!(action.verb, verb, "{method}");
            assert_eq!(
                action.destination.url.is_some(),
                method.starts_with("resources/")
            );
        }
    }

    #[test]
    fn what_readers_could_read_in_two_ways_is_refused() {
        for json in [
            "",
            "[]",
            "{}",
            r#"{"jsonrpc":"1.0","method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#,
            r#"{"jsonrpc":"2.0","method":"ping","method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a","name":"b"}}"#,
            r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a","arguments":[]}}"#,
            r#"[{"jsonrpc":"2.0","method":"ping"}]"#,
        ] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
