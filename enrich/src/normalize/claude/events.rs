//! Makes rows of Claude's log events: which columns the attributes of each fill.

use magistrate_event::{Class, Field};

use super::event_table::{FOREIGN, Row, Story, UNKNOWN, find};
use super::mcp_path::{McpServer, mcp_path};
use super::product::Product;
use super::tools::{Call, address_of_server, is_placeholder};
use super::{FAILURE, SUCCESS, content, fill_outcome, fill_provider, move_to};
use crate::normalize::draft::Draft;
use crate::normalize::keys;
use crate::normalize::otlp::any::Any;
use crate::normalize::otlp::attributes::Attributes;
use crate::normalize::url::{names_place, set_url};

/// How one log record becomes an event.
#[derive(Debug)]
pub(crate) struct LogPlan<'a> {
    product: Product,
    /// The bare name; may be empty, and need not be UTF-8.
    name: &'a [u8],
    row: Row,
    is_unknown: bool,
    call: Option<Call<'a>>,
}

impl<'a> LogPlan<'a> {
    /// The plan for a record of that product, name and attributes.
    pub(crate) fn of(product: Product, name: &'a [u8], attributes: &Attributes<'a>) -> Self {
        let known = find(name);
        let (row, is_unknown) = match known {
            _ if !product.is_claude() => (FOREIGN, false),
            Some(row) => (row, false),
            None => (UNKNOWN, true),
        };
        let mut plan = Self {
            product,
            name,
            row,
            is_unknown,
            call: None,
        };
        match row.story {
            Story::ToolResult | Story::ToolDecision => plan.plan_call(attributes),
            Story::Auth => plan.row.activity = auth_activity(attributes),
            Story::Connection if attributes.text(keys::STATUS) == Some("disconnected") => {
                plan.row.activity = 4;
            }
            Story::Connection
            | Story::Prompt
            | Story::Response
            | Story::Body
            | Story::Request
            | Story::FailedRequest
            | Story::Skill
            | Story::Plain => {}
        }
        plan
    }

    fn plan_call(&mut self, attributes: &Attributes<'a>) {
        self.call = Call::of(attributes);
        if let Some(call) = &self.call {
            self.row.class = call.class();
            self.row.activity = call.activity();
        }
    }

    /// The class.
    pub(crate) const fn class(&self) -> Class {
        self.row.class
    }

    /// OCSF's activity.
    pub(crate) const fn activity(&self) -> u8 {
        self.row.activity
    }

    /// Whether it is an event of Claude's client under a name that this version does not know.
    pub(crate) const fn is_unknown(&self) -> bool {
        self.is_unknown
    }

    /// Fills what the event's own attributes mean; what it does not take is filled by name later.
    pub(crate) fn fill(&self, attributes: &mut Attributes<'a>, draft: &mut Draft) {
        if !self.name.is_empty() {
            draft.bytes(Field::EventCode, self.name);
            if attributes.get(keys::EVENT_NAME).and_then(Any::text) == Some(self.name) {
                attributes.take(keys::EVENT_NAME);
            }
        }
        if !self.product.is_claude() {
            return;
        }
        self.fill_story(attributes, draft);
        fill_outcome(attributes, draft);
        fill_provider(attributes, draft);
        fill_agent(attributes, draft);
        self.fill_request(attributes, draft);
        if let Some(path) = self.path_class(attributes) {
            draft.text(Field::PathClass, path);
        }
    }

    fn fill_story(&self, attributes: &mut Attributes<'a>, draft: &mut Draft) {
        if let Some(call) = &self.call {
            call.fill(self.product, attributes, draft);
        }
        match self.row.story {
            Story::ToolResult => {
                move_to(Field::ToolDecision, keys::DECISION_TYPE, attributes, draft);
                move_to(
                    Field::ToolDecisionSource,
                    keys::DECISION_SOURCE,
                    attributes,
                    draft,
                );
            }
            Story::ToolDecision => fill_decision(attributes, draft),
            Story::Prompt => {
                content::fill_prompt(attributes, draft);
                draft.int(Field::AiRoleId, ROLE_USER);
            }
            Story::Response => {
                content::fill(keys::RESPONSE, attributes, draft);
                draft.int(Field::AiRoleId, ROLE_ASSISTANT);
            }
            Story::Body => content::fill(keys::BODY, attributes, draft),
            Story::Request => {
                draft.int(Field::StatusId, SUCCESS);
            }
            Story::FailedRequest => {
                draft.int(Field::StatusId, FAILURE);
            }
            Story::Auth => fill_auth(attributes, draft),
            Story::Connection => fill_connection(attributes, draft),
            Story::Skill => fill_skill(attributes, draft),
            Story::Plain => {}
        }
    }

    /// Fills operation, service and request id of what is no tool call.
    fn fill_request(&self, attributes: &mut Attributes<'a>, draft: &mut Draft) {
        match self.row.story {
            Story::ToolResult | Story::ToolDecision => return,
            Story::Request | Story::FailedRequest | Story::Body => {
                draft.text(Field::ApiOperation, "messages.create");
            }
            Story::Prompt
            | Story::Response
            | Story::Auth
            | Story::Connection
            | Story::Skill
            | Story::Plain => {
                draft.bytes(Field::ApiOperation, self.name);
            }
        }
        move_to(Field::ApiRequestUid, keys::REQUEST_ID, attributes, draft);
        if attributes
            .text(keys::MCP_SERVER)
            .is_some_and(|name| !is_placeholder(name))
        {
            move_to(Field::ApiServiceName, keys::MCP_SERVER, attributes, draft);
        }
    }

    /// The path of what is no tool call.
    fn path_class(&self, attributes: &Attributes<'a>) -> Option<&'static str> {
        match self.row.story {
            Story::Prompt
            | Story::Response
            | Story::Body
            | Story::Request
            | Story::FailedRequest => Some("native_loop"),
            Story::Connection => {
                let server = McpServer {
                    name: attributes.text(keys::SERVER_NAME),
                    scope: attributes.text(keys::SERVER_SCOPE),
                    transport: attributes.text(keys::TRANSPORT_TYPE),
                };
                mcp_path(server, None)
            }
            Story::Plain if self.name == b"builtin_websearch_call" => Some("provider_side"),
            Story::ToolResult | Story::ToolDecision | Story::Auth | Story::Skill | Story::Plain => {
                None
            }
        }
    }

    /// OCSF's severity, once the other columns are filled: 1 in general, 2 where something failed
    /// or was refused, 3 for errors of the program and failed logons; 0 for a foreign product.
    pub(crate) fn severity(&self, draft: &Draft) -> i64 {
        let failed = draft.event().int(Field::StatusId) == Some(FAILURE);
        if !self.product.is_claude() {
            0
        } else if self.row.class == Class::ApplicationError {
            3
        } else if failed {
            if self.row.class == Class::Authentication {
                3
            } else {
                2
            }
        } else {
            1
        }
    }
}

/// OCSF's `message_context.ai_role_id`.
const ROLE_USER: i64 = 1;
const ROLE_ASSISTANT: i64 = 2;

/// OCSF's Authentication activity: 1 logon, 2 logoff, 99 other.
fn auth_activity(attributes: &Attributes<'_>) -> u8 {
    match attributes.text(keys::ACTION) {
        Some("login") => 1,
        Some("logout") => 2,
        Some(_) | None => 99,
    }
}

/// Fills who decided what: accept is allowed, reject is denied and blocked.
fn fill_decision(attributes: &mut Attributes<'_>, draft: &mut Draft) {
    let (id, status) = match attributes.text(keys::DECISION) {
        Some("accept") => (Some(1), SUCCESS),
        Some("reject") => (Some(2), FAILURE),
        Some(_) | None => (None, 0),
    };
    if let Some(id) = id {
        draft.int(Field::ActionId, id);
        draft.int(Field::DispositionId, id);
        draft.int(Field::StatusId, status);
    }
    move_to(Field::ToolDecision, keys::DECISION, attributes, draft);
    move_to(Field::ToolDecisionSource, keys::SOURCE, attributes, draft);
}

/// Fills who was authenticated: the same person as the actor.
fn fill_auth(attributes: &mut Attributes<'_>, draft: &mut Draft) {
    for (field, key) in [
        (Field::AuthUserUid, keys::USER_ID),
        (Field::AuthUserEmail, keys::USER_EMAIL),
        (Field::AuthUserName, keys::PROCESS_OWNER),
    ] {
        if let Some(any) = attributes.get(key) {
            draft.any(field, any);
        }
    }
    draft.text(Field::AuthServiceName, "Anthropic");
    if matches!(attributes.text(keys::ACTION), Some("login" | "logout")) {
        attributes.take(keys::ACTION);
    }
}

/// Fills the server and what became of the connection.
fn fill_connection(attributes: &mut Attributes<'_>, draft: &mut Draft) {
    let status = match attributes.text(keys::STATUS) {
        Some("connected" | "disconnected") => SUCCESS,
        Some("failed") => FAILURE,
        Some(_) | None => 0,
    };
    draft.int(Field::StatusId, status);
    move_to(Field::StatusCode, keys::STATUS, attributes, draft);
    let named = attributes
        .text(keys::SERVER_NAME)
        .is_some_and(|name| !is_placeholder(name));
    // Some servers are called by their address.
    let name = attributes.text(keys::SERVER_NAME);
    let address = address_of_server(attributes).or(name.filter(|name| names_place(name)));
    if named {
        move_to(Field::ApiServiceName, keys::SERVER_NAME, attributes, draft);
    }
    if let Some(address) = address {
        set_url(draft.event_mut(), address);
    }
}

/// Says whether the skill's name is a real one; it has no column of its own.
fn fill_skill(attributes: &mut Attributes<'_>, draft: &mut Draft) {
    draft.text(Field::ToolClass, "skill");
    if let Some(name) = attributes.text(keys::SKILL_NAME) {
        let state = if is_placeholder(name) {
            "redacted_by_client"
        } else {
            "captured"
        };
        draft.text(Field::ToolNameState, state);
    }
}

/// Fills the sub-agent's kind, unless the client masked it.
fn fill_agent(attributes: &mut Attributes<'_>, draft: &mut Draft) {
    for key in [keys::AGENT_NAME, keys::AGENT_TYPE] {
        if attributes
            .text(key)
            .is_some_and(|name| !is_placeholder(name))
        {
            move_to(Field::InvokedBy, key, attributes, draft);
        }
    }
}
