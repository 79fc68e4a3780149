//! What the name of a tool tells: the class of its calls and what they do.

use magistrate_event::Class;

use super::acts::action_of;
use super::mcp_path::{McpServer, mcp_path};

/// What is known about a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Traits {
    pub(super) class: Class,
    /// OCSF's activity in that class.
    pub(super) activity: u8,
    /// `magistrate.tool.class`.
    pub(super) kind: &'static str,
    /// `magistrate.action`.
    pub(super) action: &'static str,
}

/// Traits from their parts.
pub(super) const fn traits(
    class: Class,
    activity: u8,
    kind: &'static str,
    action: &'static str,
) -> Traits {
    Traits {
        class,
        activity,
        kind,
        action,
    }
}

/// The built-in tools; none for a name that is none of them.
pub(super) fn builtin(name: &str) -> Option<Traits> {
    use Class::{ApiActivity as Api, FileActivity as File, HttpActivity as Http};
    Some(match name {
        "Bash" | "PowerShell" => traits(Class::ProcessActivity, 1, "execute", "execute"),
        "BashOutput" | "TaskOutput" | "AgentOutputTool" => traits(Api, 2, "read", "read"),
        "KillShell" | "KillBash" | "TaskStop" => traits(Api, 4, "execute", "execute"),
        "Read" => traits(File, 2, "read", "read"),
        "Write" => traits(File, 1, "write", "create"),
        "Edit" | "MultiEdit" | "NotebookEdit" => traits(File, 3, "write", "update"),
        "Glob" | "Grep" | "LS" | "NotebookRead" | "TodoRead" | "ToolSearch" => {
            traits(Api, 2, "read", "read")
        }
        "WebFetch" => traits(Http, 3, "web", "read"),
        "WebSearch" => traits(Api, 2, "web", "read"),
        "Agent" | "Task" => traits(Api, 1, "agent", "execute"),
        "Skill" | "SlashCommand" => traits(Api, 2, "skill", "execute"),
        "ListMcpResourcesTool" | "ReadMcpResourceTool" => traits(Api, 2, "mcp", "read"),
        "TodoWrite" | "EnterPlanMode" | "ExitPlanMode" => traits(Api, 3, "other", "other"),
        "AskUserQuestion" => traits(Api, 2, "other", "other"),
        _ => return None,
    })
}

/// A tool of which nothing is known.
pub(super) const UNKNOWN: Traits = traits(Class::ApiActivity, 0, "other", "other");

/// What a tool's name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::normalize) struct Facts<'a> {
    /// The class of its calls.
    pub(in crate::normalize) class: Class,
    /// OCSF's activity in that class.
    pub(in crate::normalize) activity: u8,
    /// `magistrate.tool.class`.
    pub(in crate::normalize) kind: &'static str,
    /// `magistrate.action`.
    pub(in crate::normalize) action: &'static str,
    /// The tool's own name.
    pub(in crate::normalize) operation: &'a str,
    /// The MCP server.
    pub(in crate::normalize) server: Option<&'a str>,
    /// `magistrate.path_class`, where the name tells it.
    pub(in crate::normalize) path: Option<&'static str>,
}

/// What the name of a tool tells; `server` is what the caller calls its MCP server.
pub(in crate::normalize) fn facts<'a>(name: &'a str, server: Option<&'a str>) -> Facts<'a> {
    let split = name
        .strip_prefix("mcp__")
        .and_then(|rest| rest.split_once("__"));
    let (server, operation) = match split {
        Some((in_name, tool)) => (server.or(Some(in_name)), tool),
        None => (server, name),
    };
    let traits = match server {
        None => builtin(operation).unwrap_or(UNKNOWN),
        Some(_) => {
            let (action, activity) = action_of(operation, server);
            traits(Class::ApiActivity, activity, "mcp", action)
        }
    };
    Facts {
        class: traits.class,
        activity: traits.activity,
        kind: traits.kind,
        action: traits.action,
        operation,
        server,
        path: server.and_then(|server| mcp_path(McpServer::named(server), Some(operation))),
    }
}
