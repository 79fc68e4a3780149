//! A stretch of bytes inside a text.

/// A half-open, never empty range of byte offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    start: usize,
    end: usize,
}

/// Returned when a span would hold no byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("span {start}..{end} is empty")]
pub struct EmptySpan {
    start: usize,
    end: usize,
}

impl Span {
    /// The span from `start` up to but without `end`.
    ///
    /// # Errors
    /// When `end` is not after `start`.
    pub const fn new(start: usize, end: usize) -> Result<Self, EmptySpan> {
        if start < end {
            Ok(Self { start, end })
        } else {
            Err(EmptySpan { start, end })
        }
    }

    /// The first byte's offset.
    pub const fn start(self) -> usize {
        self.start
    }

    /// The offset after the last byte.
    pub const fn end(self) -> usize {
        self.end
    }

    /// The length in bytes; at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a span is never empty")]
    pub const fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the two overlap or one begins where the other ends.
    pub const fn touches(self, other: Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }

    /// Whether `inner` lies inside this span, whole.
    pub const fn holds(self, inner: Self) -> bool {
        self.start <= inner.start && inner.end <= self.end
    }

    /// The smallest span that holds both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}
