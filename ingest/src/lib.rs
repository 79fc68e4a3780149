//! The sources: what listens, reads untrusted bytes under limits, and submits them whole.

mod intake;

pub use intake::{Envelope, Hold, Intake, IntakeLimits, Reply};
