//! The seam between the forwarding loop and a peer's protocol.

use std::time::Duration;

use magistrate_event::Record;

use super::{Batch, ClientError};

/// One peer and its protocol.
pub trait Sink: Send {
    /// Appends `record` as the peer wants it.
    fn encode(&self, record: &Record, out: &mut String);

    /// Sends the batch once and says what became of each record.
    ///
    /// # Errors
    /// When the peer took none of it, or none is known to have been taken.
    fn send(&mut self, batch: &Batch) -> impl Future<Output = Result<Delivery, SendError>> + Send;

    /// Asks which of `receipts` have been confirmed by now. A peer that confirms at once, in its
    /// answer to `send`, gives out no receipts and is never asked.
    ///
    /// # Errors
    /// When the peer cannot be asked.
    fn confirm(
        &mut self,
        receipts: &[Receipt],
    ) -> impl Future<Output = Result<Vec<Receipt>, SendError>> + Send {
        let confirmed = receipts.to_vec();
        async move { Ok(confirmed) }
    }
}

/// A peer's number for a batch that it accepted and has yet to confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Receipt(pub u64);

/// What became of a batch. A record named in neither list was accepted.
#[derive(Debug, Default)]
pub struct Delivery {
    /// Records that the peer will never take.
    pub refused: Vec<Refused>,
    /// Records to send again, by their index in the batch.
    pub again: Vec<usize>,
    /// How long to wait before that.
    pub pause: Pause,
    /// Present when the accepted records are delivered only once this is confirmed.
    pub receipt: Option<Receipt>,
}

/// A record that the peer will never take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its index in the batch.
    pub index: usize,
    /// What the peer said, cut short.
    pub reason: String,
}

/// How long to wait before the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pause {
    /// Not at all: the peer is well, only the batch was not.
    #[default]
    None,
    /// As long as the growing pace of retries says.
    Paced,
    /// Long: a person must act first.
    Parked,
}

/// Why a batch was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The peer was not reached, or its answer was lost.
    #[error("cannot reach the peer")]
    Unreachable(#[source] ClientError),
    /// The peer cannot take anything now.
    #[error("peer is busy (status {status}): {reason}")]
    Busy {
        /// HTTP status.
        status: u16,
        /// In our words.
        reason: &'static str,
        /// The peer's wish.
        retry_after: Option<Duration>,
    },
    /// The peer will not take anything until a person changes its settings or ours.
    #[error("peer refuses every record (status {status}): {reason}")]
    Parked {
        /// HTTP status.
        status: u16,
        /// In our words.
        reason: &'static str,
    },
    /// The peer may take the batch in smaller parts.
    #[error("peer refuses the batch as a whole (status {status}): {reason}")]
    Indigestible {
        /// HTTP status.
        status: u16,
        /// In our words.
        reason: &'static str,
    },
}

impl SendError {
    /// A short word for metrics.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "transport",
            Self::Busy { status, .. }
            | Self::Parked { status, .. }
            | Self::Indigestible { status, .. } => status_class(*status),
        }
    }
}

const fn status_class(status: u16) -> &'static str {
    match status {
        429 => "429",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}
