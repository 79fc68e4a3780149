//! Counts open connections, all together and for each peer, and refuses those over the limits.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The open connections of one door.
#[derive(Clone)]
pub(crate) struct Peers {
    open: Arc<Mutex<Open>>,
    max: usize,
    max_per_peer: usize,
}

#[derive(Default)]
struct Open {
    total: usize,
    by_peer: HashMap<IpAddr, usize>,
}

/// Why a connection has no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// The door has as many as it may.
    Door,
    /// This peer has as many as it may.
    Peer,
}

impl Full {
    /// The word for metrics.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Door => "connections",
            Self::Peer => "connections_per_peer",
        }
    }
}

/// One open connection; gives its place back when dropped.
pub(crate) struct Seat {
    open: Arc<Mutex<Open>>,
    peer: IpAddr,
}

impl Peers {
    pub(crate) fn new(max: usize, max_per_peer: usize) -> Self {
        Self {
            open: Arc::default(),
            max,
            max_per_peer,
        }
    }

    /// Takes a place for a connection from `address`.
    pub(crate) fn seat(&self, address: IpAddr) -> Result<Seat, Full> {
        let peer = network(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.total >= self.max {
            return Err(Full::Door);
        }
        let of_peer = open.by_peer.entry(peer).or_default();
        if *of_peer >= self.max_per_peer {
            return Err(Full::Peer);
        }
        *of_peer += 1;
        open.total += 1;
        Ok(Seat {
            open: Arc::clone(&self.open),
            peer,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total = open.total.saturating_sub(1);
        if let Some(of_peer) = open.by_peer.get_mut(&self.peer) {
            *of_peer -= 1;
            if *of_peer == 0 {
                open.by_peer.remove(&self.peer);
            }
        }
    }
}

/// What counts as one peer: an IPv4 address, or the /64 of an IPv6 one, which one host owns whole.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_peer_and_all_together_are_bounded() {
        let peers = Peers::new(3, 2);
        let first = peers.seat(address("10.0.0.1")).unwrap();
        let _second = peers.seat(address("::ffff:10.0.0.1")).unwrap();
        assert_eq!(peers.seat(address("10.0.0.1")).err(), Some(Full::Peer));
        let _third = peers.seat(address("10.0.0.2")).unwrap();
        assert_eq!(peers.seat(address("10.0.0.3")).err(), Some(Full::Door));
        drop(first);
        assert!(peers.seat(address("10.0.0.1")).is_ok());
    }

    #[test]
    fn an_ipv6_host_is_one_peer_whatever_its_lower_half() {
        let peers = Peers::new(9, 1);
        let _seat = peers.seat(address("2001:db8::1")).unwrap();
        assert_eq!(peers.seat(address("2001:db8::2")).err(), Some(Full::Peer));
        assert!(peers.seat(address("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn nothing_is_remembered_of_peers_that_have_gone() {
        let peers = Peers::new(9, 9);
        drop(peers.seat(address("10.0.0.1")));
        assert!(peers.open.lock().unwrap().by_peer.is_empty());
    }
}
