//! What a call holds while it is read and judged.

use tokio::sync::OwnedSemaphorePermit;

use super::PIECE_BYTES;

/// What a call holds while it is read and judged.
#[derive(Debug)]
pub struct Seat {
    call: Option<OwnedSemaphorePermit>,
    bytes: Option<OwnedSemaphorePermit>,
}

impl Seat {
    /// The seat of a call that has no bytes yet.
    pub(super) const fn new(call: OwnedSemaphorePermit) -> Self {
        Self {
            call: Some(call),
            bytes: None,
        }
    }

    /// Holds on to more bytes.
    pub(super) fn add(&mut self, permit: OwnedSemaphorePermit) {
        match &mut self.bytes {
            Some(held) => held.merge(permit),
            None => self.bytes = Some(permit),
        }
    }

    /// Gives back what was charged beyond `bytes`, which are all that is still held.
    pub fn keep(&mut self, bytes: usize) {
        if let Some(held) = &mut self.bytes {
            let surplus = held
                .num_permits()
                .saturating_sub(bytes.div_ceil(PIECE_BYTES));
            drop(held.split(surplus));
        }
    }

    /// Makes room for another call, and holds on to what its bytes are charged to.
    pub fn rise(&mut self) {
        self.call = None;
    }
}
