//! Remembers open brackets in one bit each, so that nesting needs no recursion.

/// What an open bracket opened.
#[derive(Clone, Copy)]
pub(super) enum Level {
    Object,
    Array,
}

/// The open brackets of a value that is stepped over, one bit each.
#[derive(Default)]
pub(super) struct Nest {
    words: Vec<u64>,
    depth: usize,
}

impl Nest {
    pub(super) fn push(&mut self, level: Level) {
        let bit = self.depth % 64;
        if bit == 0 {
            self.words.push(0);
        }
        if let Some(word) = self.words.last_mut() {
            match level {
                Level::Object => *word |= 1 << bit,
                Level::Array => *word &= !(1 << bit),
            }
        }
        self.depth += 1;
    }

    pub(super) fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if self.depth.is_multiple_of(64) {
            self.words.pop();
        }
    }

    pub(super) fn top(&self) -> Option<Level> {
        let bit = self.depth.checked_sub(1)? % 64;
        let word = self.words.last()?;
        Some(if word >> bit & 1 == 1 {
            Level::Object
        } else {
            Level::Array
        })
    }
}
