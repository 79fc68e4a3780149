//! The sources: what listens, reads untrusted bytes under limits, and submits them whole.

mod intake;
mod otlp;

pub use intake::{Envelope, Hold, Intake, IntakeLimits, Reply};
