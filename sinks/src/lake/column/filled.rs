//! Which rows fill a column.

use super::clear;

/// The rows that fill a column, ascending. While none is left out they are only counted.
#[derive(Debug, Default)]
pub(in crate::lake) struct Filled {
    /// The first so many rows all fill it.
    dense: u32,
    /// The others.
    rest: Vec<u32>,
    /// The row after the last one.
    next: u32,
}

impl Filled {
    /// Adds the last row; `None` when it is there already.
    #[inline]
    pub(super) fn add(&mut self, row: u32) -> Option<()> {
        if row < self.next {
            return None;
        }
        if row == self.dense {
            self.dense += 1;
        } else {
            self.rest.push(row);
        }
        self.next = row + 1;
        Some(())
    }

    pub(in crate::lake) const fn len(&self) -> usize {
        self.dense as usize + self.rest.len()
    }

    pub(in crate::lake) const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(in crate::lake) fn iter(&self) -> impl Iterator<Item = u32> {
        (0..self.dense).chain(self.rest.iter().copied())
    }

    pub(super) fn clear(&mut self) {
        self.dense = 0;
        self.next = 0;
        clear(&mut self.rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_until_one_is_left_out() {
        let mut rows = Filled::default();
        for row in [0, 1, 2, 5, 6, 9] {
            assert!(rows.add(row).is_some());
            assert!(rows.add(row).is_none());
        }
        assert_eq!((rows.dense, rows.rest.len(), rows.len()), (3, 3, 6));
        assert!(rows.iter().eq([0, 1, 2, 5, 6, 9]));
        rows.clear();
        assert!(rows.is_empty() && rows.add(0).is_some());
    }
}
