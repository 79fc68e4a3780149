//! Opens one connection: its handshake, and who is at the other end.

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;

use super::socket::{Accepted, Raw};
use super::{Connection, ListenOptions, Stream};
use crate::tls::certificate_name;

/// The connection that came; none where TLS could not be agreed on in time, which is counted. A unix
/// socket has no TLS: nobody is in between.
pub(super) async fn open(
    Accepted { raw, mut peer }: Accepted,
    options: &ListenOptions,
) -> Option<Connection> {
    let stream = match raw {
        Raw::Tcp(stream) => stream,
        Raw::Unix(stream) => {
            let stream = Stream::Unix(stream);
            return Some(Connection { stream, peer });
        }
    };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
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
