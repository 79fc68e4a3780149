//! Accepts connections and serves HTTP/1.1 and HTTP/2 on them, in the clear or over TLS.
//!
//! One loop for every HTTP door: connections are counted for all and for each peer, handshakes,
//! headers and idleness are timed, and a shutdown lets open requests finish until a deadline.

mod activity;
mod answering;
mod connection;
pub(crate) mod peers;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use self::peers::Peers;
use crate::config::{Limits, Listener};
use crate::metrics::Metrics;

/// How a door is served.
#[derive(Clone)]
pub struct ListenOptions {
    /// The door's name in metrics.
    pub listener: Listener,
    /// What connections may cost.
    pub limits: Limits,
    /// TLS, or none.
    pub tls: Option<Arc<ServerConfig>>,
    /// Where connections are counted.
    pub metrics: Metrics,
}

/// Who is at the other end of a connection; an extension of each of its requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The address.
    pub address: IpAddr,
    /// The name in the client certificate, where one was demanded.
    pub certificate: Option<Arc<str>>,
}

/// What can answer the requests of a door: a `tower` service, such as an `axum::Router`.
pub trait Answer<B>:
    Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static
{
}

impl<S, B> Answer<B> for S where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static
{
}

/// Wait after `accept` fails for want of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves a door until `shutdown`, then until its open requests are answered or
/// `limits.drain_timeout` has passed.
///
/// # Errors
///
/// Never for what a peer does; only when the listener's own address cannot be told.
pub async fn serve<S, B>(
    listener: TcpListener,
    options: ListenOptions,
    service: S,
    shutdown: CancellationToken,
) -> std::io::Result<()>
where
    S: Answer<B>,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let address = listener.local_addr()?;
    tracing::debug!(%address, listener = options.listener.name(), "listening");
    let limits = options.limits;
    let peers = Peers::new(limits.max_connections, limits.max_connections_per_peer);
    let (tracker, abort) = (TaskTracker::new(), CancellationToken::new());
    let options = Arc::new(options);
    while let Some((stream, from)) = next(&listener, &shutdown).await {
        let seat = match peers.seat(from.ip()) {
            Ok(seat) => seat,
            Err(full) => {
                let reason = full.reason();
                options.metrics.connection_refused(options.listener, reason);
                continue;
            }
        };
        let count = options.metrics.connection(options.listener);
        let serve = connection::serve(
            stream,
            from,
            Arc::clone(&options),
            service.clone(),
            shutdown.clone(),
        );
        let abort = abort.clone();
        tracker.spawn(async move {
            abort.run_until_cancelled_owned(serve).await;
            drop((seat, count));
        });
    }
    drop(listener);
    tracker.close();
    if tokio::time::timeout(limits.drain_timeout, tracker.wait())
        .await
        .is_err()
    {
        tracing::warn!(connections = tracker.len(), "drain deadline passed");
        abort.cancel();
        tracker.wait().await;
    }
    Ok(())
}

/// The next connection; `None` at shutdown.
async fn next(
    listener: &TcpListener,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, SocketAddr)> {
    loop {
        let accepted = shutdown.run_until_cancelled(listener.accept()).await?;
        match accepted {
            Ok(connection) => return Some(connection),
            // The peer has gone already: its own affair.
            Err(error) if is_peers_fault(error.kind()) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections for now");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_peers_fault(kind: std::io::ErrorKind) -> bool {
    matches!(
        kind,
        std::io::ErrorKind::ConnectionAborted
            | std::io::ErrorKind::ConnectionReset
            | std::io::ErrorKind::ConnectionRefused
    )
}
