//! One measurement that a data point shows as an example.

use magistrate_event::Value;

use super::any::{Any, key_value};
use super::limits::Flaw;
use super::nested::{exact, hex, push_attributes, write_attributes};
use super::wire::{Broken, Reader};
use crate::normalize::draft::Draft;
use crate::uid::Canonical;

/// A number of a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Int(i64),
    Double(f64),
}

impl Number {
    /// Writes the number, or that there is none, into an id.
    pub(super) fn write(number: Option<Self>, id: &mut Canonical) {
        match number {
            None => id.tag(b'n'),
            Some(Self::Int(number)) => id.tagged_u64(b'i', number.cast_unsigned()),
            Some(Self::Double(number)) => id.tagged_u64(b'd', number.to_bits()),
        }
    }
}

/// One measurement that a point shows as an example.
#[derive(Debug, Default)]
pub(super) struct Exemplar<'a> {
    time_nanos: u64,
    value: Option<Number>,
    trace_id: &'a [u8],
    span_id: &'a [u8],
    attributes: Vec<(&'a [u8], Any<'a>)>,
}

impl<'a> Exemplar<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Broken> {
        let mut exemplar = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some(item) = reader.next()? {
            match item.number {
                2 => exemplar.time_nanos = item.fixed64()?,
                3 => exemplar.value = Some(Number::Double(item.double()?)),
                4 => exemplar.span_id = item.bytes()?,
                5 => exemplar.trace_id = item.bytes()?,
                6 => exemplar.value = Some(Number::Int(item.fixed64()?.cast_signed())),
                7 => exemplar.attributes.push(key_value(item.bytes()?)?),
                _ => {}
            }
        }
        Ok(exemplar)
    }

    pub(super) fn write(&self, id: &mut Canonical, values: &mut usize) -> Result<(), Flaw> {
        id.tagged_u64(b'e', self.time_nanos);
        Number::write(self.value, id);
        id.bytes(self.trace_id);
        id.bytes(self.span_id);
        write_attributes(&self.attributes, id, values)
    }

    pub(super) fn tree(&self, draft: &mut Draft) -> Value {
        let mut map = vec![draft.entry("time_unix_nano", |draft| exact(self.time_nanos, draft))];
        if let Some(number) = self.value {
            map.push(draft.entry("value", |_| match number {
                Number::Int(number) => Value::Int(number),
                Number::Double(number) => Value::Double(number),
            }));
        }
        for (name, bytes) in [("trace_id", self.trace_id), ("span_id", self.span_id)] {
            if !bytes.is_empty() {
                map.push(draft.entry(name, |draft| hex(bytes, draft)));
            }
        }
        push_attributes(&self.attributes, 0, &mut map, draft);
        Value::Map(map)
    }
}
