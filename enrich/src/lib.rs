//! The pure steps of the path: bytes become events, and events lose their secrets.

mod normalize;
mod uid;

pub use normalize::{Fault, Malformed, Normalized, normalize};
pub use uid::{UidKey, line_uid};
