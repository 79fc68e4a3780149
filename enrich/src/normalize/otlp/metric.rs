//! Makes an event of each data point of a `Metric`.

use magistrate_event::{Class, Field, Room, Timestamp, Value};

use super::any::{Any, key_value};
use super::limits::{Flaw, MAX_RESOURCE_BYTES, Over};
use super::moment::keep_exact;
use super::nested::write_attributes;
use super::point::{Point, Shape};
use super::wire::{Broken, Reader};
use super::{Batch, Made, Surroundings};
use crate::normalize::claude::{fill_metric, identity};
use crate::normalize::draft::Draft;
use crate::uid::Canonical;

/// The fields of a `Metric` that all its points share.
#[derive(Debug, Default)]
struct Metric<'a> {
    name: &'a [u8],
    description: &'a [u8],
    unit: &'a [u8],
    metadata: Vec<(&'a [u8], Any<'a>)>,
    /// The points and what they are, in their message.
    data: Option<(Shape, &'a [u8])>,
    temporality: i32,
    is_monotonic: bool,
}

/// Makes the events of the encoded `Metric` in `bytes`.
pub(super) fn each<'a>(
    batch: &mut Batch<'a>,
    around: &Surroundings<'_, 'a>,
    bytes: &'a [u8],
) -> Result<(), Broken> {
    let metric = Metric::read(bytes)?;
    let Some((shape, data)) = metric.data else {
        return Ok(());
    };
    let mut reader = Reader::new(data);
    while let Some(item) = reader.next()? {
        if item.number == 1 {
            batch.one(around, item.bytes()?, |batch, around, point| {
                metric.point(shape, point, batch, around)
            })?;
        }
    }
    Ok(())
}

impl<'a> Metric<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Broken> {
        let mut metric = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some(item) = reader.next()? {
            match item.number {
                1 => metric.name = item.bytes()?,
                2 => metric.description = item.bytes()?,
                3 => metric.unit = item.bytes()?,
                5 => metric.data = Some((Shape::Gauge, item.bytes()?)),
                7 => metric.data = Some((Shape::Sum, item.bytes()?)),
                9 => metric.data = Some((Shape::Histogram, item.bytes()?)),
                10 => metric.data = Some((Shape::ExponentialHistogram, item.bytes()?)),
                11 => metric.data = Some((Shape::Summary, item.bytes()?)),
                12 => metric.metadata.push(key_value(item.bytes()?)?),
                _ => {}
            }
        }
        metric.read_data()?;
        Ok(metric)
    }

    /// Reads what stands beside the points.
    fn read_data(&mut self) -> Result<(), Broken> {
        let Some((shape, data)) = self.data else {
            return Ok(());
        };
        let mut reader = Reader::new(data);
        while let Some(item) = reader.next()? {
            match (item.number, shape) {
                (2, Shape::Sum | Shape::Histogram | Shape::ExponentialHistogram) => {
                    self.temporality = item.int32()?;
                }
                (3, Shape::Sum) => self.is_monotonic = item.varint()? != 0,
                _ => {}
            }
        }
        Ok(())
    }

    /// The size of what is repeated on each point.
    fn shared_bytes(&self) -> usize {
        let metadata = self.metadata.iter().map(|(name, _)| name.len() + 32);
        self.name.len() + self.description.len() + self.unit.len() + metadata.sum::<usize>()
    }

    fn point(
        &self,
        shape: Shape,
        bytes: &'a [u8],
        batch: &mut Batch<'a>,
        around: &Surroundings<'_, 'a>,
    ) -> Made {
        let point = Point::read(shape, bytes, batch)?;
        let mut values = 0;
        self.write(shape, &mut batch.id, &mut values)?;
        point.write(&mut batch.id, &mut values)?;
        batch.attributes.count(values);
        if let Some(over) = around.scope.over() {
            return Err(over.into());
        }
        if self.shared_bytes() > MAX_RESOURCE_BYTES {
            return Err(Over::Resource.into());
        }
        let time_nanos = point.time_nanos();
        if time_nanos == 0 {
            batch.id.arrival(batch.origin.raw.arrival, batch.index);
        }
        batch.attributes.join(around.scope.resource);
        let uid = batch.uid();
        let room = Room {
            text_bytes: bytes.len() + around.scope.bytes() + self.shared_bytes() + 256,
            fields: 32,
            unmapped: 8 + batch.attributes.len() / 2,
        };
        let time = match time_nanos {
            0 => batch.origin.raw.received,
            nanos => Timestamp::from_unix_nanos(nanos),
        };
        let mut draft = Draft::new(Class::Metric, 0, time, room);
        batch.origin.fill(around, &mut draft);
        self.fill(shape, &mut draft);
        fill_times(point.start_nanos(), time_nanos, &mut draft);
        point.fill(&mut draft);
        fill_metric(around.product, &mut batch.attributes, &mut draft);
        identity(&mut batch.attributes, &mut draft);
        batch.attributes.fill(&mut draft);
        Ok((uid, draft.finish()))
    }

    fn write(&self, shape: Shape, id: &mut Canonical, values: &mut usize) -> Result<(), Flaw> {
        id.tagged_bytes(shape.tag(), self.name);
        id.bytes(self.description);
        id.bytes(self.unit);
        id.u64(u64::from(self.temporality.cast_unsigned()));
        id.tag(u8::from(self.is_monotonic));
        write_attributes(&self.metadata, id, values)
    }

    fn fill(&self, shape: Shape, draft: &mut Draft) {
        draft.bytes(Field::MetricName, self.name);
        if !self.description.is_empty() {
            draft.bytes(Field::MetricDescription, self.description);
        }
        if !self.unit.is_empty() {
            draft.bytes(Field::MetricUnit, self.unit);
        }
        draft.text(Field::MetricType, shape.name());
        match self.temporality {
            0 => {}
            1 => {
                draft.text(Field::MetricTemporality, "delta");
            }
            2 => {
                draft.text(Field::MetricTemporality, "cumulative");
            }
            other => draft.keep(b"otlp.temporality", Any::Int(i64::from(other))),
        }
        if shape == Shape::Sum {
            draft.value(Field::MetricMonotonic, Value::Bool(self.is_monotonic));
        }
        for (name, value) in &self.metadata {
            let key = [b"otlp.metric.", *name].concat();
            draft.keep(&key, *value);
        }
    }
}

fn fill_times(start_nanos: u64, time_nanos: u64, draft: &mut Draft) {
    if time_nanos == 0 {
        draft.text(Field::TimeStatus, "received");
    } else {
        keep_exact("time_unix_nano", time_nanos, draft);
    }
    if start_nanos != 0 {
        let start = Timestamp::from_unix_nanos(start_nanos);
        draft.value(Field::StartTime, Value::Time(start));
        keep_exact("start_time_unix_nano", start_nanos, draft);
    }
}
