//! Knows Claude's log events by name: the class of each, and what kind of thing it tells.

use magistrate_event::Class;

use crate::normalize::names::Names;

/// What kind of thing an event tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Story {
    ToolResult,
    ToolDecision,
    Prompt,
    Response,
    Body,
    /// A request to the model that went well.
    Request,
    /// A request to the model that failed, or was refused.
    FailedRequest,
    Auth,
    Connection,
    Skill,
    /// Nothing beside its attributes.
    Plain,
}

/// One row of the table of events.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) class: Class,
    pub(super) activity: u8,
    pub(super) story: Story,
}

const fn row(class: Class, activity: u8, story: Story) -> Row {
    Row {
        class,
        activity,
        story,
    }
}

/// The row of the event of that bare name.
pub(super) fn find(name: &[u8]) -> Option<Row> {
    NAMES.find(name).and_then(|index| ROWS.get(index)).copied()
}

const NAMES: Names<128> = Names::new(&LIST);

/// The names, in the order of [`ROWS`].
const LIST: [&str; 31] = [
    "tool_result",
    "tool_decision",
    "user_prompt",
    "assistant_response",
    "api_request",
    "api_request_body",
    "api_response_body",
    "api_error",
    "api_retries_exhausted",
    "api_refusal",
    "internal_error",
    "auth",
    "mcp_server_connection",
    "permission_mode_changed",
    "plugin_installed",
    "plugin_loaded",
    "skill_activated",
    "at_mention",
    "hook_registered",
    "hook_execution_start",
    "hook_execution_complete",
    "hook_plugin_metrics",
    "compaction",
    "subagent_completed",
    "managed_settings_resolved",
    "feedback_survey",
    "retention_sweep",
    "safety_event",
    "system_prompt",
    "tool",
    "builtin_websearch_call",
];

/// Classes and OCSF activities: API 1 create, 2 read, 3 update, 4 delete, 99 other; lifecycle
/// 1 install, 3 start; application error 1 general.
const ROWS: [Row; 31] = [
    row(Class::ApiActivity, 0, Story::ToolResult),
    row(Class::ApiActivity, 0, Story::ToolDecision),
    row(Class::ApiActivity, 1, Story::Prompt),
    row(Class::ApiActivity, 1, Story::Response),
    row(Class::ApiActivity, 1, Story::Request),
    row(Class::ApiActivity, 1, Story::Body),
    row(Class::ApiActivity, 2, Story::Body),
    row(Class::ApplicationError, 1, Story::FailedRequest),
    row(Class::ApplicationError, 1, Story::FailedRequest),
    row(Class::ApiActivity, 1, Story::FailedRequest),
    row(Class::ApplicationError, 1, Story::Plain),
    row(Class::Authentication, 99, Story::Auth),
    row(Class::ApiActivity, 1, Story::Connection),
    row(Class::ApiActivity, 3, Story::Plain),
    row(Class::ApplicationLifecycle, 1, Story::Plain),
    row(Class::ApplicationLifecycle, 3, Story::Plain),
    row(Class::ApiActivity, 2, Story::Skill),
    row(Class::ApiActivity, 2, Story::Plain),
    row(Class::ApiActivity, 1, Story::Plain),
    row(Class::ApiActivity, 99, Story::Plain),
    row(Class::ApiActivity, 99, Story::Plain),
    row(Class::ApiActivity, 99, Story::Plain),
    row(Class::ApiActivity, 3, Story::Plain),
    row(Class::ApiActivity, 99, Story::Plain),
    row(Class::ApiActivity, 2, Story::Plain),
    row(Class::ApiActivity, 1, Story::Plain),
    row(Class::ApiActivity, 4, Story::Plain),
    row(Class::ApiActivity, 99, Story::Plain),
    row(Class::ApiActivity, 2, Story::Plain),
    row(Class::ApiActivity, 99, Story::Plain),
    row(Class::ApiActivity, 2, Story::Plain),
];

/// An event of a known product under an unknown name.
pub(super) const UNKNOWN: Row = row(Class::ApiActivity, 0, Story::Plain);
/// An event of a foreign product.
pub(super) const FOREIGN: Row = row(Class::BaseEvent, 0, Story::Plain);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_row() {
        for (index, name) in LIST.into_iter().enumerate() {
            assert_eq!(NAMES.find(name.as_bytes()), Some(index));
        }
        let class = |name: &str| ROWS[NAMES.find(name.as_bytes()).unwrap()].class;
        assert_eq!(class("auth"), Class::Authentication);
        assert_eq!(class("api_error"), Class::ApplicationError);
        assert_eq!(class("api_refusal"), Class::ApiActivity);
        assert_eq!(class("plugin_loaded"), Class::ApplicationLifecycle);
        assert_eq!(class("retention_sweep"), Class::ApiActivity);
    }
}
