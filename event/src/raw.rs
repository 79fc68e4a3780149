//! What a source received, before anything is known about it.

use std::net::IpAddr;

use bytes::Bytes;

use crate::Timestamp;

/// Bytes from one sender at one moment, within the source's size limits.
#[derive(Debug, Clone)]
pub struct Raw {
    /// Who sent it, and how.
    pub origin: Origin,
    /// When it had been received whole.
    pub received: Timestamp,
    /// A number that no other arrival has: keeps apart equal lines that carry no id of their own.
    pub arrival: u128,
    /// The bytes.
    pub payload: Payload,
}

/// Where bytes came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The door.
    pub source: Source,
    /// The sender's address, where there is one.
    pub peer: Option<IpAddr>,
    /// Who the sender proved to be.
    pub identity: Identity,
}

/// The doors through which records come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// OTLP over gRPC.
    OtlpGrpc,
    /// OTLP over HTTP.
    OtlpHttp,
    /// Syslog over UDP.
    SyslogUdp,
    /// Syslog over TCP.
    SyslogTcp,
    /// `magistrate replay`.
    Replay,
    /// The judge: actions that somebody asked about.
    Judge,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 6] = [
        Self::OtlpGrpc,
        Self::OtlpHttp,
        Self::SyslogUdp,
        Self::SyslogTcp,
        Self::Replay,
        Self::Judge,
    ];

    /// The name that metrics and the stored column `magistrate.source` use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OtlpGrpc => "otlp_grpc",
            Self::OtlpHttp => "otlp_http",
            Self::SyslogUdp => "syslog_udp",
            Self::SyslogTcp => "syslog_tcp",
            Self::Replay => "replay",
            Self::Judge => "judge",
        }
    }
}

/// Who a sender proved to be; part of what makes two equal records the same event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Identity {
    /// Nobody asked.
    #[default]
    Anonymous,
    /// The holder of the bearer token of this name.
    Token(String),
    /// The subject of the client certificate.
    Certificate(String),
    /// A user of this machine, `uid:1000`, as the system names it.
    User(String),
}

impl Identity {
    /// The name to show and to hash; empty for an anonymous sender.
    pub fn name(&self) -> &str {
        match self {
            Self::Anonymous => "",
            Self::Token(name) | Self::Certificate(name) | Self::User(name) => name,
        }
    }
}

/// The bytes, by what they claim to be.
#[derive(Debug, Clone)]
pub enum Payload {
    /// A protobuf `ExportLogsServiceRequest`.
    OtlpLogs(Bytes),
    /// A protobuf `ExportMetricsServiceRequest`.
    OtlpMetrics(Bytes),
    /// A protobuf `ExportTraceServiceRequest`.
    OtlpTraces(Bytes),
    /// Syslog messages, framing removed.
    Syslog(Vec<Line>),
}

impl Payload {
    /// The size of the bytes, for budgets.
    pub fn len_bytes(&self) -> usize {
        match self {
            Self::OtlpLogs(bytes) | Self::OtlpMetrics(bytes) | Self::OtlpTraces(bytes) => {
                bytes.len()
            }
            Self::Syslog(lines) => lines.iter().map(|line| line.bytes.len()).sum(),
        }
    }
}

/// One framed message of a line protocol.
#[derive(Debug, Clone)]
pub struct Line {
    /// The message without its framing.
    pub bytes: Bytes,
    /// Its size as sent, when it was over the limit and `bytes` is only its beginning.
    pub cut_from_bytes: Option<usize>,
}
