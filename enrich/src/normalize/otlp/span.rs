//! Makes an event of one `Span`.

use magistrate_event::{Class, Field, Room, Timestamp, Value};

use super::any::Any;
use super::limits::{Flaw, MAX_VALUES, Over};
use super::log::fill_hex;
use super::moment::keep_exact;
use super::span_parts::{Link, SpanEvent};
use super::wire::{Broken, Reader};
use super::{Batch, Made, Surroundings};
use crate::normalize::claude::{fill_span, identity};
use crate::normalize::draft::Draft;

/// The fields of a `Span` but its attributes, events and links.
#[derive(Debug, Default)]
struct SpanRecord<'a> {
    trace_id: &'a [u8],
    span_id: &'a [u8],
    trace_state: &'a [u8],
    parent: &'a [u8],
    name: &'a [u8],
    kind: i32,
    start_nanos: u64,
    end_nanos: u64,
    dropped_attributes: u32,
    dropped_events: u32,
    dropped_links: u32,
    status: Status<'a>,
    flags: u32,
    events: Vec<&'a [u8]>,
    links: Vec<&'a [u8]>,
}

#[derive(Debug, Default)]
struct Status<'a> {
    message: &'a [u8],
    code: i32,
}

/// Makes the event of the encoded `Span` in `bytes`.
pub(super) fn read<'a>(
    batch: &mut Batch<'a>,
    around: &Surroundings<'_, 'a>,
    bytes: &'a [u8],
) -> Made {
    let span = SpanRecord::read(batch, bytes)?;
    span.write(batch)?;
    if let Some(over) = around.scope.over() {
        return Err(over.into());
    }
    batch.attributes.join(around.scope.resource);
    let uid = batch.uid();
    let room = Room {
        text_bytes: bytes.len() + around.scope.bytes() + 512,
        fields: 40,
        unmapped: 8 + batch.attributes.len() / 2,
    };
    let time = match span.time_nanos() {
        0 => batch.origin.raw.received,
        nanos => Timestamp::from_unix_nanos(nanos),
    };
    let mut draft = Draft::new(Class::Span, 0, time, room);
    batch.origin.fill(around, &mut draft);
    span.fill(&mut draft);
    fill_span(around.product, span.name, &mut batch.attributes, &mut draft);
    identity(&mut batch.attributes, &mut draft);
    batch.attributes.fill(&mut draft);
    Ok((uid, draft.finish()))
}

impl<'a> SpanRecord<'a> {
    fn read(batch: &mut Batch<'a>, bytes: &'a [u8]) -> Result<Self, Flaw> {
        let mut span = Self::default();
        let mut over = None;
        let mut reader = Reader::new(bytes);
        while let Some(item) = reader.next()? {
            match item.number {
                1 => span.trace_id = item.bytes()?,
                2 => span.span_id = item.bytes()?,
                3 => span.trace_state = item.bytes()?,
                4 => span.parent = item.bytes()?,
                5 => span.name = item.bytes()?,
                6 => span.kind = item.int32()?,
                7 => span.start_nanos = item.fixed64()?,
                8 => span.end_nanos = item.fixed64()?,
                9 => match batch.attributes.add(item.bytes()?, &mut batch.id) {
                    Ok(()) => {}
                    // The framing of the rest is looked at all the same.
                    Err(Flaw::Over(limit)) => over = Some(limit),
                    Err(Flaw::Broken(broken)) => return Err(broken.into()),
                },
                10 => span.dropped_attributes = item.uint32()?,
                11 => span.events.push(item.bytes()?),
                12 => span.dropped_events = item.uint32()?,
                13 => span.links.push(item.bytes()?),
                14 => span.dropped_links = item.uint32()?,
                15 => span.status.merge(item.bytes()?)?,
                16 => span.flags = item.fixed32()?,
                _ => {}
            }
        }
        let nested = span.events.len() + span.links.len();
        over = over.or((nested > MAX_VALUES).then_some(Over::Values));
        over.map_or(Ok(span), |over| Err(over.into()))
    }

    /// Writes what follows the attributes into the record's id, and checks events and links.
    fn write(&self, batch: &mut Batch<'a>) -> Result<(), Flaw> {
        let id = &mut batch.id;
        for bytes in [
            self.trace_id,
            self.span_id,
            self.trace_state,
            self.parent,
            self.name,
        ] {
            id.bytes(bytes);
        }
        id.u64(u64::from(self.kind.cast_unsigned()));
        id.u64(self.start_nanos);
        id.u64(self.end_nanos);
        id.u64(u64::from(self.dropped_attributes));
        id.u64(u64::from(self.dropped_events));
        id.u64(u64::from(self.dropped_links));
        id.bytes(self.status.message);
        id.u64(u64::from(self.status.code.cast_unsigned()));
        id.u64(u64::from(self.flags));
        let mut values = self.events.len() + self.links.len();
        for event in &self.events {
            SpanEvent::read(event)?.write(id, &mut values)?;
        }
        for link in &self.links {
            Link::read(link)?.write(id, &mut values)?;
        }
        batch.attributes.count(values);
        if self.span_id.is_empty() && self.time_nanos() == 0 {
            id.arrival(batch.origin.raw.arrival, batch.index);
        }
        Ok(())
    }

    /// When it began, else when it ended.
    const fn time_nanos(&self) -> u64 {
        if self.start_nanos == 0 {
            self.end_nanos
        } else {
            self.start_nanos
        }
    }

    fn fill(&self, draft: &mut Draft) {
        self.fill_times(draft);
        draft.bytes(Field::SpanName, self.name);
        fill_hex(Field::TraceId, self.trace_id, draft);
        fill_hex(Field::SpanId, self.span_id, draft);
        fill_hex(Field::SpanParent, self.parent, draft);
        if !self.trace_state.is_empty() {
            draft.bytes(Field::SpanTraceState, self.trace_state);
        }
        match kind_name(self.kind) {
            Some(kind) => {
                draft.text(Field::SpanKind, kind);
            }
            None if self.kind != 0 => draft.keep(b"otlp.kind", Any::Int(i64::from(self.kind))),
            None => {}
        }
        match self.status.code {
            0 => draft.text(Field::SpanStatus, "unset"),
            1 => draft.text(Field::SpanStatus, "ok"),
            2 => draft.text(Field::SpanStatus, "error"),
            other => draft.text(Field::SpanStatus, &other.to_string()),
        };
        if !self.status.message.is_empty() {
            draft.bytes(Field::SpanStatusMessage, self.status.message);
        }
        for (key, count) in [
            ("otlp.flags", self.flags),
            ("otlp.dropped_attributes_count", self.dropped_attributes),
            ("otlp.dropped_events_count", self.dropped_events),
            ("otlp.dropped_links_count", self.dropped_links),
        ] {
            if count != 0 {
                draft.keep_u64(key, u64::from(count));
            }
        }
        self.fill_trees(draft);
    }

    fn fill_times(&self, draft: &mut Draft) {
        if self.time_nanos() == 0 {
            draft.text(Field::TimeStatus, "received");
        }
        for (field, key, nanos) in [
            (Field::StartTime, "start_time_unix_nano", self.start_nanos),
            (Field::EndTime, "end_time_unix_nano", self.end_nanos),
        ] {
            if nanos != 0 {
                draft.value(field, Value::Time(Timestamp::from_unix_nanos(nanos)));
                keep_exact(key, nanos, draft);
            }
        }
        if let Some(nanos) = self.end_nanos.checked_sub(self.start_nanos)
            && self.start_nanos != 0
        {
            draft.int(
                Field::Duration,
                i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX),
            );
        }
    }

    fn fill_trees(&self, draft: &mut Draft) {
        if !self.events.is_empty() {
            let events = self
                .events
                .iter()
                .filter_map(|bytes| SpanEvent::read(bytes).ok());
            let list = events.map(|event| event.tree(draft)).collect();
            draft.value(Field::SpanEvents, Value::List(list));
        }
        if !self.links.is_empty() {
            let links = self.links.iter().filter_map(|bytes| Link::read(bytes).ok());
            let list = links.map(|link| link.tree(draft)).collect();
            draft.value(Field::SpanLinks, Value::List(list));
        }
    }
}

impl<'a> Status<'a> {
    fn merge(&mut self, bytes: &'a [u8]) -> Result<(), Broken> {
        let mut reader = Reader::new(bytes);
        while let Some(item) = reader.next()? {
            match item.number {
                2 => self.message = item.bytes()?,
                3 => self.code = item.int32()?,
                _ => {}
            }
        }
        Ok(())
    }
}

const fn kind_name(kind: i32) -> Option<&'static str> {
    match kind {
        1 => Some("internal"),
        2 => Some("server"),
        3 => Some("client"),
        4 => Some("producer"),
        5 => Some("consumer"),
        _ => None,
    }
}
