//! Reads what Claude Code sends to a hook.

use axum::http::HeaderMap;
use magistrate_event::{Action, Arguments, ContentOrigin, Occasion};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::approvals::Step;
use crate::decision::{Carries, Carry};
use crate::door::fault::Fault;
use crate::misfit::misfit;
use crate::texts::texts_of;

/// The hooks that something can be stopped at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hook {
    /// Before a tool is called.
    PreToolUse,
    /// Before the user is asked for permission.
    PermissionRequest,
    /// After a tool was called.
    PostToolUse,
    /// After a tool failed.
    PostToolUseFailure,
    /// Before a prompt goes to the model.
    UserPromptSubmit,
}

impl Hook {
    const ALL: [Self; 5] = [
        Self::PreToolUse,
        Self::PermissionRequest,
        Self::PostToolUse,
        Self::PostToolUseFailure,
        Self::UserPromptSubmit,
    ];

    /// As the client writes it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::PreToolUse => "PreToolUse",
            Self::PermissionRequest => "PermissionRequest",
            Self::PostToolUse => "PostToolUse",
            Self::PostToolUseFailure => "PostToolUseFailure",
            Self::UserPromptSubmit => "UserPromptSubmit",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hook| hook.name() == name)
    }

    /// What the hook's answer can carry. A changed input without `allow` grants nothing; a prompt
    /// cannot be rewritten; an approval is a denial with its address.
    pub(super) const fn carries(self) -> Carries {
        let redact = match self {
            Self::PreToolUse | Self::PostToolUse => Carry::Yes,
            Self::PermissionRequest | Self::PostToolUseFailure | Self::UserPromptSubmit => {
                Carry::No
            }
        };
        Carries {
            redact,
            downgrade: Carry::No,
            approval: Carry::Yes,
        }
    }

    /// The client asks for permission after it has called PreToolUse about the same call.
    pub(super) const fn step(self) -> Step {
        match self {
            Self::PermissionRequest => Step::Confirm,
            Self::PreToolUse
            | Self::PostToolUse
            | Self::PostToolUseFailure
            | Self::UserPromptSubmit => Step::First,
        }
    }

    const fn occasion(self) -> Occasion {
        match self {
            Self::PreToolUse | Self::PermissionRequest => Occasion::ToolCall,
            Self::PostToolUse | Self::PostToolUseFailure => Occasion::ToolResult,
            Self::UserPromptSubmit => Occasion::Prompt,
        }
    }
}

/// One call of the hook.
#[derive(Debug)]
pub(super) struct Call {
    /// Which hook; none for one at which nothing can be stopped.
    pub(super) hook: Option<Hook>,
    /// What is about to happen, or came back.
    pub(super) action: Action,
    /// What the tool answered, in its own shape.
    pub(super) response: Option<Json>,
}

/// The parts of the client's JSON that are read.
#[derive(Deserialize)]
struct Wire {
    hook_event_name: String,
    session_id: Option<String>,
    prompt_id: Option<String>,
    cwd: Option<String>,
    permission_mode: Option<String>,
    agent_id: Option<String>,
    tool_name: Option<String>,
    tool_input: Option<Arguments>,
    tool_use_id: Option<String>,
    tool_response: Option<Json>,
    error: Option<Json>,
    prompt: Option<String>,
    mcp_server: Option<Server>,
}

#[derive(Deserialize)]
struct Server {
    name: Option<String>,
}

impl Call {
    /// Reads the body of a call.
    pub(super) fn read(json: &[u8]) -> Result<Self, Fault> {
        let wire: Wire = serde_json::from_slice(json).map_err(|error| {
            Fault::Malformed(format!("cannot read hook call: {}", misfit(&error)))
        })?;
        let hook = Hook::named(&wire.hook_event_name);
        let mut action = Action {
            occasion: hook.map(Hook::occasion),
            surface: Some("code"),
            call_id: wire.tool_use_id,
            prompt_id: wire.prompt_id,
            ..Action::default()
        };
        action.session.id = wire.session_id;
        action.tool.name = wire.tool_name;
        action.tool.server = wire.mcp_server.and_then(|server| server.name);
        let told = [
            ("hook_event_name", Some(wire.hook_event_name)),
            ("cwd", wire.cwd),
            ("permission_mode", wire.permission_mode),
            ("agent_id", wire.agent_id),
        ];
        action.told = told
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), text?)))
            .collect();
        let mut response = None;
        match hook {
            Some(Hook::PreToolUse | Hook::PermissionRequest) => {
                action.tool.arguments = wire.tool_input;
            }
            // What was asked has been judged before; now it is about what came back.
            Some(Hook::PostToolUse | Hook::PostToolUseFailure) => {
                response = wire.tool_response.or(wire.error);
                action.content.text = response.as_ref().map(texts_of);
                action.content.origin = action.tool.name.as_deref().and_then(origin_of);
            }
            Some(Hook::UserPromptSubmit) => {
                action.content.text = wire.prompt;
                action.content.origin = Some(ContentOrigin::User);
            }
            None => {}
        }
        Ok(Self {
            hook,
            action,
            response,
        })
    }
}

/// Where what a tool gives back comes from; of files and commands the tool's name does not tell.
fn origin_of(tool: &str) -> Option<ContentOrigin> {
    match tool {
        "WebFetch" | "WebSearch" => Some(ContentOrigin::Webpage),
        _ => tool.starts_with("mcp__").then_some(ContentOrigin::Tool),
    }
}

/// The hook that a header names, so that the door can answer in shape before it has the body. The
/// generated settings send it.
pub(super) fn named_in(headers: &HeaderMap) -> Option<Hook> {
    Hook::named(headers.get("x-hook-event")?.to_str().ok()?)
}

/// The hook that a body names which may be no JSON as a whole.
pub(super) fn name_of(body: &[u8]) -> Option<Hook> {
    const KEY: &str = "\"hook_event_name\"";
    let text = String::from_utf8_lossy(body);
    let mut places = text.match_indices(KEY);
    places.find_map(|(at, _)| {
        let rest = text.get(at + KEY.len()..)?;
        let rest = rest.trim_start().strip_prefix(':')?.trim_start();
        Hook::named(rest.strip_prefix('"')?.split('"').next()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_before_a_tool_has_its_arguments_and_ids() {
        let call = Call::read(
            br#"{"hook_event_name":"PreToolUse","session_id":"s","prompt_id":"p","tool_name":"Bash",
                "tool_input":{"command":"ls"},"tool_use_id":"toolu_1","new":{}}"#,
        )
        .unwrap();
        assert_eq!(call.hook, Some(Hook::PreToolUse));
        assert_eq!(
            call.action.tool.arguments.unwrap().as_json(),
            r#"{"command":"ls"}"#
        );
        assert_eq!(call.action.call_id.as_deref(), Some("toolu_1"));
        assert_eq!(call.action.session.id.as_deref(), Some("s"));
        assert_eq!(call.response, None);
    }

    #[test]
    fn a_result_is_its_texts() {
        let call = Call::read(
            br#"{"hook_event_name":"PostToolUse","tool_name":"Bash","tool_input":{"command":"ls"},
                "tool_response":{"stdout":"a","inner":[{"text":"b"},1],"zz":"c"}}"#,
        )
        .unwrap();
        assert_eq!(call.action.content.text.as_deref(), Some("b\na\nc"));
        assert_eq!(call.action.tool.arguments, None);
    }

    #[test]
    fn other_hooks_have_no_opinion_and_nonsense_is_a_fault() {
        let call = Call::read(br#"{"hook_event_name":"SomethingNew"}"#).unwrap();
        assert_eq!(call.hook, None);
        for body in [
            &b""[..],
            b"[]",
            b"{}",
            b"{\"hook_event_name\":\"PreToolUse\",\"tool_input\":[]}",
        ] {
            assert!(Call::read(body).is_err());
        }
        let broken = b"{\"x\":\xff, \"hook_event_name\" : \"UserPromptSubmit\", ";
        assert_eq!(name_of(broken), Some(Hook::UserPromptSubmit));
        assert_eq!(name_of(b"nothing"), None);
    }
}
