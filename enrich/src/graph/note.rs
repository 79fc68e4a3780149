//! What a line says of an event that is neither turn nor call.

use magistrate_event::{Event, Field};

/// The line of an event; none where it is not worth one.
pub(super) fn note(event: &Event, code: &str) -> Option<String> {
    let text = |field: Field| event.text(field).unwrap_or_default();
    let number = |name: &str| {
        attribute(event, name)
            .and_then(|text| text.parse::<u64>().ok())
            .unwrap_or_default()
    };
    match code {
        "permission_mode_changed" => Some(format!(
            "permission mode is {}",
            text(Field::PermissionMode)
        )),
        "mcp_server_connection" => Some(format!(
            "MCP server {} {}",
            text(Field::ApiServiceName),
            text(Field::StatusCode)
        )),
        "compaction" => Some("context compacted".to_owned()),
        "subagent_completed" => Some(format!("sub-agent {} has ended", text(Field::AgentId))),
        "hook_execution_complete" => {
            let failed = number("num_non_blocking_error") + number("num_cancelled");
            let hook = attribute(event, "hook_name").unwrap_or_default();
            (failed > 0).then(|| format!("hook {hook} failed or ran out of time"))
        }
        "telemetry_silent" | "hooks_silent" | "telemetry_gap_closed" | "schema_drift" => {
            Some(text(Field::Message).to_owned())
        }
        _ => None,
    }
}

/// An attribute that has no column, as text.
pub(super) fn attribute(event: &Event, name: &str) -> Option<String> {
    let (_, value) = event.unmapped().find(|(key, _)| *key == name)?;
    let mut text = String::new();
    event.push_json(value, &mut text);
    Some(text.trim_matches('"').to_owned())
}
