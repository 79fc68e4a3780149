//! Serves HTTP/1.1 and HTTP/2 on one connection.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio_util::sync::CancellationToken;

use super::activity::{Activity, Patience, Watched};
use super::answering::Answering;
use super::{Answer, Connection};
use crate::config::Limits;

/// How long a connection whose patience ended may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);
/// Streams that a peer may open and reset before its connection is ended (CVE-2023-44487), and
/// stream errors of its own making (CVE-2025-8671).
const MAX_RESET_STREAMS: usize = 50;
/// Largest buffer for what has been read of one HTTP/1 connection.
const MIN_BUFFER_BYTES: usize = 64 << 10;
/// What an HTTP/2 peer may send before it must wait for us to read.
const WINDOW_BYTES: u32 = 1 << 20;

/// Serves HTTP until the peer leaves, its patience ends, or `shutdown` has let it finish.
pub(super) async fn serve<S, B>(
    Connection { stream, peer }: Connection,
    limits: Limits,
    service: S,
    shutdown: CancellationToken,
) where
    S: Answer<B>,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let activity = Activity::new();
    let counted = activity.clone();
    let answer = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        let open = counted.request(request.version());
        request.extensions_mut().insert(peer.clone());
        let answered = tower::ServiceExt::oneshot(service.clone(), request);
        async move {
            let response = answered.await;
            response.map(|response| response.map(|body| Answering::new(body, open)))
        }
    });
    let io = TokioIo::new(Watched::new(stream, activity.clone()));
    let builder = builder(&limits);
    let mut connection = pin!(builder.serve_connection(io, answer));
    let patience = Patience {
        header: limits.header_timeout,
        idle: limits.idle_timeout,
    };
    let outcome = tokio::select! {
        outcome = connection.as_mut() => Some(outcome),
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            // A peer that is silent, or sends its headers slowly, does not hold up the shutdown.
            tokio::select! {
                outcome = connection.as_mut() => Some(outcome),
                () = activity.expired(Patience { header: GOODBYE, idle: GOODBYE }) => None,
            }
        }
        () = activity.expired(patience) => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(GOODBYE, connection.as_mut()).await.ok()
        }
    };
    if let Some(Err(error)) = outcome {
        tracing::debug!(%error, "connection ended early");
    }
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let header_bytes = limits.max_header_bytes;
    let buffer_bytes = MIN_BUFFER_BYTES.max(header_bytes as usize);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_headers(limits.max_headers)
        .max_buf_size(buffer_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_streams)
        .max_header_list_size(header_bytes)
        .max_pending_accept_reset_streams(MAX_RESET_STREAMS)
        .max_local_error_reset_streams(MAX_RESET_STREAMS)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(2 * WINDOW_BYTES)
        .keep_alive_interval(limits.idle_timeout / 2)
        .keep_alive_timeout(limits.header_timeout);
    builder
}
