//! Sets of bytes, each kept once.

use regex_syntax::hir;

use super::super::ascii::is_word;

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Bytes([u64; 4]);

/// The number of one of the [`Classes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Class(u8);

/// The sets of bytes that patterns name: several hundred patterns share a few dozen.
#[derive(Debug, Default)]
pub(crate) struct Classes(Vec<Bytes>);

impl Classes {
    /// The number of `bytes`; `None` when there are too many sets.
    pub(super) fn number(&mut self, bytes: Bytes) -> Option<Class> {
        let known = self.0.iter().position(|known| *known == bytes);
        let number = u8::try_from(known.unwrap_or(self.0.len())).ok()?;
        if known.is_none() {
            self.0.push(bytes);
        }
        Some(Class(number))
    }

    #[inline]
    pub(super) fn get(&self, class: Class) -> Bytes {
        self.0
            .get(usize::from(class.0))
            .copied()
            .unwrap_or_default()
    }
}

impl Bytes {
    pub(super) fn of(byte: u8) -> Self {
        let mut bytes = Self::default();
        bytes.add(byte);
        bytes
    }

    pub(super) fn of_class(class: &hir::Class) -> Option<Self> {
        let mut bytes = Self::default();
        match class {
            hir::Class::Bytes(class) => {
                for range in class.ranges() {
                    (range.start()..=range.end()).for_each(|byte| bytes.add(byte));
                }
            }
            hir::Class::Unicode(class) => {
                for range in class.ranges() {
                    let end = u8::try_from(range.end()).ok().filter(u8::is_ascii)?;
                    let start = u8::try_from(range.start()).ok()?;
                    (start..=end).for_each(|byte| bytes.add(byte));
                }
            }
        }
        Some(bytes)
    }

    /// The only byte of the set.
    pub(super) fn only(self) -> Option<u8> {
        let mut bytes = (0..=u8::MAX).filter(|&byte| self.has(byte));
        let first = bytes.next()?;
        bytes.next().is_none().then_some(first)
    }

    pub(super) fn words() -> Self {
        let mut bytes = Self::default();
        (0..=u8::MAX)
            .filter(|&byte| is_word(byte))
            .for_each(|byte| bytes.add(byte));
        bytes
    }

    fn add(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }

    #[inline]
    pub(super) fn has(self, byte: u8) -> bool {
        let word = self.0.get(usize::from(byte >> 6)).copied().unwrap_or(0);
        word >> (byte & 63) & 1 == 1
    }

    pub(super) fn meets(self, other: Self) -> bool {
        self.0.iter().zip(other.0).any(|(a, b)| a & b != 0)
    }

    pub(super) fn is_within(self, other: Self) -> bool {
        self.0.iter().zip(other.0).all(|(a, b)| a & !b == 0)
    }
}
