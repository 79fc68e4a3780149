//! The seam to what keeps approvals over a restart.

use magistrate_event::EventUid;

use super::approval::Approval;
use crate::audit::Kept;

/// An approval as it now is, or that it is to be forgotten.
#[derive(Debug, Clone, PartialEq)]
pub enum StoreChange {
    /// As it is.
    Put(Box<Approval>),
    /// It is gone.
    Forget(EventUid),
}

/// Keeps approvals.
pub trait ApprovalStore: Send + Sync {
    /// Keeps `changes`, all or none, after those of earlier calls; never blocks. The future ends when
    /// the disk has them. Keeping goes on where the future is dropped.
    fn keep(&self, changes: Vec<StoreChange>) -> Kept;
}
