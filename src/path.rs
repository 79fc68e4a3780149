//! The path of the log door, whole: what was received becomes redacted records.

use std::sync::Arc;

use crate::canary::Canary;
use magistrate_enrich::{Malformed, Redactor, ToolNames, UidKey, normalize};
use magistrate_event::{Field, Finding, Raw, Record, Rejection};
use magistrate_sinks::Guard;
use magistrate_sinks::queue::{Batch, QueueError};

/// Why a batch cannot be walked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WalkError {
    /// Its framing is broken.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// One of its records is larger than the queue takes.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// The path's fixed parts, shared by every worker.
#[derive(Debug)]
pub(crate) struct Path {
    /// Masks secrets.
    pub(crate) redactor: Arc<Redactor>,
    /// Makes the ids of events.
    pub(crate) uid_key: UidKey,
    /// Knows the real names of masked tools.
    pub(crate) tool_names: ToolNames,
    /// Proves the redactor.
    pub(crate) canary: Canary,
}

/// What one `Raw` became.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// The records, ready for the queue.
    pub(crate) batch: Batch,
    /// Records that could not be taken.
    pub(crate) rejected: Vec<Rejection>,
    /// What is counted of it.
    pub(crate) counts: Counts,
}

/// What one `Raw` adds to the metrics.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    /// How many stretches of text were masked.
    pub(crate) masked: u64,
    /// Records whose event name is not known to this version.
    pub(crate) unknown_events: u64,
    /// Records of a product that is not known to this version.
    pub(crate) unknown_products: u64,
    /// Attributes whose name is not known to this version.
    pub(crate) unknown_attributes: u64,
    /// Records kept raw or in part.
    pub(crate) kept_raw: u64,
}

/// What the records of `raw` take in the queue, about: their bytes, and what normalizing adds.
fn encoded_bytes(raw: &Raw) -> usize {
    let bytes = raw.payload.len_bytes();
    bytes + bytes / 2
}

impl Path {
    /// Walks `raw` from bytes to redacted records.
    ///
    /// # Errors
    /// When the payload's framing is broken, so that no record of it can be told from another.
    pub(crate) fn walk(&self, raw: &Raw) -> Result<Walked, WalkError> {
        let mut walked = Walked {
            batch: Batch::with_capacity(0, encoded_bytes(raw)),
            ..Walked::default()
        };
        let (mut rows, mut stored) = (self.redactor.rows(), Ok(()));
        let normalized = normalize(raw, &self.uid_key, |uid, event| {
            if stored.is_ok() {
                let (redacted, findings) = rows.redact(uid, event);
                let record = Record::new(uid, raw.received, redacted);
                stored = self.take(&record, &findings, &mut walked);
            }
        })?;
        stored?;
        walked.rejected = normalized.rejected;
        walked.counts.unknown_events = normalized.unknown_events;
        walked.counts.unknown_products = normalized.unknown_products;
        walked.counts.unknown_attributes = normalized.unknown_attributes;
        Ok(walked)
    }

    fn take(
        &self,
        record: &Record,
        findings: &[Finding],
        walked: &mut Walked,
    ) -> Result<(), QueueError> {
        walked.counts.masked += findings.iter().filter(|one| one.is_masked()).count() as u64;
        walked.counts.kept_raw += u64::from(record.event().text(Field::ParseStatus).is_some());
        self.tool_names.learn(record);
        walked.batch.push(record)
    }
}

impl Guard for Path {
    fn permits(&self, output: &str, bytes: &[u8]) -> bool {
        self.canary.permits(output, bytes)
    }
}
