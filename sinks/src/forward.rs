//! Carries records from the queue to SIEMs: at least once, each peer on its own, in order but for rows
//! of masked tools, which wait for their names.
//!
//! Every sink has a thread, a cursor in the queue and a pace of its own, and shares nothing with
//! the others: a dead peer holds up nobody. A record counts as delivered when the peer has said
//! so; the cursor follows. What a peer refuses for good goes to the dead letters.

mod batch;
mod client;
mod config;
mod credentials;
mod feed;
mod hold;
mod lag;
mod letter;
mod metrics;
mod pace;
mod run;
mod secret;
mod select;
mod sink;
mod start;
#[cfg(test)]
pub(crate) mod testing;
mod ways;
mod window;

pub use batch::Batch;
pub use client::ClientError;
pub use config::{Fault, Kind, SinkConfig, check};
pub use credentials::CredentialsError;
pub use feed::Feed;
pub use letter::{DeadLetters, Letter};
pub use metrics::Metrics;
pub use pace::Pace;
pub use run::{Forwarder, Options};
pub use secret::Secret;
pub use select::Wanted;
pub use sink::{Delivery, Pause, Receipt, Refused, SendError, Sink};
pub use start::{Setup, StartError, start};
pub use ways::{Names, Ways};

pub(crate) use client::{Answer, Client};
pub(crate) use credentials::{Credentials, Renewal};
