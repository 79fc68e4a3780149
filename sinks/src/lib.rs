//! Where records go: the durable queue, the Parquet lake, and the forwarders to SIEMs.

pub mod audit;
mod dedup;
mod disk;
mod duration;
mod elasticsearch;
pub mod forward;
mod guard;
pub mod lake;
mod ocsf;
mod position;
pub mod queue;
mod splunk_hec;
mod state;

pub use duration::HumanDuration;
pub use guard::{Guard, Permissive};
pub use ocsf::project;
pub use position::Position;
pub use queue::{Batch, Queue, QueueError, Stored};
pub use state::{Checkpoint, Rows, State, StateError};
