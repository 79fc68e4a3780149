//! Why a language model gave no opinion.

use magistrate_enrich::Unjudged;

/// Why there is no opinion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The calls of this minute or day are spent.
    Budget,
    /// As many calls as may be are being made.
    Busy,
    /// It failed again and again, and is not asked for a while.
    Open,
    /// It took too long.
    Slow,
    /// It cannot be reached, or the connection broke.
    Unreachable,
    /// It answered with another status than 200.
    Status(u16),
    /// What it answered is too long, or no answer of its kind.
    Garbled,
    /// Its model said something else than was asked for.
    Answer,
    /// A fault of ours.
    Internal,
}

impl Trouble {
    /// Its name in metrics and traces.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Busy => "busy",
            Self::Open => "breaker",
            Self::Slow => "timeout",
            Self::Unreachable => "unreachable",
            Self::Status(_) => "status",
            Self::Garbled => "garbled",
            Self::Answer => "answer",
            Self::Internal => "internal",
        }
    }

    /// The status that it answered, where that was the trouble.
    pub(super) const fn status(self) -> Option<u16> {
        if let Self::Status(status) = self {
            Some(status)
        } else {
            None
        }
    }

    /// What rows say of it.
    pub(crate) const fn unjudged(self) -> Unjudged {
        match self {
            Self::Budget | Self::Busy | Self::Open => Unjudged::Missing,
            Self::Slow => Unjudged::Slow,
            Self::Unreachable | Self::Status(_) | Self::Garbled | Self::Answer | Self::Internal => {
                Unjudged::Failed
            }
        }
    }

    /// Whether the peer is to blame. What its model says of one content tells nothing of the next:
    /// else whoever writes contents could keep it from being asked.
    pub(super) const fn is_of_peer(self) -> bool {
        match self {
            Self::Slow | Self::Unreachable | Self::Status(_) | Self::Garbled => true,
            Self::Budget | Self::Busy | Self::Open | Self::Answer | Self::Internal => false,
        }
    }
}
