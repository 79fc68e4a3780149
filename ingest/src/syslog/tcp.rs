//! Receives syslog over TCP and TLS.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use magistrate_event::{Identity, Origin, Source};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Options;
use super::batch::{Batch, Submitter};
use super::frame::Frames;
use crate::certificate_name;
use crate::listen::peers::Peers;

/// Serves syslog over TCP until `shutdown`; then stops accepting, takes what each connection has
/// ready, and returns when all of it is submitted or `drain_timeout` has passed.
///
/// # Errors
/// Never for what a peer does; only when the listener's own address cannot be told.
pub async fn serve_tcp(
    listener: TcpListener,
    options: Options,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    tracing::debug!(%address, "listening for syslog over tcp");
    let config = options.config;
    let peers = Peers::new(config.max_connections, config.max_connections_per_peer);
    let (tracker, abort) = (TaskTracker::new(), CancellationToken::new());
    while let Some((stream, from)) = next(&listener, &shutdown).await {
        let seat = match peers.seat(from.ip()) {
            Ok(seat) => seat,
            Err(full) => {
                options.metrics.connection_refused(full.reason());
                continue;
            }
        };
        let (options, shutdown) = (options.clone(), shutdown.clone());
        let abort = abort.clone();
        tracker.spawn(async move {
            let open = options.metrics.connection();
            let serve = serve(stream, from, &options, &shutdown);
            let end = abort.run_until_cancelled(serve).await;
            let reason = end.map_or("aborted", End::reason);
            options.metrics.connection_closed(reason);
            drop((open, seat));
        });
    }
    drop(listener);
    tracker.close();
    if tokio::time::timeout(config.drain_timeout, tracker.wait())
        .await
        .is_err()
    {
        tracing::warn!(connections = tracker.len(), "syslog drain deadline passed");
        abort.cancel();
        tracker.wait().await;
    }
    Ok(())
}

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The peer closed it.
    Peer,
    /// Nothing came for too long.
    Idle,
    /// The program stops.
    Shutdown,
    /// The stream makes no sense.
    Nonsense(super::frame::Nonsense),
    /// Reading failed.
    Broken,
    /// TLS could not be agreed on.
    Handshake,
    /// The intake takes nothing any more.
    Closed,
}

impl End {
    const fn reason(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Idle => "idle",
            Self::Shutdown => "shutdown",
            Self::Nonsense(nonsense) => nonsense.reason(),
            Self::Broken => "error",
            Self::Handshake => "handshake",
            Self::Closed => "intake_closed",
        }
    }
}

/// Wait after `accept` fails for want of file descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Silence after which the kernel asks whether the peer is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// How much is read at once.
const READ_BYTES: usize = 32 << 10;
/// How much is still taken from a connection at shutdown.
const MAX_LAST_BYTES: usize = 4 << 20;
/// How long is waited for more of it.
const LAST_WAIT: Duration = Duration::from_millis(50);

/// The next connection; `None` at shutdown.
async fn next(
    listener: &TcpListener,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, SocketAddr)> {
    loop {
        match shutdown.run_until_cancelled(listener.accept()).await? {
            Ok(connection) => return Some(connection),
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept syslog connections for now");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(
    stream: TcpStream,
    from: SocketAddr,
    options: &Options,
    shutdown: &CancellationToken,
) -> End {
    keep_alive(&stream);
    let Some(tls) = &options.tls else {
        return receive(
            stream,
            connection(from, Identity::Anonymous, options),
            shutdown,
        )
        .await;
    };
    let accept = TlsAcceptor::from(Arc::clone(tls)).accept(stream);
    let handshake = tokio::time::timeout(options.config.handshake_timeout, accept);
    let Some(Ok(Ok(stream))) = shutdown.run_until_cancelled(handshake).await else {
        return End::Handshake;
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let identity = certificates
        .and_then(|chain| chain.first())
        .map_or(Identity::Anonymous, |own| {
            Identity::Certificate(certificate_name(own))
        });
    receive(stream, connection(from, identity, options), shutdown).await
}

/// A peer that has vanished without a word would else hold its place for ever.
fn keep_alive(stream: &TcpStream) {
    let set = rustix::net::sockopt::set_socket_keepalive(stream, true)
        .and_then(|()| rustix::net::sockopt::set_tcp_keepidle(stream, KEEP_ALIVE));
    if let Err(error) = set {
        tracing::debug!(%error, "cannot set keep-alive");
    }
}

/// What one connection has gathered.
struct Connection {
    frames: Frames,
    batch: Batch,
    submitter: Submitter,
    idle_timeout: Duration,
}

fn connection(from: SocketAddr, identity: Identity, options: &Options) -> Connection {
    Connection {
        frames: Frames::new(options.config.max_message_bytes),
        batch: Batch::default(),
        submitter: Submitter {
            intake: options.intake.clone(),
            origin: Origin {
                source: Source::SyslogTcp,
                peer: Some(from.ip().to_canonical()),
                identity,
            },
            metrics: options.metrics.clone(),
        },
        idle_timeout: options.config.idle_timeout,
    }
}

/// Reads a connection to its end and submits everything that it said.
async fn receive(
    mut stream: impl AsyncRead + Unpin,
    mut connection: Connection,
    shutdown: &CancellationToken,
) -> End {
    let end = match connection.run(&mut stream, shutdown).await {
        Err(End::Shutdown) => {
            let rest = connection.take_last(&mut stream).await;
            rest.err().unwrap_or(End::Shutdown)
        }
        Err(end) => end,
        Ok(never) => match never {},
    };
    connection.finish(end).await
}

impl Connection {
    async fn run(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        shutdown: &CancellationToken,
    ) -> Result<std::convert::Infallible, End> {
        loop {
            self.frames.input().reserve(READ_BYTES);
            let read = stream.read_buf(self.frames.input());
            let count = tokio::select! {
                biased;
                () = shutdown.cancelled() => return Err(End::Shutdown),
                read = tokio::time::timeout(self.idle_timeout, read) => match read {
                    Err(_) => return Err(End::Idle),
                    Ok(Err(_)) => return Err(End::Broken),
                    Ok(Ok(count)) => count,
                },
            };
            self.take(count).await?;
            // What is ready goes into the same batch; then the batch goes, however small.
            self.take_ready(stream).await?;
            self.submit().await?;
        }
    }

    /// Reads as long as bytes are there.
    async fn take_ready(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> Result<(), End> {
        loop {
            self.frames.input().reserve(READ_BYTES);
            let count = tokio::select! {
                biased;
                read = stream.read_buf(self.frames.input()) => read.map_err(|_| End::Broken)?,
                () = std::future::ready(()) => return Ok(()),
            };
            self.take(count).await?;
        }
    }

    /// Reads what the peer had sent before a shutdown, as far as it has come.
    async fn take_last(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> Result<(), End> {
        let mut taken = 0;
        while taken < MAX_LAST_BYTES {
            self.frames.input().reserve(READ_BYTES);
            let read = stream.read_buf(self.frames.input());
            let Ok(read) = tokio::time::timeout(LAST_WAIT, read).await else {
                return Ok(());
            };
            let count = read.map_err(|_| End::Broken)?;
            self.take(count).await?;
            taken += count;
        }
        Ok(())
    }

    /// Takes messages out of the `count` bytes that came; none means that the peer is done.
    async fn take(&mut self, count: usize) -> Result<(), End> {
        if count == 0 {
            return Err(End::Peer);
        }
        while let Some(line) = self.frames.next_line().map_err(End::Nonsense)? {
            self.batch.push(line);
            if self.batch.is_full() {
                self.submit().await?;
            }
        }
        Ok(())
    }

    async fn submit(&mut self) -> Result<(), End> {
        let submitted = self.submitter.insist(&mut self.batch).await;
        submitted.map_err(|_| End::Closed)
    }

    /// Submits what is left, the unfinished last message too, unless the stream made no sense.
    async fn finish(mut self, end: End) -> End {
        if end == End::Closed {
            return end;
        }
        let kept = match end {
            End::Nonsense(_) => None,
            End::Peer | End::Idle | End::Shutdown | End::Broken | End::Handshake | End::Closed => {
                self.frames.finish()
            }
        };
        if let Some(line) = kept {
            self.batch.push(line);
        }
        let submitted = self.submitter.insist(&mut self.batch).await;
        submitted.map_or(End::Closed, |()| end)
    }
}
