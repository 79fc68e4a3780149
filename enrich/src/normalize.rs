//! Turns received bytes into events in OCSF's terms.

mod claude;
mod draft;
mod keys;
mod line;
mod names;
mod otlp;
pub(crate) mod url;

use magistrate_event::{Event, EventUid, Line, Payload, Raw, Rejection};

use crate::uid::{UidKey, line_uid};
pub use otlp::Fault;

/// What became of one batch.
#[derive(Debug, Default)]
pub struct Normalized {
    /// The events with their stable ids, in the order in which their records stood.
    pub events: Vec<(EventUid, Event)>,
    /// The records that were not taken, each with its reason.
    pub rejected: Vec<Rejection>,
    /// Events of a known product under a name that this version does not know; they are kept.
    pub unknown_events: u64,
    /// OTLP records of a product that this version does not know; they are kept.
    pub unknown_products: u64,
}

/// Why nothing of a batch can be taken; sending it again will not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The bytes are not protobuf.
    #[error("cannot read protobuf at byte {offset}: {fault}")]
    Framing {
        /// Where in the batch.
        offset: usize,
        /// What is wrong there.
        fault: Fault,
    },
    /// The batch is over a limit that keeps memory bounded.
    #[error("cannot take batch: with their resources its records come to more than {limit}")]
    Oversized {
        /// The limits, in words.
        limit: &'static str,
    },
}

/// Makes events of what a source received.
///
/// Nothing is dropped: what has no column stands under `unmapped` as it came.
///
/// # Errors
/// When the bytes as a whole cannot be read; then no event is made. A single record that is over a
/// limit is in [`Normalized::rejected`] instead.
pub fn normalize(raw: &Raw, key: &UidKey) -> Result<Normalized, Malformed> {
    match &raw.payload {
        Payload::OtlpLogs(bytes) => otlp::logs(raw, bytes, key),
        Payload::OtlpMetrics(bytes) => otlp::metrics(raw, bytes, key),
        Payload::OtlpTraces(bytes) => otlp::traces(raw, bytes, key),
        Payload::Syslog(lines) => Ok(syslog(lines, raw, key)),
    }
}

/// Lines carry no id of their own: each arrival of a line is an event, however equal they look.
fn syslog(lines: &[Line], raw: &Raw, key: &UidKey) -> Normalized {
    let identity = raw.origin.identity.name();
    let uid = |index: usize, bytes: &[u8]| line_uid(key, identity, bytes, raw.arrival, index);
    Normalized {
        events: line::events(lines, raw, uid),
        ..Normalized::default()
    }
}
