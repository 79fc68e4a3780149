//! Which flows are those of a client to its model: a person who reads claude.ai in a browser is no client,
//! nor is a program that fetches documents.

use magistrate_event::{Class, Event, Field};

/// Where the model's API is.
const API: &str = "api.anthropic.com";
/// What the model's hosts lie under.
const DOMAIN: &str = "anthropic.com";
/// Where messages are sent to (Messages API).
const MESSAGES: &str = "/v1/messages";
/// How clients of ours name themselves: `claude-cli/2.1.330 (external, cli)`, `claude-code/…`.
const AGENT: &str = "claude-";

/// Whether a surface is a client of ours.
pub(super) fn is_client(surface: &str) -> bool {
    matches!(surface, "cowork" | "code" | "desktop")
}

/// Whether a flow is one of a client to its model: by the client's `User-Agent`, wherever a gateway
/// leads it; on the model's hosts also by the path, or by the header that names the client's session.
/// Of a flow that shows no path, such as a CONNECT, only the API's host tells.
pub(super) fn goes_to_model(event: &Event) -> bool {
    if !matches!(event.class(), Class::HttpActivity | Class::NetworkActivity) {
        return false;
    }
    let agent = event.text(Field::UserAgent).unwrap_or_default();
    if agent.starts_with(AGENT) {
        return true;
    }
    let host = event
        .text(Field::UrlHostname)
        .or_else(|| event.text(Field::DstHostname))
        .unwrap_or_default();
    if event.text(Field::SessionUid).is_some() && is_under(host, DOMAIN) {
        return true;
    }
    let is_tunnel = event.text(Field::HttpMethod) == Some("CONNECT");
    match event.text(Field::UrlPath).filter(|_| !is_tunnel) {
        Some(path) => is_under(host, DOMAIN) && is_messages(path),
        None => host == API,
    }
}

fn is_messages(path: &str) -> bool {
    let rest = path.strip_prefix(MESSAGES);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

/// Whether `host` is `domain`, or lies under it.
fn is_under(host: &str, domain: &str) -> bool {
    let rest = host.strip_suffix(domain);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use magistrate_event::Timestamp;

    use super::*;

    fn flow(host: &str, fields: &[(Field, &str)]) -> Event {
        let mut event = Event::new(Class::HttpActivity, 1, Timestamp::default());
        event.set_text(Field::UrlHostname, host);
        for (field, text) in fields {
            event.set_text(*field, text);
        }
        event
    }

    #[test]
    fn clients_are_told_from_people_and_programs() {
        let path = |path| (Field::UrlPath, path);
        let agent = |agent| (Field::UserAgent, agent);
        let connect = (Field::HttpMethod, "CONNECT");
        let browser = agent("Mozilla/5.0 (Macintosh) Chrome/130");
        for (host, fields) in [
            ("api.anthropic.com", vec![path("/v1/messages")]),
            ("api.anthropic.com", vec![path("/v1/messages/count_tokens")]),
            ("api.anthropic.com", vec![]),
            ("api.anthropic.com", vec![connect]),
            (
                "anthropic.com",
                vec![path("/api/x"), (Field::SessionUid, "s1")],
            ),
            (
                "gateway.example",
                vec![path("/x"), agent("claude-cli/2.1.330 (external, cli)")],
            ),
        ] {
            assert!(goes_to_model(&flow(host, &fields)), "{host} {fields:?}");
        }
        for (host, fields) in [
            ("claude.ai", vec![path("/chats"), browser]),
            ("claude.ai", vec![connect]),
            ("claude.ai", vec![]),
            ("docs.anthropic.com", vec![path("/en/docs"), browser]),
            ("docs.anthropic.com", vec![connect]),
            ("api.anthropic.com", vec![path("/v1/messagesx")]),
            ("evil-anthropic.com", vec![path("/v1/messages")]),
            (
                "chat.example",
                vec![path("/v1/messages"), (Field::SessionUid, "s1")],
            ),
            ("example.com", vec![agent("ClaudeBot/1.0")]),
        ] {
            assert!(!goes_to_model(&flow(host, &fields)), "{host} {fields:?}");
        }
    }
}
