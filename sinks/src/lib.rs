//! Where records go: the durable queue, the Parquet lake, and the forwarders to SIEMs.

mod position;
mod state;

pub use position::Position;
pub use state::{State, StateError};
