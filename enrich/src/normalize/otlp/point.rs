//! One data point of a metric, in any of its five shapes.

use magistrate_event::{Field, Value};

use super::Batch;
use super::any::Any;
use super::exemplar::{Exemplar, Number};
use super::limits::{Flaw, MAX_VALUES, Over};
use super::nested::exact;
use super::wire::{Broken, Item, Reader};
use crate::normalize::draft::Draft;
use crate::uid::Canonical;

/// What a metric's points are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Gauge,
    Sum,
    Histogram,
    ExponentialHistogram,
    Summary,
}

impl Shape {
    /// The name in `metric.type`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Sum => "sum",
            Self::Histogram => "histogram",
            Self::ExponentialHistogram => "exponential_histogram",
            Self::Summary => "summary",
        }
    }

    /// The letter that stands for it in an id.
    pub(super) const fn tag(self) -> u8 {
        match self {
            Self::Gauge => b'g',
            Self::Sum => b's',
            Self::Histogram => b'h',
            Self::ExponentialHistogram => b'x',
            Self::Summary => b'q',
        }
    }
}

/// A point's fields but its attributes.
#[derive(Debug, Default)]
pub(super) struct Point<'a> {
    start_nanos: u64,
    time_nanos: u64,
    flags: u32,
    value: Option<Number>,
    count: Option<u64>,
    sum: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    /// Explicit bounds of a histogram.
    bounds: Vec<f64>,
    /// Bucket counts of a histogram.
    counts: Vec<u64>,
    scale: Option<i32>,
    zero_count: u64,
    zero_threshold: f64,
    positive: Option<Buckets>,
    negative: Option<Buckets>,
    /// Quantiles and their values of a summary.
    quantiles: Vec<(f64, f64)>,
    exemplars: Vec<&'a [u8]>,
}

/// Buckets of an exponential histogram.
#[derive(Debug, Default)]
struct Buckets {
    offset: i32,
    counts: Vec<u64>,
}

impl<'a> Point<'a> {
    /// Reads a point, its attributes into the batch's.
    pub(super) fn read(shape: Shape, bytes: &'a [u8], batch: &mut Batch<'a>) -> Result<Self, Flaw> {
        let mut point = Self::default();
        let mut over = None;
        let mut reader = Reader::new(bytes);
        while let Some(item) = reader.next()? {
            if is_attribute(shape, item.number) {
                match batch.attributes.add(item.bytes()?, &mut batch.id) {
                    Ok(()) => {}
                    // The framing of the rest is looked at all the same.
                    Err(Flaw::Over(limit)) => over = Some(limit),
                    Err(Flaw::Broken(broken)) => return Err(broken.into()),
                }
                continue;
            }
            match (item.number, shape) {
                (2, _) => point.start_nanos = item.fixed64()?,
                (3, _) => point.time_nanos = item.fixed64()?,
                (_, Shape::Gauge | Shape::Sum) => point.number(item)?,
                (_, Shape::Histogram) => point.histogram(item)?,
                (_, Shape::ExponentialHistogram) => point.exponential(item)?,
                (_, Shape::Summary) => point.summary(item)?,
            }
        }
        over = over.or((point.values() > MAX_VALUES).then_some(Over::Values));
        over.map_or(Ok(point), |over| Err(over.into()))
    }

    fn number(&mut self, item: Item<'a>) -> Result<(), Broken> {
        match item.number {
            4 => self.value = Some(Number::Double(item.double()?)),
            5 => self.exemplars.push(item.bytes()?),
            6 => self.value = Some(Number::Int(item.fixed64()?.cast_signed())),
            8 => self.flags = item.uint32()?,
            _ => {}
        }
        Ok(())
    }

    fn histogram(&mut self, item: Item<'a>) -> Result<(), Broken> {
        match item.number {
            4 => self.count = Some(item.fixed64()?),
            5 => self.sum = Some(item.double()?),
            6 => item.each_fixed64(|count| self.counts.push(count))?,
            7 => item.each_fixed64(|bits| self.bounds.push(f64::from_bits(bits)))?,
            8 => self.exemplars.push(item.bytes()?),
            10 => self.flags = item.uint32()?,
            11 => self.min = Some(item.double()?),
            12 => self.max = Some(item.double()?),
            _ => {}
        }
        Ok(())
    }

    fn exponential(&mut self, item: Item<'a>) -> Result<(), Broken> {
        match item.number {
            4 => self.count = Some(item.fixed64()?),
            5 => self.sum = Some(item.double()?),
            6 => self.scale = Some(item.sint32()?),
            7 => self.zero_count = item.fixed64()?,
            8 => self.positive.get_or_insert_default().merge(item.bytes()?)?,
            9 => self.negative.get_or_insert_default().merge(item.bytes()?)?,
            10 => self.flags = item.uint32()?,
            11 => self.exemplars.push(item.bytes()?),
            12 => self.min = Some(item.double()?),
            13 => self.max = Some(item.double()?),
            14 => self.zero_threshold = item.double()?,
            _ => {}
        }
        Ok(())
    }

    fn summary(&mut self, item: Item<'a>) -> Result<(), Broken> {
        match item.number {
            4 => self.count = Some(item.fixed64()?),
            5 => self.sum = Some(item.double()?),
            6 => self.quantiles.push(quantile(item.bytes()?)?),
            8 => self.flags = item.uint32()?,
            _ => {}
        }
        Ok(())
    }

    fn values(&self) -> usize {
        let buckets = [&self.positive, &self.negative];
        let buckets = buckets
            .into_iter()
            .flatten()
            .map(|buckets| buckets.counts.len());
        self.bounds.len()
            + self.counts.len()
            + self.quantiles.len()
            + self.exemplars.len()
            + buckets.sum::<usize>()
    }

    /// When the point was taken; 0 is unknown.
    pub(super) const fn time_nanos(&self) -> u64 {
        self.time_nanos
    }

    /// When the measuring began; 0 is unknown.
    pub(super) const fn start_nanos(&self) -> u64 {
        self.start_nanos
    }

    /// Writes the point into its id; `values` grows by what it holds.
    pub(super) fn write(&self, id: &mut Canonical, values: &mut usize) -> Result<(), Flaw> {
        *values += self.values();
        id.u64(self.start_nanos);
        id.u64(self.time_nanos);
        id.u64(u64::from(self.flags));
        Number::write(self.value, id);
        id.u64(self.count.unwrap_or(0));
        for number in [self.sum, self.min, self.max] {
            id.tagged_u64(u8::from(number.is_some()), number.unwrap_or(0.0).to_bits());
        }
        write_list(self.bounds.iter().map(|bound| bound.to_bits()), id);
        write_list(self.counts.iter().copied(), id);
        id.u64(u64::from(self.scale.unwrap_or(0).cast_unsigned()));
        id.u64(self.zero_count);
        id.u64(self.zero_threshold.to_bits());
        for buckets in [&self.positive, &self.negative] {
            let buckets = buckets.as_ref();
            let offset = buckets.map_or(0, |buckets| buckets.offset);
            id.u64(u64::from(offset.cast_unsigned()));
            write_list(
                buckets
                    .into_iter()
                    .flat_map(|buckets| buckets.counts.iter().copied()),
                id,
            );
        }
        let pairs = self
            .quantiles
            .iter()
            .flat_map(|(at, value)| [at.to_bits(), value.to_bits()]);
        write_list(pairs, id);
        for exemplar in &self.exemplars {
            Exemplar::read(exemplar)?.write(id, values)?;
        }
        Ok(())
    }

    /// Fills the metric columns.
    pub(super) fn fill(&self, draft: &mut Draft) {
        match self.value {
            None => {}
            Some(Number::Double(number)) => {
                draft.value(Field::MetricValue, Value::Double(number));
            }
            Some(Number::Int(number)) => fill_int(number, draft),
        }
        if let Some(count) = self.count {
            match i64::try_from(count) {
                Ok(count) => {
                    draft.int(Field::MetricCount, count);
                }
                Err(_) => draft.keep_u64("otlp.count", count),
            }
        }
        for (field, number) in [
            (Field::MetricSum, self.sum),
            (Field::MetricMin, self.min),
            (Field::MetricMax, self.max),
        ] {
            if let Some(number) = number {
                draft.value(field, Value::Double(number));
            }
        }
        if self.flags != 0 {
            draft.int(Field::MetricFlags, i64::from(self.flags));
        }
        let tree = self.distribution(draft);
        if !tree.is_empty() {
            draft.value(Field::MetricDistribution, Value::Map(tree));
        }
        if !self.exemplars.is_empty() {
            let list = self
                .exemplars
                .iter()
                .filter_map(|bytes| Exemplar::read(bytes).ok());
            let list = list.map(|exemplar| exemplar.tree(draft)).collect();
            draft.value(Field::MetricExemplars, Value::List(list));
        }
    }

    /// Buckets or quantiles, under the names of OTLP's protobuf.
    fn distribution(&self, draft: &mut Draft) -> Vec<(magistrate_event::Text, Value)> {
        let mut tree = Vec::new();
        if !self.bounds.is_empty() {
            let bounds = self
                .bounds
                .iter()
                .map(|bound| Value::Double(*bound))
                .collect();
            tree.push(draft.entry("explicit_bounds", |_| Value::List(bounds)));
        }
        if !self.counts.is_empty() {
            tree.push(draft.entry("bucket_counts", |draft| counts(&self.counts, draft)));
        }
        if let Some(scale) = self.scale {
            tree.push(draft.entry("scale", |_| Value::Int(i64::from(scale))));
        }
        if self.zero_count != 0 {
            tree.push(draft.entry("zero_count", |draft| exact(self.zero_count, draft)));
        }
        if self.zero_threshold != 0.0 {
            tree.push(draft.entry("zero_threshold", |_| Value::Double(self.zero_threshold)));
        }
        for (name, buckets) in [("positive", &self.positive), ("negative", &self.negative)] {
            if let Some(buckets) = buckets {
                tree.push(draft.entry(name, |draft| buckets.tree(draft)));
            }
        }
        if !self.quantiles.is_empty() {
            tree.push(draft.entry("quantile_values", |draft| {
                Value::List(
                    self.quantiles
                        .iter()
                        .map(|pair| quantile_tree(*pair, draft))
                        .collect(),
                )
            }));
        }
        tree
    }
}

/// Attributes have the number 7 in number points and summaries, 9 and 1 in histograms.
const fn is_attribute(shape: Shape, number: u32) -> bool {
    match shape {
        Shape::Gauge | Shape::Sum | Shape::Summary => number == 7,
        Shape::Histogram => number == 9,
        Shape::ExponentialHistogram => number == 1,
    }
}

/// Fills the value from a whole number; one that a float cannot hold is kept exactly as well.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "checked"
)]
fn fill_int(number: i64, draft: &mut Draft) {
    let float = number as f64;
    draft.value(Field::MetricValue, Value::Double(float));
    if float as i128 != i128::from(number) {
        draft.keep(b"otlp.as_int", Any::Int(number));
    }
}

fn write_list(numbers: impl Iterator<Item = u64>, id: &mut Canonical) {
    for number in numbers {
        id.tagged_u64(b',', number);
    }
    id.tag(b'.');
}

fn counts(counts: &[u64], draft: &mut Draft) -> Value {
    Value::List(counts.iter().map(|count| exact(*count, draft)).collect())
}

impl Buckets {
    fn merge(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let mut reader = Reader::new(bytes);
        while let Some(item) = reader.next()? {
            match item.number {
                1 => self.offset = item.sint32()?,
                2 => item.each_varint(|count| self.counts.push(count))?,
                _ => {}
            }
        }
        Ok(())
    }

    fn tree(&self, draft: &mut Draft) -> Value {
        Value::Map(vec![
            draft.entry("offset", |_| Value::Int(i64::from(self.offset))),
            draft.entry("bucket_counts", |draft| counts(&self.counts, draft)),
        ])
    }
}

fn quantile(bytes: &[u8]) -> Result<(f64, f64), Broken> {
    let mut pair = (0.0, 0.0);
    let mut reader = Reader::new(bytes);
    while let Some(item) = reader.next()? {
        match item.number {
            1 => pair.0 = item.double()?,
            2 => pair.1 = item.double()?,
            _ => {}
        }
    }
    Ok(pair)
}

fn quantile_tree((at, value): (f64, f64), draft: &mut Draft) -> Value {
    Value::Map(vec![
        draft.entry("quantile", |_| Value::Double(at)),
        draft.entry("value", |_| Value::Double(value)),
    ])
}
