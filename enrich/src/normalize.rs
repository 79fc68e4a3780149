//! Turns received bytes into events in OCSF's terms.

mod action;
mod claude;
mod draft;
mod keys;
mod line;
mod names;
mod otlp;
mod outgoing;
mod recipients;
mod upload;
pub(crate) mod url;

use magistrate_event::{Event, EventUid, Line, Payload, Raw, Rejection};

use crate::uid::{LineIds, UidKey};
pub use action::{Asked, normalize_action};
pub(crate) use claude::{McpServer, is_known_event, mcp_path};
pub(crate) use otlp::EXACT_TIMES;
pub use otlp::Fault;

/// What is to be told of one batch beside its events.
#[derive(Debug, Default)]
pub struct Normalized {
    /// The records that were not taken, each with its reason.
    pub rejected: Vec<Rejection>,
    /// Events of a known product under a name that this version does not know; they are kept.
    pub unknown_events: u64,
    /// OTLP records of a product that this version does not know; they are kept.
    pub unknown_products: u64,
    /// Attributes of OTLP records under names that this version does not know; they are kept.
    pub unknown_attributes: u64,
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
}

/// Makes events of what a source received, and hands each with its stable id to `take`, in the
/// order in which their records stood.
///
/// One by one, so that the steps behind find the event in the processor's caches. Nothing is
/// dropped: what has no column stands under `unmapped` as it came.
///
/// # Errors
/// When the bytes as a whole cannot be read; the events that were handed out until then must be
/// thrown away. A single record that is over a limit is in [`Normalized::rejected`] instead.
pub fn normalize(
    raw: &Raw,
    key: &UidKey,
    mut take: impl FnMut(EventUid, Event),
) -> Result<Normalized, Malformed> {
    match &raw.payload {
        Payload::OtlpLogs(bytes) => otlp::logs(raw, bytes, key, &mut take),
        Payload::OtlpMetrics(bytes) => otlp::metrics(raw, bytes, key, &mut take),
        Payload::OtlpTraces(bytes) => otlp::traces(raw, bytes, key, &mut take),
        Payload::Syslog(lines) => {
            syslog(lines, raw, key, take);
            Ok(Normalized::default())
        }
    }
}

/// Lines carry no id of their own: each arrival of a line is an event, however equal they look.
fn syslog(lines: &[Line], raw: &Raw, key: &UidKey, mut take: impl FnMut(EventUid, Event)) {
    let mut ids = LineIds::new(key, raw.origin.identity.name(), raw.arrival);
    for (index, (line, event)) in lines.iter().zip(line::events(lines, raw)).enumerate() {
        take(ids.of(index, &line.bytes), event);
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Identity, Origin, Source, Timestamp};

    use super::*;

    #[test]
    fn equal_lines_are_told_apart_by_their_position() {
        let line = Line {
            bytes: "same".into(),
            cut_from_bytes: None,
        };
        let raw = Raw {
            origin: Origin {
                source: Source::SyslogTcp,
                peer: None,
                identity: Identity::Anonymous,
            },
            received: Timestamp::default(),
            arrival: 1,
            payload: Payload::Syslog(vec![line.clone(), line]),
        };
        let mut events = Vec::new();
        normalize(&raw, &UidKey::new([7; 32]), |uid, event| {
            events.push((uid, event));
        })
        .unwrap();
        let [(first, one), (second, other)] = events.try_into().unwrap();
        assert_ne!(first, second);
        assert_eq!(one, other);
    }
}
