//! Tells which of 64 bytes are of some kind: a bit for each, the first byte's lowest.

use wide::u8x16;

/// So many bytes are looked at together.
pub(crate) const BLOCK: usize = 64;

/// A kind of bytes: it marks those of 16 that belong to it.
pub(crate) trait Kind: Fn(u8x16) -> u8x16 {}

impl<T: Fn(u8x16) -> u8x16> Kind for T {}

/// The bytes from `first` to `last`.
#[inline]
pub(crate) fn between(first: u8, last: u8) -> impl Kind {
    let (first, most) = (u8x16::splat(first), u8x16::splat(last - first));
    move |bytes: u8x16| {
        let above = bytes - first;
        above.min(most).simd_eq(above)
    }
}

/// The bytes of either kind.
#[inline]
pub(crate) fn either(one: impl Kind, other: impl Kind) -> impl Kind {
    move |bytes: u8x16| one(bytes) | other(bytes)
}

/// The bits of `block` whose bytes are of `kind`.
#[inline]
pub(crate) fn marks(block: &[u8; BLOCK], kind: impl Kind) -> u64 {
    let (quarters, _) = block.as_chunks();
    let quarters = quarters.iter().rev();
    quarters.fold(0, |bits, quarter| {
        bits << 16 | u64::from(kind(u8x16::new(*quarter)).to_bitmask())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_bit() {
        for offset in 0..4 {
            let block: [u8; BLOCK] = std::array::from_fn(|at| (offset * BLOCK + at) as u8);
            for (first, last) in [(b'0', b'9'), (0, 0), (0x80, 0xff), (0, 0xff), (b'a', b'f')] {
                let bits = marks(&block, between(first, last));
                let blank = marks(&block, either(between(first, last), between(b' ', b' ')));
                for (at, byte) in block.iter().enumerate() {
                    let is_between = (first..=last).contains(byte);
                    assert_eq!(bits >> at & 1 == 1, is_between, "{byte}");
                    assert_eq!(blank >> at & 1 == 1, is_between || *byte == b' ', "{byte}");
                }
            }
        }
    }
}
