//! Requests to the model.

use magistrate_event::{Event, Field, Timestamp};
use serde::Serialize;

use super::Flow;
use super::call::Evidence;
use super::clock::Period;
use super::note::attribute;
use super::sighting::duration;

/// A request to the model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelCall {
    #[serde(skip)]
    pub(super) prompt: String,
    /// When it ended, RFC 3339.
    pub time: String,
    /// Request id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The sub-agent that asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Whether it failed or was refused.
    pub failed: bool,
    /// Whether a proxy saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The flows that it made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flows: Vec<Flow>,
    /// The client's own id of it.
    #[serde(skip)]
    pub(super) client_request: Option<String>,
    #[serde(skip)]
    pub(super) from: Timestamp,
    #[serde(skip)]
    pub(super) to: Timestamp,
}

impl ModelCall {
    /// None where `event` tells of no request to the model. The client tells of one when it has ended.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let code = event.text(Field::EventCode)?;
        if !matches!(code, "api_request" | "api_error" | "api_refusal") {
            return None;
        }
        let text = |field| event.text(field).map(str::to_owned);
        let to = event.time();
        Some(Self {
            prompt: text(Field::CorrelationUid).unwrap_or_default(),
            time: to.to_rfc3339(),
            request: text(Field::ApiRequestUid),
            model: text(Field::AiModelName),
            agent: text(Field::AgentId),
            failed: code != "api_request",
            evidence: None,
            flows: Vec::new(),
            client_request: attribute(event, "client_request_id"),
            from: to.minus(duration(event)),
            to,
        })
    }

    pub(super) const fn period(&self) -> Period {
        Period {
            from: self.from,
            to: self.to,
        }
    }

    /// The ids by which a proxy may tell of it.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        let ids = [&self.request, &self.client_request].into_iter().flatten();
        ids.map(String::as_str).filter(|id| !id.is_empty())
    }
}
