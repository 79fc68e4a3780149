//! Of which class an action is, and what it does.

use magistrate_event::{Action, Class, Occasion, Verb};

use crate::normalize::outgoing;
use crate::normalize::upload::is_upload;

/// The class and activity of an action without a tool.
pub(super) fn class_of(action: &Action) -> (Class, u8) {
    let destination = &action.destination;
    if destination.url.is_some() || destination.domain.is_some() {
        (
            Class::HttpActivity,
            http_activity(destination.method.as_deref()),
        )
    } else {
        (Class::ApiActivity, api_activity(action.verb))
    }
}

/// OCSF's activity of HTTP Activity.
fn http_activity(method: Option<&str>) -> u8 {
    let method = method.unwrap_or_default();
    let known = [
        ("CONNECT", 1),
        ("DELETE", 2),
        ("GET", 3),
        ("HEAD", 4),
        ("OPTIONS", 5),
        ("POST", 6),
        ("PUT", 7),
        ("TRACE", 8),
    ];
    let found = known
        .iter()
        .find(|(name, _)| method.eq_ignore_ascii_case(name));
    found.map_or(if method.is_empty() { 0 } else { 99 }, |(_, number)| {
        *number
    })
}

/// OCSF's activity of API Activity.
const fn api_activity(verb: Option<Verb>) -> u8 {
    match verb {
        Some(Verb::Create | Verb::Send | Verb::Upload | Verb::Purchase) => 1,
        Some(Verb::Read | Verb::Download) => 2,
        Some(Verb::Update | Verb::Share | Verb::Admin) => 3,
        Some(Verb::Delete) => 4,
        Some(Verb::Execute | Verb::Other) | None => 0,
    }
}

/// What the action does: as the caller says, else by its tool, by what is going on, by the service's
/// own paths, by the method. What comes back does nothing any more.
pub(super) fn verb_of(
    action: &Action,
    by_tool: Option<&'static str>,
    url: Option<&str>,
) -> Option<&'static str> {
    let is_over = matches!(
        action.occasion,
        Some(Occasion::ToolResult | Occasion::Response | Occasion::Prompt)
    );
    let said = action.verb.map(Verb::name);
    if said.is_some() || is_over {
        return said;
    }
    by_tool
        .filter(|verb| *verb != "other")
        .or_else(|| worked_out(action, url))
        .or(by_tool)
}

fn worked_out(action: &Action, url: Option<&str>) -> Option<&'static str> {
    let by_occasion = match action.occasion {
        Some(Occasion::Upload) => Some("upload"),
        Some(Occasion::Share) => Some("share"),
        Some(Occasion::MessageSend) => Some("send"),
        Some(Occasion::Download) => Some("download"),
        Some(
            Occasion::Request
            | Occasion::Response
            | Occasion::ToolCall
            | Occasion::ToolResult
            | Occasion::Prompt
            | Occasion::Paste
            | Occasion::AppAction,
        )
        | None => None,
    };
    let method = action.destination.method.as_deref();
    by_occasion
        .or_else(|| {
            let place = outgoing::Place {
                method: method?,
                url,
                host: action.destination.domain.as_deref(),
                path: action.destination.path.as_deref(),
            };
            outgoing::verb(place)
        })
        .or_else(|| is_upload(action, url).then_some("upload"))
        .or_else(|| verb_of_method(method?))
}

fn verb_of_method(method: &str) -> Option<&'static str> {
    let known = [
        ("GET", "read"),
        ("HEAD", "read"),
        ("OPTIONS", "read"),
        ("PUT", "update"),
        ("PATCH", "update"),
        ("DELETE", "delete"),
        ("POST", "other"),
    ];
    let found = known
        .iter()
        .find(|(name, _)| method.eq_ignore_ascii_case(name));
    found.map(|(_, verb)| *verb)
}
