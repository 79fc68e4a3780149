//! The events and links of a span, as trees.

use magistrate_event::Value;

use super::any::{Any, key_value};
use super::limits::Flaw;
use super::nested::{exact, hex, push_attributes, write_attributes};
use super::wire::{Broken, Reader};
use crate::normalize::draft::Draft;
use crate::uid::Canonical;

/// A `Span.Event`.
#[derive(Debug, Default)]
pub(super) struct SpanEvent<'a> {
    time_nanos: u64,
    name: &'a [u8],
    attributes: Vec<(&'a [u8], Any<'a>)>,
    dropped: u32,
}

impl<'a> SpanEvent<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Broken> {
        let mut event = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some(item) = reader.next()? {
            match item.number {
                1 => event.time_nanos = item.fixed64()?,
                2 => event.name = item.bytes()?,
                3 => event.attributes.push(key_value(item.bytes()?)?),
                4 => event.dropped = item.uint32()?,
                _ => {}
            }
        }
        Ok(event)
    }

    pub(super) fn write(&self, id: &mut Canonical, values: &mut usize) -> Result<(), Flaw> {
        id.tagged_u64(b'e', self.time_nanos);
        id.bytes(self.name);
        id.u64(u64::from(self.dropped));
        write_attributes(&self.attributes, id, values)
    }

    pub(super) fn tree(&self, draft: &mut Draft) -> Value {
        let mut map = vec![
            draft.entry("time_unix_nano", |draft| exact(self.time_nanos, draft)),
            draft.entry("name", |draft| draft.leaf(self.name)),
        ];
        push_attributes(&self.attributes, self.dropped, &mut map, draft);
        Value::Map(map)
    }
}

/// A `Span.Link`.
#[derive(Debug, Default)]
pub(super) struct Link<'a> {
    trace_id: &'a [u8],
    span_id: &'a [u8],
    trace_state: &'a [u8],
    attributes: Vec<(&'a [u8], Any<'a>)>,
    dropped: u32,
    flags: u32,
}

impl<'a> Link<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Broken> {
        let mut link = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some(item) = reader.next()? {
            match item.number {
                1 => link.trace_id = item.bytes()?,
                2 => link.span_id = item.bytes()?,
                3 => link.trace_state = item.bytes()?,
                4 => link.attributes.push(key_value(item.bytes()?)?),
                5 => link.dropped = item.uint32()?,
                6 => link.flags = item.fixed32()?,
                _ => {}
            }
        }
        Ok(link)
    }

    pub(super) fn write(&self, id: &mut Canonical, values: &mut usize) -> Result<(), Flaw> {
        id.tagged_bytes(b'l', self.trace_id);
        id.bytes(self.span_id);
        id.bytes(self.trace_state);
        id.u64(u64::from(self.dropped) << 32 | u64::from(self.flags));
        write_attributes(&self.attributes, id, values)
    }

    pub(super) fn tree(&self, draft: &mut Draft) -> Value {
        let mut map = vec![
            draft.entry("trace_id", |draft| hex(self.trace_id, draft)),
            draft.entry("span_id", |draft| hex(self.span_id, draft)),
        ];
        if !self.trace_state.is_empty() {
            map.push(draft.entry("trace_state", |draft| draft.leaf(self.trace_state)));
        }
        if self.flags != 0 {
            map.push(draft.entry("flags", |_| Value::Int(i64::from(self.flags))));
        }
        push_attributes(&self.attributes, self.dropped, &mut map, draft);
        Value::Map(map)
    }
}
