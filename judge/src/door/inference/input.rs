//! Reads what Anthropic sends before an inference.

use magistrate_event::{Action, ContentOrigin, Occasion, Session, Verb};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::door::fault::Fault;
use crate::misfit::misfit;
use crate::texts::texts_of;

/// Results of tools and files that one turn has no more of.
const MAX_PARTS: usize = 64;
/// The application from which the address is tried.
const TEST: &str = "config-test";

/// What is asked.
#[derive(Debug)]
pub(super) enum Asked {
    /// Whether an inference may be made.
    Prompt(Prompt),
    /// Something of a later version, which must not stop anything.
    Other,
}

/// What is new in a conversation.
#[derive(Debug)]
pub(super) struct Prompt {
    /// What the user said, what files say, what tools gave back: never none.
    pub(super) actions: Vec<Action>,
}

#[derive(Deserialize)]
struct Kind {
    r#type: Option<String>,
    source: Option<From>,
}

#[derive(Deserialize)]
struct Wire {
    tenant_id: Option<String>,
    actor: Option<Actor>,
    source: Option<From>,
    messages: Option<Vec<Message>>,
    session_id: Option<String>,
    model: Option<String>,
}

#[derive(Deserialize)]
struct Actor {
    id: Option<String>,
    email_address: Option<String>,
}

#[derive(Deserialize)]
struct From {
    application: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    role: Option<String>,
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Blocks(Vec<Block>),
}

/// A block of any kind: the members of all kinds that are read.
#[derive(Deserialize)]
struct Block {
    r#type: Option<String>,
    text: Option<String>,
    content: Option<Json>,
    tool_name: Option<String>,
    tool_use_id: Option<String>,
    file_name: Option<String>,
    media_type: Option<String>,
    size_bytes: Option<u64>,
}

/// Whether a body is the call with which an administrator tries the address.
pub(super) fn is_test(json: &[u8]) -> bool {
    let kind: Option<Kind> = serde_json::from_slice(json).ok();
    let source = kind.and_then(|kind| kind.source);
    source.is_some_and(|source| source.application.as_deref() == Some(TEST))
}

impl Asked {
    /// Reads the body of a call.
    pub(super) fn read(json: &[u8]) -> Result<Self, Fault> {
        let wrong = |error: serde_json::Error| {
            Fault::Malformed(format!("cannot read inference hook: {}", misfit(&error)))
        };
        let kind: Kind = serde_json::from_slice(json).map_err(wrong)?;
        match kind.r#type.as_deref() {
            Some("prompt") => {}
            Some(_) => return Ok(Self::Other),
            None => return Err(Fault::Malformed("`type` is missing".to_owned())),
        }
        let wire: Wire = serde_json::from_slice(json).map_err(wrong)?;
        let actions = actions(wire)?;
        if actions.len() > MAX_PARTS {
            let message = format!("cannot judge more than {MAX_PARTS} parts of a turn");
            return Err(Fault::Malformed(message));
        }
        Ok(Self::Prompt(Prompt { actions }))
    }
}

/// What came after the model's last turn; all else was judged when it came.
fn actions(wire: Wire) -> Result<Vec<Action>, Fault> {
    let messages = wire.messages.unwrap_or_default();
    let is_model = |message: &Message| message.role.as_deref() == Some("assistant");
    let start = messages.iter().rposition(is_model).map_or(0, |at| at + 1);
    let about = About {
        session: Session {
            id: wire.session_id,
            user: wire
                .actor
                .and_then(|actor| actor.email_address.or(actor.id)),
            ..Session::default()
        },
        surface: wire
            .source
            .and_then(|source| source.application)
            .filter(|name| name == "claude-code")
            .map(|_| "code"),
        told: [("tenant_id", wire.tenant_id), ("model", wire.model)]
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), text?)))
            .collect(),
    };
    let mut actions = Vec::new();
    for message in messages.into_iter().skip(start) {
        match message.content {
            Some(Content::Text(text)) => actions.push(about.said(text)),
            Some(Content::Blocks(blocks)) => {
                for block in blocks {
                    actions.extend(about.block(block));
                }
            }
            None => {}
        }
    }
    if actions.is_empty() {
        return Err(Fault::Malformed(
            "`messages` end with nothing to judge".to_owned(),
        ));
    }
    Ok(actions)
}

/// What holds for every part of a call.
struct About {
    session: Session,
    surface: Option<&'static str>,
    told: Vec<(String, String)>,
}

impl About {
    fn action(&self, occasion: Occasion) -> Action {
        Action {
            session: self.session.clone(),
            occasion: Some(occasion),
            surface: self.surface,
            told: self.told.clone(),
            ..Action::default()
        }
    }

    fn said(&self, text: String) -> Action {
        let mut action = self.action(Occasion::Prompt);
        action.content.text = Some(text);
        action.content.origin = Some(ContentOrigin::User);
        action
    }

    fn block(&self, block: Block) -> Option<Action> {
        match block.r#type.as_deref() {
            Some("tool_result") => Some(self.gave_back(block)),
            Some("attachment") => Some(self.attached(block)),
            // What the user said, and the text of whatever a later version adds.
            Some(_) | None => block.text.map(|text| self.said(text)),
        }
    }

    fn gave_back(&self, block: Block) -> Action {
        let mut action = self.action(Occasion::ToolResult);
        action.tool.name = block.tool_name;
        action.call_id = block.tool_use_id;
        action.content.text = block.content.as_ref().map(texts_of).or(block.text);
        action.content.origin = Some(ContentOrigin::Tool);
        action
    }

    fn attached(&self, block: Block) -> Action {
        let mut action = self.action(Occasion::Request);
        // Whatever asks a model changes nothing by that.
        action.verb = Some(Verb::Read);
        action.file.name = block.file_name;
        action.file.media_type = block.media_type;
        action.file.size = block.size_bytes;
        action.content.text = block.text;
        action.content.origin = Some(ContentOrigin::Document);
        action
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(json: &Json) -> Result<Vec<Action>, String> {
        match Asked::read(json.to_string().as_bytes()) {
            Ok(Asked::Prompt(prompt)) => Ok(prompt.actions),
            Ok(Asked::Other) => Ok(Vec::new()),
            Err(fault) => Err(fault.to_string()),
        }
    }

    #[test]
    fn only_what_is_new_is_judged_each_part_as_what_it_is() {
        let json = json!({
            "type": "prompt", "request_id": "r", "tenant_id": "t", "model": "m", "session_id": "s",
            "actor": {"type": "user", "id": "u", "email_address": "ana@example.com"},
            "source": {"application": "claude-code"},
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "old"}]},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "tool_name": "Read", "input": {}}]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "1", "tool_name": "Read", "content": "read", "is_error": false},
                    {"type": "attachment", "file_name": "a.pdf", "media_type": "application/pdf", "size_bytes": 7, "text": "filed"},
                    {"type": "later", "more": 1},
                    {"type": "text", "text": "new"},
                ]},
            ],
        });
        let actions = read(&json).unwrap();
        let told: Vec<_> = actions
            .iter()
            .map(|action| {
                (
                    action.occasion,
                    action.content.text.as_deref(),
                    action.content.origin,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (
                    Some(Occasion::ToolResult),
                    Some("read"),
                    Some(ContentOrigin::Tool)
                ),
                (
                    Some(Occasion::Request),
                    Some("filed"),
                    Some(ContentOrigin::Document)
                ),
                (
                    Some(Occasion::Prompt),
                    Some("new"),
                    Some(ContentOrigin::User)
                ),
            ]
        );
        let [result, file, _] = actions.as_slice() else {
            panic!("three parts");
        };
        assert_eq!(result.tool.name.as_deref(), Some("Read"));
        assert_eq!(
            (file.file.name.as_deref(), file.file.size),
            (Some("a.pdf"), Some(7))
        );
        assert!(actions.iter().all(|action| action.surface == Some("code")));
        assert_eq!(result.session.user.as_deref(), Some("ana@example.com"));
    }

    #[test]
    fn what_cannot_be_judged_is_told_and_what_is_unknown_passes() {
        assert_eq!(read(&json!({"type": "later"})).unwrap(), []);
        for (json, expected) in [
            (json!([]), "invalid"),
            (json!({}), "`type` is missing"),
            (json!({"type": "prompt"}), "nothing to judge"),
            (
                json!({"type": "prompt", "messages": [{"role": "user", "content": 1}]}),
                "cannot read",
            ),
            (
                json!({"type": "prompt", "messages": [{"role": "assistant", "content": "a"}]}),
                "nothing to judge",
            ),
            (
                json!({"type": "prompt", "messages": [{"role": "user", "content": vec![json!({"text": "a"}); 65]}]}),
                "more than 64",
            ),
        ] {
            let fault = read(&json).unwrap_err();
            assert!(fault.contains(expected), "{json}: {fault}");
        }
        assert!(is_test(br#"{"source":{"application":"config-test"}}"#));
        assert!(!is_test(br#"{"source":{"application":"claude-ai"}}"#) && !is_test(b"{"));
    }
}
