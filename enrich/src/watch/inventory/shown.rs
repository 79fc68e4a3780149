//! What one event shows of the things that extend the agent.

use magistrate_event::{Event, Field, Value};
use serde::Deserialize;

/// Longer names and versions are cut.
const MAX_TEXT_BYTES: usize = 128;
/// A list of tools that is longer is not read.
const MAX_LIST_BYTES: usize = 1024 * 1024;
/// Tools of one list.
const MAX_TOOLS: usize = 512;

/// What an event shows of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// plugin, marketplace, skill, mcp_server or tool.
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// Empty where it is not told.
    pub(super) version: String,
    /// Marketplace of a plugin; scope and transport of a server.
    pub(super) source: String,
    pub(super) description: String,
}

/// The things that `event` shows.
pub(super) fn shown(event: &Event) -> Vec<Shown> {
    let text = |field: Field| cut(event.text(field).unwrap_or_default()).to_owned();
    let one = |kind, name: String, version: String, source: String| -> Vec<Shown> {
        let is_named =
            !name.is_empty() && !matches!(name.as_str(), "custom" | "third-party" | "custom_skill");
        is_named
            .then(|| Shown {
                kind,
                name,
                version,
                source,
                description: String::new(),
            })
            .into_iter()
            .collect()
    };
    match event.text(Field::EventCode) {
        Some("plugin_loaded" | "plugin_installed") => {
            let marketplace = text(Field::LifecycleAppVendor);
            let plugin = one(
                "plugin",
                text(Field::LifecycleAppName),
                text(Field::LifecycleAppVersion),
                marketplace.clone(),
            );
            let marketplace = one("marketplace", marketplace, String::new(), String::new());
            plugin.into_iter().chain(marketplace).collect()
        }
        Some("mcp_server_connection") => {
            let source = [
                attribute(event, "server_scope"),
                attribute(event, "transport_type"),
            ];
            one(
                "mcp_server",
                text(Field::ApiServiceName),
                attribute(event, "server_version"),
                source.join(" "),
            )
        }
        Some("skill_activated") => {
            let skill = one(
                "skill",
                attribute(event, "skill.name"),
                String::new(),
                attribute(event, "skill.source"),
            );
            let marketplace = attribute(event, "marketplace.name");
            let marketplace = one("marketplace", marketplace, String::new(), String::new());
            skill.into_iter().chain(marketplace).collect()
        }
        Some("api_request_body" | "tool_result" | "response") => {
            let server = event.text(Field::ApiServiceName).unwrap_or_default();
            let content = event.text(Field::ContentText).unwrap_or_default();
            tools(server, content)
        }
        Some(_) | None => Vec::new(),
    }
}

/// The tools that a request to the model, or an MCP server's answer to `tools/list`, describes.
fn tools(server: &str, content: &str) -> Vec<Shown> {
    #[derive(Deserialize)]
    struct Tool {
        name: String,
        #[serde(default)]
        description: String,
    }
    #[derive(Default, Deserialize)]
    struct List {
        #[serde(default)]
        tools: Vec<Tool>,
    }
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        tools: Vec<Tool>,
        #[serde(default)]
        result: List,
    }
    let is_list = content.starts_with('{')
        && content.len() <= MAX_LIST_BYTES
        && content.contains("\"tools\"");
    let Some(body) = is_list
        .then(|| serde_json::from_str::<Body>(content).ok())
        .flatten()
    else {
        return Vec::new();
    };
    let all = body.tools.into_iter().chain(body.result.tools);
    let of_server = |name: String| match server {
        "" => name,
        server => format!("mcp__{server}__{name}"),
    };
    all.take(MAX_TOOLS)
        .map(|tool| Shown {
            kind: "tool",
            name: cut(&of_server(tool.name)).to_owned(),
            version: String::new(),
            source: String::new(),
            description: tool.description,
        })
        .collect()
}

fn attribute(event: &Event, name: &str) -> String {
    let found = event.unmapped().find(|(key, _)| *key == name);
    let text = found.and_then(|(_, value)| match value {
        Value::Text(text) => Some(event.resolve(*text)),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Double(_)
        | Value::Time(_)
        | Value::List(_)
        | Value::Map(_) => None,
    });
    cut(text.unwrap_or_default()).to_owned()
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(MAX_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_list_is_none() {
        for content in [
            "",
            "{",
            "{\"tools\":1}",
            "[{\"tools\":[]}]",
            "{\"tools\":[{\"x\":1}]}",
        ] {
            assert_eq!(tools("", content), []);
        }
    }
}
