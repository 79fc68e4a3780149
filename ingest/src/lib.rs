//! The sources: what listens, reads untrusted bytes under limits, and submits them whole.

mod auth;
mod config;
mod intake;
mod listen;
mod metrics;
mod otlp;
pub mod syslog;
mod tls;

pub use auth::{Denied, TokenFileError, Tokens, admit};
pub use config::{
    Address, AddressError, Auth, Config, ConfigFault, Limits, Listen, Listener, Network,
    NetworkError, SocketMode, Tls, TlsFiles, UnixSocket, check, warnings,
};
pub use intake::{Envelope, Hold, Intake, IntakeLimits, Reply};
pub use listen::{
    Answer, Connection, ListenOptions, Peer, Socket, Stream, UnixDoor, UnixError,
    serve as serve_http, serve_connections,
};
pub use metrics::{ConnectionCount, Metrics, Stage};
pub use otlp::{
    Coding, ConvertError, FromJson, InflateError, Options as OtlpOptions, Signal, from_json,
    inflate, serve as serve_otlp,
};
pub use tls::{Alpn, TlsError, certificate_name, server_config};
