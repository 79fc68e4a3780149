//! A bounded map whose changes are written down row by row, and read back after a restart.

use std::collections::HashMap;
use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What is kept of one of many.
pub(crate) trait Aging {
    /// When it was of use last, in a unit of its own.
    fn last_used(&self) -> u32;
}

/// Values by key, at most so many: the ones not used for longest are forgotten.
#[derive(Debug)]
pub(crate) struct Kept<K, V> {
    values: HashMap<K, One<V>>,
    /// Keys of what changed.
    unsaved: Vec<K>,
    gone: Vec<K>,
    max: usize,
}

/// A value, and whether its key stands among those that changed.
#[derive(Debug)]
struct One<V> {
    value: V,
    is_unsaved: bool,
}

impl<K: Copy + Eq + Hash, V: Aging + Serialize + DeserializeOwned> Kept<K, V> {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            values: HashMap::new(),
            unsaved: Vec::new(),
            gone: Vec::new(),
            max,
        }
    }

    pub(crate) fn get(&self, key: K) -> Option<&V> {
        Some(&self.values.get(&key)?.value)
    }

    /// All of them, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        self.values.iter().map(|(key, one)| (*key, &one.value))
    }

    /// Takes a value out.
    pub(crate) fn remove(&mut self, key: K) -> Option<V> {
        let one = self.values.remove(&key)?;
        self.gone.push(key);
        Some(one.value)
    }

    /// The value, to be changed; `make` where there is none.
    pub(crate) fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        if self.values.len() >= self.max && !self.values.contains_key(&key) {
            self.forget_some();
        }
        let one = self.values.entry(key).or_insert_with(|| One {
            value: make(),
            is_unsaved: false,
        });
        if !one.is_unsaved {
            one.is_unsaved = true;
            self.unsaved.push(key);
        }
        &mut one.value
    }

    /// Forgets an eighth, those first that were not used for longest.
    fn forget_some(&mut self) {
        let mut times: Vec<u32> = self.iter().map(|(_, value)| value.last_used()).collect();
        if times.is_empty() {
            return;
        }
        let at = times.len() / 8;
        let (_, cut, _) = times.select_nth_unstable(at);
        let (cut, mut left) = (*cut, at + 1);
        let gone = &mut self.gone;
        self.values.retain(|key, one| {
            let stays = one.value.last_used() > cut || left == 0;
            if !stays {
                left -= 1;
                gone.push(*key);
            }
            stays
        });
    }

    /// What changed since the last call: new bytes, or none where a key was forgotten.
    pub(crate) fn changes(&mut self, mut take: impl FnMut(K, Option<Vec<u8>>)) {
        for key in self.gone.drain(..) {
            // It may have come again since.
            if !self.values.contains_key(&key) {
                take(key, None);
            }
        }
        for key in self.unsaved.drain(..) {
            // It may have been forgotten since, or have come again and stand here twice.
            let one = self.values.get_mut(&key);
            if let Some(one) = one.filter(|one| one.is_unsaved) {
                one.is_unsaved = false;
                take(key, postcard::to_allocvec(&one.value).ok());
            }
        }
    }

    /// Takes back what [`Kept::changes`] gave; says whether it could be read.
    pub(crate) fn restore(&mut self, key: K, bytes: &[u8]) -> bool {
        let value = postcard::from_bytes(bytes);
        value.is_ok_and(|value| {
            let is_unsaved = false;
            self.values.insert(key, One { value, is_unsaved });
            true
        })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Seen(u32);

    impl Aging for Seen {
        fn last_used(&self) -> u32 {
            self.0
        }
    }

    #[test]
    fn the_stalest_are_forgotten_and_told_to_be_gone() {
        let mut kept = Kept::new(80);
        for number in 0..10_000_u32 {
            kept.entry(number, || Seen(number));
            assert!(kept.values.len() <= 80);
        }
        assert!(kept.get(9_999).is_some() && kept.get(0).is_none());
        let (mut put, mut gone) = (0, 0);
        kept.changes(|_, bytes| match bytes {
            Some(_) => put += 1,
            None => gone += 1,
        });
        assert_eq!(put + gone, 10_000);
        assert_eq!(put, kept.values.len());
    }

    #[test]
    fn what_changed_is_given_once_and_taken_back() {
        let mut kept = Kept::new(10);
        kept.entry(1_u8, || Seen(7));
        let mut rows = Vec::new();
        kept.changes(|key, bytes| rows.push((key, bytes.unwrap())));
        kept.changes(|_, _| panic!("nothing changed"));
        let mut back: Kept<u8, Seen> = Kept::new(10);
        assert!(back.restore(rows[0].0, &rows[0].1));
        assert!(!back.restore(2, &[255; 6]));
        assert_eq!(back.get(1), Some(&Seen(7)));
    }
}
