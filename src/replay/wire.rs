//! What `replay` and the instance that holds the folder say to each other: a payload, and its count.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use magistrate_event::{Line, Payload, Receipt};
use serde::{Deserialize, Serialize};

/// Takes a payload, whose [`Kind`] ends the path, and answers with [`Taken`] as JSON.
pub(crate) const PAYLOADS: &str = "/api/v1/replay/";
/// Takes a [`crate::dead_letter::DeadLetter`] as JSON.
pub(crate) const LETTERS: &str = "/api/v1/dead-letters";
/// No payload is larger: a whole OTLP request, or lines of which the last may be long.
pub(crate) const MAX_PAYLOAD_BYTES: usize = 65 << 20;

/// What the body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A protobuf `ExportLogsServiceRequest`.
    OtlpLogs,
    /// A protobuf `ExportMetricsServiceRequest`.
    OtlpMetrics,
    /// A protobuf `ExportTraceServiceRequest`.
    OtlpTraces,
    /// Lines, each behind two big-endian numbers: its length (`u32`), and its size as it stood in the
    /// file (`u64`) where it was cut, else 0.
    Lines,
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::OtlpLogs,
        Self::OtlpMetrics,
        Self::OtlpTraces,
        Self::Lines,
    ];

    /// The last part of the path.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::OtlpLogs => "otlp_logs",
            Self::OtlpMetrics => "otlp_metrics",
            Self::OtlpTraces => "otlp_traces",
            Self::Lines => "lines",
        }
    }

    /// The kind with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What became of a payload's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// Stored by this call.
    pub(crate) stored: u64,
    /// Stored before.
    pub(crate) duplicate: u64,
    /// Of both, kept raw or in part.
    pub(crate) kept_raw: u64,
    /// Not taken; the dead letters tell why.
    pub(crate) rejected: u64,
}

impl From<Receipt> for Taken {
    fn from(receipt: Receipt) -> Self {
        Self {
            stored: receipt.accepted,
            duplicate: receipt.duplicate,
            kept_raw: receipt.kept_raw,
            rejected: receipt.rejected.iter().map(|one| one.records).sum(),
        }
    }
}

/// The bytes of a payload, and what they are.
pub(crate) fn encode(payload: Payload) -> (Kind, Bytes) {
    match payload {
        Payload::OtlpLogs(bytes) => (Kind::OtlpLogs, bytes),
        Payload::OtlpMetrics(bytes) => (Kind::OtlpMetrics, bytes),
        Payload::OtlpTraces(bytes) => (Kind::OtlpTraces, bytes),
        Payload::Syslog(lines) => (Kind::Lines, encode_lines(&lines)),
    }
}

/// The payload in `bytes`; `None` when these are no lines.
pub(crate) fn decode(kind: Kind, bytes: Bytes) -> Option<Payload> {
    Some(match kind {
        Kind::OtlpLogs => Payload::OtlpLogs(bytes),
        Kind::OtlpMetrics => Payload::OtlpMetrics(bytes),
        Kind::OtlpTraces => Payload::OtlpTraces(bytes),
        Kind::Lines => Payload::Syslog(decode_lines(bytes)?),
    })
}

fn encode_lines(lines: &[Line]) -> Bytes {
    let mut bytes = BytesMut::new();
    for line in lines {
        // A line is far below 4 GiB.
        bytes.put_u32(u32::try_from(line.bytes.len()).unwrap_or(u32::MAX));
        bytes.put_u64(line.cut_from_bytes.unwrap_or(0) as u64);
        bytes.put_slice(&line.bytes);
    }
    bytes.freeze()
}

fn decode_lines(mut bytes: Bytes) -> Option<Vec<Line>> {
    let mut lines = Vec::new();
    while bytes.has_remaining() {
        let len = usize::try_from(bytes.try_get_u32().ok()?).ok()?;
        let size = usize::try_from(bytes.try_get_u64().ok()?).ok()?;
        if len > bytes.remaining() {
            return None;
        }
        lines.push(Line {
            bytes: bytes.split_to(len),
            cut_from_bytes: (size > len).then_some(size),
        });
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_as_they_were_and_cut_ones_are_refused() {
        let line = |bytes: &'static [u8], cut_from_bytes| Line {
            bytes: Bytes::from_static(bytes),
            cut_from_bytes,
        };
        let lines = [
            line(b"a\xff", None),
            line(b"", None),
            line(b"long", Some(9)),
        ];
        let bytes = encode_lines(&lines);
        for end in 0..bytes.len() {
            let whole = [0, 14, 26].contains(&end);
            assert_eq!(decode_lines(bytes.slice(..end)).is_some(), whole, "{end}");
        }
        let back = decode_lines(bytes).unwrap();
        assert_eq!(back.len(), lines.len());
        for (back, line) in back.iter().zip(&lines) {
            assert_eq!(back.bytes, line.bytes);
            assert_eq!(back.cut_from_bytes, line.cut_from_bytes);
        }
    }
}
