//! Reads how many datagrams the kernel dropped because a socket's buffer was full.

use std::os::fd::AsFd;

/// The count of one socket.
#[derive(Debug)]
pub(super) struct KernelDrops {
    inode: Option<u64>,
    last: u64,
}

impl KernelDrops {
    /// The count of `socket`, from 0.
    pub(super) fn of(socket: &impl AsFd) -> Self {
        let inode = rustix::fs::fstat(socket).ok().map(|stat| stat.st_ino);
        Self { inode, last: 0 }
    }

    /// How many were dropped since the last call; 0 where the system does not tell.
    pub(super) async fn since_last(&mut self) -> u64 {
        let Some(inode) = self.inode else { return 0 };
        for table in ["/proc/net/udp", "/proc/net/udp6"] {
            let text = tokio::fs::read_to_string(table).await.unwrap_or_default();
            if let Some(drops) = drops_of(&text, inode) {
                let more = drops.saturating_sub(self.last);
                self.last = drops;
                return more;
            }
        }
        0
    }
}

/// The last column of the socket's row; its inode is the tenth.
fn drops_of(table: &str, inode: u64) -> Option<u64> {
    table.lines().skip(1).find_map(|row| {
        let mut columns = row.split_ascii_whitespace();
        let found: u64 = columns.nth(9)?.parse().ok()?;
        (found == inode).then(|| columns.last()?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when \
        retrnsmt   uid  timeout inode ref pointer drops\n\
        7: 0100007F:158A 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 4711 2 0 12\n\
        8: 0100007F:158B 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 4712 2 0 0\n";

    #[test]
    fn a_socket_is_found_by_its_inode() {
        assert_eq!(drops_of(TABLE, 4711), Some(12));
        assert_eq!(drops_of(TABLE, 4712), Some(0));
        assert_eq!(drops_of(TABLE, 1), None);
        assert_eq!(drops_of("", 1), None);
        assert_eq!(drops_of("head\nshort row\n", 1), None);
    }

    #[tokio::test]
    async fn a_new_socket_has_dropped_nothing() {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        assert_eq!(KernelDrops::of(&socket).since_last().await, 0);
    }
}
