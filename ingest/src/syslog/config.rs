//! What a user can set about syslog.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// `[syslog]`: limits of the syslog door, UDP and TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Largest message in bytes, 480 to 1 MiB. A larger one is cut to this size, kept, and marked
    /// as truncated. Default 64 KiB. A datagram holds at most 65,507 bytes in any case.
    pub max_message_bytes: usize,
    /// Open TCP connections; more are closed at once. Default 1024.
    pub max_connections: usize,
    /// Open TCP connections from one address (IPv6: one /64). Default 256.
    pub max_connections_per_peer: usize,
    /// How long a TCP connection may be silent. Senders do not notice that they were cut off, and
    /// lose their next message, so this is long; dead peers are found by keep-alive within
    /// minutes. Default `1day`.
    #[serde(deserialize_with = "duration")]
    pub idle_timeout: Duration,
    /// How long a TCP connection may take over its TLS handshake. Default `10s`.
    #[serde(deserialize_with = "duration")]
    pub handshake_timeout: Duration,
    /// How long messages that were read may wait for the intake at shutdown. Default `10s`.
    #[serde(deserialize_with = "duration")]
    pub drain_timeout: Duration,
    /// What the kernel is asked to hold of datagrams that were not read yet, in bytes. It grants
    /// no more than `net.core.rmem_max`, except to root. Default 8 MiB.
    pub udp_buffer_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_message_bytes: 64 << 10,
            max_connections: 1_024,
            max_connections_per_peer: 256,
            idle_timeout: Duration::from_secs(86_400),
            handshake_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(10),
            udp_buffer_bytes: 8 << 20,
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfigFault {
    /// The size of a message is outside its range.
    #[error("cannot use `max_message_bytes = {0}`: expected 480 to 1048576")]
    MaxMessageBytes(usize),
    /// A number or time must not be zero.
    #[error("cannot use `{0} = 0`: expected more")]
    Zero(&'static str),
}

impl ConfigFault {
    /// The key under `[syslog]`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::MaxMessageBytes(_) => "max_message_bytes",
            Self::Zero(key) => key,
        }
    }
}

/// What every receiver must take (RFC 5424 section 6.1).
const LEAST_MESSAGE_BYTES: usize = 480;
const MOST_MESSAGE_BYTES: usize = 1 << 20;

impl Config {
    /// Every fault of these settings.
    pub fn faults(&self) -> Vec<ConfigFault> {
        let mut faults = Vec::new();
        let size = self.max_message_bytes;
        if !(LEAST_MESSAGE_BYTES..=MOST_MESSAGE_BYTES).contains(&size) {
            faults.push(ConfigFault::MaxMessageBytes(size));
        }
        let zeros = [
            ("max_connections", self.max_connections == 0),
            (
                "max_connections_per_peer",
                self.max_connections_per_peer == 0,
            ),
            ("idle_timeout", self.idle_timeout.is_zero()),
            ("handshake_timeout", self.handshake_timeout.is_zero()),
        ];
        let zeros = zeros.into_iter().filter(|(_, is_zero)| *is_zero);
        faults.extend(zeros.map(|(name, _)| ConfigFault::Zero(name)));
        faults
    }
}

/// A time such as `"10s"` or `"1day"`.
fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
    humantime::parse_duration(&text)
        .map_err(|error| serde::de::Error::custom(format!("cannot read time `{text}`: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_can_be_set_and_others_are_refused() {
        let text = "max_message_bytes = 1000\nmax_connections = 2\nmax_connections_per_peer = 1\n\
            idle_timeout = \"5m\"\nhandshake_timeout = \"2s\"\ndrain_timeout = \"3s\"\n\
            udp_buffer_bytes = 4096\n";
        let config: Config = toml::from_str(text).unwrap();
        assert_eq!(
            (config.max_message_bytes, config.idle_timeout.as_secs()),
            (1000, 300)
        );
        assert!(config.faults().is_empty());
        assert!(Config::default().faults().is_empty());
        assert!(toml::from_str::<Config>("max_messages = 1").is_err());
        assert!(toml::from_str::<Config>("idle_timeout = \"soon\"").is_err());
    }

    #[test]
    fn values_that_cannot_be_used_are_told() {
        let config = Config {
            max_message_bytes: 100,
            max_connections: 0,
            idle_timeout: Duration::ZERO,
            ..Config::default()
        };
        let faults = [
            ConfigFault::MaxMessageBytes(100),
            ConfigFault::Zero("max_connections"),
            ConfigFault::Zero("idle_timeout"),
        ];
        assert_eq!(config.faults(), faults);
        assert_eq!(
            faults[0].to_string(),
            "cannot use `max_message_bytes = 100`: expected 480 to 1048576"
        );
    }
}
