//! What was made of some texts, kept for the next event with the same ones: most events have the
//! sender, the session and the kind of one shortly before.

use std::collections::HashMap;

/// Answers that are kept; beyond it all are forgotten, and made anew when they are asked for.
const MAX_KEPT: usize = 4_096;
/// What is longer is made each time.
const MAX_BYTES: usize = 1_024;

/// Values by the texts that they were made of.
#[derive(Debug)]
pub(super) struct Memo<V> {
    made: HashMap<Box<[u8]>, V>,
    /// The texts that are asked for, in one piece.
    asked: Vec<u8>,
}

impl<V> Default for Memo<V> {
    fn default() -> Self {
        Self {
            made: HashMap::new(),
            asked: Vec::new(),
        }
    }
}

impl<V: Copy> Memo<V> {
    /// What `make` makes of `texts`, and of nothing else.
    pub(super) fn of(&mut self, texts: &[Option<&str>], make: impl FnOnce() -> V) -> V {
        self.asked.clear();
        for text in texts {
            // A text that is not there is another one than an empty text.
            let len = text.map_or(0, |text| text.len() as u64 + 1);
            self.asked.extend(len.to_le_bytes());
            self.asked.extend(text.unwrap_or_default().as_bytes());
        }
        if let Some(value) = self.made.get(self.asked.as_slice()) {
            return *value;
        }
        let value = make();
        if self.asked.len() <= MAX_BYTES {
            if self.made.len() >= MAX_KEPT {
                self.made.clear();
            }
            self.made.insert(self.asked.as_slice().into(), value);
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_of_the_same_texts_is_not_made_again() {
        let mut memo = Memo::default();
        assert_eq!(memo.of(&[Some("a"), None], || 1), 1);
        assert_eq!(memo.of(&[Some("a"), None], || 2), 1);
        for other in [
            [None, Some("a")],
            [Some("a"), Some("")],
            [Some(""), Some("a")],
            [Some("aa"), None],
        ] {
            assert_eq!(memo.of(&other, || 3), 3, "{other:?}");
        }
    }

    #[test]
    fn no_more_is_kept_than_fits() {
        let mut memo = Memo::default();
        for number in 0..3 * MAX_KEPT {
            memo.of(&[Some(&number.to_string())], || number);
            assert!(memo.made.len() <= MAX_KEPT);
        }
        let long = "x".repeat(MAX_BYTES);
        assert_eq!(memo.of(&[Some(&long)], || 1), 1);
        assert_eq!(memo.of(&[Some(&long)], || 2), 2);
    }
}
