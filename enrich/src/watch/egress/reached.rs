//! Which place of the internet a call must have gone to from its device, by what it names.

use std::borrow::Cow;

use magistrate_event::{Event, Field};
use serde::{Deserialize, Serialize};

use crate::detect::fetches;
use crate::normalize::url::{host_and_path, registrable_domain};

/// Programs that go where their arguments say.
const FETCHERS: [&str; 10] = [
    "curl", "wget", "git", "http", "https", "xh", "aria2c", "pip", "pip3", "npm",
];
/// Addresses of one command that are looked at.
const MAX_ADDRESSES: usize = 8;

/// Who went there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::watch) enum Caller {
    /// An MCP server.
    Server,
    /// A tool of the client, or a program that it ran.
    Tool,
}

/// A call that went somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reached<'a> {
    pub(super) caller: Caller,
    /// The server's or the tool's.
    pub(super) name: &'a str,
    /// The registrable domain, else the host.
    pub(super) place: Cow<'a, str>,
}

/// Where the call that a piece of telemetry tells of went from this device: a local server to what
/// its call names, a remote one is gone to itself; the client's own tools, and programs, to what their
/// arguments name.
pub(super) fn reached(event: &Event, is_local: impl Fn(&str) -> bool) -> Vec<Reached<'_>> {
    const FAILURE: i64 = 2;
    let code = event.text(Field::EventCode);
    let is_done = matches!(code, Some("tool_result" | "mcp_server_connection"));
    if !is_done || event.int(Field::StatusId) == Some(FAILURE) {
        return Vec::new();
    }
    let path = event.text(Field::PathClass);
    let server = event.text(Field::ApiServiceName);
    let (caller, name) = match server.filter(|name| !name.is_empty()) {
        // The browser goes there, whatever server tells it to.
        Some(server) if matches!(path, Some("browser" | "chrome_bridge")) => (Caller::Tool, server),
        Some(server) => {
            let is_local = path.map_or_else(|| is_local(server), |path| path == "local_mcp");
            if is_local != (code == Some("tool_result")) {
                return Vec::new();
            }
            (Caller::Server, server)
        }
        None => match event.text(Field::ToolClass) {
            Some("web") => (
                Caller::Tool,
                event.text(Field::ApiOperation).unwrap_or("web"),
            ),
            Some("execute") => return of_command(event),
            Some(_) | None => return Vec::new(),
        },
    };
    let place = place_of(event);
    let one = place.map(|place| Reached {
        caller,
        name,
        place,
    });
    one.into_iter().collect()
}

/// The places that the call of a piece of telemetry went to from its device by way of a proxy, where
/// there is one.
pub(crate) fn places_reached(event: &Event, is_local: impl Fn(&str) -> bool) -> Vec<String> {
    let reached = reached(event, is_local).into_iter();
    reached.map(|one| one.place.into_owned()).collect()
}

/// Where the programs of a command went.
fn of_command(event: &Event) -> Vec<Reached<'_>> {
    let line = event.text(Field::CmdLine).unwrap_or_default();
    if !line.contains("://") {
        return Vec::new();
    }
    let addresses = fetches(line, &FETCHERS).into_iter().take(MAX_ADDRESSES);
    let places = addresses.filter_map(|(name, address)| {
        let (host, _) = host_and_path(address).filter(|(host, _)| is_public(host))?;
        let place = registrable_domain(&host).map_or_else(|| host.clone(), str::to_owned);
        Some(Reached {
            caller: Caller::Tool,
            name,
            place: place.into(),
        })
    });
    places.collect()
}

/// The registrable domain that an event goes to, else the host; none where no proxy is on the way.
pub(crate) fn place_of(event: &Event) -> Option<Cow<'_, str>> {
    let host = event
        .text(Field::UrlHostname)
        .or_else(|| event.text(Field::DstHostname))?;
    if !is_public(host) {
        return None;
    }
    let domain = event.text(Field::DestinationDomain);
    let place = domain.unwrap_or(host);
    Some(match place.chars().any(char::is_uppercase) {
        true => Cow::Owned(place.to_lowercase()),
        false => Cow::Borrowed(place),
    })
}

/// Whether a host is one of the internet's: names without a dot and addresses stay inside.
fn is_public(host: &str) -> bool {
    let is_inside = [".local", ".localhost", ".internal", ".lan", ".home.arpa"];
    host.contains('.')
        && host.parse::<std::net::IpAddr>().is_err()
        && !is_inside.iter().any(|end| host.ends_with(end))
        && host
            .chars()
            .all(|c| c.is_alphanumeric() || c == '.' || c == '-')
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};

    use super::*;

    fn call(server: &str, host: &str) -> Event {
        let mut event = Event::new(Class::ApiActivity, 1, Timestamp::default());
        event.set_text(Field::EventCode, "tool_result");
        event.set_text(Field::ApiServiceName, server);
        event.set_text(Field::UrlHostname, host);
        event
    }

    fn command(line: &str) -> Vec<String> {
        let mut event = Event::new(Class::ProcessActivity, 1, Timestamp::default());
        event.set_text(Field::EventCode, "tool_result");
        event.set_text(Field::ToolClass, "execute");
        event.set_text(Field::CmdLine, line);
        let reached = reached(&event, |_| false);
        let shown = reached
            .iter()
            .map(|one| format!("{} {}", one.name, one.place));
        shown.collect()
    }

    #[test]
    fn programs_go_to_what_their_own_arguments_name() {
        for (line, expected) in [
            (
                "curl -sL 'https://API.docs.example.co.uk:8443/x?y=1' -o a",
                &["curl example.co.uk"][..],
            ),
            (
                "cd a && git clone https://ana:x@git.example.com/a.git",
                &["git example.com"],
            ),
            (
                "curl https://a.example; echo https://b.example",
                &["curl a.example"],
            ),
            ("echo https://a.example", &[]),
            (
                "curl http://localhost:8080/ http://10.0.0.1/ http://db.internal/",
                &[],
            ),
            ("wget $URL", &[]),
            ("git clone git@github.com:acme/x.git", &[]),
            ("curl https:// https://[ https://%zz", &[]),
        ] {
            assert_eq!(command(line), expected, "{line}");
        }
        let many = format!("curl {}", "https://a.example ".repeat(1_000));
        assert_eq!(command(&many).len(), MAX_ADDRESSES);
    }

    #[test]
    fn the_browser_goes_where_it_is_told_to() {
        let mut browser = call("claude-in-chrome", "docs.example");
        browser.set_text(Field::PathClass, "chrome_bridge");
        let reached = reached(&browser, |_| false);
        assert_eq!(
            (reached[0].caller, &*reached[0].place),
            (Caller::Tool, "docs.example")
        );
    }

    #[test]
    fn what_needs_no_proxy_is_not_expected_there() {
        for host in ["localhost", "10.0.0.9", "db.internal", "printer"] {
            assert_eq!(reached(&call("crm", host), |_| true), [], "{host}");
        }
        let mut failed = call("crm", "crm.example");
        failed.set_int(Field::StatusId, 2);
        assert_eq!(reached(&failed, |_| true), []);
        let mut remote = call("crm", "crm.example");
        remote.set_text(Field::PathClass, "remote_connector");
        assert_eq!(
            reached(&remote, |_| true),
            [],
            "the server goes there, not the device"
        );
        remote.set_text(Field::EventCode, "mcp_server_connection");
        assert_eq!(reached(&remote, |_| true)[0].place, "crm.example");
    }
}
