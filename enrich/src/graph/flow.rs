//! Holds what the client told against what a proxy saw.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use magistrate_event::{Event, EventUid, Field, Timestamp};
use serde::Serialize;

use super::call::{Call, Evidence};
use super::clock::{Clock, Moment, Period, SLACK, offset};
use super::sighting::{Row, Sighting, host_of, ids_of, period_of, proxy_of};
use super::{ModelCall, Verdict};

/// A proxy sees the sender when it saw any flow of it so long before or after: later, the device may
/// have moved.
pub(super) const NEAR: Duration = Duration::from_secs(3_600);
/// More flows are not shown under one call.
const MAX_SHOWN: usize = 100;
/// Of so many requests to the model that ended since it is looked which one a flow is.
const MAX_LATER: usize = 1_000;
/// How the paths end by which models are asked: Anthropic's Messages API, Bedrock and Vertex.
const MODEL_PATHS: [&str; 5] = [
    "/messages",
    "/invoke",
    "/invoke-with-response-stream",
    ":rawPredict",
    ":streamRawPredict",
];

/// A flow that a proxy saw.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flow {
    /// When it happened by the proxy's clock, RFC 3339.
    pub time: String,
    /// Seconds that this clock is ahead of the client's, where it is off; see [`Clock`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_ahead_s: Option<i64>,
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

/// Gives each call and each request to the model the flows that it made, and says what they prove;
/// `flows` are all flows of the session's owner. Those that bear the id of `session` and that nothing
/// explains are returned, and what is known of the proxies' clocks.
pub(super) fn reconcile(
    session: &str,
    calls: &mut [Call],
    models: &mut [ModelCall],
    flows: &[&Row],
) -> (Vec<Flow>, Vec<Clock>) {
    let clocks = clocks(calls, models, flows);
    let mut sightings: Vec<Sighting<'_>> = flows
        .iter()
        .filter_map(|row| Sighting::of(session, row, &clocks))
        .collect();
    sightings.sort_by_key(|flow| (flow.period, flow.row.0));
    explain_models(models, &mut sightings);
    explain_calls(calls, &mut sightings);
    let loose = sightings
        .iter()
        .filter(|flow| flow.is_own && !flow.is_explained);
    let loose = loose.map(|flow| {
        let mut flow = Flow::of(flow);
        flow.evidence = Some(Evidence::FlowOnly);
        flow
    });
    (
        loose.collect(),
        clocks.into_values().map(|(clock, _)| clock).collect(),
    )
}

/// The proxies whose clocks are off, each with the microseconds that it is ahead.
fn clocks(calls: &[Call], models: &[ModelCall], flows: &[&Row]) -> BTreeMap<String, (Clock, i64)> {
    let of_calls = calls.iter().map(|call| Moment {
        ids: Vec::new(),
        host: call.host.as_deref(),
        period: call.period(),
    });
    let of_models = models.iter().map(|model| Moment {
        ids: model.ids().collect(),
        host: None,
        period: model.period(),
    });
    let acts: Vec<_> = of_calls.chain(of_models).collect();
    let mut proxies: BTreeMap<String, Vec<&Event>> = BTreeMap::new();
    for (_, event) in flows {
        proxies.entry(proxy_of(event)).or_default().push(event);
    }
    let mut clocks = BTreeMap::new();
    for (proxy, events) in proxies {
        let ids: Vec<_> = events.iter().map(|event| ids_of(event)).collect();
        let seen = events.iter().zip(&ids).map(|(event, ids)| Moment {
            ids: ids.iter().map(Cow::as_ref).collect(),
            host: host_of(event),
            period: period_of(event),
        });
        let seen: Vec<_> = seen.collect();
        if let Some(found) = offset(&acts, &seen) {
            let clock = Clock {
                proxy: proxy.clone(),
                ahead_s: found.micros / 1_000_000,
                pairs: found.pairs,
                by: found.by,
            };
            clocks.insert(proxy, (clock, found.micros));
        }
    }
    clocks
}

/// Joins requests to the model, which are in the order of their time, with flows by the request's id, and
/// those of the session that bear none of them by time.
fn explain_models(models: &mut [ModelCall], flows: &mut [Sighting<'_>]) {
    let mut by_id: HashMap<String, usize> = HashMap::new();
    for (index, model) in models.iter().enumerate() {
        by_id.extend(model.ids().map(|id| (id.to_owned(), index)));
    }
    for flow in flows.iter_mut() {
        let ids = ids_of(&flow.row.1);
        let index = ids.iter().find_map(|id| by_id.get(&**id));
        if let Some(model) = index.and_then(|index| models.get_mut(*index)) {
            flow.is_explained = true;
            show(&mut model.flows, flow);
        }
    }
    let asks = |flow: &Sighting<'_>| {
        let path = flow.row.1.text(Field::UrlPath).unwrap_or_default();
        MODEL_PATHS.iter().any(|end| path.ends_with(end))
    };
    let loose = flows
        .iter_mut()
        .filter(|flow| flow.is_own && !flow.is_explained && asks(flow));
    for flow in loose {
        let first = flow.period.from.minus(SLACK);
        let start = models.partition_point(|model| model.to < first);
        let later = models.iter_mut().skip(start).take(MAX_LATER);
        let near = later
            .filter(|model| model.flows.is_empty() && model.period().is_near(flow.period, SLACK));
        let end = flow.period.to.as_micros();
        let nearest = near.min_by_key(|model| model.to.as_micros().abs_diff(end));
        if let Some(model) = nearest {
            flow.is_explained = true;
            show(&mut model.flows, flow);
        }
    }
    // A proxy that tells of one request of the session sees what it asks the model.
    let is_seen = models.iter().any(|model| !model.flows.is_empty());
    for model in models {
        let told = if model.failed {
            Told::Ran
        } else {
            Told::Succeeded
        };
        model.evidence = evidence(told, &model.flows, is_seen);
    }
}

/// Joins calls with flows to their host in their time. Under a refused call stand only those that no
/// other call explains.
fn explain_calls(calls: &mut [Call], flows: &mut [Sighting<'_>]) {
    let index = Index::of(flows);
    let mut of_refused = Vec::new();
    let (refused, others): (Vec<_>, Vec<_>) = calls
        .iter_mut()
        .partition(|call| call.told() == Told::Refused);
    for call in others.into_iter().chain(refused) {
        let (told, period) = (call.told(), call.period());
        let mut found = index.near(call.destinations(), period);
        if told == Told::Refused {
            found.retain(|number| flows.get(*number).is_some_and(|flow| !flow.is_explained));
            of_refused.extend(found.iter().copied());
        }
        for number in found {
            if let Some(flow) = flows.get_mut(number) {
                flow.is_explained |= told != Told::Refused;
                show(&mut call.flows, flow);
            }
        }
        let is_seen = call.leaves_device() && index.is_seen(period);
        call.evidence = evidence(told, &call.flows, is_seen);
    }
    for number in of_refused {
        if let Some(flow) = flows.get_mut(number) {
            flow.is_explained = true;
        }
    }
}

/// Flows by where they went, and when.
struct Index {
    /// By host and by registrable domain: when, and the flow's place in the list, which is sorted.
    places: HashMap<String, Vec<(Period, usize)>>,
    /// When they began.
    times: Vec<Timestamp>,
    longest: Duration,
}

impl Index {
    fn of(flows: &[Sighting<'_>]) -> Self {
        let mut places: HashMap<String, Vec<(Period, usize)>> = HashMap::new();
        for (index, flow) in flows.iter().enumerate() {
            let place = flow.place.as_deref().filter(|place| *place != flow.host);
            for place in [Some(flow.host), place].into_iter().flatten() {
                let list = places.entry(place.to_owned()).or_default();
                list.push((flow.period, index));
            }
        }
        let lengths = flows
            .iter()
            .map(|flow| flow.period.to.since(flow.period.from));
        Self {
            places,
            times: flows.iter().map(|flow| flow.period.from).collect(),
            longest: lengths.max().unwrap_or_default(),
        }
    }

    /// The flows to one of `places` in the time of `period`.
    fn near<'a>(&self, places: impl Iterator<Item = &'a str>, period: Period) -> Vec<usize> {
        let first = period.from.minus(SLACK).minus(self.longest);
        let last = period.to.plus(SLACK);
        let mut found = Vec::new();
        for all in places.filter_map(|place| self.places.get(place)) {
            let start = all.partition_point(|(flow, _)| flow.from < first);
            let all = all.iter().skip(start);
            let all = all.take_while(|(flow, _)| flow.from <= last);
            let near = all.filter(|(flow, _)| flow.is_near(period, SLACK));
            found.extend(near.map(|(_, index)| *index));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether a proxy saw anything of the sender around `period`.
    fn is_seen(&self, period: Period) -> bool {
        let first = period.from.minus(NEAR);
        let start = self.times.partition_point(|time| *time < first);
        let next = self.times.get(start);
        next.is_some_and(|time| *time <= period.to.plus(NEAR))
    }
}

/// What the client says became of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Refused,
    /// It was begun.
    Ran,
    Succeeded,
}

/// What the flows of an action prove; nothing where there are none and no proxy sees its sender.
fn evidence(told: Told, flows: &[Flow], is_seen: bool) -> Option<Evidence> {
    let passed = flows.iter().any(|flow| flow.allowed);
    match (flows.is_empty(), told, passed) {
        // A refused call that made no flow is as it should be.
        (true, Told::Refused, _) => None,
        (true, Told::Ran | Told::Succeeded, _) => is_seen.then_some(Evidence::TelemetryOnly),
        (false, Told::Refused, true) | (false, Told::Succeeded, false) => {
            Some(Evidence::Contradicted)
        }
        (false, _, _) => Some(Evidence::Confirmed),
    }
}

fn show(shown: &mut Vec<Flow>, flow: &Sighting<'_>) {
    if shown.len() < MAX_SHOWN {
        shown.push(Flow::of(flow));
    }
}

impl Flow {
    fn of(flow: &Sighting<'_>) -> Self {
        const DENIED: i64 = 2;
        let (row, event) = flow.row;
        let status = event.int(Field::HttpCode);
        let refused = event.int(Field::ActionId) == Some(DENIED)
            || status.is_some_and(|status| matches!(status, 403 | 407 | 451));
        Self {
            time: event.time().to_rfc3339(),
            clock_ahead_s: (flow.ahead_micros != 0).then_some(flow.ahead_micros / 1_000_000),
            host: flow.host.to_owned(),
            method: event.text(Field::HttpMethod).map(str::to_owned),
            path: event.text(Field::UrlPath).map(str::to_owned),
            status,
            allowed: !refused,
            evidence: None,
            verdicts: Vec::new(),
            row: *row,
        }
    }
}
