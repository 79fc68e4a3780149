//! Which stretch of a text came from which of the text before.

use std::ops::Range;

/// A stretch of the new text and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    now: Range<usize>,
    from: Range<usize>,
    /// Whether the bytes are the same.
    is_same: bool,
}

/// Puts a text together and remembers where it came from.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    text: String,
    list: Vec<Piece>,
}

impl Pieces {
    /// Adds a stretch of `old` as it is.
    pub(super) fn keep(&mut self, old: &str, from: Range<usize>) {
        let Some(same) = old.get(from.clone()).filter(|same| !same.is_empty()) else {
            return;
        };
        let start = self.text.len();
        self.text.push_str(same);
        let end = self.text.len();
        match self.list.last_mut() {
            Some(last) if last.is_same && last.from.end == from.start => {
                (last.now.end, last.from.end) = (end, from.end);
            }
            Some(_) | None => self.list.push(Piece {
                now: start..end,
                from,
                is_same: true,
            }),
        }
    }

    /// Adds `new` instead of the stretch `from`; nothing at all still takes its place.
    pub(super) fn replace(&mut self, new: &str, from: Range<usize>) {
        let start = self.text.len();
        self.text.push_str(new);
        self.list.push(Piece {
            now: start..self.text.len(),
            from,
            is_same: false,
        });
    }

    pub(super) fn into_parts(self) -> (String, Vec<Piece>) {
        (self.text, self.list)
    }
}

/// Where `range` came from; without pieces the text is the same.
pub(super) fn origin(pieces: &[Piece], range: Range<usize>) -> Range<usize> {
    if pieces.is_empty() {
        return range;
    }
    let first = pieces.partition_point(|piece| piece.now.end < range.start);
    let touched = pieces.iter().skip(first);
    let touched = touched.take_while(|piece| piece.now.start <= range.end);
    let found = touched.filter_map(|piece| piece.origin(&range));
    let whole = found.reduce(|all, one| all.start.min(one.start)..all.end.max(one.end));
    whole.unwrap_or(0..0)
}

impl Piece {
    /// What `range` takes of it; `None` where it only stands beside.
    fn origin(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let start = range.start.max(self.now.start);
        let end = range.end.min(self.now.end);
        let is_beside = start == end && start != range.end.min(range.start) && !self.now.is_empty();
        if is_beside {
            return None;
        }
        Some(if self.is_same {
            let shift = |at: usize| at - self.now.start + self.from.start;
            shift(start)..shift(end)
        } else {
            self.from.clone()
        })
    }
}
