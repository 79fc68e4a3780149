//! Calls of tools: one from the decision, the result and the span that tell of it.

use std::collections::{BTreeMap, BTreeSet};

use magistrate_event::{Class, Event, EventUid, Field, Timestamp};
use serde::Serialize;

use super::agents::SubAgent;
use super::clock::Period;
use super::flow::Told;
use super::{Flow, ModelCall, Verdict};
use crate::watch::places_reached;

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    #[serde(skip)]
    pub(super) prompt: String,
    /// `tool_use_id`.
    pub id: String,
    /// When it began, RFC 3339.
    pub time: String,
    /// The request to the model whose answer asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
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
    /// The sub-agents that it started: mostly one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<SubAgent>,
    /// What they asked the model.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub model_calls: Vec<ModelCall>,
    /// What they called.
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
    /// The registrable domains that it went to from the device by way of a proxy, if there is one.
    #[serde(skip)]
    places: BTreeSet<String>,
    /// Whether it is of a tool that starts sub-agents.
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
pub(super) struct Calls {
    by_id: BTreeMap<String, Call>,
    /// MCP servers that run on the device.
    local: BTreeSet<String>,
}

impl Calls {
    /// None yet, of a session with these events: a call says nothing of where its server runs, that is
    /// told when the client connects to it.
    pub(super) fn among<'a>(events: impl Iterator<Item = &'a Event>) -> Self {
        let connections = events.filter(|event| {
            event.text(Field::EventCode) == Some("mcp_server_connection")
                && event.text(Field::PathClass) == Some("local_mcp")
        });
        let local = connections.filter_map(|event| event.text(Field::ApiServiceName));
        Self {
            by_id: BTreeMap::new(),
            local: local.map(str::to_owned).collect(),
        }
    }

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
            .by_id
            .entry(id.to_owned())
            .or_insert_with(|| Call::new(id, event));
        call.rows.push(uid);
        call.learn(event);
        if is_call {
            let is_local = |server: &str| self.local.contains(server);
            call.places.extend(places_reached(event, is_local));
        }
        true
    }

    /// The calls, in no order, those of sub-agents among them.
    pub(super) fn finish(self) -> Vec<Call> {
        self.by_id.into_values().collect()
    }
}

impl Call {
    fn new(id: &str, event: &Event) -> Self {
        Self {
            prompt: String::new(),
            id: id.to_owned(),
            time: event.time().to_rfc3339(),
            request: None,
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
            agents: Vec::new(),
            model_calls: Vec::new(),
            calls: Vec::new(),
            rows: Vec::new(),
            host: None,
            from: event.time(),
            to: event.time(),
            places: BTreeSet::new(),
            starts_agent: false,
        }
    }

    /// From its first word to its last.
    pub(super) const fn period(&self) -> Period {
        Period {
            from: self.from,
            to: self.to,
        }
    }

    /// What the client says became of it.
    pub(super) fn told(&self) -> Told {
        match (self.decision.as_deref(), self.result.as_deref()) {
            (Some("reject"), _) => Told::Refused,
            (_, Some("success")) => Told::Succeeded,
            (_, _) => Told::Ran,
        }
    }

    /// Whether it may have started a sub-agent.
    pub(super) fn may_start_agent(&self) -> bool {
        self.starts_agent && self.told() != Told::Refused
    }

    /// Whether a proxy has to see it, where there is one.
    pub(super) fn leaves_device(&self) -> bool {
        !self.places.is_empty()
    }

    /// Where its flows go: the host that it names, else the domains that its command does.
    pub(super) fn destinations(&self) -> impl Iterator<Item = &str> {
        let places = self.places.iter().filter(|_| self.host.is_none());
        let all = self.host.iter().chain(places);
        all.map(String::as_str)
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
                fill(&mut self.request, Field::HttpRequestUid);
                fill(&mut self.decision, Field::ToolDecision);
                fill(&mut self.decided_by, Field::ToolDecisionSource);
            }
            Some("tool_result") => {
                const FAILURE: i64 = 2;
                fill(&mut self.request, Field::HttpRequestUid);
                let failed = event.int(Field::StatusId) == Some(FAILURE);
                self.result = Some(if failed { "failure" } else { "success" }.to_owned());
            }
            Some(_) | None => {}
        }
    }
}
