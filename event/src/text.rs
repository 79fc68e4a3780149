//! Text inside an event, as a place in the event's one text buffer.

/// Follows a key in the buffer, so that a scanner sees `key␟value␞`.
pub const KEY_END: char = '\u{1f}';
/// Follows a value in the buffer, so that no pattern runs on into the next text.
pub const VALUE_END: char = '\u{1e}';

/// A text's place in its event's buffer; may be empty. Only its own event can resolve it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    start: u32,
    len: u32,
}

impl Text {
    pub(crate) const fn new(start: u32, len: u32) -> Self {
        Self { start, len }
    }

    /// Offset of the first byte.
    pub const fn start(self) -> usize {
        self.start as usize
    }

    /// Offset after the last byte.
    pub const fn end(self) -> usize {
        self.start as usize + self.len as usize
    }
}
