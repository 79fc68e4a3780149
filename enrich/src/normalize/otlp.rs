//! Walks an OTLP export request, whichever of the three signals it carries.

pub(super) mod any;
pub(super) mod attributes;
mod exemplar;
mod limits;
mod log;
mod metric;
mod moment;
mod nested;
mod point;
mod resource;
mod span;
mod span_parts;
pub(super) mod text;
mod wire;

use magistrate_event::{Event, EventUid, Field, Raw, Rejection};

use self::attributes::Attributes;
use self::limits::{Budget, Flaw, Over};
pub(crate) use self::moment::EXACT_TIMES;
use self::resource::{Resource, Scope};
pub use self::wire::Fault;
use self::wire::{Broken, Reader};
use super::claude::Product;
use super::draft::Draft;
use super::{Malformed, Normalized};
use crate::uid::{Canonical, Prefix, UidKey};

/// Takes each event with its id.
type Take<'a> = &'a mut dyn FnMut(EventUid, Event);

/// Makes events of an `ExportLogsServiceRequest`.
pub(super) fn logs(
    raw: &Raw,
    bytes: &[u8],
    key: &UidKey,
    take: Take<'_>,
) -> Result<Normalized, Malformed> {
    walk(raw, bytes, key, Signal::Logs, take)
}

/// Makes events of an `ExportMetricsServiceRequest`, one per data point.
pub(super) fn metrics(
    raw: &Raw,
    bytes: &[u8],
    key: &UidKey,
    take: Take<'_>,
) -> Result<Normalized, Malformed> {
    walk(raw, bytes, key, Signal::Metrics, take)
}

/// Makes events of an `ExportTraceServiceRequest`, one per span.
pub(super) fn traces(
    raw: &Raw,
    bytes: &[u8],
    key: &UidKey,
    take: Take<'_>,
) -> Result<Normalized, Malformed> {
    walk(raw, bytes, key, Signal::Traces, take)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    Logs,
    Metrics,
    Traces,
}

impl Signal {
    /// Keeps the ids of the signals apart.
    const fn tag(self) -> u8 {
        match self {
            Self::Logs => b'L',
            Self::Metrics => b'M',
            Self::Traces => b'T',
        }
    }
}

/// What the walk carries from record to record.
struct Batch<'a> {
    origin: Origin<'a>,
    budget: Budget,
    attributes: Attributes<'a>,
    id: Canonical,
    /// Position of the next record among all of the batch.
    index: usize,
    take: Take<'a>,
    /// The records from the one on with which the batch came over its limits.
    left_out: Option<Rejection>,
    done: Normalized,
}

/// What is the same for every record of the batch.
struct Origin<'a> {
    raw: &'a Raw,
    key: &'a UidKey,
    peer: Option<String>,
}

/// What is the same for every record of one scope.
struct Surroundings<'r, 'a> {
    scope: &'r Scope<'r, 'a>,
    product: Product,
    prefix: Prefix,
}

fn walk<'a>(
    raw: &'a Raw,
    bytes: &'a [u8],
    key: &'a UidKey,
    signal: Signal,
    take: Take<'a>,
) -> Result<Normalized, Malformed> {
    let mut batch = Batch {
        origin: Origin {
            raw,
            key,
            peer: raw.origin.peer.map(|peer| peer.to_string()),
        },
        budget: Budget::new(),
        attributes: Attributes::new(),
        id: Canonical::default(),
        index: 0,
        take,
        left_out: None,
        done: Normalized::default(),
    };
    match batch.request(bytes, signal) {
        Ok(()) => Ok(batch.finish()),
        Err(broken) => Err(Malformed::Framing {
            offset: broken.offset_in(bytes),
            fault: broken.fault,
        }),
    }
}

impl<'a> Batch<'a> {
    fn request(&mut self, bytes: &'a [u8], signal: Signal) -> Result<(), Broken> {
        let mut reader = Reader::new(bytes);
        while let Some(item) = reader.next()? {
            if item.number == 1 {
                self.resource(item.bytes()?, signal)?;
            }
        }
        Ok(())
    }

    /// `ResourceLogs`, `ResourceMetrics`, `ResourceSpans`: they number their fields alike.
    fn resource(&mut self, bytes: &'a [u8], signal: Signal) -> Result<(), Broken> {
        let identity = self.origin.raw.origin.identity.name();
        self.id
            .start_prefix(self.origin.key, identity, signal.tag());
        let resource = Resource::read(bytes, &mut self.id)?;
        let shared = self.id.prefix(self.origin.key);
        let mut reader = Reader::new(bytes);
        while let Some(item) = reader.next()? {
            if item.number == 2 {
                self.scope(&resource, shared, item.bytes()?, signal)?;
            }
        }
        Ok(())
    }

    fn scope(
        &mut self,
        resource: &Resource<'a>,
        shared: Prefix,
        bytes: &'a [u8],
        signal: Signal,
    ) -> Result<(), Broken> {
        let scope = Scope::read(resource, bytes)?;
        self.id.start(shared);
        self.id.bytes(scope.name);
        let around = Surroundings {
            product: Product::of(resource.service_name(), scope.name),
            prefix: self.id.prefix(self.origin.key),
            scope: &scope,
        };
        let mut reader = Reader::new(bytes);
        while let Some(item) = reader.next()? {
            if item.number == 2 {
                let record = item.bytes()?;
                match signal {
                    Signal::Logs => self.one(&around, record, log::read)?,
                    Signal::Traces => self.one(&around, record, span::read)?,
                    Signal::Metrics => metric::each(self, &around, record)?,
                }
            }
        }
        Ok(())
    }

    /// Makes the event of one record with `read`, or notes why not.
    fn one(
        &mut self,
        around: &Surroundings<'_, 'a>,
        record: &'a [u8],
        read: impl FnOnce(&mut Self, &Surroundings<'_, 'a>, &'a [u8]) -> Made,
    ) -> Result<(), Broken> {
        if let Some(rest) = &mut self.left_out {
            rest.records += 1;
            self.index += 1;
            return Ok(());
        }
        self.attributes.clear();
        self.id.start(around.prefix);
        let made = if record.len() > limits::MAX_RECORD_BYTES {
            Err(Over::Size.into())
        } else {
            read(self, around, record)
        };
        let values = self.attributes.values() + around.scope.values();
        let weight = record.len() + around.scope.bytes();
        match made {
            Err(Flaw::Broken(broken)) => return Err(broken),
            Ok(_) | Err(Flaw::Over(_)) if self.budget.take(values, weight).is_none() => {
                self.left_out = Some(limits::over_batch(self.index));
            }
            Ok((uid, event)) => {
                (self.take)(uid, event);
                self.done.unknown_products += u64::from(!around.product.is_known());
            }
            Err(Flaw::Over(over)) => self.done.rejected.push(over.rejection(self.index)),
        }
        self.index += 1;
        Ok(())
    }

    /// What is to be told when all records have been seen.
    fn finish(mut self) -> Normalized {
        self.done.rejected.extend(self.left_out);
        self.done.unknown_attributes = self.attributes.unknown();
        self.done
    }

    /// The id of the record that was written into `self.id`.
    fn uid(&self) -> EventUid {
        self.id.uid(self.origin.key)
    }
}

/// An event with its id, or what is wrong with its record.
type Made = Result<(EventUid, Event), Flaw>;

impl Origin<'_> {
    /// Fills the columns that say how the record came and what wrote it.
    fn fill(&self, around: &Surroundings<'_, '_>, draft: &mut Draft) {
        let origin = &self.raw.origin;
        draft.text(Field::Source, origin.source.name());
        if let Some(peer) = &self.peer {
            draft.text(Field::Peer, peer);
        }
        if !origin.identity.name().is_empty() {
            draft.text(Field::SenderIdentity, origin.identity.name());
        }
        around.product.fill(draft);
        for (field, text) in [
            (Field::LogName, around.scope.name),
            (Field::LogVersion, around.scope.version),
        ] {
            if !text.is_empty() {
                draft.bytes(field, text);
            }
        }
        around.scope.keep(draft);
    }
}
