//! Holds what the client told against what a proxy saw.

use std::time::Duration;

use magistrate_event::{Event, EventUid, Field, Timestamp};
use serde::Serialize;

use super::Verdict;
use super::call::{Call, Evidence};

/// Clocks of client and proxy may be so far apart.
const SLACK: Duration = Duration::from_secs(30);

/// A flow that a proxy saw.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flow {
    /// When it happened, RFC 3339.
    pub time: String,
    /// Where it went.
    pub host: String,
    /// HTTP method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// URL path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<i64>,
    /// Whether the proxy let it pass.
    pub allowed: bool,
    /// `flow_only`, where no call explains it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// What the judge said of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
    /// Its row.
    #[serde(skip)]
    pub(super) row: EventUid,
}

/// A row that tells of a flow.
type Row = (EventUid, Event);

/// Gives each call the flows to its host in its time, and says what they prove. Of the session's
/// own flows those that no call explains are returned; of the others nothing is.
pub(super) fn reconcile(calls: &mut [Call], own: &[&Row], others: &[&Row]) -> Vec<Flow> {
    let all: Vec<&Row> = own.iter().chain(others).copied().collect();
    let mut explained = vec![false; all.len()];
    label(calls, &all, &mut explained);
    let loose = own
        .iter()
        .zip(&explained)
        .filter(|(_, explained)| !**explained);
    loose
        .filter_map(|(flow, _)| {
            let mut flow = Flow::of(flow)?;
            flow.evidence = Some(Evidence::FlowOnly);
            Some(flow)
        })
        .collect()
}

fn label(calls: &mut [Call], flows: &[&Row], explained: &mut [bool]) {
    for call in calls {
        label(&mut call.calls, flows, explained);
        let Some(host) = call.host.as_deref() else {
            continue;
        };
        let time = call.from.minus(SLACK)..=call.to.plus(SLACK);
        for (flow, explained) in flows.iter().zip(explained.iter_mut()) {
            if host_of(&flow.1) == Some(host) && time.contains(&flow.1.time()) {
                *explained = true;
                call.flows.extend(Flow::of(flow));
            }
        }
        call.evidence = evidence(call, !flows.is_empty());
    }
}

/// What the flows of a call prove; nothing where no proxy tells of anything.
fn evidence(call: &Call, is_seen: bool) -> Option<Evidence> {
    let ran = call.decision.as_deref() != Some("reject");
    let succeeded = call.result.as_deref() == Some("success");
    let passed = call.flows.iter().any(|flow| flow.allowed);
    match (call.flows.is_empty(), ran, passed) {
        // A refused call that made no flow is as it should be.
        (true, false, _) => None,
        (true, true, _) => is_seen.then_some(Evidence::TelemetryOnly),
        (false, false, true) => Some(Evidence::Contradicted),
        (false, true, false) if succeeded => Some(Evidence::Contradicted),
        (false, _, _) => Some(Evidence::Confirmed),
    }
}

impl Flow {
    fn of((row, event): &Row) -> Option<Self> {
        const DENIED: i64 = 2;
        let status = event.int(Field::HttpCode);
        let refused = event.int(Field::ActionId) == Some(DENIED)
            || status.is_some_and(|status| matches!(status, 403 | 407 | 451));
        Some(Self {
            time: event.time().to_rfc3339(),
            host: host_of(event)?.to_owned(),
            method: event.text(Field::HttpMethod).map(str::to_owned),
            path: event.text(Field::UrlPath).map(str::to_owned),
            status,
            allowed: !refused,
            evidence: None,
            verdicts: Vec::new(),
            row: *row,
        })
    }
}

fn host_of(event: &Event) -> Option<&str> {
    event
        .text(Field::UrlHostname)
        .or_else(|| event.text(Field::DstHostname))
}

/// The hosts that calls among `events` went to, and the time in which flows to them may be theirs.
pub(super) fn wanted(events: &[&Event]) -> (Vec<String>, Timestamp, Timestamp) {
    let mut hosts = Vec::new();
    let (mut from, mut to) = (
        Timestamp::from_micros(i64::MAX),
        Timestamp::from_micros(i64::MIN),
    );
    for event in events {
        let is_call = event.text(Field::ToolClass).is_some();
        if let Some(host) = event.text(Field::UrlHostname).filter(|_| is_call) {
            hosts.push(host.to_owned());
            from = from.min(event.time().minus(SLACK));
            to = to.max(event.time().plus(SLACK));
        }
    }
    hosts.sort();
    hosts.dedup();
    (hosts, from, to)
}
