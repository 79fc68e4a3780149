//! Why a request is not taken, and the status that each protocol has for it.

use std::time::Duration;

use http::StatusCode;
use magistrate_event::Refusal;
use tonic::Code;

use super::inflate::Coding;
use super::json::ConvertError;
use crate::auth::Denied;

/// Why a request is not taken. The text goes to the sender and holds nothing of the body.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("{0}")]
    Denied(#[from] Denied),
    #[error("no such path: POST to /v1/logs, /v1/metrics or /v1/traces")]
    NoPath,
    #[error("no such method: call Export of the logs, metrics or trace service")]
    NoCall,
    #[error("method is not allowed here: use POST")]
    Method,
    #[error("content type is not supported: use application/x-protobuf or application/json")]
    MediaType,
    #[error("content type is not supported: use application/grpc or application/grpc+proto")]
    GrpcMediaType,
    #[error("content encoding is not supported: use identity, gzip, zstd or deflate, one of them")]
    Coding,
    #[error("body is over the limit of {max_bytes} bytes")]
    TooLarge { max_bytes: usize },
    #[error("body is over the limit of {max_bytes} bytes when decompressed")]
    Bomb { max_bytes: usize },
    #[error("body came too slowly")]
    Slow,
    #[error("body ended before its declared end")]
    Cut,
    #[error("cannot decompress body as {}", .0.name())]
    Corrupt(Coding),
    #[error("grpc message is flagged as compressed, but no grpc-encoding header says how: send it")]
    NoEncoding,
    #[error("grpc message is malformed: {0}")]
    Frame(&'static str),
    #[error(transparent)]
    Json(#[from] ConvertError),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("queue did not answer in time")]
    NoAnswer { retry_after: Duration },
    #[error("request handling was cut short")]
    Stopped,
}

impl Fault {
    /// The HTTP status.
    pub(super) const fn http_status(&self) -> StatusCode {
        match self {
            Self::Denied(_) => StatusCode::UNAUTHORIZED,
            Self::NoPath | Self::NoCall => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::MediaType | Self::GrpcMediaType | Self::Coding => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Self::TooLarge { .. }
            | Self::Bomb { .. }
            | Self::Json(ConvertError::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Cut
            | Self::Corrupt(_)
            | Self::NoEncoding
            | Self::Frame(_)
            | Self::Json(ConvertError::Syntax { .. } | ConvertError::Envelope { .. })
            | Self::Refused(Refusal::Malformed(_)) => StatusCode::BAD_REQUEST,
            Self::Refused(Refusal::Busy { .. } | Refusal::Unavailable { .. } | Refusal::Closed)
            | Self::NoAnswer { .. }
            | Self::Stopped => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The gRPC status, which a `google.rpc.Status` body over HTTP names as well.
    pub(super) const fn grpc_code(&self) -> Code {
        match self {
            Self::Denied(_) => Code::Unauthenticated,
            Self::NoPath => Code::NotFound,
            Self::NoCall | Self::Coding => Code::Unimplemented,
            Self::TooLarge { .. }
            | Self::Bomb { .. }
            | Self::Json(ConvertError::TooLarge { .. }) => Code::ResourceExhausted,
            Self::Slow => Code::DeadlineExceeded,
            // The gRPC specification, "Compression".
            Self::NoEncoding => Code::Internal,
            Self::Method
            | Self::MediaType
            | Self::GrpcMediaType
            | Self::Cut
            | Self::Corrupt(_)
            | Self::Frame(_)
            | Self::Json(ConvertError::Syntax { .. } | ConvertError::Envelope { .. })
            | Self::Refused(Refusal::Malformed(_)) => Code::InvalidArgument,
            Self::Refused(Refusal::Busy { .. } | Refusal::Unavailable { .. } | Refusal::Closed)
            | Self::NoAnswer { .. }
            | Self::Stopped => Code::Unavailable,
        }
    }

    /// When the sender may try again; `None` when trying again is of no use.
    pub(super) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after(),
            Self::NoAnswer { retry_after } => Some(*retry_after),
            Self::Stopped => Some(Duration::from_secs(1)),
            Self::Denied(_)
            | Self::NoPath
            | Self::NoCall
            | Self::Method
            | Self::MediaType
            | Self::GrpcMediaType
            | Self::Coding
            | Self::NoEncoding
            | Self::TooLarge { .. }
            | Self::Bomb { .. }
            | Self::Slow
            | Self::Cut
            | Self::Corrupt(_)
            | Self::Frame(_)
            | Self::Json(_) => None,
        }
    }

    /// A short word for metrics.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Denied(_) => "unauthenticated",
            Self::NoPath | Self::NoCall => "path",
            Self::Method => "method",
            Self::MediaType | Self::GrpcMediaType => "media_type",
            Self::Coding | Self::NoEncoding => "coding",
            Self::TooLarge { .. } | Self::Json(ConvertError::TooLarge { .. }) => "too_large",
            Self::Bomb { .. } => "bomb",
            Self::Slow => "slow",
            Self::Cut => "cut",
            Self::Corrupt(_) => "corrupt",
            Self::Frame(_) => "frame",
            Self::Json(ConvertError::Syntax { .. } | ConvertError::Envelope { .. }) => "json",
            Self::Refused(refusal) => refusal.reason(),
            Self::NoAnswer { .. } => "no_answer",
            Self::Stopped => "stopped",
        }
    }
}
