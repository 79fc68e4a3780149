//! Gathers places that hold an escape into windows, each wide enough to show the secret around it.

use memchr::{memmem, memrchr2};

use super::super::ascii::{VALUE_END_BYTE, byte, is_token, skip, skip_back, slice};
use super::layer::Layer;

/// What is seen before an escape: the name of what it belongs to.
const BEFORE_LEN: usize = 192;
/// What is seen after an escape.
const AFTER_LEN: usize = 256;
/// How much longer a window grows where a token would be cut.
const MAX_TOKEN_LEN: usize = 16 << 10;
/// How key blocks begin and end.
const BLOCKS: [(&[u8], &[u8]); 2] = [
    (b"-----BEGIN ", b"-----END"),
    (b"Private-Lines", b"Private-MAC"),
];
/// A longer block is taken for a cut one, and the last line is no longer than the next, in bytes.
const MAX_BLOCK_LEN: usize = 64 << 10;
const END_LINE_LEN: usize = 200;
/// A longer window is closed, so that memory is bounded; the next one overlaps it.
const MAX_WINDOW_LEN: usize = 256 << 10;

/// A stretch of text that holds escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Whether a window may hold several lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    /// It begins and ends with a line.
    One,
    /// Lines are cut anywhere, so that no end of line means anything.
    Many,
}

/// The windows of one text, gathered from left to right.
#[derive(Debug)]
pub(crate) struct Windows<'a> {
    text: &'a [u8],
    lines: Lines,
    open: Option<Open>,
    /// Up to where windows were searched.
    reached: usize,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    start: usize,
    /// The last escape.
    last: usize,
}

impl<'a> Windows<'a> {
    pub(crate) const fn new(text: &'a [u8], lines: Lines) -> Self {
        Self {
            text,
            lines,
            open: None,
            reached: 0,
        }
    }

    pub(crate) const fn text(&self) -> &'a [u8] {
        self.text
    }

    /// Says that a window was searched up to `end`, which may be beyond its own: what ends before is
    /// not searched again.
    pub(crate) fn reach(&mut self, end: usize) {
        self.reached = self.reached.max(end);
    }

    /// Takes the next escape; gives the window that it lies beyond, if there is one.
    pub(crate) fn add(&mut self, at: usize) -> Option<Window> {
        let Some(open) = self.open else {
            self.open = Some(self.begin(at));
            return None;
        };
        let is_near = at.saturating_sub(open.last) <= BEFORE_LEN + AFTER_LEN;
        let is_long = at.saturating_sub(open.start) > MAX_WINDOW_LEN;
        if is_near && !is_long {
            self.open = Some(Open { last: at, ..open });
            return None;
        }
        let closed = self.closed(open);
        let next = self.begin(at);
        if !is_long && next.start < closed.end {
            self.open = Some(Open { last: at, ..open });
            return None;
        }
        self.open = Some(next);
        Some(closed).filter(|window| window.end > self.reached)
    }

    /// The window that is still open.
    pub(crate) fn finish(self) -> Option<Window> {
        let window = self.open.map(|open| self.closed(open));
        window.filter(|window| window.end > self.reached)
    }

    fn begin(&self, at: usize) -> Open {
        let from = at.saturating_sub(BEFORE_LEN);
        let from = skip_back(self.text, from, MAX_TOKEN_LEN, is_token);
        // What begins a line may belong to the one before.
        let before = slice(self.text, from, at.saturating_sub(1));
        let start =
            memrchr2(self.line_end(), VALUE_END_BYTE, before).map_or(from, |end| from + end + 1);
        Open { start, last: at }
    }

    fn closed(&self, open: Open) -> Window {
        let to = self.text.len().min(open.last + AFTER_LEN);
        let after = slice(self.text, open.last, to);
        // The end itself may be what is escaped, as in a soft line break.
        let end =
            memchr::memchr2(self.line_end(), VALUE_END_BYTE, after).map(|end| open.last + end);
        Window {
            start: open.start,
            end: end.unwrap_or_else(|| skip(self.text, to, MAX_TOKEN_LEN, is_token)),
        }
    }

    const fn line_end(&self) -> u8 {
        match self.lines {
            Lines::One => b'\n',
            Lines::Many => VALUE_END_BYTE,
        }
    }
}

impl Window {
    /// What `decode` makes of the window, and the window: it goes on to the end of a key block, if no
    /// more than `most` bytes then lie in it.
    pub(crate) fn decoded(
        self,
        text: &[u8],
        decode: fn(&[u8], usize, usize) -> Option<Layer>,
        most: usize,
    ) -> (Self, Option<Layer>) {
        let layer = decode(text, self.start, self.end);
        let shown = layer.as_ref().map_or("", Layer::text);
        match self.over_block(text, shown) {
            Some(further) if further.end - further.start <= most => {
                (further, decode(text, further.start, further.end))
            }
            Some(_) | None => (self, layer),
        }
    }

    /// The window up to the end of the key block that begins in it, and of which `shown`, its text,
    /// has no end: the lines between hold nothing that is encoded.
    fn over_block(self, text: &[u8], shown: &str) -> Option<Self> {
        let shown = shown.as_bytes();
        BLOCKS.iter().find_map(|(begin, end)| {
            let begin = memmem::rfind(shown, begin)?;
            if memmem::find(slice(shown, begin, shown.len()), end).is_some() {
                return None;
            }
            let further = slice(text, self.end, self.end.saturating_add(MAX_BLOCK_LEN));
            let value = memchr::memchr(VALUE_END_BYTE, further).unwrap_or(further.len());
            let further = slice(further, 0, value);
            // The word may be encoded.
            let at = memmem::find(further, end).or_else(|| memmem::find(further, b"\n-----"))?;
            let end = (self.end + at + END_LINE_LEN).min(self.end + value);
            Some(Self { end, ..self })
        })
    }

    /// Whether the text really ends where the window does.
    pub(crate) fn ends_value(self, text: &[u8]) -> bool {
        self.end >= text.len() || byte(text, self.end) == VALUE_END_BYTE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(text: &str, lines: Lines) -> Vec<&str> {
        let mut windows = Windows::new(text.as_bytes(), lines);
        let mut all = Vec::new();
        for at in memchr::memchr_iter(b'%', text.as_bytes()) {
            all.extend(windows.add(at));
        }
        all.extend(windows.finish());
        all.into_iter()
            .map(|window| text.get(window.start..window.end).unwrap())
            .collect()
    }

    #[test]
    fn a_window_ends_with_its_line_and_value() {
        assert_eq!(windows("a\nb%c\nd", Lines::One), ["b%c"]);
        assert_eq!(
            windows("k\u{1f}a\u{1e}k\u{1f}b%c\u{1e}d", Lines::One),
            ["k\u{1f}b%c"]
        );
        assert_eq!(windows("a\nb%c\nd", Lines::Many), ["a\nb%c\nd"]);
        assert_eq!(windows("abc", Lines::One), [""; 0]);
    }

    #[test]
    fn a_window_shows_enough_on_either_side_and_cuts_no_token() {
        let far = "x ".repeat(500);
        let token = "t".repeat(900);
        let text = format!(
            "{far}{token} {}%{} {token} {far}",
            "b".repeat(100),
            "a".repeat(200)
        );
        let found = windows(&text, Lines::One);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with(&token) && found[0].ends_with(&token),
            "{}",
            found[0]
        );
    }

    #[test]
    fn near_escapes_share_a_window_and_far_ones_do_not() {
        assert_eq!(
            windows(&format!("%{}%", " ".repeat(300)), Lines::One).len(),
            1
        );
        assert_eq!(
            windows(&format!("%{}%", " ".repeat(700)), Lines::One).len(),
            2
        );
    }

    #[test]
    fn no_window_is_longer_than_the_limit_allows() {
        let text = "%".repeat(3 * MAX_WINDOW_LEN);
        let found = windows(&text, Lines::One);
        assert!(found.len() >= 3);
        assert!(
            found
                .iter()
                .all(|window| window.len() <= MAX_WINDOW_LEN + AFTER_LEN + 2 * MAX_TOKEN_LEN)
        );
    }
}
