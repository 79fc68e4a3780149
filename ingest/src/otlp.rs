//! OTLP in: gRPC and HTTP on each port, logs, metrics and traces, protobuf and JSON.
//!
//! One address takes every form, because one machine sends several: the desktop app posts
//! http/json to the address that is configured for gRPC. A request is judged in this order, and
//! nothing is read or inflated before the sender is known: token, path, method, media type,
//! coding, declared size, body, inflation, conversion, queue.

mod body;
mod fault;
mod grpc;
mod http;
mod inflate;
mod json;
mod rejected;
mod respond;
mod take;

use std::convert::Infallible;
use std::sync::Arc;

use ::http::{Request, Response};
use hyper::body::Incoming;
use magistrate_event::{Payload, Rejection, Source};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::auth::Tokens;
use crate::config::{Limits, Listener};
use crate::intake::Intake;
use crate::listen::{self, ListenOptions};
use crate::metrics::Metrics;

pub use self::inflate::{Coding, InflateError, inflate};
pub use self::json::ConvertError;

/// How a door is served, beside its address.
#[derive(Clone)]
pub struct Options {
    /// What requests may cost.
    pub limits: Limits,
    /// TLS, or none.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Who may send; everyone, when unset.
    pub tokens: Option<Arc<Tokens>>,
}

/// The three kinds of telemetry that OTLP carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Log records.
    Logs,
    /// Metrics, counted by data points.
    Metrics,
    /// Traces, counted by spans.
    Traces,
}

impl Signal {
    /// The protobuf request of this signal as a payload.
    pub fn payload(self, request: bytes::Bytes) -> Payload {
        match self {
            Self::Logs => Payload::OtlpLogs(request),
            Self::Metrics => Payload::OtlpMetrics(request),
            Self::Traces => Payload::OtlpTraces(request),
        }
    }
}

/// An OTLP/JSON body as protobuf.
#[derive(Debug)]
pub struct FromJson {
    /// The protobuf request, without the records that do not fit.
    pub request: Vec<u8>,
    /// How many records were left out.
    pub rejected: u64,
    /// The first few of them, with reasons.
    pub told: Vec<Rejection>,
}

/// Converts the JSON form of an export request to protobuf, as the doors do; for replays.
///
/// # Errors
///
/// [`ConvertError`] when the body is not JSON, not OTLP, or larger than `max_bytes` in protobuf.
pub fn from_json(signal: Signal, json: &[u8], max_bytes: usize) -> Result<FromJson, ConvertError> {
    let converted = json::to_protobuf(signal, json, max_bytes)?;
    Ok(FromJson {
        request: converted.body,
        rejected: converted.rejected.count(),
        told: converted.rejected.into_told(),
    })
}

/// Serves OTLP on `listener` until `shutdown`, then drains.
///
/// `door` names the port in metrics; what a request is counted as is what it speaks.
///
/// # Errors
///
/// Only when the listener itself is broken; never for what a sender does.
pub async fn serve(
    listener: TcpListener,
    door: Listener,
    options: Options,
    intake: Intake,
    metrics: Metrics,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    let listen = ListenOptions {
        listener: door,
        limits: options.limits,
        tls: options.tls,
        metrics: metrics.clone(),
    };
    let cores = std::thread::available_parallelism().map_or(1, Into::into);
    let door = Arc::new(Door {
        limits: options.limits,
        tokens: options.tokens,
        intake,
        metrics,
        heavy: Semaphore::new(cores),
    });
    let service = tower::service_fn(move |request: Request<Incoming>| {
        let door = Arc::clone(&door);
        async move { Ok::<_, Infallible>(answer(&door, request).await) }
    });
    listen::serve(listener, listen, service, shutdown).await
}

/// What the requests of one door share.
struct Door {
    limits: Limits,
    tokens: Option<Arc<Tokens>>,
    intake: Intake,
    metrics: Metrics,
    /// As many large bodies as there are cores are inflated or converted at a time.
    heavy: Semaphore,
}

async fn answer(door: &Door, request: Request<Incoming>) -> Response<respond::Body> {
    if grpc::speaks(request.headers()) {
        observed(door, Source::OtlpGrpc, grpc::answer(door, request)).await
    } else {
        observed(door, Source::OtlpHttp, http::answer(door, request)).await
    }
}

/// Counts the answer, by the code that the protocol gives it.
async fn observed(
    door: &Door,
    source: Source,
    answer: impl Future<Output = respond::Answer>,
) -> Response<respond::Body> {
    let start = std::time::Instant::now();
    let answer = answer.await;
    door.metrics.answered(source, answer.code, start.elapsed());
    if let Some(reason) = answer.refused {
        door.metrics.refused(source, reason);
    }
    answer.response
}
