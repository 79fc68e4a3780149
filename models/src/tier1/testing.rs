//! Tier 1 with made-up weights, for tests.

use super::features::SLOTS;
use super::*;

/// With `weight` for each slot, as it is.
pub(crate) fn made_up(weight: impl Fn(usize) -> i8) -> Tier1 {
    let weights: Box<[i8]> = (0..SLOTS).map(weight).collect();
    Tier1 {
        weights: weights.try_into().unwrap(),
        scale: 1.0,
        bias: 0.0,
    }
}
