//! The seam to what keeps verdicts: an answer follows its record.

use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use magistrate_event::Record;

use crate::category::Audit;

/// A record could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep a verdict: {0}")]
pub struct AuditError(pub String);

/// Told once records are kept, and since when they are.
pub type Kept = Pin<Box<dyn Future<Output = Result<Instant, AuditError>> + Send>>;

/// Keeps the rows of verdicts.
pub trait AuditLog: Send + Sync {
    /// Keeps `rows`; the future ends when they are as safe as `audit` asks. Keeping goes on where
    /// the future is dropped.
    fn keep(&self, rows: Vec<Record>, audit: Audit) -> Kept;
}
