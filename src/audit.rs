//! Keeps the rows of verdicts in the queue, where every other row is.

use magistrate_event::Record;
use magistrate_judge::{Audit, AuditError, AuditLog, Kept};
use magistrate_sinks::queue::{Batch, Queue};

/// The queue as the judge sees it. Its answer follows the sync, so that what is written is synced.
pub(crate) struct QueueAudit {
    /// Where rows go.
    pub(crate) queue: Queue,
}

impl AuditLog for QueueAudit {
    fn keep(&self, rows: Vec<Record>, _: Audit) -> Kept {
        let mut batch = Batch::new();
        for row in &rows {
            if let Err(error) = batch.push(row) {
                return Box::pin(async move { Err(AuditError(error.to_string())) });
            }
        }
        let (sender, receiver) = tokio::sync::oneshot::channel();
        self.queue
            .append(batch, Box::new(move |stored| drop(sender.send(stored))));
        Box::pin(async move {
            match receiver.await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(AuditError(error.to_string())),
                Err(_) => Err(AuditError("the queue is closed".to_owned())),
            }
        })
    }
}
