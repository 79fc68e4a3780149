//! The syslog door: messages over UDP and TCP, taken out of their framing and submitted in batches.
//!
//! UDP has one message a datagram (RFC 5426). TCP has octet counting or one message a line, told
//! apart for each message (RFC 6587); over TLS it is RFC 5425. What a message says is not looked
//! at here. A message over the limit is cut, kept and counted, never dropped. TCP stops reading
//! while the intake is busy, so nothing that was read is lost; UDP cannot wait, and counts what it
//! had to drop.

mod batch;
mod config;
mod frame;
mod kernel_drops;
mod metrics;
mod tcp;
mod udp;

pub use config::{Config, ConfigFault};
pub use frame::{Frames, Nonsense};
pub use metrics::Metrics;
pub use tcp::serve_tcp;
pub use udp::serve_udp;

use std::sync::Arc;

use crate::Intake;

/// What both transports need.
#[derive(Clone)]
pub struct Options {
    /// Where batches go.
    pub intake: Intake,
    /// The limits.
    pub config: Config,
    /// Where messages are counted.
    pub metrics: Metrics,
    /// TLS for TCP, or none. A client certificate, where one is demanded, names the sender.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}
