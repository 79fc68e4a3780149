//! Receives syslog over UDP.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use bytes::BytesMut;
use magistrate_event::{Identity, Origin, Source};
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Options;
use super::batch::{Batch, Submitter};
use super::frame::{cut, without_end};
use super::kernel_drops::KernelDrops;

/// Serves syslog over UDP until `shutdown`; then takes what the kernel still holds, and returns
/// when all of it is submitted or `drain_timeout` has passed.
///
/// Messages are dropped only when the intake refuses them, and by the kernel when its buffer is
/// full; both are counted.
///
/// # Errors
/// When the socket cannot be read any more.
pub async fn serve_udp(
    socket: UdpSocket,
    options: Options,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let address = socket.local_addr()?;
    grow_buffer(&socket, options.config.udp_buffer_bytes);
    tracing::debug!(%address, "listening for syslog over udp");
    let mut drops = KernelDrops::of(&socket);
    let mut look = tokio::time::interval(LOOK_EVERY);
    let config = options.config;
    let mut receiver = Receiver {
        socket,
        buffer: BytesMut::new(),
        batches: Vec::new(),
        submissions: TaskTracker::new(),
        options,
    };
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            _ = look.tick() => receiver.count_drops(&mut drops).await,
            ready = receiver.socket.readable() => {
                ready?;
                receiver.take_ready()?;
            }
        }
    }
    let ready = tokio::time::timeout(LAST_WAIT, receiver.socket.readable()).await;
    let rest = if ready.is_ok() {
        receiver.take_ready()
    } else {
        Ok(())
    };
    receiver.count_drops(&mut drops).await;
    receiver.submissions.close();
    let drained = tokio::time::timeout(config.drain_timeout, receiver.submissions.wait()).await;
    if drained.is_err() {
        tracing::warn!(
            batches = receiver.submissions.len(),
            "syslog drain deadline passed"
        );
    }
    rest
}

/// How often the kernel's count of dropped datagrams is read.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long is waited at shutdown for datagrams that the kernel may still hold.
const LAST_WAIT: Duration = Duration::from_millis(50);
/// The most bytes that a datagram can bring.
const MAX_DATAGRAM_BYTES: usize = 64 << 10;
/// How much room for datagrams is allocated at once.
const ROOM_BYTES: usize = 256 << 10;
/// How many datagrams are read before the batches go, however many more are there.
const MAX_DATAGRAMS: usize = 4_096;
/// How many senders have a batch of their own at a time.
const MAX_SENDERS: usize = 64;

struct Receiver {
    socket: UdpSocket,
    buffer: BytesMut,
    batches: Vec<(IpAddr, Batch)>,
    submissions: TaskTracker,
    options: Options,
}

impl Receiver {
    /// Reads the datagrams that are there, and sends them off in a batch for each sender.
    fn take_ready(&mut self) -> io::Result<()> {
        for _ in 0..MAX_DATAGRAMS {
            if self.buffer.capacity() - self.buffer.len() < MAX_DATAGRAM_BYTES {
                self.buffer.reserve(ROOM_BYTES);
            }
            match self.socket.try_recv_buf_from(&mut self.buffer) {
                Ok((_, from)) => self.take(from.ip().to_canonical()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // An answer to something that another program sent from this port.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) => {
                    self.submit_all();
                    return Err(error);
                }
            }
        }
        self.submit_all();
        Ok(())
    }

    /// Takes the datagram in the buffer.
    fn take(&mut self, from: IpAddr) {
        let bytes = without_end(self.buffer.split().freeze());
        if bytes.is_empty() {
            return;
        }
        let line = cut(bytes, self.options.config.max_message_bytes);
        let batch = match self.batches.iter_mut().find(|(peer, _)| *peer == from) {
            Some((_, batch)) => batch,
            None => {
                if self.batches.len() >= MAX_SENDERS {
                    self.submit_all();
                }
                let (_, batch) = self.batches.push_mut((from, Batch::default()));
                batch
            }
        };
        batch.push(line);
        if batch.is_full() {
            let batch = std::mem::take(batch);
            self.submit(from, batch);
        }
    }

    fn submit_all(&mut self) {
        for (from, batch) in std::mem::take(&mut self.batches) {
            self.submit(from, batch);
        }
    }

    fn submit(&self, from: IpAddr, batch: Batch) {
        if batch.is_empty() {
            return;
        }
        let submitter = Submitter {
            intake: self.options.intake.clone(),
            origin: Origin {
                source: Source::SyslogUdp,
                peer: Some(from),
                identity: Identity::Anonymous,
            },
            metrics: self.options.metrics.clone(),
        };
        // How many are under way at once is bounded by the intake, which refuses at once.
        self.submissions
            .spawn(async move { submitter.try_once(batch).await });
    }

    async fn count_drops(&self, drops: &mut KernelDrops) {
        let more = drops.since_last().await;
        if more > 0 {
            self.options.metrics.udp_kernel_dropped(more);
            tracing::warn!(datagrams = more, "the kernel dropped syslog datagrams");
        }
    }
}

/// Asks for more than the kernel grants by default, for a burst must wait there to be read.
fn grow_buffer(socket: &UdpSocket, bytes: usize) {
    let grown = rustix::net::sockopt::set_socket_recv_buffer_size_force(socket, bytes)
        .or_else(|_| rustix::net::sockopt::set_socket_recv_buffer_size(socket, bytes));
    if let Err(error) = grown {
        tracing::warn!(%error, bytes, "cannot enlarge the receive buffer of syslog over udp");
    }
}
