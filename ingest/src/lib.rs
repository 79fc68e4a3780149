//! The sources: what listens, reads untrusted bytes under limits, and submits them whole.

mod auth;
mod config;
mod intake;
pub mod listen;
mod metrics;
pub mod otlp;
mod tls;

pub use auth::{Denied, TokenFileError, Tokens, admit};
pub use config::{
    Address, AddressError, Auth, Config, ConfigFault, Limits, Listen, Listener, Tls, TlsFiles,
    check, warnings,
};
pub use intake::{Envelope, Hold, Intake, IntakeLimits, Reply};
pub use metrics::{ConnectionCount, Metrics, Stage};
pub use tls::{Alpn, TlsError, certificate_name, server_config};
