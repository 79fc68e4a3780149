//! What one event tells about its session, read off the event in one pass.

use magistrate_event::{Cell, Class, Event, Field, Timestamp, Value};

use super::action::{Action, Origin, outputs};
use super::key::{Owner, Seconds, SessionKey, Tag};
use super::sensitive::has_sensitive_findings;

/// How far a source's word on what the user asked for is taken: a lower one may only tighten.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
pub enum Rank {
    /// Anybody who reaches a port.
    #[default]
    Anybody,
    /// Telemetry of a sender that proved who it is.
    Telemetry,
    /// A signed or authenticated hook, or a caller of the judge that proved who it is.
    Caller,
}

impl Rank {
    /// By the door that an event came through and what the sender proved to be.
    fn of(door: Option<&str>, identity: &str) -> Self {
        match door {
            _ if identity.is_empty() => Self::Anybody,
            Some(door) if is_of_judge(door) => Self::Caller,
            Some(_) | None => Self::Telemetry,
        }
    }
}

/// Doors at which actions are judged.
fn is_of_judge(door: &str) -> bool {
    [
        "judge",
        "hook",
        "inference",
        "envoy",
        "icap",
        "mcp",
        "litellm",
        "opa",
    ]
    .iter()
    .any(|name| door.starts_with(name))
}

/// What happened, as far as the session's state is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told<'a> {
    /// The user's turn; no text where the client does not send it.
    Prompt(Option<&'a str>),
    /// A call was allowed to run.
    Accepted { forever: bool },
    /// A call was refused.
    Refused,
    /// A call has ended.
    Done { succeeded: bool },
    /// The client has connected to an MCP server.
    Connected,
    /// A flow or a span: it happened, whatever decided about it.
    Happened,
    /// The permission mode is another.
    Mode,
    /// A sub-agent has ended.
    AgentEnded,
    /// Anything else of the session.
    Other,
}

/// One event, as the session's state sees it.
#[derive(Debug)]
pub(super) struct Observed<'a> {
    pub(super) key: Option<SessionKey>,
    pub(super) user: Option<Owner>,
    pub(super) server: Option<Owner>,
    pub(super) rank: Rank,
    /// When it happened, but no later than its receipt.
    pub(super) time: Seconds,
    pub(super) received: Seconds,
    /// The turn of the user that it belongs to.
    pub(super) prompt: Tag,
    /// The call that it belongs to.
    pub(super) call: Tag,
    pub(super) told: Told<'a>,
    /// Who or what decided about the call.
    pub(super) decided_by: Option<&'a str>,
    pub(super) action: Action<'a>,
    pub(super) mode: Option<&'a str>,
    pub(super) agent: Option<(&'a str, &'a str)>,
    /// The domain of the user's address.
    pub(super) user_domain: Option<&'a str>,
    /// The files that it names, where there are several.
    pub(super) files: Vec<&'a str>,
    /// The domains of the recipients, where there are several.
    pub(super) recipient_domains: Vec<&'a str>,
    /// Folders that the user opened to the agent.
    pub(super) grants: Vec<&'a str>,
    /// Texts that a tool gave back.
    pub(super) outputs: Vec<&'a str>,
    /// Where content came from by the word of a caller.
    pub(super) stated: Option<Origin>,
    pub(super) is_sensitive: bool,
}

/// The columns that are no action's.
#[derive(Default)]
struct Columns<'a> {
    session: Option<&'a str>,
    identity: &'a str,
    door: Option<&'a str>,
    email: Option<&'a str>,
    user_name: Option<&'a str>,
    user_id: Option<&'a str>,
    prompt: Option<&'a str>,
    request: Option<&'a str>,
    code: Option<&'a str>,
    status: Option<i64>,
    decision: Option<&'a str>,
    decided_by: Option<&'a str>,
    mode: Option<&'a str>,
    agent: Option<&'a str>,
    agent_kind: Option<&'a str>,
    stated: Option<&'a str>,
}

impl<'a> Observed<'a> {
    /// Reads `event`, received at `received`.
    pub(super) fn of(event: &'a Event, received: Timestamp) -> Self {
        let mut columns = Columns::default();
        let mut action = Action::default();
        for (field, cell) in event.cells() {
            columns.take(field, &cell);
            action.take(field, &cell);
        }
        action.finish();
        let told = columns.told(event.class(), &action);
        let mut observed = Self {
            key: columns
                .session
                .map(|session| SessionKey::new(columns.identity, session)),
            user: columns
                .email
                .or(columns.user_name)
                .or(columns.user_id)
                .map(|name| Owner::user(columns.identity, name)),
            server: action
                .server
                .map(|name| Owner::server(columns.identity, name)),
            rank: Rank::of(columns.door, columns.identity),
            time: Seconds::of(event.time().min(received)),
            received: Seconds::of(received),
            prompt: columns.prompt.map_or(Tag::NONE, Tag::of),
            call: columns.request.map_or(Tag::NONE, Tag::of),
            told,
            decided_by: columns.decided_by,
            action,
            mode: columns.mode,
            agent: columns
                .agent
                .map(|id| (id, columns.agent_kind.unwrap_or_default())),
            user_domain: columns
                .email
                .and_then(|email| Some(email.rsplit_once('@')?.1)),
            files: texts(event, event.value(Field::FilePaths)),
            recipient_domains: texts(event, event.value(Field::RecipientDomains)),
            grants: Vec::new(),
            outputs: outputs(event),
            stated: columns.stated.and_then(Origin::named),
            is_sensitive: false,
        };
        observed.take_attributes(event);
        if matches!(told, Told::Done { .. }) {
            observed.outputs.extend(action.content);
        }
        observed.is_sensitive = !observed.outputs.is_empty() && has_sensitive_findings(event);
        observed
    }

    /// Whether it is certain that the action took place, or was let.
    pub(super) const fn went(&self) -> bool {
        match self.told {
            Told::Accepted { .. } | Told::Done { .. } | Told::Connected | Told::Happened => true,
            Told::Prompt(_) | Told::Refused | Told::Mode | Told::AgentEnded | Told::Other => false,
        }
    }

    /// The files that it names.
    pub(super) fn files(&self) -> impl Iterator<Item = &'a str> {
        let several = self.files.iter().copied();
        several.chain(self.action.file.filter(|_| self.files.is_empty()))
    }

    /// What has no column of its own.
    fn take_attributes(&mut self, event: &'a Event) {
        for (key, value) in event.unmapped() {
            match (key, value) {
                ("workspace.host_paths", paths @ Value::List(_)) => {
                    self.grants.extend(texts(event, Some(paths)));
                }
                ("content.origin", Value::Text(name)) => {
                    self.stated = Origin::named(event.resolve(*name));
                }
                _ => {}
            }
        }
    }
}

/// The texts of a list.
fn texts<'a>(event: &'a Event, list: Option<&Value>) -> Vec<&'a str> {
    let Some(Value::List(items)) = list else {
        return Vec::new();
    };
    let texts = items.iter().filter_map(Value::as_text);
    texts.map(|text| event.resolve(text)).collect()
}

impl<'a> Columns<'a> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of all columns few tell of this, and a new one tells of it by being named here"
    )]
    fn take(&mut self, field: Field, cell: &Cell<'a>) {
        let text = match cell {
            Cell::Text(text) => *text,
            Cell::Int(number) if field == Field::StatusId => {
                self.status = Some(*number);
                return;
            }
            Cell::Int(_) | Cell::Double(_) | Cell::Bool(_) | Cell::Time(_) | Cell::Tree(_) => {
                return;
            }
        };
        let place = match field {
            Field::SenderIdentity => {
                self.identity = text;
                return;
            }
            Field::SessionUid => &mut self.session,
            Field::Source => &mut self.door,
            Field::UserEmail => &mut self.email,
            Field::UserName => &mut self.user_name,
            Field::UserUid => &mut self.user_id,
            Field::CorrelationUid => &mut self.prompt,
            Field::ApiRequestUid => &mut self.request,
            Field::EventCode => &mut self.code,
            Field::ToolDecision => &mut self.decision,
            Field::ToolDecisionSource => &mut self.decided_by,
            Field::PermissionMode => &mut self.mode,
            Field::AgentId => &mut self.agent,
            Field::InvokedBy => &mut self.agent_kind,
            Field::ContentOrigin => &mut self.stated,
            _ => return,
        };
        *place = Some(text);
    }

    /// Whether a prompt is a person's turn: what an agent asks of another, or what a caller says came
    /// from a page, a mail or a tool, is none.
    fn is_of_user(&self) -> bool {
        self.agent.is_none() && self.stated.and_then(Origin::named).is_none()
    }

    fn told(&self, class: Class, action: &Action<'a>) -> Told<'a> {
        const FAILURE: i64 = 2;
        match self.code {
            Some("user_prompt") if self.is_of_user() => Told::Prompt(action.content),
            Some("prompt") if self.door == Some("judge") && self.is_of_user() => {
                Told::Prompt(action.content)
            }
            Some("tool_decision") if self.decision == Some("accept") => Told::Accepted {
                forever: self.decided_by == Some("user_permanent"),
            },
            Some("tool_decision") => Told::Refused,
            Some("tool_result") => Told::Done {
                succeeded: self.status != Some(FAILURE),
            },
            Some("permission_mode_changed") => Told::Mode,
            Some("mcp_server_connection") if self.status != Some(FAILURE) => Told::Connected,
            Some("subagent_completed") => Told::AgentEnded,
            Some(_) if self.session.is_some() && action.kind.is_none() => Told::Other,
            Some(_) | None if class.is_flow() || class == Class::Span => Told::Happened,
            Some(_) | None => Told::Other,
        }
    }
}
