//! What one event shows of a path by itself: who saw it, and which path it was.

use magistrate_event::{Class, Event, Field};

use super::NATIVE;
use super::whose::Whose;
use crate::watch::{goes_to_model, is_client};

/// The host of the extension's bridge (GUIDE.md S4).
const BRIDGE: &str = "bridge.claudeusercontent.com";

/// By what a path was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::watch) enum By {
    Telemetry,
    Flow,
    DecryptedFlow,
    Judge,
}

/// By what an event shows a path; none where it shows none.
pub(in crate::watch) fn seen_by(event: &Event) -> Option<By> {
    let door = event.text(Field::Source).unwrap_or_default();
    if door == "judge" {
        Some(By::Judge)
    } else if event.text(Field::Surface).is_some_and(is_client) {
        Some(By::Telemetry)
    } else if !event.class().is_flow() {
        None
    } else if event.class() == Class::HttpActivity && is_decrypted(event) {
        Some(By::DecryptedFlow)
    } else {
        Some(By::Flow)
    }
}

/// The path of a built-in tool's call, or of the user's turn, that the judge was asked about. Which
/// product asks is known by its session: of Cowork, commands run in the virtual machine.
pub(super) fn path_of_tool(event: &Event, whose: Whose<'_>) -> Option<&'static str> {
    let is_turn = event.text(Field::EventCode) == Some("prompt");
    match event.text(Field::ToolClass) {
        Some("execute") if whose.product == "cowork" => Some("code_vm"),
        Some("execute" | "read" | "write" | "web" | "agent" | "skill") => Some(NATIVE),
        Some(_) => None,
        None => is_turn.then_some(NATIVE),
    }
}

/// The path that a flow takes by what it says of itself: the client and its model, a browser, or a
/// program.
pub(super) fn path_of_flow(event: &Event) -> Option<&'static str> {
    let host = event.text(Field::UrlHostname);
    if host.or_else(|| event.text(Field::DstHostname)) == Some(BRIDGE) {
        return Some("chrome_bridge");
    }
    if goes_to_model(event) {
        return Some(NATIVE);
    }
    let agent = event.text(Field::UserAgent)?;
    if agent.starts_with("Mozilla/") {
        return Some("browser");
    }
    let programs = ["curl/", "Wget/", "python-requests/", "pip/", "git/", "npm/"];
    programs
        .iter()
        .any(|program| agent.starts_with(program))
        .then_some("code_vm")
}

/// Whether a proxy saw more than where the flow went.
fn is_decrypted(event: &Event) -> bool {
    let method = event.text(Field::HttpMethod);
    method.is_some_and(|method| method != "CONNECT") && event.text(Field::UrlPath).is_some()
}
