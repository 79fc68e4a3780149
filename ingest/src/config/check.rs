//! What is wrong, and what is risky, in a configuration; opens no port.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::{Address, Config, Limits, Listener, Tls, TlsFiles};
use crate::auth::Tokens;
use crate::tls::{self, TlsError};

/// A fault or a warning, with the key that it is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct ConfigFault {
    /// The dotted key, such as `tls.otlp_http.cert_file`.
    pub key: String,
    /// What is wrong, and what to do about it.
    pub message: String,
}

/// Every fault: files that cannot be read, keys that do not match, limits that exclude each other.
pub fn check(config: &Config) -> Vec<ConfigFault> {
    let mut faults = Vec::new();
    clashes(config, &mut faults);
    for listener in open(config) {
        if let Some(files) = config.tls.files(listener) {
            tls_files(listener, &config.tls, &files, &mut faults);
        }
    }
    let auth = &config.auth;
    for (name, path) in [
        ("intake_tokens", &auth.intake_tokens),
        ("judge_tokens", &auth.judge_tokens),
        ("approver_tokens", &auth.approver_tokens),
    ] {
        if let Some(path) = path {
            token_file(name, path, &mut faults);
        }
    }
    let socket = config.listen.judge_unix.iter();
    let socket = socket.flat_map(|socket| socket.faults());
    faults.extend(socket.map(|(key, message)| ConfigFault {
        key: format!("listen.judge_unix.{key}"),
        message,
    }));
    limits(&config.limits, &mut faults);
    faults
}

/// What works but is risky: doors that others can reach without proof of who they are, or whose
/// tokens travel in the clear.
pub fn warnings(config: &Config) -> Vec<ConfigFault> {
    let mut warnings = Vec::new();
    for listener in open(config) {
        let Address::Socket(socket) = config.listen.address(listener) else {
            continue;
        };
        if socket.ip().is_loopback() {
            continue;
        }
        let files = config.tls.files(listener);
        let mutual = files
            .as_ref()
            .is_some_and(|files| files.client_ca_file.is_some());
        let message = match (tokens_key(listener), has_tokens(config, listener)) {
            (Some(_), true) if files.is_none() => {
                "tokens travel in the clear: set `tls.cert_file`".to_owned()
            }
            (Some(key), false) if !mutual => format!(
                "anyone who reaches {socket} can send: set `auth.{key}` or `tls.client_ca_file`"
            ),
            (None, _) if !mutual => {
                format!("anyone who reaches {socket} can send: set `tls.client_ca_file`")
            }
            (Some(_) | None, _) => continue,
        };
        warnings.push(ConfigFault {
            key: format!("listen.{}", listener.name()),
            message,
        });
    }
    warnings
}

fn open(config: &Config) -> impl Iterator<Item = Listener> {
    Listener::ALL
        .into_iter()
        .filter(|listener| config.listen.address(*listener) != Address::Off)
}

const fn tokens_key(listener: Listener) -> Option<&'static str> {
    match listener {
        Listener::OtlpGrpc | Listener::OtlpHttp => Some("intake_tokens"),
        Listener::Judge | Listener::Icap => Some("judge_tokens"),
        Listener::Admin => Some("admin_token"),
        Listener::Syslog => None,
    }
}

const fn has_tokens(config: &Config, listener: Listener) -> bool {
    match listener {
        Listener::OtlpGrpc | Listener::OtlpHttp => config.auth.intake_tokens.is_some(),
        Listener::Judge => config.auth.judge_tokens.is_some(),
        Listener::Icap => config.auth.judge_tokens.is_some() || !config.auth.icap_peers.is_empty(),
        // The admin door always has a token: one is made at the first start.
        Listener::Admin => true,
        Listener::Syslog => false,
    }
}

fn clashes(config: &Config, faults: &mut Vec<ConfigFault>) {
    let mut seen: Vec<(SocketAddr, Listener)> = Vec::new();
    for listener in open(config) {
        let Some(socket) = config.listen.address(listener).socket() else {
            continue;
        };
        let taken = seen
            .iter()
            .find(|(other, _)| *other == socket && socket.port() != 0);
        if let Some((_, first)) = taken {
            faults.push(ConfigFault {
                key: format!("listen.{}", listener.name()),
                message: format!(
                    "`listen.{}` listens on {socket}, too; give one another port",
                    first.name()
                ),
            });
        }
        seen.push((socket, listener));
    }
}

fn tls_files(listener: Listener, tls: &Tls, files: &TlsFiles, faults: &mut Vec<ConfigFault>) {
    let table = if tls.own(listener).is_some() {
        format!("tls.{}", listener.name())
    } else {
        "tls".to_owned()
    };
    for (key, error) in tls::faults(files) {
        let message = match error {
            TlsError::Missing(_) => "is not set: name a file in PEM".to_owned(),
            TlsError::Pem { .. } | TlsError::Empty { .. } => {
                format!("{error}; name a file in PEM that magistrate can read")
            }
            TlsError::Pair { .. } => format!("{error}; name a certificate and its own key"),
            TlsError::Authorities { .. } => format!("{error}; name certificates in PEM"),
        };
        let fault = ConfigFault {
            key: format!("{table}.{key}"),
            message,
        };
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }
}

fn token_file(name: &str, path: &Path, faults: &mut Vec<ConfigFault>) {
    if let Err(error) = Tokens::open(path) {
        faults.push(ConfigFault {
            key: format!("auth.{name}"),
            message: format!("{error}; name a file with one `name token` a line"),
        });
    }
}

fn limits(limits: &Limits, faults: &mut Vec<ConfigFault>) {
    if limits.max_in_flight_bytes < limits.max_body_bytes {
        faults.push(ConfigFault {
            key: "limits.max_in_flight_bytes".to_owned(),
            message: "is below `limits.max_body_bytes`, so the largest body never fits; raise it"
                .to_owned(),
        });
    }
    let counts = [
        ("max_body_bytes", limits.max_body_bytes),
        ("max_in_flight_batches", limits.max_in_flight_batches),
        ("max_connections", limits.max_connections),
        ("max_connections_per_peer", limits.max_connections_per_peer),
        ("max_header_bytes", limits.max_header_bytes as usize),
        ("max_headers", limits.max_headers),
        (
            "min_body_bytes_per_second",
            limits.min_body_bytes_per_second,
        ),
        ("max_streams", limits.max_streams as usize),
    ];
    let times = [
        ("answer_timeout", limits.answer_timeout),
        ("handshake_timeout", limits.handshake_timeout),
        ("header_timeout", limits.header_timeout),
        ("body_timeout", limits.body_timeout),
        ("idle_timeout", limits.idle_timeout),
    ];
    let zero_counts = counts.iter().filter(|(_, count)| *count == 0);
    let zero_times = times.iter().filter(|(_, time)| *time == Duration::ZERO);
    let names = zero_counts
        .map(|(name, _)| name)
        .chain(zero_times.map(|(name, _)| name));
    faults.extend(names.map(|name| ConfigFault {
        key: format!("limits.{name}"),
        message: "must be above zero".to_owned(),
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        toml::from_str(text).unwrap()
    }

    fn keys(faults: &[ConfigFault]) -> Vec<&str> {
        faults.iter().map(|fault| fault.key.as_str()).collect()
    }

    #[test]
    fn the_defaults_are_without_fault_and_without_risk() {
        assert_eq!(check(&Config::default()), []);
        assert_eq!(warnings(&Config::default()), []);
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let faults = check(&config(
            r#"
            [listen]
            judge = "127.0.0.1:4317"
            [tls.otlp_http]
            cert_file = "/nowhere/cert.pem"
            key_file = "/nowhere/key.pem"
            [auth]
            intake_tokens = "/nowhere/tokens"
            [limits]
            max_in_flight_bytes = 5
            max_connections = 0
            idle_timeout = "0s"
            "#,
        ));
        assert_eq!(
            keys(&faults),
            [
                "listen.judge",
                "tls.otlp_http.cert_file",
                "tls.otlp_http.key_file",
                "auth.intake_tokens",
                "limits.max_in_flight_bytes",
                "limits.max_connections",
                "limits.idle_timeout",
            ]
        );
        assert!(faults[1].message.contains("/nowhere/cert.pem"));
    }

    #[test]
    fn an_open_door_without_proof_is_a_warning() {
        let open = "[listen]\notlp_http = \"0.0.0.0:4318\"\nsyslog = \"0.0.0.0:5514\"\n";
        assert_eq!(
            keys(&warnings(&config(open))),
            ["listen.otlp_http", "listen.syslog"]
        );
        let tokens = format!("{open}[auth]\nintake_tokens = \"t\"\n");
        let in_the_clear = warnings(&config(&tokens));
        assert!(in_the_clear[0].message.contains("in the clear"));
        let mutual = format!("{open}[tls]\ncert_file=\"c\"\nkey_file=\"k\"\nclient_ca_file=\"a\"");
        assert_eq!(warnings(&config(&mutual)), []);
    }
}
