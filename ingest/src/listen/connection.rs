//! Opens one connection: its handshake, and who is at the other end.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::{Connection, ListenOptions, Peer, Stream};
use crate::tls::certificate_name;

/// The connection of `stream`; none where TLS could not be agreed on in time, which is counted.
pub(super) async fn open(
    stream: TcpStream,
    from: SocketAddr,
    options: &ListenOptions,
) -> Option<Connection> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let mut peer = Peer {
        address: from.ip().to_canonical(),
        certificate: None,
    };
    let Some(tls) = &options.tls else {
        let stream = Stream::Plain(stream);
        return Some(Connection { stream, peer });
    };
    let accept = TlsAcceptor::from(Arc::clone(tls)).accept(stream);
    let handshake = tokio::time::timeout(options.limits.handshake_timeout, accept);
    let refused = match handshake.await {
        Ok(Ok(stream)) => {
            let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
            let own = certificates.first();
            peer.certificate = own.map(|own| certificate_name(own).into());
            let stream = Stream::Tls(Box::new(stream));
            return Some(Connection { stream, peer });
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "tls handshake failed");
            "handshake"
        }
        Err(_) => "handshake_timeout",
    };
    options
        .metrics
        .connection_refused(options.listener, refused);
    None
}
