//! Rows that the lake's cursor has passed and that are in no file yet, since they wait for something.
//!
//! They are kept in the state: put there and taken out by the transaction that moves the cursor and
//! makes files count. So each row is either after the cursor, or here, or in a file.

use magistrate_event::Record;

use super::LakeError;
use super::store::CONSUMER;
use crate::{Position, Rows, State, queue};

/// What a checkpoint changes in the rows that are held.
#[derive(Debug, Default)]
pub struct HeldChanges {
    rows: Rows,
    bytes: Vec<u8>,
}

impl HeldChanges {
    /// `record`, which ends at `place` of the queue, is held from here on.
    pub fn hold(&mut self, place: Position, record: &Record) {
        self.bytes.clear();
        record.encode(&mut self.bytes);
        self.rows.set(&key(place), Some(&self.bytes));
    }

    /// The record that ends at `place` is not held any more.
    pub fn release(&mut self, place: Position) {
        self.rows.set(&key(place), None);
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.rows.iter().next().is_none()
    }

    pub(super) const fn rows(&self) -> &Rows {
        &self.rows
    }
}

/// The rows that the last checkpoint held back, each with its place, in the order of the queue.
///
/// # Errors
/// When the state cannot be read.
pub fn held(state: &State) -> Result<Vec<(Position, Record)>, LakeError> {
    let (mut held, mut unreadable) = (Vec::new(), 0_u64);
    state.rows(CONSUMER, |key, bytes| {
        match place(key).zip(queue::decode(bytes)) {
            Some(row) => held.push(row),
            None => unreadable += 1,
        }
    })?;
    if unreadable > 0 {
        tracing::error!(unreadable, "rows that wait for the lake cannot be read");
    }
    Ok(held)
}

/// Keys sort like places.
fn key(place: Position) -> [u8; 16] {
    (u128::from(place.segment) << 64 | u128::from(place.offset)).to_be_bytes()
}

fn place(key: &[u8]) -> Option<Position> {
    let (segment, rest) = key.split_first_chunk()?;
    let (offset, _) = rest.split_first_chunk()?;
    Some(Position {
        segment: u64::from_be_bytes(*segment),
        offset: u64::from_be_bytes(*offset),
    })
}
