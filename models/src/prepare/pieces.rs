//! Which stretch of a text came from which of the text before.

use std::ops::Range;

/// The longest name of a character reference that is looked at.
const MAX_REFERENCE: usize = 40;

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

    /// Adds `value`, which is the stretch `from` of `old` with its character references and line ends
    /// read; what is the same stays the same, so that its place is known to the byte.
    pub(super) fn keep_decoded(&mut self, old: &str, value: &str, from: Range<usize>) {
        let mut at = from.start;
        let mut rest = value;
        while let Some(written) = old.get(at..from.end).filter(|written| !written.is_empty()) {
            let same = written.find(['&', '\r']).unwrap_or(written.len());
            let (plain, coded) = written.split_at_checked(same).unwrap_or_default();
            let Some(after) = rest.strip_prefix(plain) else {
                break;
            };
            self.keep(old, at..at + same);
            (at, rest) = (at + same, after);
            let (code_len, said_len) = code(coded, rest);
            let (said, after) = rest.split_at_checked(said_len).unwrap_or_default();
            if !said.is_empty() {
                self.replace(said, at..at + code_len);
            }
            (at, rest) = (at + code_len, after);
        }
        if !rest.is_empty() {
            self.replace(rest, at.min(from.end)..from.end);
        }
    }

    /// Begins another line, which stands at `at`, where one has begun.
    pub(super) fn line(&mut self, at: usize) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.replace("\n", at..at);
        }
    }

    /// Whether nothing but white space is there.
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim_ascii().is_empty()
    }

    pub(super) fn into_parts(self) -> (String, Vec<Piece>) {
        (self.text, self.list)
    }
}

/// How long the character reference or line end is with which `written` begins, and how long what it
/// says in `said`.
fn code(written: &str, said: &str) -> (usize, usize) {
    if written.is_empty() {
        return (0, 0);
    }
    if written.starts_with('\r') {
        // A line end of two characters says what one says.
        let is_two = written.starts_with("\r\n");
        return (1, usize::from(!is_two && said.starts_with('\n')));
    }
    let first = said.chars().next().map_or(0, char::len_utf8);
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '#';
    let name = written.get(1..).unwrap_or_default();
    let len = name.find(|letter| !is_of_name(letter));
    let len = len.unwrap_or(name.len()).min(MAX_REFERENCE);
    let is_ended = name.get(len..).is_some_and(|rest| rest.starts_with(';'));
    if len == 0 || !is_ended {
        // Written as it is, or ended by what follows, which is then looked for again.
        return (1, usize::from(said.starts_with('&')));
    }
    let code_len = len + 2;
    let next: String = written
        .get(code_len..)
        .unwrap_or_default()
        .chars()
        .take_while(|letter| !matches!(letter, '&' | '\r'))
        .take(8)
        .collect();
    // Two characters at most; what follows tells how many.
    let second = said
        .get(first..)
        .and_then(|rest| rest.chars().next())
        .map_or(0, char::len_utf8);
    let follows = |at: usize| said.get(at..).is_some_and(|rest| rest.starts_with(&next));
    if said.get(..code_len.min(said.len())) == written.get(..code_len) {
        return (code_len, code_len);
    }
    let is_one = follows(first) || !follows(first + second);
    (code_len, if is_one { first } else { first + second })
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
