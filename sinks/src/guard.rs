//! The last look at what an output is about to let out.

/// Says whether bytes may leave. An output that may not let something out must stop: what it was
/// about to send should never have come so far.
pub trait Guard: Send + Sync {
    /// Whether the output of this name (a sink's, or `lake`) may let `bytes`, one sender's, out.
    fn permits(&self, output: &str, bytes: &[u8]) -> bool;
}

/// Permits everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Permissive;

impl Guard for Permissive {
    fn permits(&self, _: &str, _: &[u8]) -> bool {
        true
    }
}
