//! Holds the hashes of a list's cells in nine bytes each, and finds one in a few steps.

/// Hashes that share their first bits, about.
const BUCKET: usize = 4;

/// A set of hashes, sorted.
#[derive(Debug)]
pub(crate) struct Table {
    hashes: Vec<u64>,
    /// Where the hashes begin that start with the bits that its place stands for.
    index: Vec<u32>,
    /// How many bits of a hash are not its bucket's number.
    shift: u32,
}

/// The first 64 bits of the keyed hash of `text`: among fifty million cells, one word in four
/// hundred thousand million is mistaken for one of them.
pub(crate) fn hash(key: &[u8; 32], text: &[u8]) -> u64 {
    let hash = blake3::keyed_hash(key, text);
    let bytes = hash.as_bytes().first_chunk().copied();
    bytes.map_or(0, u64::from_le_bytes)
}

impl Table {
    pub(crate) fn new(mut hashes: Vec<u64>) -> Self {
        hashes.sort_unstable();
        hashes.dedup();
        hashes.shrink_to_fit();
        let bits = (hashes.len() / BUCKET)
            .next_power_of_two()
            .ilog2()
            .clamp(1, 28);
        let shift = 64 - bits;
        let mut index = Vec::with_capacity((1 << bits) + 1);
        let mut place = 0;
        for bucket in 0..1_u64 << bits {
            while hashes.get(place).is_some_and(|hash| hash >> shift < bucket) {
                place += 1;
            }
            index.push(u32::try_from(place).unwrap_or(u32::MAX));
        }
        index.push(u32::try_from(hashes.len()).unwrap_or(u32::MAX));
        Self {
            hashes,
            index,
            shift,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.hashes.len()
    }

    pub(crate) fn contains(&self, hash: u64) -> bool {
        let bucket = usize::try_from(hash >> self.shift).unwrap_or(usize::MAX);
        let limit = |bucket: usize| self.index.get(bucket).map_or(0, |place| *place as usize);
        let range = limit(bucket)..limit(bucket.saturating_add(1));
        self.hashes
            .get(range)
            .is_some_and(|hashes| hashes.contains(&hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_table_is_found_and_nothing_else() {
        let value = |number: u64| hash(&[5; 32], &number.to_le_bytes());
        for count in [0, 1, 2, 7, 5000] {
            let table = Table::new((0..count).map(value).chain((0..count).map(value)).collect());
            assert_eq!(table.len() as u64, count);
            for number in 0..2 * count + 3 {
                assert_eq!(table.contains(value(number)), number < count);
            }
        }
        let ends = Table::new(vec![0, u64::MAX]);
        assert!(ends.contains(0) && ends.contains(u64::MAX) && !ends.contains(1));
    }

    #[test]
    fn a_cell_takes_about_nine_bytes() {
        let table = Table::new(
            (0..100_000_u64)
                .map(|number| hash(&[1; 32], &number.to_le_bytes()))
                .collect(),
        );
        let bytes = table.hashes.capacity() * 8 + table.index.capacity() * 4;
        assert!(bytes < 12 * 100_000, "{bytes}");
    }
}
