//! Where records go: the durable queue, the Parquet lake, and the forwarders to SIEMs.

mod dedup;
mod disk;
mod ocsf;
mod duration;
pub mod lake;
mod position;
pub mod queue;
mod elasticsearch;
pub mod forward;
mod ocsf;
mod position;
mod splunk_hec;
mod state;

pub use ocsf::project;
pub use duration::HumanDuration;
pub use position::Position;
pub use queue::{Batch, Queue, QueueError, Stored};
pub use state::{State, StateError};
