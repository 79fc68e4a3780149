//! Makes an event of one `LogRecord`.

use magistrate_event::{Field, Room};

use super::any::Any;
use super::limits::{Flaw, Over};
use super::moment::Moment;
use super::wire::Reader;
use super::{Batch, Made, Surroundings, text};
use crate::normalize::claude::{LogPlan, identity, session, stamp};
use crate::normalize::draft::Draft;
use crate::normalize::keys;

/// The fields of a `LogRecord` but its attributes.
#[derive(Debug, Default)]
struct LogRecord<'a> {
    moment: Moment,
    severity_number: i32,
    severity_text: &'a [u8],
    body: Option<Any<'a>>,
    dropped: u32,
    flags: u32,
    trace_id: &'a [u8],
    span_id: &'a [u8],
    event_name: &'a [u8],
}

/// Makes the event of the encoded `LogRecord` in `bytes`.
pub(super) fn read<'a>(
    batch: &mut Batch<'a>,
    around: &Surroundings<'_, 'a>,
    bytes: &'a [u8],
) -> Made {
    let record = LogRecord::read(batch, bytes)?;
    record.write(batch)?;
    if let Some(over) = around.scope.over() {
        return Err(over.into());
    }
    batch.attributes.join(around.scope.resource);
    let uid = batch.uid();
    let plan = LogPlan::of(around.product, record.name(batch), &batch.attributes);
    if plan.is_unknown() {
        batch.done.unknown_events += 1;
    }
    let room = Room {
        text_bytes: bytes.len() + around.scope.bytes() + 256,
        fields: 40,
        unmapped: 8 + batch.attributes.len() / 4,
    };
    let time = record.moment.timestamp(batch.origin.raw);
    let mut draft = Draft::new(plan.class(), plan.activity(), time, room);
    batch.origin.fill(around, &mut draft);
    session(&mut batch.attributes, &mut draft);
    plan.fill(&mut batch.attributes, &mut draft);
    identity(&mut batch.attributes, &mut draft);
    stamp(&mut batch.attributes, &draft);
    let severity = plan
        .severity(&draft)
        .max(ocsf_severity(record.severity_number));
    draft.int(Field::SeverityId, severity);
    record.fill(&mut draft);
    batch.attributes.fill(&mut draft);
    Ok((uid, draft.finish()))
}

/// What may stand before the event's name in the body.
const BODY_PREFIXES: [&[u8]; 3] = [b"claude_code.", b"claude_cowork.", b"cowork."];

impl<'a> LogRecord<'a> {
    fn read(batch: &mut Batch<'a>, bytes: &'a [u8]) -> Result<Self, Flaw> {
        let mut record = Self::default();
        let mut over = None;
        let mut reader = Reader::new(bytes);
        while let Some(item) = reader.next()? {
            match item.number {
                1 => record.moment.time_nanos = item.fixed64()?,
                2 => record.severity_number = item.int32()?,
                3 => record.severity_text = item.bytes()?,
                5 => record.body = Some(Any::read(item.bytes()?)?),
                6 => match batch.attributes.add(item.bytes()?, &mut batch.id) {
                    Ok(()) => {}
                    // The framing of the rest is looked at all the same.
                    Err(Flaw::Over(limit)) => over = Some(limit),
                    Err(Flaw::Broken(broken)) => return Err(broken.into()),
                },
                7 => record.dropped = item.uint32()?,
                8 => record.flags = item.fixed32()?,
                9 => record.trace_id = item.bytes()?,
                10 => record.span_id = item.bytes()?,
                11 => record.moment.observed_nanos = item.fixed64()?,
                12 => record.event_name = item.bytes()?,
                _ => {}
            }
        }
        over.map_or(Ok(record), |over: Over| Err(over.into()))
    }

    /// Writes what follows the attributes into the record's id.
    fn write(&self, batch: &mut Batch<'a>) -> Result<(), Flaw> {
        let id = &mut batch.id;
        id.tagged_u64(b't', self.moment.time_nanos);
        id.u64(self.moment.observed_nanos);
        id.u64(u64::from(self.severity_number.cast_unsigned()));
        id.bytes(self.severity_text);
        id.u64(u64::from(self.dropped) << 32 | u64::from(self.flags));
        id.bytes(self.trace_id);
        id.bytes(self.span_id);
        id.bytes(self.event_name);
        let mut values = 0;
        self.body.unwrap_or(Any::Null).write(id, &mut values)?;
        batch.attributes.count(values);
        let numbered = batch.attributes.get(keys::EVENT_SEQUENCE).is_some();
        if self.moment.is_unknown() && !numbered {
            id.arrival(batch.origin.raw.arrival, batch.index);
        }
        Ok(())
    }

    /// The event's name: `event_name`, else the attribute `event.name`, else the body. Bare.
    fn name(&self, batch: &Batch<'a>) -> &'a [u8] {
        let attribute = || batch.attributes.get(keys::EVENT_NAME).and_then(Any::text);
        let full = Some(self.event_name)
            .filter(|name| !name.is_empty())
            .or_else(|| attribute().filter(|name| !name.is_empty()));
        match full {
            Some(full) => strip(full).unwrap_or(full),
            None => self
                .body
                .and_then(Any::text)
                .and_then(strip)
                .unwrap_or_default(),
        }
    }

    fn fill(&self, draft: &mut Draft) {
        self.moment.keep(draft);
        match self.body {
            None => {}
            Some(Any::Text(text)) => {
                draft.bytes(Field::Message, text);
            }
            Some(body) => draft.keep(b"otlp.body", body),
        }
        if !self.event_name.is_empty()
            && draft.event().text(Field::EventCode).map(str::as_bytes) != Some(self.event_name)
        {
            draft.keep(b"otlp.event_name", Any::Text(self.event_name));
        }
        self.fill_severity(draft);
        fill_hex(Field::TraceId, self.trace_id, draft);
        fill_hex(Field::SpanId, self.span_id, draft);
        if self.flags != 0 {
            draft.keep_u64("otlp.flags", u64::from(self.flags));
        }
        if self.dropped != 0 {
            draft.keep_u64("otlp.dropped_attributes_count", u64::from(self.dropped));
        }
    }

    fn fill_severity(&self, draft: &mut Draft) {
        if self.severity_number != 0 {
            draft.keep(
                b"otlp.severity_number",
                Any::Int(i64::from(self.severity_number)),
            );
        }
        if !self.severity_text.is_empty() {
            draft.keep(b"otlp.severity_text", Any::Text(self.severity_text));
        }
    }
}

fn strip(name: &[u8]) -> Option<&[u8]> {
    BODY_PREFIXES
        .into_iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .filter(|bare| !bare.is_empty())
}

/// OCSF's severity for OTLP's: TRACE to INFO 1, WARN 2 (low), ERROR 3 (medium), FATAL 6.
const fn ocsf_severity(number: i32) -> i64 {
    match number {
        1..=12 => 1,
        13..=16 => 2,
        17..=20 => 3,
        21..=24 => 6,
        _ => 0,
    }
}

/// Fills `field` with the hex digits of an id; an absent id fills nothing.
pub(super) fn fill_hex(field: Field, bytes: &[u8], draft: &mut Draft) {
    if bytes.is_empty() {
        return;
    }
    let mut hex = String::with_capacity(2 * bytes.len());
    text::push_hex(bytes, &mut hex);
    draft.text(field, &hex);
}
