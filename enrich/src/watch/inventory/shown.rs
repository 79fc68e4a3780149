//! What one event shows of the things that extend the agent.

use magistrate_event::{Event, Field};

use super::list::List;
use crate::watch::version;

/// Longer names and versions are cut.
const MAX_TEXT_BYTES: usize = 128;
/// The kind of a list of tools that is cut: a client's name and version stand for it.
pub(super) const CUT_LIST: &str = "tool_list";

/// What a list of tools comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carrier {
    /// What is sent to a model, which lists them after what was said.
    Request,
    /// What a server answers.
    Answer,
}

/// What an event shows of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// plugin, marketplace, skill, mcp_server or tool; [`CUT_LIST`].
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
        Some("api_request_body") => tools(event, Carrier::Request),
        Some("request") if asks_model(event) => tools(event, Carrier::Request),
        // Any page may hold a list: a server's answer is what counts.
        Some("tool_result" | "response") if event.text(Field::ApiServiceName).is_some() => {
            tools(event, Carrier::Answer)
        }
        Some(_) | None => Vec::new(),
    }
}

/// Whether a request that a proxy saw is one to a model.
fn asks_model(event: &Event) -> bool {
    let content = event.text(Field::ContentText);
    content.is_some_and(|content| content.contains("\"messages\""))
}

/// The tools that `event` describes to the model, and that some of them may be missing.
fn tools(event: &Event, carrier: Carrier) -> Vec<Shown> {
    let content = event.text(Field::ContentText).unwrap_or_default();
    let is_cut = event.text(Field::ContentState) == Some("truncated");
    let is_list = content.contains("\"tools\"");
    let is_of_interest = is_list || is_cut && carrier == Carrier::Request;
    if !content.starts_with('{') || !is_of_interest {
        return Vec::new();
    }
    let List { tools, is_whole } = List::read(content);
    let server = event.text(Field::ApiServiceName).unwrap_or_default();
    let of_server = |name: String| match server {
        "" => name,
        server => format!("mcp__{server}__{name}"),
    };
    let tools = tools.into_iter().map(|tool| Shown {
        kind: "tool",
        name: cut(&of_server(tool.name)).to_owned(),
        version: String::new(),
        source: String::new(),
        description: tool.description,
    });
    let missing = (is_cut && !is_whole).then(|| Shown {
        kind: CUT_LIST,
        name: client(event).to_owned(),
        version: cut(version(event)).to_owned(),
        source: String::new(),
        description: String::new(),
    });
    tools.chain(missing).collect()
}

/// The client whose request or result it is; the door where that is not known.
fn client(event: &Event) -> &str {
    let client = event.text(Field::ProductName);
    let client = client.or_else(|| event.text(Field::Source));
    cut(client.unwrap_or_default())
}

fn attribute(event: &Event, name: &str) -> String {
    cut(event.unmapped_text(name).unwrap_or_default()).to_owned()
}

fn cut(text: &str) -> &str {
    let end = text.floor_char_boundary(MAX_TEXT_BYTES);
    text.get(..end).unwrap_or_default()
}
