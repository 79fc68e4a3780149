//! Accepts connections and serves HTTP/1.1 and HTTP/2 on them, or a protocol of the caller's, in the
//! clear or over TLS.
//!
//! One loop for every such door: connections are counted for all and for each peer, handshakes,
//! headers and idleness are timed, and a shutdown lets open requests finish until a deadline.

mod activity;
mod answering;
mod connection;
mod http;
pub(crate) mod peers;
mod socket;
mod stream;
mod unix;

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use ::http::{Request, Response};
use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;
use rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use self::peers::Peers;
use self::socket::Accepted;
pub use self::socket::Socket;
pub use self::stream::Stream;
pub use self::unix::{UnixDoor, UnixError};
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
    /// The address; none where it came through a unix socket.
    pub address: Option<IpAddr>,
    /// The name in the client certificate, where one was demanded.
    pub certificate: Option<Arc<str>>,
    /// The user who opened the connection, where it came through a unix socket.
    pub uid: Option<u32>,
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

/// Serves HTTP at a door until `shutdown`, then until its open requests are answered or
/// `limits.drain_timeout` has passed.
///
/// # Errors
///
/// Never for what a peer does; only when the listener's own address cannot be told.
pub async fn serve<S, B>(
    socket: impl Into<Socket> + Send,
    options: ListenOptions,
    service: S,
    shutdown: CancellationToken,
) -> std::io::Result<()>
where
    S: Answer<B>,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let limits = options.limits;
    let stop = shutdown.clone();
    let handle = move |connection: Connection| {
        http::serve(connection, limits, service.clone(), stop.clone())
    };
    serve_connections(socket, options, handle, shutdown).await
}

/// A connection that has been accepted, with TLS undone.
pub struct Connection {
    /// What the peer says and is told.
    pub stream: Stream,
    /// Who it is.
    pub peer: Peer,
}

/// Gives each connection of a door to `handle`, until `shutdown`, then until all of them have ended or
/// `limits.drain_timeout` has passed.
///
/// # Errors
///
/// Never for what a peer does; only when the listener's own address cannot be told.
pub async fn serve_connections<H, F>(
    socket: impl Into<Socket> + Send,
    options: ListenOptions,
    handle: H,
    shutdown: CancellationToken,
) -> std::io::Result<()>
where
    H: Fn(Connection) -> F + Clone + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let socket = socket.into();
    let place = socket.place()?;
    tracing::debug!(place, listener = options.listener.name(), "listening");
    let limits = options.limits;
    let peers = Peers::new(limits.max_connections, limits.max_connections_per_peer);
    let (tracker, abort) = (TaskTracker::new(), CancellationToken::new());
    let options = Arc::new(options);
    while let Some(accepted) = next(&socket, &shutdown).await {
        if !socket.admits(&accepted.peer) {
            options.metrics.connection_refused(options.listener, "user");
            continue;
        }
        let address = accepted.peer.address;
        let seat = match peers.seat(address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))) {
            Ok(seat) => seat,
            Err(full) => {
                let reason = full.reason();
                options.metrics.connection_refused(options.listener, reason);
                continue;
            }
        };
        let count = options.metrics.connection(options.listener);
        let (options, shutdown) = (Arc::clone(&options), shutdown.clone());
        let handle = handle.clone();
        let serve = async move {
            let opened = connection::open(accepted, &options);
            if let Some(Some(connection)) = shutdown.run_until_cancelled(opened).await {
                handle(connection).await;
            }
        };
        let abort = abort.clone();
        tracker.spawn(async move {
            abort.run_until_cancelled_owned(serve).await;
            drop((seat, count));
        });
    }
    drop(socket);
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
async fn next(socket: &Socket, shutdown: &CancellationToken) -> Option<Accepted> {
    loop {
        let accepted = shutdown.run_until_cancelled(socket.accept()).await?;
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
