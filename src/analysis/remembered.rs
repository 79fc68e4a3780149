//! The scores of texts that were judged before, by a hash of the text; the oldest are forgotten.

use std::collections::{HashMap, VecDeque};

use magistrate_models::Score;

/// A text's hash.
pub(super) type TextHash = [u8; 32];

/// Scores of at most so many texts.
#[derive(Debug)]
pub(super) struct Remembered {
    most: usize,
    scores: HashMap<TextHash, Score>,
    order: VecDeque<TextHash>,
}

impl Remembered {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            scores: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// The score of the text with that hash.
    pub(super) fn get(&self, hash: &TextHash) -> Option<&Score> {
        self.scores.get(hash)
    }

    /// Remembers a score.
    pub(super) fn add(&mut self, hash: TextHash, score: Score) {
        if self.most == 0 || self.scores.insert(hash, score).is_some() {
            return;
        }
        self.order.push_back(hash);
        while self.order.len() > self.most {
            if let Some(oldest) = self.order.pop_front() {
                self.scores.remove(&oldest);
            }
        }
    }

    /// Other models judge differently.
    pub(super) fn forget(&mut self) {
        self.scores.clear();
        self.order.clear();
    }
}

#[cfg(test)]
mod tests {
    use magistrate_models::Part;

    use super::*;

    #[test]
    fn the_oldest_is_forgotten() {
        let score = |probability| Score {
            probability,
            span: 0..1,
            part: Part::Whole,
            is_partial: false,
        };
        let mut remembered = Remembered::new(2);
        for (hash, probability) in [(1, 0.1), (2, 0.2), (1, 0.3), (3, 0.4)] {
            remembered.add([hash; 32], score(probability));
        }
        assert!(remembered.get(&[1; 32]).is_none());
        assert_eq!(remembered.get(&[3; 32]), Some(&score(0.4)));
        assert_eq!(remembered.scores.len(), 2);
        remembered.forget();
        assert!(remembered.get(&[3; 32]).is_none());
        let mut nothing = Remembered::new(0);
        nothing.add([1; 32], score(0.1));
        assert!(nothing.get(&[1; 32]).is_none());
    }
}
