//! The attribute names that have a meaning of their own, and the columns they fill.

use magistrate_event::Field;

use super::names::Names;

/// One of the names below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(u8);

/// How many names there are.
pub(crate) const COUNT: usize = TABLE.len();

impl Key {
    /// The key of an attribute name.
    #[inline]
    pub(crate) fn find(name: &[u8]) -> Option<Self> {
        let index = NAMES.find(name)?;
        u8::try_from(index).ok().map(Self)
    }

    /// Its position, below [`COUNT`].
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    /// The column that it fills in every kind of record, unless that record has a better one.
    #[inline]
    pub(crate) fn field(self) -> Option<Field> {
        TABLE.get(self.index()).and_then(|(_, field)| *field)
    }

    /// The key of `name`, found by the compiler.
    #[expect(
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        reason = "runs in the compiler, where an unknown name fails the build"
    )]
    const fn named(name: &str) -> Self {
        let mut index = 0;
        while !equal(TABLE[index].0.as_bytes(), name.as_bytes()) {
            index += 1;
        }
        Self(index as u8)
    }
}

#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler; indices are below both lengths"
)]
const fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut index = 0;
    while index < a.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// Names and columns. A name without a column is used by the events that know it, else kept as is.
const TABLE: &[(&str, Option<Field>)] = &[
    ("session.id", Some(Field::SessionUid)),
    ("gen_ai.conversation.id", Some(Field::SessionUid)),
    ("terminal.type", Some(Field::SessionTerminal)),
    ("prompt.id", Some(Field::CorrelationUid)),
    ("event.sequence", Some(Field::Sequence)),
    ("event.name", None),
    ("event.timestamp", None),
    ("organization.id", Some(Field::TenantUid)),
    ("user.id", Some(Field::UserUid)),
    ("user.email", Some(Field::UserEmail)),
    ("user.account_uuid", Some(Field::AccountUid)),
    ("user.account_id", Some(Field::UserUidAlt)),
    ("enduser.id", None),
    ("process.owner", Some(Field::UserName)),
    ("app.entrypoint", Some(Field::AppName)),
    ("app.version", Some(Field::ProductVersion)),
    ("host.name", Some(Field::DeviceHostname)),
    ("host.id", Some(Field::DeviceUid)),
    ("os.type", Some(Field::DeviceOsName)),
    ("os.version", Some(Field::DeviceOsVersion)),
    ("service.name", Some(Field::ProductName)),
    ("service.version", Some(Field::ProductVersion)),
    ("agent_id", Some(Field::AgentId)),
    ("agent.name", None),
    ("agent_type", None),
    ("query_source", Some(Field::QuerySource)),
    ("permission_mode", Some(Field::PermissionMode)),
    ("to_mode", Some(Field::PermissionMode)),
    ("cost_usd", Some(Field::CostUsd)),
    ("model", Some(Field::AiModelName)),
    ("gen_ai.request.model", Some(Field::AiModelName)),
    ("anthropic.provider", None),
    ("input_tokens", Some(Field::PromptTokens)),
    ("output_tokens", Some(Field::CompletionTokens)),
    ("total_tokens", Some(Field::TotalTokens)),
    ("message.uuid", Some(Field::MessageUid)),
    ("duration_ms", Some(Field::Duration)),
    ("total_duration_ms", Some(Field::Duration)),
    ("total_retry_duration_ms", Some(Field::Duration)),
    ("request_id", None),
    ("tool_use_id", None),
    ("gen_ai.tool.call.id", None),
    ("tool_name", None),
    ("gen_ai.tool.name", None),
    ("tool_source", None),
    ("tool_input", None),
    ("tool_parameters", None),
    ("tool_input_size_bytes", Some(Field::ToolArgumentsSize)),
    ("tool_result_size_bytes", Some(Field::ToolResultSize)),
    ("mcp_server_scope", None),
    ("server_scope", None),
    ("transport_type", None),
    ("mcp_server.name", None),
    ("anthropic.mcp.server.name", None),
    ("server_name", None),
    ("server_url", None),
    ("url.full", None),
    ("server.address", None),
    ("skill.name", None),
    ("success", None),
    ("decision", None),
    ("source", None),
    ("decision_type", None),
    ("decision_source", None),
    ("action", None),
    ("status", None),
    ("status_code", None),
    ("error", None),
    ("error_type", Some(Field::ApiResponseError)),
    ("error.type", Some(Field::ApiResponseError)),
    ("error_code", Some(Field::ApiResponseError)),
    ("error_name", Some(Field::ApiResponseError)),
    ("error_category", Some(Field::ApiResponseError)),
    ("prompt", None),
    ("prompt_text", None),
    ("user_prompt", None),
    ("response", None),
    ("body", None),
    ("body_truncated", None),
    ("prompt_length", Some(Field::ContentLength)),
    ("user_prompt_length", Some(Field::ContentLength)),
    ("response_length", Some(Field::ContentLength)),
    ("body_length", Some(Field::ContentLength)),
    ("auth_method", Some(Field::AuthProtocol)),
    ("plugin.name", Some(Field::LifecycleAppName)),
    ("plugin.version", Some(Field::LifecycleAppVersion)),
    ("marketplace.name", Some(Field::LifecycleAppVendor)),
    ("file_path", None),
    ("full_command", None),
    ("bash_argv0", None),
];

const NAMES: Names<512> = {
    const LIST: [&str; COUNT] = first_column();
    Names::new(&LIST)
};

#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler; both have the same length"
)]
const fn first_column() -> [&'static str; COUNT] {
    let mut names = [""; COUNT];
    let mut index = 0;
    while index < COUNT {
        names[index] = TABLE[index].0;
        index += 1;
    }
    names
}

pub(crate) const EVENT_SEQUENCE: Key = Key::named("event.sequence");
pub(crate) const EVENT_NAME: Key = Key::named("event.name");
pub(crate) const EVENT_TIMESTAMP: Key = Key::named("event.timestamp");
pub(crate) const SESSION_ID: Key = Key::named("session.id");
pub(crate) const ORGANIZATION_ID: Key = Key::named("organization.id");
pub(crate) const TERMINAL_TYPE: Key = Key::named("terminal.type");
pub(crate) const USER_ID: Key = Key::named("user.id");
pub(crate) const USER_EMAIL: Key = Key::named("user.email");
pub(crate) const ACCOUNT_UUID: Key = Key::named("user.account_uuid");
pub(crate) const ACCOUNT_ID: Key = Key::named("user.account_id");
pub(crate) const ENDUSER_ID: Key = Key::named("enduser.id");
pub(crate) const PROCESS_OWNER: Key = Key::named("process.owner");
pub(crate) const APP_VERSION: Key = Key::named("app.version");
pub(crate) const OS_TYPE: Key = Key::named("os.type");
pub(crate) const SERVICE_NAME: Key = Key::named("service.name");
pub(crate) const SERVICE_VERSION: Key = Key::named("service.version");
pub(crate) const AGENT_NAME: Key = Key::named("agent.name");
pub(crate) const AGENT_TYPE: Key = Key::named("agent_type");
pub(crate) const MODEL: Key = Key::named("model");
pub(crate) const PROVIDER: Key = Key::named("anthropic.provider");
pub(crate) const REQUEST_ID: Key = Key::named("request_id");
pub(crate) const TOOL_USE_ID: Key = Key::named("tool_use_id");
pub(crate) const GEN_AI_CALL_ID: Key = Key::named("gen_ai.tool.call.id");
pub(crate) const TOOL_NAME: Key = Key::named("tool_name");
pub(crate) const GEN_AI_TOOL_NAME: Key = Key::named("gen_ai.tool.name");
pub(crate) const TOOL_SOURCE: Key = Key::named("tool_source");
pub(crate) const TOOL_INPUT: Key = Key::named("tool_input");
pub(crate) const TOOL_PARAMETERS: Key = Key::named("tool_parameters");
pub(crate) const MCP_SERVER_SCOPE: Key = Key::named("mcp_server_scope");
pub(crate) const SERVER_SCOPE: Key = Key::named("server_scope");
pub(crate) const TRANSPORT_TYPE: Key = Key::named("transport_type");
pub(crate) const MCP_SERVER: Key = Key::named("mcp_server.name");
pub(crate) const SPAN_MCP_SERVER: Key = Key::named("anthropic.mcp.server.name");
pub(crate) const SERVER_NAME: Key = Key::named("server_name");
pub(crate) const SERVER_URL: Key = Key::named("server_url");
pub(crate) const URL_FULL: Key = Key::named("url.full");
pub(crate) const SERVER_ADDRESS: Key = Key::named("server.address");
pub(crate) const SKILL_NAME: Key = Key::named("skill.name");
pub(crate) const SUCCESS: Key = Key::named("success");
pub(crate) const DECISION: Key = Key::named("decision");
pub(crate) const SOURCE: Key = Key::named("source");
pub(crate) const DECISION_TYPE: Key = Key::named("decision_type");
pub(crate) const DECISION_SOURCE: Key = Key::named("decision_source");
pub(crate) const ACTION: Key = Key::named("action");
pub(crate) const STATUS: Key = Key::named("status");
pub(crate) const STATUS_CODE: Key = Key::named("status_code");
pub(crate) const ERROR: Key = Key::named("error");
pub(crate) const PROMPT: Key = Key::named("prompt");
pub(crate) const PROMPT_TEXT: Key = Key::named("prompt_text");
pub(crate) const USER_PROMPT: Key = Key::named("user_prompt");
pub(crate) const RESPONSE: Key = Key::named("response");
pub(crate) const BODY: Key = Key::named("body");
pub(crate) const BODY_TRUNCATED: Key = Key::named("body_truncated");
pub(crate) const FILE_PATH: Key = Key::named("file_path");
pub(crate) const FULL_COMMAND: Key = Key::named("full_command");
pub(crate) const BASH_ARGV0: Key = Key::named("bash_argv0");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_its_own_key() {
        for (index, (name, field)) in TABLE.iter().enumerate() {
            let key = Key::find(name.as_bytes()).unwrap();
            assert_eq!(key.index(), index, "{name}");
            assert_eq!(key.field(), *field, "{name}");
        }
        assert_eq!(Key::find(b"department"), None);
        assert_eq!(TOOL_NAME, Key::find(b"tool_name").unwrap());
    }
}
