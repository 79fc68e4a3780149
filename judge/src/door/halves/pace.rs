//! When events that are held back are looked at again.

use super::events::{STEP_BYTES, TAIL_BYTES};

/// When what is held back is looked at again: each time so much has come that all looks together cost
/// no more than a few.
#[derive(Debug)]
pub(in crate::door) struct Pace {
    due_bytes: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            due_bytes: TAIL_BYTES + STEP_BYTES,
        }
    }
}

impl Pace {
    /// Whether it is time, with so much held back.
    pub(in crate::door) const fn is_due(&self, held_bytes: usize) -> bool {
        held_bytes >= self.due_bytes
    }

    /// It was looked at, and so much is still held back.
    pub(in crate::door) fn looked(&mut self, held_bytes: usize) {
        self.due_bytes = held_bytes.max(TAIL_BYTES) + STEP_BYTES.max(held_bytes / 4);
    }
}
