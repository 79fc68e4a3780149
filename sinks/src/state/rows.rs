//! Rows that are stored together, in one piece of memory.

/// Changed rows of one owner by key; of several changes of one row the last counts.
///
/// A checkpoint may have hundreds of thousands of them: a row takes its bytes and some thirty more, and no
/// memory of its own.
#[derive(Debug, Default)]
pub struct Rows {
    /// Keys and values, one behind the other.
    bytes: Vec<u8>,
    places: Vec<Place>,
}

/// Where a row stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: usize,
    key_end: usize,
    end: usize,
    change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Put,
    Delete,
}

impl Rows {
    /// Adds a change: a row's new bytes, or none where it is to be deleted.
    pub fn set(&mut self, key: &[u8], value: Option<&[u8]>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        let key_end = self.bytes.len();
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self.places.push(Place {
            start,
            key_end,
            end: self.bytes.len(),
            change: value.map_or(Change::Delete, |_| Change::Put),
        });
    }

    /// Brings the changes into the order of their keys, and drops those that later ones have overtaken.
    pub fn settle(&mut self) {
        let Self { bytes, places } = self;
        let key = |place: &Place| bytes.get(place.start..place.key_end);
        // Changes of one row stay in their order.
        places.sort_by(|one, other| key(one).cmp(&key(other)));
        let before = places.len();
        places.dedup_by(|next, kept| {
            let is_same = key(next) == key(kept);
            if is_same {
                *kept = *next;
            }
            is_same
        });
        if places.len() < before {
            *self = self.iter().collect();
        }
    }

    /// Every change: a row's key, and its bytes or none where it is to be deleted.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        let slice = |from: usize, to: usize| self.bytes.get(from..to).unwrap_or_default();
        self.places.iter().map(move |place| {
            let value = slice(place.key_end, place.end);
            let value = (place.change == Change::Put).then_some(value);
            (slice(place.start, place.key_end), value)
        })
    }
}

impl<'a> FromIterator<(&'a [u8], Option<&'a [u8]>)> for Rows {
    fn from_iter<I: IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>>(rows: I) -> Self {
        let mut made = Self::default();
        rows.into_iter()
            .for_each(|(key, value)| made.set(key, value));
        made
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// All of them as they stand.
    fn owned(rows: &Rows) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let rows = rows.iter();
        rows.map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec)))
            .collect()
    }

    proptest! {
        #[test]
        fn the_last_change_of_each_row_is_left_in_the_order_of_keys(
            changes in prop::collection::vec(
                (prop::collection::vec(0_u8..3, 0..3), prop::option::of(prop::collection::vec(any::<u8>(), 0..4))),
                0..40,
            ),
        ) {
            let borrowed = changes.iter().map(|(key, value)| (key.as_slice(), value.as_deref()));
            let mut rows: Rows = borrowed.collect();
            prop_assert_eq!(owned(&rows), changes.clone());
            rows.settle();
            let expected: BTreeMap<_, _> = changes.into_iter().collect();
            prop_assert!(owned(&rows).into_iter().eq(expected));
        }
    }

    #[test]
    fn changes_that_were_overtaken_take_no_memory() {
        let mut rows = Rows::default();
        for round in 0..1_000_u32 {
            rows.set(b"key", Some(&round.to_le_bytes()));
            rows.settle();
        }
        assert_eq!(rows.bytes.len(), 7);
        assert_eq!(
            rows.iter().next(),
            Some((&b"key"[..], Some(&[0xe7, 3, 0, 0][..])))
        );
    }
}
