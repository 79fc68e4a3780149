//! Why the queue could not do what it was asked.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use magistrate_event::Refusal;

use crate::StateError;

/// When a sender may come back after [`QueueError::Busy`].
const BUSY_RETRY: Duration = Duration::from_secs(1);
/// When a sender may come back while the disk refuses writes or the quota is used up.
const DISK_RETRY: Duration = Duration::from_secs(5);

/// Why the queue could not do what it was asked. Cheap to clone: one failed sync answers many.
#[derive(Debug, Clone, thiserror::Error)]
pub enum QueueError {
    /// More waits for the disk than memory allows; send it again.
    #[error("queue is busy: {waiting_bytes} bytes wait for the disk")]
    Busy {
        /// What waits already.
        waiting_bytes: u64,
    },
    /// The quota is used up until a consumer has moved on; send it again.
    #[error("queue is full: {used_bytes} bytes of at most {max_bytes} are in use")]
    Full {
        /// The size of all segments.
        used_bytes: u64,
        /// The configured quota.
        max_bytes: u64,
    },
    /// The disk refused; nothing of the batch counts as stored. Send it again.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// One record is larger than a frame may be.
    #[error("record of {record_bytes} bytes is over the limit of {limit_bytes} bytes")]
    RecordTooLarge {
        /// Its encoded size.
        record_bytes: u64,
        /// The largest size.
        limit_bytes: u64,
    },
    /// The queue has been closed, and for a reader: nothing is left to read.
    #[error("queue is closed")]
    Closed,
    /// No consumer of this name was given when the queue was opened.
    #[error("queue was opened without consumer `{0}`")]
    UnknownConsumer(String),
    /// The cursors cannot be read or written.
    #[error(transparent)]
    State(Arc<StateError>),
}

impl QueueError {
    pub(super) fn disk(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Disk {
            action,
            path: path.to_owned(),
            source: Arc::new(source),
        }
    }

    /// A short word for metrics and for the sender; names no path.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "busy",
            Self::Full { .. } => "queue_full",
            Self::Disk { source, .. } => disk_reason(source.kind()),
            Self::RecordTooLarge { .. } => "too_large",
            Self::Closed => "closed",
            Self::UnknownConsumer(_) => "unknown_consumer",
            Self::State(_) => "state",
        }
    }

    /// What a source tells its sender.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Busy { .. } => Refusal::Busy {
                retry_after: BUSY_RETRY,
            },
            Self::RecordTooLarge { .. } => Refusal::Malformed(self.to_string()),
            Self::Closed => Refusal::Closed,
            Self::Full { .. } | Self::Disk { .. } | Self::UnknownConsumer(_) | Self::State(_) => {
                Refusal::Unavailable {
                    reason: self.reason().to_owned(),
                    retry_after: DISK_RETRY,
                }
            }
        }
    }
}

fn disk_reason(kind: io::ErrorKind) -> &'static str {
    if kind == io::ErrorKind::StorageFull {
        "disk_full"
    } else if kind == io::ErrorKind::QuotaExceeded {
        "disk_quota"
    } else {
        "disk_error"
    }
}

impl From<StateError> for QueueError {
    fn from(error: StateError) -> Self {
        Self::State(Arc::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_learns_the_cause_and_no_path() {
        for (kind, reason) in [
            (io::ErrorKind::StorageFull, "disk_full"),
            (io::ErrorKind::QuotaExceeded, "disk_quota"),
            (io::ErrorKind::Other, "disk_error"),
        ] {
            let error = QueueError::disk("write", Path::new("/secret/place"), kind.into());
            assert_eq!(error.reason(), reason);
            assert!(error.to_string().contains("/secret/place"));
            let refusal = error.refusal();
            assert!(!refusal.to_string().contains("place"));
            assert_eq!(refusal.retry_after(), Some(DISK_RETRY));
        }
        assert_eq!(QueueError::Closed.refusal(), Refusal::Closed);
    }
}
