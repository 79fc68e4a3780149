//! A set of rules, by their positions.

/// A set of small numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::detect::sigma) struct Bits(Vec<u64>);

const WIDTH: usize = 64;

impl Bits {
    /// An empty set with room for what `other` has room for.
    pub(super) fn with_capacity_of(other: &Self) -> Self {
        Self(vec![0; other.0.len()])
    }

    pub(in crate::detect::sigma) fn insert(&mut self, number: usize) {
        let word = number / WIDTH;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << (number % WIDTH);
        }
    }

    pub(super) fn has(&self, number: usize) -> bool {
        let word = self.0.get(number / WIDTH).copied().unwrap_or(0);
        word >> (number % WIDTH) & 1 == 1
    }

    /// Adds all of `other`.
    pub(in crate::detect::sigma) fn extend(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own |= other;
        }
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        self.0
            .iter()
            .zip(&other.0)
            .any(|(own, other)| own & other != 0)
    }

    /// Takes away those of `needing` that are not in `met`.
    pub(super) fn retain_met(&mut self, needing: &Self, met: &Self) {
        let met = met.0.iter().chain(std::iter::repeat(&0));
        for ((own, needing), met) in self.0.iter_mut().zip(&needing.0).zip(met) {
            *own &= !needing | met;
        }
    }

    /// Takes away those that are not in `other`.
    pub(in crate::detect::sigma) fn retain(&mut self, other: &Self) {
        let other = other.0.iter().chain(std::iter::repeat(&0));
        for (own, other) in self.0.iter_mut().zip(other) {
            *own &= other;
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.fill(0);
    }

    /// The numbers, in ascending order.
    pub(in crate::detect::sigma) fn iter(&self) -> impl Iterator<Item = usize> {
        let words = self.0.iter().enumerate();
        words.flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.wrapping_sub(1);
                let bit = usize::try_from(bit).ok().filter(|bit| *bit < WIDTH)?;
                Some(at * WIDTH + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(numbers: &[usize]) -> Bits {
        let mut bits = Bits::default();
        numbers.iter().for_each(|number| bits.insert(*number));
        bits
    }

    #[test]
    fn what_is_put_in_comes_out_in_order() {
        let found: Vec<_> = bits(&[700, 63, 0, 64, 63]).iter().collect();
        assert_eq!(found, [0, 63, 64, 700]);
    }

    #[test]
    fn those_whose_need_is_not_met_go() {
        let mut left = bits(&[1, 2, 3, 130]);
        left.retain_met(&bits(&[2, 3, 130]), &bits(&[3, 9]));
        assert_eq!(left, {
            let mut expected = bits(&[1, 3, 130]);
            expected.clear();
            expected.extend(&bits(&[1, 3]));
            expected
        });
        assert!(left.meets(&bits(&[3])) && !left.meets(&bits(&[2, 130])));
    }

    #[test]
    fn only_what_both_have_stays() {
        let mut left = bits(&[1, 2, 130]);
        left.retain(&bits(&[2, 3]));
        assert_eq!(left.iter().collect::<Vec<_>>(), [2]);
    }
}
