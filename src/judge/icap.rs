//! The judge's port for ICAP: who may ask there, and what a connection may cost.

use std::sync::Arc;

use axum::http::HeaderMap;
use magistrate_event::Identity;
use magistrate_ingest::{Connection, Limits, ListenOptions, Network, Peer, serve_connections};
use magistrate_judge::{Caller, IcapLimits, Judge, serve_icap};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Porter;

/// Serves ICAP until `shutdown`. Who comes from one of `peers` needs no token.
///
/// # Errors
/// When the listener's own address cannot be told.
pub(crate) async fn serve(
    (listener, options): (TcpListener, ListenOptions),
    judge: Arc<Judge>,
    (porter, peers): (Porter, Vec<Network>),
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    let limits = limits(&options.limits);
    let peers: Arc<[Network]> = peers.into();
    let stop = shutdown.clone();
    let handle = move |Connection { stream, peer }: Connection| {
        let (porter, peers) = (porter.clone(), Arc::clone(&peers));
        let (judge, stop) = (Arc::clone(&judge), stop.clone());
        async move {
            let admit = |headers: &HeaderMap| porter.caller_from(&peers, headers, &peer);
            serve_icap(stream, judge, (admit, limits), stop.cancelled()).await;
        }
    };
    serve_connections(listener, options, handle, shutdown).await
}

const fn limits(limits: &Limits) -> IcapLimits {
    IcapLimits {
        header_time: limits.header_timeout,
        idle_time: limits.idle_timeout,
        max_header_bytes: limits.max_header_bytes as usize,
        max_headers: limits.max_headers,
        max_connections: limits.max_connections_per_peer,
    }
}

impl Porter {
    /// Who calls, where addresses may stand in for tokens.
    fn caller_from(&self, peers: &[Network], headers: &HeaderMap, peer: &Peer) -> Caller {
        let is_there = |network: &Network| peer.address.is_some_and(|one| network.contains(one));
        if peers.iter().any(is_there) {
            let name = peer.certificate.as_deref();
            let identity = name.map_or(Identity::Anonymous, |name| {
                Identity::Certificate(name.to_owned())
            });
            return self.let_in(Ok(identity), Some(peer));
        }
        if self.tokens.is_none() && !peers.is_empty() {
            let why = "the address is in none of the networks of `auth.icap_peers`";
            return Caller::Denied(why.to_owned());
        }
        self.caller(headers, Some(peer))
    }
}
