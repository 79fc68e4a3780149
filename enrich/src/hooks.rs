//! Which tool's call a hook ran for, and which one a call is of, as hooks name tools: a built-in one by its
//! name, every MCP server's as `mcp_tool`.

use magistrate_event::{Event, Field};

/// How the client names tools of MCP servers in hooks' events.
const MCP: &str = "mcp_tool";

/// The tool for whose call the hook of `event` ran (`PreToolUse:Bash`); none of another event, and of a
/// hook that is about no call.
pub(crate) fn tool_of_hook(event: &Event) -> Option<&str> {
    let code = event.text(Field::EventCode)?;
    if !matches!(code, "hook_execution_start" | "hook_execution_complete") {
        return None;
    }
    let hook = event.unmapped_text("hook_event")?;
    if !matches!(hook, "PreToolUse" | "PermissionRequest" | "PostToolUse") {
        return None;
    }
    let (_, tool) = event.unmapped_text("hook_name")?.split_once(':')?;
    let tool = if tool.starts_with("mcp__") { MCP } else { tool };
    (!tool.is_empty()).then_some(tool)
}

/// The tool for whose call a hook ran before it and could have refused it.
pub(crate) fn tool_of_judge(event: &Event) -> Option<&str> {
    tool_of_hook(event).filter(|_| event.unmapped_text("hook_event") == Some("PreToolUse"))
}

/// The tool of a call that was decided; none of another event.
pub(crate) fn tool_of_call(event: &Event) -> Option<&str> {
    if event.text(Field::EventCode) != Some("tool_decision") {
        return None;
    }
    match event.text(Field::ToolClass) {
        Some("mcp") => Some(MCP),
        Some(_) | None => event.text(Field::ApiOperation),
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};

    use super::*;

    fn hook(event_name: &str, name: &str) -> Event {
        let mut event = Event::new(Class::ApiActivity, 1, Timestamp::default());
        event.set_text(Field::EventCode, "hook_execution_complete");
        event.keep_text("hook_event", event_name);
        event.keep_text("hook_name", name);
        event
    }

    #[test]
    fn hooks_and_calls_name_one_tool() {
        let call = |kind: &str, tool: &str| {
            let mut event = Event::new(Class::ApiActivity, 1, Timestamp::default());
            event.set_text(Field::EventCode, "tool_decision");
            event.set_text(Field::ToolClass, kind);
            event.set_text(Field::ApiOperation, tool);
            event
        };
        let bash = hook("PreToolUse", "PreToolUse:Bash");
        assert_eq!(tool_of_hook(&bash), tool_of_call(&call("execute", "Bash")));
        assert_eq!(tool_of_judge(&bash), Some("Bash"));
        let lookup = call("mcp", "lookup");
        for name in [
            "PermissionRequest:mcp__crm__lookup",
            "PermissionRequest:mcp_tool",
        ] {
            let asked = hook("PermissionRequest", name);
            assert_eq!(tool_of_hook(&asked), tool_of_call(&lookup));
            assert_eq!(tool_of_judge(&asked), None);
        }
    }

    #[test]
    fn what_is_about_no_call_names_no_tool() {
        for (event, name) in [
            ("SessionStart", "SessionStart:startup"),
            ("UserPromptSubmit", "UserPromptSubmit"),
            ("PostToolBatch", "PostToolBatch"),
            ("PreToolUse", "PreToolUse"),
            ("PreToolUse", "PreToolUse:"),
        ] {
            assert_eq!(tool_of_hook(&hook(event, name)), None, "{name}");
        }
        assert_eq!(tool_of_call(&hook("PreToolUse", "PreToolUse:Bash")), None);
    }
}
