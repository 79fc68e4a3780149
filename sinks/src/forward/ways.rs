//! What a forwarder asks of others about the records it carries.

use std::sync::Arc;

use magistrate_event::Record;

use super::DeadLetters;
use crate::Guard;

/// Knows what another record of the same call told: shown each record once or more, gives it back with
/// the names that the client masked, where they are known.
pub type Names = Arc<dyn Fn(&Record) -> Option<Record> + Send + Sync>;

/// Where what is not sent goes, and who looks at what is.
pub struct Ways {
    /// Where refused records are kept.
    pub dead: DeadLetters,
    /// The last look at each request.
    pub guard: Arc<dyn Guard>,
    /// Knows the names of masked tools.
    pub names: Names,
}
