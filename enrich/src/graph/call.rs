//! Calls of tools: one from the decision, the result and the span that tell of it.

use std::collections::BTreeMap;

use magistrate_event::{Class, Event, EventUid, Field, Timestamp};
use serde::Serialize;

use super::{Flow, Verdict};

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    #[serde(skip)]
    pub(super) prompt: String,
    /// `tool_use_id`.
    pub id: String,
    /// When it began, RFC 3339.
    pub time: String,
    /// The tool; none where the client masked it and nothing else named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The MCP server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// read, send, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// What it was done to: file, command or URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// accept or reject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// Who decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// success or failure; none where no result came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The sub-agent that called it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Whether a proxy saw it; only for what has to pass one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The flows that it made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flows: Vec<Flow>,
    /// What the judge said of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
    /// What the sub-agent did that it started.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// The rows that tell of it.
    #[serde(skip)]
    pub(super) rows: Vec<EventUid>,
    #[serde(skip)]
    pub(super) host: Option<String>,
    #[serde(skip)]
    pub(super) from: Timestamp,
    #[serde(skip)]
    pub(super) to: Timestamp,
    #[serde(skip)]
    starts_agent: bool,
}

/// What telemetry and flows say of the same action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Both tell of it.
    Confirmed,
    /// The client tells of it, and no flow was seen, though others were.
    TelemetryOnly,
    /// A flow was seen that no call explains.
    FlowOnly,
    /// One says that it happened, the other that it did not.
    Contradicted,
}

/// Calls on the way.
#[derive(Debug, Default)]
pub(super) struct Calls(BTreeMap<String, Call>);

impl Calls {
    /// Takes over what `event` tells of a call; says whether it tells of one.
    pub(super) fn add(&mut self, uid: EventUid, event: &Event) -> bool {
        let is_call = event.text(Field::ToolClass).is_some()
            && matches!(
                event.text(Field::EventCode),
                Some("tool_decision" | "tool_result" | "tool_call")
            );
        let is_span = event.class() == Class::Span && event.text(Field::ToolClass).is_some();
        let Some(id) = event
            .text(Field::ApiRequestUid)
            .filter(|_| is_call || is_span)
        else {
            return false;
        };
        let call = self
            .0
            .entry(id.to_owned())
            .or_insert_with(|| Call::new(id, event));
        call.rows.push(uid);
        call.learn(event);
        true
    }

    /// The calls in the order of their time, those of sub-agents under the call that started them.
    pub(super) fn finish(self) -> Vec<Call> {
        let mut calls: Vec<Call> = self.0.into_values().collect();
        calls.sort_by(|a, b| (a.from, &a.id).cmp(&(b.from, &b.id)));
        let (own, of_agents): (Vec<_>, Vec<_>) =
            calls.into_iter().partition(|call| call.agent.is_none());
        let mut own = own;
        let mut by_agent: BTreeMap<String, Vec<Call>> = BTreeMap::new();
        for call in of_agents {
            let agent = call.agent.clone().unwrap_or_default();
            by_agent.entry(agent).or_default().push(call);
        }
        let mut agents: Vec<_> = by_agent.into_values().collect();
        agents.sort_by_key(|calls| calls.first().map(|call| call.from));
        for calls in agents {
            // The call before it that started an agent and has none yet.
            let start = calls.first().map(|call| call.from).unwrap_or_default();
            let starter = own
                .iter_mut()
                .rfind(|call| call.starts_agent && call.calls.is_empty() && call.from <= start);
            match starter {
                Some(starter) => starter.calls = calls,
                None => own.extend(calls),
            }
        }
        own.sort_by(|a, b| (a.from, &a.id).cmp(&(b.from, &b.id)));
        own
    }
}

impl Call {
    fn new(id: &str, event: &Event) -> Self {
        Self {
            prompt: String::new(),
            id: id.to_owned(),
            time: event.time().to_rfc3339(),
            tool: None,
            server: None,
            action: None,
            target: None,
            decision: None,
            decided_by: None,
            result: None,
            agent: None,
            evidence: None,
            flows: Vec::new(),
            verdicts: Vec::new(),
            calls: Vec::new(),
            rows: Vec::new(),
            host: None,
            from: event.time(),
            to: event.time(),
            starts_agent: false,
        }
    }

    fn learn(&mut self, event: &Event) {
        let fill = |place: &mut Option<String>, field: Field| {
            if place.is_none() {
                *place = event.text(field).map(str::to_owned);
            }
        };
        if self.prompt.is_empty() {
            let prompt = event.text(Field::CorrelationUid);
            self.prompt = prompt.unwrap_or_default().to_owned();
        }
        fill(&mut self.tool, Field::ApiOperation);
        fill(&mut self.server, Field::ApiServiceName);
        fill(&mut self.action, Field::Action);
        fill(&mut self.host, Field::UrlHostname);
        fill(&mut self.agent, Field::AgentId);
        for field in [Field::FilePath, Field::CmdLine, Field::UrlString] {
            fill(&mut self.target, field);
        }
        self.starts_agent |= event.text(Field::ToolClass) == Some("agent");
        self.from = self.from.min(event.time());
        self.to = self.to.max(event.time());
        self.time = self.from.to_rfc3339();
        match event.text(Field::EventCode) {
            Some("tool_decision") => {
                fill(&mut self.decision, Field::ToolDecision);
                fill(&mut self.decided_by, Field::ToolDecisionSource);
            }
            Some("tool_result") => {
                const FAILURE: i64 = 2;
                let failed = event.int(Field::StatusId) == Some(FAILURE);
                self.result = Some(if failed { "failure" } else { "success" }.to_owned());
            }
            Some(_) | None => {}
        }
    }
}
