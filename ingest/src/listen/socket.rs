//! Where a door's connections come from: an address, or a file of this machine.

use std::io;
use std::net::IpAddr;

use tokio::net::{TcpListener, TcpStream, UnixStream};

use super::Peer;
use super::unix::UnixDoor;

/// What a door accepts connections from.
pub enum Socket {
    /// An address and a port.
    Tcp(TcpListener),
    /// A unix socket.
    Unix(UnixDoor),
}

impl From<TcpListener> for Socket {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

impl From<UnixDoor> for Socket {
    fn from(door: UnixDoor) -> Self {
        Self::Unix(door)
    }
}

/// A connection as it came.
pub(super) struct Accepted {
    pub(super) raw: Raw,
    pub(super) peer: Peer,
}

/// The bytes of it.
pub(super) enum Raw {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    /// Where it is, to show.
    ///
    /// # Errors
    /// When the system does not tell.
    pub(super) fn place(&self) -> io::Result<String> {
        match self {
            Self::Tcp(listener) => Ok(listener.local_addr()?.to_string()),
            Self::Unix(door) => Ok(door.path().display().to_string()),
        }
    }

    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, from) = listener.accept().await?;
                Ok(Accepted {
                    raw: Raw::Tcp(stream),
                    peer: Peer::at(from.ip()),
                })
            }
            Self::Unix(door) => {
                let (stream, uid) = door.accept().await?;
                Ok(Accepted {
                    raw: Raw::Unix(stream),
                    peer: Peer::of_user(uid),
                })
            }
        }
    }

    /// Whether the connection's peer may come in at all; of an address that is asked later.
    pub(super) fn admits(&self, peer: &Peer) -> bool {
        match self {
            Self::Tcp(_) => true,
            Self::Unix(door) => peer.uid.is_some_and(|uid| door.admits(uid)),
        }
    }
}

impl Peer {
    fn at(address: IpAddr) -> Self {
        Self {
            address: Some(address.to_canonical()),
            certificate: None,
            uid: None,
        }
    }

    const fn of_user(uid: Option<u32>) -> Self {
        Self {
            address: None,
            certificate: None,
            uid,
        }
    }
}
