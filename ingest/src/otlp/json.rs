//! Turns an OTLP/JSON body into the protobuf request, so that one path serves both encodings.
//!
//! A record (log record, span, data point) that does not fit its type is left out alone and
//! reported; text that is not JSON, or an envelope that does not fit, refuses the body. Names and
//! forms are those of the OTLP specification 1.11.0, "JSON Protobuf Encoding". A name that stands
//! twice: scalars keep the later value, lists join. One pass; memory is that of the two bodies.

mod error;
mod fault;
mod nest;
mod reader;
mod scalar;
mod schema;
mod text;
mod write;

use magistrate_event::Rejection;

pub use self::error::ConvertError;
use self::error::refusal;
use self::fault::{Fault, Misfit};
use self::reader::{Reader, Shape};
use self::schema::{Field, Kind, Many, Message};
use self::write::{Wire, Writer};
use super::Signal;
use super::rejected::Rejected;

/// How many lists and maps of an attribute's value may lie in one another, as in protobuf.
pub(crate) const MAX_VALUE_DEPTH: usize = 64;

/// The protobuf form of a body.
#[derive(Debug)]
pub(crate) struct Converted {
    /// The protobuf request, without the rejected records.
    pub(crate) body: Vec<u8>,
    /// What was left out.
    pub(crate) rejected: Rejected,
}

/// Converts the JSON form of an export request into protobuf of at most `max_bytes`.
///
/// # Errors
///
/// See [`ConvertError`].
pub(crate) fn to_protobuf(
    signal: Signal,
    json: &[u8],
    max_bytes: usize,
) -> Result<Converted, ConvertError> {
    let mut converter = Converter {
        reader: Reader::new(json),
        writer: Writer::with_capacity(json.len().min(max_bytes) / 2 + 64),
        max_bytes,
        value_depth: 0,
        records: 0,
        rejected: Rejected::default(),
    };
    let root = match signal {
        Signal::Logs => &schema::LOGS,
        Signal::Metrics => &schema::METRICS,
        Signal::Traces => &schema::TRACES,
    };
    match converter.body(root) {
        Ok(()) => Ok(Converted {
            body: converter.writer.into_bytes(),
            rejected: converter.rejected,
        }),
        Err(fault) => Err(refusal(fault, json, converter.reader.at(), max_bytes)),
    }
}

struct Converter<'a> {
    reader: Reader<'a>,
    writer: Writer,
    max_bytes: usize,
    value_depth: usize,
    /// Records met so far, taken or not.
    records: usize,
    rejected: Rejected,
}

impl Converter<'_> {
    fn body(&mut self, root: &'static Message) -> Result<(), Fault> {
        self.fields(root)?;
        Ok(self.reader.end()?)
    }

    /// One object's fields, written in the order in which they stand.
    fn fields(&mut self, message: &'static Message) -> Result<(), Fault> {
        self.begin(Shape::Object)?;
        let mut first = true;
        while self.reader.more(b'}', &mut first)? {
            let name = self.reader.key()?.to_str();
            match message.field(&name) {
                None => self.reader.skip()?,
                Some(field) => self
                    .field(field)
                    .map_err(|fault| fault.within(field.name))?,
            }
            if self.writer.len() > self.max_bytes {
                return Err(Fault::TooLarge);
            }
        }
        Ok(())
    }

    fn begin(&mut self, expected: Shape) -> Result<(), Fault> {
        let found = self.reader.shape()?;
        if found != expected {
            return Err(Fault::wrong_type(expected.name(), found));
        }
        self.reader.enter();
        Ok(())
    }

    fn field(&mut self, field: &'static Field) -> Result<(), Fault> {
        if self.reader.shape()? == Shape::Null {
            return Ok(self.reader.null()?);
        }
        if field.many == Many::One {
            return self.single(field);
        }
        self.begin(Shape::Array)?;
        match (field.many, packed(field.kind)) {
            (Many::One | Many::List, Some(_)) => self.packed_items(field),
            (Many::One | Many::List, None) => self.items(field),
            (Many::Records | Many::Groups, _) => self.records(field),
        }
    }

    /// One value with its key.
    fn single(&mut self, field: &'static Field) -> Result<(), Fault> {
        if let Some(wire) = packed(field.kind) {
            self.writer.key(field.tag, wire);
            return self.number(field.kind);
        }
        let mark = self.writer.open(field.tag);
        match field.kind {
            Kind::Text => scalar::text(&mut self.reader)?.write_to(self.writer.buffer()),
            Kind::Hex => scalar::push_hex(&mut self.reader, self.writer.buffer())?,
            Kind::Base64 => scalar::push_base64(&mut self.reader, self.writer.buffer())?,
            Kind::AnyValue => self.any_value()?,
            Kind::Message(message) => self.fields(message)?,
            Kind::Flag
            | Kind::Int64
            | Kind::Uint64
            | Kind::Uint32
            | Kind::Sint32
            | Kind::Fixed32
            | Kind::Fixed64
            | Kind::Sfixed64
            | Kind::Double
            | Kind::Enum(_) => self.number(field.kind)?,
        }
        self.writer.close(mark);
        Ok(())
    }

    fn any_value(&mut self) -> Result<(), Fault> {
        // What lies in the deepest list or map is a value, too.
        if self.value_depth > MAX_VALUE_DEPTH {
            return Err(Fault::too_deep());
        }
        self.value_depth += 1;
        self.fields(&schema::ANY_VALUE)?;
        self.value_depth -= 1;
        Ok(())
    }

    /// A list of strings or messages; null stands for an empty one.
    fn items(&mut self, field: &'static Field) -> Result<(), Fault> {
        let mut first = true;
        while self.reader.more(b']', &mut first)? {
            if self.reader.shape()? == Shape::Null {
                self.reader.null()?;
                let empty = self.writer.open(field.tag);
                self.writer.close(empty);
            } else {
                self.single(field)?;
            }
        }
        Ok(())
    }

    fn packed_items(&mut self, field: &'static Field) -> Result<(), Fault> {
        let mark = self.writer.open(field.tag);
        let mut first = true;
        while self.reader.more(b']', &mut first)? {
            self.number(field.kind)?;
            if self.writer.len() > self.max_bytes {
                return Err(Fault::TooLarge);
            }
        }
        self.writer.close(mark);
        Ok(())
    }

    /// Records, or metrics that hold records: one that does not fit is left out.
    fn records(&mut self, field: &'static Field) -> Result<(), Fault> {
        let mut first = true;
        while self.reader.more(b']', &mut first)? {
            let start = self.reader.at();
            let (mark, records, rejected) =
                (self.writer.mark(), self.records, self.rejected.mark());
            let outcome = self.single(field).map_err(|fault| fault.within(field.name));
            if let Err(Fault::Value(misfit)) = outcome {
                self.writer.rewind(mark);
                self.reader.go_to(start);
                self.value_depth = 0;
                self.records = records;
                self.rejected.rewind(rejected);
                self.reject(field, misfit)?;
            } else {
                outcome?;
                self.records += usize::from(field.many == Many::Records);
            }
        }
        Ok(())
    }

    /// Steps over what does not fit, and reports each record in it.
    fn reject(&mut self, field: &'static Field, misfit: Misfit) -> Result<(), Fault> {
        let lost = if field.many == Many::Groups {
            self.count_points(Within::Metric)?.max(1)
        } else {
            self.reader.skip()?;
            1
        };
        for _ in 0..lost {
            self.rejected.push(Rejection {
                index: self.records,
                records: 1,
                reason: misfit.reason,
                message: if self.rejected.keeps_message() {
                    misfit.to_string()
                } else {
                    String::new()
                },
            });
            self.records += 1;
        }
        Ok(())
    }

    /// Steps over a metric of any shape, or its data, and says how many data points it holds.
    fn count_points(&mut self, within: Within) -> Result<usize, Fault> {
        if self.reader.shape()? != Shape::Object {
            self.reader.skip()?;
            return Ok(0);
        }
        self.reader.enter();
        let (mut first, mut points) = (true, 0);
        while self.reader.more(b'}', &mut first)? {
            let name = self.reader.key()?.to_str();
            let shape = self.reader.shape()?;
            points += match within {
                Within::Metric if is_metric_data(&name) => self.count_points(Within::Data)?,
                Within::Data if is_points(&name) && shape == Shape::Array => self.count_items()?,
                Within::Metric | Within::Data => {
                    self.reader.skip()?;
                    0
                }
            };
        }
        Ok(points)
    }

    fn count_items(&mut self) -> Result<usize, Fault> {
        self.reader.enter();
        let (mut first, mut items) = (true, 0);
        while self.reader.more(b']', &mut first)? {
            self.reader.skip()?;
            items += 1;
        }
        Ok(items)
    }

    /// A number without its key.
    fn number(&mut self, kind: Kind) -> Result<(), Fault> {
        let reader = &mut self.reader;
        match kind {
            Kind::Flag => {
                let flag = scalar::flag(reader)?;
                self.writer.varint(u64::from(flag));
            }
            Kind::Int64 => {
                let number = scalar::whole::<i64>(reader)?;
                self.writer.varint(number.cast_unsigned());
            }
            Kind::Uint64 => {
                let number = scalar::whole::<u64>(reader)?;
                self.writer.varint(number);
            }
            Kind::Uint32 => {
                let number = scalar::whole::<u32>(reader)?;
                self.writer.varint(u64::from(number));
            }
            Kind::Sint32 => {
                let number = scalar::whole::<i32>(reader)?;
                let zigzag = (number << 1) ^ (number >> 31);
                self.writer.varint(u64::from(zigzag.cast_unsigned()));
            }
            Kind::Enum(by_name) => {
                let number = scalar::named(reader, by_name)?;
                self.writer.varint(i64::from(number).cast_unsigned());
            }
            Kind::Fixed32 => {
                let number = scalar::whole::<u32>(reader)?;
                self.writer.raw(&number.to_le_bytes());
            }
            Kind::Fixed64 => {
                let number = scalar::whole::<u64>(reader)?;
                self.writer.raw(&number.to_le_bytes());
            }
            Kind::Sfixed64 => {
                let number = scalar::whole::<i64>(reader)?;
                self.writer.raw(&number.to_le_bytes());
            }
            Kind::Double => {
                let number = scalar::double(reader)?;
                self.writer.raw(&number.to_le_bytes());
            }
            Kind::Text | Kind::Hex | Kind::Base64 | Kind::Message(_) | Kind::AnyValue => {}
        }
        Ok(())
    }
}

/// The wire type of a kind without a length; `None` for one with a length.
const fn packed(kind: Kind) -> Option<Wire> {
    match kind {
        Kind::Flag | Kind::Int64 | Kind::Uint64 | Kind::Uint32 | Kind::Sint32 | Kind::Enum(_) => {
            Some(Wire::Varint)
        }
        Kind::Fixed32 => Some(Wire::Four),
        Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => Some(Wire::Eight),
        Kind::Text | Kind::Hex | Kind::Base64 | Kind::Message(_) | Kind::AnyValue => None,
    }
}

/// Where points are looked for.
#[derive(Clone, Copy)]
enum Within {
    Metric,
    Data,
}

fn is_points(name: &str) -> bool {
    matches!(name, "dataPoints" | "data_points")
}

fn is_metric_data(name: &str) -> bool {
    matches!(
        name,
        "gauge"
            | "sum"
            | "histogram"
            | "exponentialHistogram"
            | "exponential_histogram"
            | "summary"
    )
}

#[cfg(test)]
mod tests;
