//! Holds records in a peer's own words, one after the other in one text.

use std::ops::Range;

use magistrate_event::{EventUid, Timestamp};

/// Encoded records that are sent together.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    text: String,
    items: Vec<Item>,
}

#[derive(Debug, Clone)]
struct Item {
    place: Range<usize>,
    uid: EventUid,
    received: Timestamp,
}

impl Batch {
    /// Adds a record; `encode` appends its text.
    pub fn push(&mut self, uid: EventUid, received: Timestamp, encode: impl FnOnce(&mut String)) {
        let start = self.text.len();
        encode(&mut self.text);
        self.items.push(Item {
            place: start..self.text.len(),
            uid,
            received,
        });
    }

    /// How many records it holds.
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether it holds none.
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// All records' texts, joined.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of the record at `index`; empty when there is none.
    pub fn item(&self, index: usize) -> &str {
        self.items
            .get(index)
            .and_then(|item| self.text.get(item.place.clone()))
            .unwrap_or_default()
    }

    /// The id of the record at `index`.
    pub fn uid(&self, index: usize) -> Option<EventUid> {
        self.items.get(index).map(|item| item.uid)
    }

    /// When the record that has waited longest was received.
    pub fn oldest(&self) -> Option<Timestamp> {
        self.items.iter().map(|item| item.received).min()
    }

    /// A batch of the records at `indexes`; numbers past the end are passed over.
    #[must_use]
    pub fn part(&self, indexes: impl IntoIterator<Item = usize>) -> Self {
        let mut part = Self::default();
        for index in indexes {
            if let Some(item) = self.items.get(index) {
                let text = self.item(index);
                part.push(item.uid, item.received, |out| out.push_str(text));
            }
        }
        part
    }

    /// The first and the second half.
    pub fn halves(&self) -> (Self, Self) {
        let middle = self.len() / 2;
        (self.part(0..middle), self.part(middle..self.len()))
    }

    /// Takes the last record off into a batch of its own, where that makes this one fit.
    pub(super) fn shed(&mut self, max_bytes: usize) -> Option<Self> {
        if self.text.len() <= max_bytes || self.len() < 2 {
            return None;
        }
        let last = self.part([self.len() - 1]);
        self.text.truncate(self.text.len() - last.text.len());
        self.items.pop();
        Some(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(texts: &[&str]) -> Batch {
        let mut batch = Batch::default();
        for (index, text) in texts.iter().enumerate() {
            let uid = EventUid::from_bytes([u8::try_from(index).unwrap(); 16]);
            batch.push(uid, Timestamp::default(), |out| out.push_str(text));
        }
        batch
    }

    #[test]
    fn a_part_keeps_texts_and_ids_together() {
        let whole = batch(&["a", "bb", "", "dddd"]);
        let part = whole.part([3, 1, 9]);
        assert_eq!(part.text(), "ddddbb");
        assert_eq!(part.item(1), "bb");
        assert_eq!(part.uid(0), whole.uid(3));
        let (first, second) = whole.halves();
        assert_eq!((first.text(), second.text()), ("abb", "dddd"));
    }

    #[test]
    fn a_batch_sheds_its_last_record_but_never_its_only_one() {
        let mut full = batch(&["aaa", "bb"]);
        assert!(full.shed(5).is_none());
        assert_eq!(full.shed(4).unwrap().text(), "bb");
        assert_eq!(full.text(), "aaa");
        assert!(full.shed(1).is_none());
    }
}
