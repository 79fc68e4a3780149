//! Finds a name in a fixed list, in a few nanoseconds: a hash table built by the compiler.

/// A list of names with a table of `SLOTS` places, at least twice as many as names.
#[derive(Debug)]
pub(crate) struct Names<const SLOTS: usize> {
    names: &'static [&'static str],
    /// Position in `names` plus one; 0 is an empty place.
    slots: [u8; SLOTS],
}

impl<const SLOTS: usize> Names<SLOTS> {
    /// Builds the table. `SLOTS` must be a power of two; at most 254 names.
    #[expect(
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        reason = "runs in the compiler, where a bad index fails the build"
    )]
    pub(crate) const fn new(names: &'static [&'static str]) -> Self {
        let mut slots = [0_u8; SLOTS];
        let mut index = 0;
        while index < names.len() {
            let mut slot = hash(names[index].as_bytes()) & (SLOTS - 1);
            while slots[slot] != 0 {
                slot = (slot + 1) & (SLOTS - 1);
            }
            slots[slot] = index as u8 + 1;
            index += 1;
        }
        Self { names, slots }
    }

    /// The position of `name` in the list.
    #[inline]
    pub(crate) fn find(&self, name: &[u8]) -> Option<usize> {
        let mut slot = hash(name) & (SLOTS - 1);
        loop {
            let index = usize::from(*self.slots.get(slot)?).checked_sub(1)?;
            if self.names.get(index)?.as_bytes() == name {
                return Some(index);
            }
            slot = (slot + 1) & (SLOTS - 1);
        }
    }
}

/// Mixes the length with four bytes, which tells short dotted names apart well enough.
#[inline]
const fn hash(name: &[u8]) -> usize {
    let (head, tail) = name.split_at(name.len() / 2);
    let mixed = name.len()
        ^ at(head.first()).wrapping_mul(0x1f35)
        ^ at(tail.first()).wrapping_mul(0x9e5)
        ^ at(head.last()).wrapping_mul(0x2d51)
        ^ at(tail.last()).wrapping_mul(0x61);
    mixed ^ (mixed >> 7)
}

#[inline]
const fn at(byte: Option<&u8>) -> usize {
    match byte {
        Some(byte) => *byte as usize,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names<8> = Names::new(&["one", "two", "three", ""]);

    #[test]
    fn every_name_is_found_and_nothing_else() {
        for (index, name) in ["one", "two", "three", ""].into_iter().enumerate() {
            assert_eq!(NAMES.find(name.as_bytes()), Some(index));
        }
        for name in ["four", "on", "onee", "\u{0}"] {
            assert_eq!(NAMES.find(name.as_bytes()), None);
        }
    }
}
