//! What the intake answers a source, which turns it into its protocol's words.

use std::time::Duration;

/// The batch is stored and synced, or was stored before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// Records stored by this call.
    pub accepted: u64,
    /// Records that an earlier call had stored.
    pub duplicate: u64,
    /// Of both, how many are kept raw or in part.
    pub kept_raw: u64,
    /// Records that could not be taken, each with its reason.
    pub rejected: Vec<Rejection>,
}

/// A record that could not be taken, or several in a row for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Its position among the batch's records, from 0.
    pub index: usize,
    /// How many: this one and those behind it. Mostly 1.
    pub records: u64,
    /// A short word for metrics, such as `depth`.
    pub reason: &'static str,
    /// What was wrong, for the sender; holds no payload text.
    pub message: String,
}

/// Why a batch was not taken at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The body cannot be read; sending it again will not help.
    #[error("{0}")]
    Malformed(String),
    /// More is in flight than memory allows; send it again.
    #[error("intake is busy, send again after {} s", retry_after.as_secs())]
    Busy {
        /// When to send again.
        retry_after: Duration,
    },
    /// The queue cannot be written (quota, full disk, disk error); send it again.
    #[error("queue cannot store the batch ({reason}), send again after {} s", retry_after.as_secs())]
    Unavailable {
        /// What the queue met with.
        reason: String,
        /// When to send again.
        retry_after: Duration,
    },
    /// The program is stopping.
    #[error("magistrate is shutting down")]
    Closed,
}

impl Refusal {
    /// When the sender may try again; `None` when trying again is of no use.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Malformed(_) => None,
            Self::Busy { retry_after } | Self::Unavailable { retry_after, .. } => {
                Some(*retry_after)
            }
            Self::Closed => Some(Duration::from_secs(1)),
        }
    }

    /// A short word for metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Busy { .. } => "busy",
            Self::Unavailable { .. } => "unavailable",
            Self::Closed => "closed",
        }
    }
}
