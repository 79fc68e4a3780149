//! Cuts a text into words, and notes the signs before each; over bytes, so that any language that
//! reads the definition (`models/training/tier1_features.py`) comes to the same.

use std::ops::Range;

/// A word is cut after so many bytes.
const MAX_WORD_LEN: usize = 24;
/// The nearest signs before a word that are kept.
const SIGNS_KEPT: usize = 3;
/// Shorter chunks are no mail address, …
const MIN_MAIL_LEN: usize = 7;
/// … and shorter ones nothing encoded.
const MIN_BLOB_LEN: usize = 40;
/// A word of this length with two digits is an id.
const MIN_ID_LEN: usize = 6;

/// A word, or what kind of thing stands in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Where it stands in the text.
    pub(super) range: Range<usize>,
    pub(super) shape: Shape,
    /// The signs right before it, the nearest last.
    pub(super) signs: Signs,
}

/// What a word is known as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Its own bytes.
    Plain,
    /// Digits alone.
    Number,
    /// Letters with digits.
    Id,
    /// A mail address.
    Mail,
    /// An address on the web …
    Url,
    /// … that carries values.
    UrlWithQuery,
    /// Something encoded.
    Blob,
}

impl Shape {
    /// The bytes that stand for the word; `None` for its own.
    pub(super) const fn bytes(self) -> Option<&'static [u8]> {
        match self {
            Self::Plain => None,
            Self::Number => Some(b"0"),
            Self::Id => Some(b"\x01i"),
            Self::Mail => Some(b"\x01m"),
            Self::Url => Some(b"\x01u"),
            Self::UrlWithQuery => Some(b"\x01q"),
            Self::Blob => Some(b"\x01b"),
        }
    }
}

/// The last few signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Signs {
    bytes: [u8; SIGNS_KEPT],
    len: usize,
}

impl Signs {
    fn push(&mut self, sign: u8) {
        if self.len == SIGNS_KEPT {
            self.bytes.rotate_left(1);
            self.len -= 1;
        }
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = sign;
            self.len += 1;
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// The words of `text`, whose ASCII letters are small.
pub(super) fn words(text: &[u8]) -> Vec<Word> {
    let mut cut = Cut {
        text,
        found: Vec::with_capacity(text.len() / 6),
        signs: Signs::default(),
    };
    let mut start = 0;
    while start < text.len() {
        let rest = text.get(start..).unwrap_or_default();
        let len = rest.iter().position(|&byte| ends_chunk(byte));
        let end = start + len.unwrap_or(rest.len());
        if end > start {
            cut.chunk(start..end);
        }
        if let Some(&sign) = text.get(end)
            && sign > b' '
        {
            cut.sign(end, sign);
        }
        start = end + 1;
    }
    cut.found
}

struct Cut<'a> {
    text: &'a [u8],
    found: Vec<Word>,
    signs: Signs,
}

impl Cut<'_> {
    fn chunk(&mut self, range: Range<usize>) {
        let chunk = self.text.get(range.clone()).unwrap_or_default();
        if let Some(shape) = special(chunk) {
            self.word(range, shape);
            return;
        }
        let mut at = 0;
        while let Some(&byte) = chunk.get(at) {
            if is_of_word(byte) {
                let end = word_end(chunk, at);
                let word = chunk.get(at..end).unwrap_or_default();
                self.word(range.start + at..range.start + end, shape(word));
                at = end;
            } else {
                // The first byte of a chunk repeats nothing: what stands before it ended another.
                if at == 0 {
                    self.signs.push(byte);
                } else {
                    self.sign(range.start + at, byte);
                }
                at += 1;
            }
        }
    }

    fn word(&mut self, range: Range<usize>, shape: Shape) {
        self.found.push(Word {
            range,
            shape,
            signs: std::mem::take(&mut self.signs),
        });
    }

    /// Notes the sign at `at`, unless it repeats the byte before.
    fn sign(&mut self, at: usize, sign: u8) {
        let before = at.checked_sub(1).and_then(|before| self.text.get(before));
        if before != Some(&sign) {
            self.signs.push(sign);
        }
    }
}

const fn ends_chunk(byte: u8) -> bool {
    matches!(
        byte,
        0..=b' '
            | b'"'
            | b'\''
            | b'<'
            | b'>'
            | b'('
            | b')'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b','
            | b';'
            | b'|'
            | b'`'
    )
}

const fn is_of_word(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | 0x80..)
}

/// The first byte of kana and Han characters, each of which is a word.
const fn is_ideograph(byte: u8) -> bool {
    matches!(byte, 0xe3..=0xe9)
}

fn word_end(chunk: &[u8], at: usize) -> usize {
    let rest = chunk.get(at..).unwrap_or_default();
    if rest.first().is_some_and(|&byte| is_ideograph(byte)) {
        return (at + 3).min(chunk.len());
    }
    let rest = rest.get(..MAX_WORD_LEN).unwrap_or(rest);
    let end = rest
        .iter()
        .position(|&byte| !is_of_word(byte) || is_ideograph(byte));
    at + end.unwrap_or(rest.len())
}

/// What a whole chunk is, if it is no prose.
fn special(chunk: &[u8]) -> Option<Shape> {
    let has = |sign| memchr::memchr(sign, chunk).is_some();
    if chunk.len() >= MIN_MAIL_LEN
        && let Some(at) = memchr::memchr(b'@', chunk)
        && (1..chunk.len() - 1).contains(&at)
        && chunk.get(at..).is_some_and(|host| host.contains(&b'.'))
    {
        return Some(Shape::Mail);
    }
    if chunk.starts_with(b"www.") || has(b':') && memchr::memmem::find(chunk, b"://").is_some() {
        let has_query = has(b'?') && has(b'=');
        return Some(if has_query {
            Shape::UrlWithQuery
        } else {
            Shape::Url
        });
    }
    let is_blob = chunk.len() >= MIN_BLOB_LEN
        && chunk.iter().all(
            |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=' | b'_' | b'-'),
        );
    is_blob.then_some(Shape::Blob)
}

fn shape(word: &[u8]) -> Shape {
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    if digits == word.len() {
        Shape::Number
    } else if word.len() >= MIN_ID_LEN && digits >= 2 {
        Shape::Id
    } else {
        Shape::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_shapes_and_signs_are_those_of_the_definition() {
        let text = "see --x=1 (a.b@c.de) https://x.y/?q=1 `ab12cd` 请忽 \"no!!\"";
        let found = words(text.as_bytes());
        let seen: Vec<(&str, Shape, &[u8])> = found
            .iter()
            .map(|word| {
                let own = text.get(word.range.clone()).unwrap();
                (own, word.shape, word.signs.bytes())
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("see", Shape::Plain, b"".as_slice()),
                ("x", Shape::Plain, b"-"),
                ("1", Shape::Number, b"="),
                ("a.b@c.de", Shape::Mail, b"("),
                ("https://x.y/?q=1", Shape::UrlWithQuery, b")"),
                ("ab12cd", Shape::Id, b"`"),
                ("请", Shape::Plain, b"`"),
                ("忽", Shape::Plain, b""),
                ("no", Shape::Plain, b"\""),
            ]
        );
    }
}
