//! What a user can set about listening: addresses, TLS, tokens, limits.

mod check;
mod network;
mod unix;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

pub use self::check::{ConfigFault, check, warnings};
pub use self::network::{Network, NetworkError};
pub use self::unix::{SocketMode, UnixSocket};

/// The sections of the configuration that this crate owns.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `[listen]`.
    pub listen: Listen,
    /// `[tls]`.
    pub tls: Tls,
    /// `[auth]`.
    pub auth: Auth,
    /// `[limits]`.
    pub limits: Limits,
}

/// `[listen]`: where each door listens; `"off"` closes one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// OTLP, the port that senders expect gRPC on; OTLP/HTTP is served there, too.
    /// Default `127.0.0.1:4317`.
    pub otlp_grpc: Address,
    /// OTLP, the port that senders expect HTTP on; OTLP/gRPC is served there, too.
    /// Default `127.0.0.1:4318`.
    pub otlp_http: Address,
    /// Syslog over UDP and TCP. Default `127.0.0.1:5514`.
    pub syslog: Address,
    /// The judge. Default `127.0.0.1:8787`.
    pub judge: Address,
    /// ICAP. Default `127.0.0.1:1344`.
    pub icap: Address,
    /// Console, metrics, health. Default `127.0.0.1:8780`.
    pub admin: Address,
    /// `[listen.judge_unix]`: the judge on a unix socket, too. Default: none.
    pub judge_unix: Option<UnixSocket>,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            otlp_grpc: Address::loopback(4317),
            otlp_http: Address::loopback(4318),
            syslog: Address::loopback(5514),
            judge: Address::loopback(8787),
            icap: Address::loopback(1344),
            admin: Address::loopback(8780),
            judge_unix: None,
        }
    }
}

impl Listen {
    /// The address of one door.
    pub const fn address(&self, listener: Listener) -> Address {
        match listener {
            Listener::OtlpGrpc => self.otlp_grpc,
            Listener::OtlpHttp => self.otlp_http,
            Listener::Syslog => self.syslog,
            Listener::Judge => self.judge,
            Listener::Icap => self.icap,
            Listener::Admin => self.admin,
        }
    }
}

/// The doors, by their names in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Listener {
    /// `otlp_grpc`.
    OtlpGrpc,
    /// `otlp_http`.
    OtlpHttp,
    /// `syslog`.
    Syslog,
    /// `judge`.
    Judge,
    /// `icap`.
    Icap,
    /// `admin`.
    Admin,
}

impl Listener {
    /// Every door.
    pub const ALL: [Self; 6] = [
        Self::OtlpGrpc,
        Self::OtlpHttp,
        Self::Syslog,
        Self::Judge,
        Self::Icap,
        Self::Admin,
    ];

    /// The name in the configuration and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OtlpGrpc => "otlp_grpc",
            Self::OtlpHttp => "otlp_http",
            Self::Syslog => "syslog",
            Self::Judge => "judge",
            Self::Icap => "icap",
            Self::Admin => "admin",
        }
    }
}

/// Where a door listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// `"off"`: nowhere.
    Off,
    /// An address and a port.
    Socket(SocketAddr),
}

impl Address {
    /// A port on 127.0.0.1.
    pub const fn loopback(port: u16) -> Self {
        Self::Socket(SocketAddr::new(
            std::net::IpAddr::V4(Ipv4Addr::LOCALHOST),
            port,
        ))
    }

    /// The socket address, unless the door is off.
    pub const fn socket(self) -> Option<SocketAddr> {
        match self {
            Self::Off => None,
            Self::Socket(address) => Some(address),
        }
    }
}

/// An address that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read listen address `{0}`: expected an IP address with a port, or `off`")]
pub struct AddressError(String);

impl std::str::FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text == "off" {
            return Ok(Self::Off);
        }
        text.parse()
            .map(Self::Socket)
            .map_err(|_| AddressError(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// `[tls]`: files for all doors, and tables such as `[tls.otlp_http]` for one.
///
/// A door speaks TLS when its table or this one names a certificate; a key that its table leaves
/// out comes from this one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// PEM file of the certificate chain, the server's own first.
    pub cert_file: Option<PathBuf>,
    /// PEM file of the private key (PKCS #8, PKCS #1 or SEC 1).
    pub key_file: Option<PathBuf>,
    /// PEM file of the authorities whose client certificates are demanded. Unset: none is asked.
    pub client_ca_file: Option<PathBuf>,
    /// For the `otlp_grpc` door alone.
    pub otlp_grpc: Option<TlsFiles>,
    /// For the `otlp_http` door alone.
    pub otlp_http: Option<TlsFiles>,
    /// For syslog over TCP alone.
    pub syslog: Option<TlsFiles>,
    /// For the judge alone.
    pub judge: Option<TlsFiles>,
    /// For ICAP alone.
    pub icap: Option<TlsFiles>,
    /// For the admin door alone. On loopback it speaks TLS only with this table: commands and scrapers of
    /// the machine ask there.
    pub admin: Option<TlsFiles>,
}

/// The TLS files of one door.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsFiles {
    /// PEM file of the certificate chain, the server's own first.
    pub cert_file: Option<PathBuf>,
    /// PEM file of the private key (PKCS #8, PKCS #1 or SEC 1).
    pub key_file: Option<PathBuf>,
    /// PEM file of the authorities whose client certificates are demanded. Unset: none is asked.
    pub client_ca_file: Option<PathBuf>,
}

impl Tls {
    /// The files that hold for one door; `None` when it speaks plain.
    pub fn files(&self, listener: Listener) -> Option<TlsFiles> {
        let own = self.own(listener).cloned().unwrap_or_default();
        let files = TlsFiles {
            cert_file: own.cert_file.or_else(|| self.cert_file.clone()),
            key_file: own.key_file.or_else(|| self.key_file.clone()),
            client_ca_file: own.client_ca_file.or_else(|| self.client_ca_file.clone()),
        };
        (files != TlsFiles::default()).then_some(files)
    }

    /// The table of one door, if it has one.
    pub const fn own(&self, listener: Listener) -> Option<&TlsFiles> {
        match listener {
            Listener::OtlpGrpc => self.otlp_grpc.as_ref(),
            Listener::OtlpHttp => self.otlp_http.as_ref(),
            Listener::Syslog => self.syslog.as_ref(),
            Listener::Judge => self.judge.as_ref(),
            Listener::Icap => self.icap.as_ref(),
            Listener::Admin => self.admin.as_ref(),
        }
    }
}

/// `[auth]`: files with bearer tokens, one `name token` or `token` a line, `#` for comments.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// Who may send records. Unset: anyone who reaches the port.
    pub intake_tokens: Option<PathBuf>,
    /// Who may ask the judge. Unset: anyone who reaches the port.
    pub judge_tokens: Option<PathBuf>,
    /// The one token of the admin door.
    pub admin_token: Option<PathBuf>,
    /// Networks from which ICAP may be asked without a token, such as `10.1.2.0/24`: many proxies can
    /// show none. Unset: whoever shows a token of `judge_tokens`, or anyone where that is unset, too.
    pub icap_peers: Vec<Network>,
    /// Who may decide approvals on the admin door, beside the administrator. Unset: nobody else.
    pub approver_tokens: Option<PathBuf>,
}

/// `[limits]`: what one sender, and all of them together, may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest request body in bytes, as sent and again when decompressed. Default 64 MiB, as
    /// the OTLP specification recommends.
    pub max_body_bytes: usize,
    /// Bytes of all bodies that are being received or wait for the queue. Over it, senders hear
    /// 503 or UNAVAILABLE. Default 128 MiB.
    pub max_in_flight_bytes: usize,
    /// Batches that wait for the queue. Default 4096.
    pub max_in_flight_batches: usize,
    /// What a refused sender is told to wait. Default `1s`.
    #[serde(deserialize_with = "duration")]
    pub retry_after: Duration,
    /// Longest wait for the queue to answer; then 503. Default `10s`.
    #[serde(deserialize_with = "duration")]
    pub answer_timeout: Duration,
    /// Open connections of one door; more are closed at once. Default 10,000.
    pub max_connections: usize,
    /// Open connections of one door from one address (IPv6: one /64). Default 2,000.
    pub max_connections_per_peer: usize,
    /// Longest TLS handshake. Default `10s`.
    #[serde(deserialize_with = "duration")]
    pub handshake_timeout: Duration,
    /// Longest time from a request's first byte (or the connection's beginning) to the end of its
    /// headers; noticed within twice this time. Default `10s`.
    #[serde(deserialize_with = "duration")]
    pub header_timeout: Duration,
    /// Most bytes of one request's headers. Default 32 KiB.
    pub max_header_bytes: u32,
    /// Most header lines of one HTTP/1 request. Default 100.
    pub max_headers: usize,
    /// How long a body may take beside the time that `min_body_bytes_per_second` gives it.
    /// Default `10s`.
    #[serde(deserialize_with = "duration")]
    pub body_timeout: Duration,
    /// Slowest body. Default 4096.
    pub min_body_bytes_per_second: usize,
    /// How long a connection may wait between two requests. Default `2m`: above the 60 s at which
    /// clients send metrics.
    #[serde(deserialize_with = "duration")]
    pub idle_timeout: Duration,
    /// Requests that one HTTP/2 connection may have open. Default 100.
    pub max_streams: u32,
    /// How long open requests may take to finish at shutdown. Default `10s`.
    #[serde(deserialize_with = "duration")]
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: 64 << 20,
            max_in_flight_bytes: 128 << 20,
            max_in_flight_batches: 4_096,
            retry_after: Duration::from_secs(1),
            answer_timeout: Duration::from_secs(10),
            max_connections: 10_000,
            max_connections_per_peer: 2_000,
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(10),
            max_header_bytes: 32 << 10,
            max_headers: 100,
            body_timeout: Duration::from_secs(10),
            min_body_bytes_per_second: 4_096,
            idle_timeout: Duration::from_secs(120),
            max_streams: 100,
            drain_timeout: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// The part that the intake keeps.
    pub const fn intake(&self) -> crate::IntakeLimits {
        crate::IntakeLimits {
            max_batches: self.max_in_flight_batches,
            max_bytes: self.max_in_flight_bytes,
            retry_after: self.retry_after,
        }
    }
}

/// A time such as `"10s"` or `"2m"`.
fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
    humantime::parse_duration(&text)
        .map_err(|error| serde::de::Error::custom(format!("cannot read time `{text}`: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_file_means_loopback_and_no_tls() {
        let config = parse("").unwrap();
        assert_eq!(config, Config::default());
        for listener in Listener::ALL {
            let socket = config.listen.address(listener).socket().unwrap();
            assert!(socket.ip().is_loopback());
            assert_eq!(config.tls.files(listener), None);
        }
    }

    #[test]
    fn every_section_is_read() {
        let config = parse(
            r#"
            [listen]
            otlp_grpc = "[::]:4317"
            icap = "off"
            [tls]
            cert_file = "cert.pem"
            key_file = "key.pem"
            [tls.otlp_http]
            client_ca_file = "ca.pem"
            [auth]
            intake_tokens = "tokens"
            [limits]
            max_body_bytes = 1000
            idle_timeout = "75s"
            "#,
        )
        .unwrap();
        assert_eq!(config.listen.icap, Address::Off);
        assert_eq!(config.limits.idle_timeout, Duration::from_secs(75));
        let files = config.tls.files(Listener::OtlpHttp).unwrap();
        assert_eq!(files.cert_file.unwrap().to_str(), Some("cert.pem"));
        assert_eq!(files.client_ca_file.unwrap().to_str(), Some("ca.pem"));
        let files = config.tls.files(Listener::OtlpGrpc).unwrap();
        assert_eq!(files.client_ca_file, None);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (text, expected) in [
            ("[listen]\nhttp = \"127.0.0.1:1\"", "unknown field `http`"),
            ("[tls.otlp]\n", "unknown field `otlp`"),
            (
                "[listen]\nadmin = \"localhost:1\"",
                "cannot read listen address `localhost:1`",
            ),
            (
                "[limits]\nidle_timeout = \"soon\"",
                "cannot read time `soon`",
            ),
        ] {
            let message = parse(text).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }
}
