//! What a row says of the flow that it tells of: where it went, when, by which proxy's word.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use magistrate_event::{Class, Event, EventUid, Field, Source, Value};

use super::clock::{Clock, Period};
use super::note::attribute;
use crate::watch::place_of;

/// A row that tells of a flow.
pub(super) type Row = (EventUid, Event);

/// A flow on the way.
#[derive(Debug)]
pub(super) struct Sighting<'a> {
    pub(super) row: &'a Row,
    pub(super) host: &'a str,
    /// The registrable domain of its host.
    pub(super) place: Option<Cow<'a, str>>,
    /// By the client's clock.
    pub(super) period: Period,
    pub(super) ahead_micros: i64,
    /// Whether it bears the session's id.
    pub(super) is_own: bool,
    pub(super) is_explained: bool,
}

impl<'a> Sighting<'a> {
    pub(super) fn of(
        session: &str,
        row: &'a Row,
        clocks: &BTreeMap<String, (Clock, i64)>,
    ) -> Option<Self> {
        let event = &row.1;
        let ahead_micros = match clocks.is_empty() {
            true => 0,
            false => clocks
                .get(&proxy_of(event))
                .map_or(0, |(_, micros)| *micros),
        };
        Some(Self {
            row,
            host: host_of(event)?,
            place: place_of(event),
            period: period_of(event).earlier_by(ahead_micros),
            ahead_micros,
            is_own: event.text(Field::SessionUid) == Some(session),
            is_explained: false,
        })
    }
}

/// Whether an event is what a proxy saw, and no word of the client.
pub(super) fn is_flow(event: &Event) -> bool {
    matches!(event.class(), Class::HttpActivity | Class::NetworkActivity)
        && event.text(Field::ToolClass).is_none()
}

pub(super) fn host_of(event: &Event) -> Option<&str> {
    event
        .text(Field::UrlHostname)
        .or_else(|| event.text(Field::DstHostname))
}

/// Which proxy tells of a flow: they may have one address, and then differ in what they write.
pub(super) fn proxy_of(event: &Event) -> String {
    let text = |field| event.text(field);
    let of_judge = text(Field::Source).filter(|door| *door == Source::Judge.name());
    let place = text(Field::DeviceHostname).or_else(|| text(Field::Peer));
    let kind = of_judge
        .or_else(|| text(Field::ProductName))
        .or_else(|| text(Field::LogName));
    let parts: Vec<_> = [kind, place].into_iter().flatten().collect();
    match parts.is_empty() {
        true => "a proxy".to_owned(),
        false => parts.join(" at "),
    }
}

/// The ids of a flow's request: the client's own, and the one in the answer's header.
pub(super) fn ids_of(event: &Event) -> Vec<Cow<'_, str>> {
    const KEYS: [&str; 4] = [
        "client_request_id",
        "x-client-request-id",
        "x_client_request_id",
        "request-id",
    ];
    let known = event.text(Field::HttpRequestUid).map(Cow::Borrowed);
    let named = KEYS.iter().filter_map(|key| attribute(event, key));
    let all = known.into_iter().chain(named.map(Cow::Owned));
    all.filter(|id| !id.is_empty()).collect()
}

/// From when to when a flow went, by its proxy's clock. Squid writes when one ends.
pub(super) fn period_of(event: &Event) -> Period {
    let time = |field| match event.value(field) {
        Some(Value::Time(time)) => Some(*time),
        Some(_) | None => None,
    };
    let mut from = event.time();
    if event.text(Field::LogName) == Some("squid") {
        from = from.minus(duration(event));
    }
    let from = time(Field::StartTime).unwrap_or(from);
    let to = time(Field::EndTime).unwrap_or(event.time());
    Period {
        from: from.min(to),
        to: to.max(from),
    }
}

/// How long it took.
pub(super) fn duration(event: &Event) -> Duration {
    let millis = event.int(Field::Duration).unwrap_or_default();
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}
