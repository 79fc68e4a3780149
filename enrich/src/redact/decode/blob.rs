//! Decodes base64 and hex, whose stretches say nothing until they are decoded as a whole.

use memchr::memmem;

use super::super::ascii::{byte, skip, slice};
use super::super::placeholder::looks_random;
use super::codec::Codec;
use super::layer::Weaver;
use super::packed::magic;
use super::utf16::is_high;

/// A stretch of base64 or hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blob {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Where it ends without a last line that may be other text.
    lines_end: usize,
    pub(crate) alphabet: Alphabet,
}

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alphabet {
    /// Base64 (RFC 4648 sections 4 and 5), both alphabets mixed, padded or not.
    Base64,
    /// Two digits a byte.
    Hex,
}

/// Of a longer stretch pieces are decoded, so that memory is bounded.
const MAX_PIECE_LEN: usize = 1 << 20;
/// What two pieces share, a multiple of any unit.
const OVERLAP_LEN: usize = 12 << 10;
/// Shorter stretches are words.
const MIN_BASE64_LEN: usize = 16;
const MIN_HEX_LEN: usize = 16;
/// Lines of MIME and PEM have 76 and 64 characters; shorter ones are words.
const MIN_LINE_LEN: usize = 16;

/// No character of base64.
const NONE: u8 = 0xff;
const SEXTETS: [u8; 256] = sextets();

const fn sextets() -> [u8; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [NONE; 256];
    let mut rest: &[u8] = alphabet;
    let mut value = 0;
    while let [first, others @ ..] = rest {
        set(&mut table, *first, value);
        value += 1;
        rest = others;
    }
    set(&mut table, b'-', 62);
    set(&mut table, b'_', 63);
    table
}

const fn set(table: &mut [u8; 256], byte: u8, value: u8) {
    let (_, from) = table.split_at_mut(byte as usize);
    if let [first, ..] = from {
        *first = value;
    }
}

fn sextet(byte: u8) -> u8 {
    SEXTETS.get(usize::from(byte)).copied().unwrap_or(NONE)
}

/// Whether `byte` can stand in base64, padding aside.
pub(crate) fn is_base64(byte: u8) -> bool {
    sextet(byte) != NONE
}

impl Blob {
    /// The stretch that may begin at `start`, if what it begins with is text or a packed file.
    pub(crate) fn at(text: &[u8], start: usize, alphabet: Alphabet) -> Option<Self> {
        let is_good = match alphabet {
            Alphabet::Base64 => begins_well(text, start, sextet_quad, 4),
            Alphabet::Hex => begins_well(text, start, hex_triple, 6),
        };
        if !is_good {
            return None;
        }
        let (lines_end, end) = ends(text, start, alphabet);
        let least = match alphabet {
            Alphabet::Base64 => MIN_BASE64_LEN,
            Alphabet::Hex => MIN_HEX_LEN,
        };
        (end - start >= least).then_some(Self {
            start,
            end,
            lines_end,
            alphabet,
        })
    }

    /// The stretch without a last line that is short enough to be a word of what follows.
    pub(crate) fn without_last_line(self) -> Option<Self> {
        (self.lines_end < self.end).then_some(Self {
            end: self.lines_end,
            ..self
        })
    }

    /// The pieces, each short enough to be decoded at once.
    pub(crate) fn pieces(self) -> impl Iterator<Item = Self> {
        let step = MAX_PIECE_LEN - OVERLAP_LEN;
        let starts = (self.start..self.end).step_by(step);
        starts.map(move |start| Self {
            start,
            end: self.end.min(start + MAX_PIECE_LEN),
            ..self
        })
    }

    /// The decoded bytes, which need be no text.
    pub(crate) fn decode(self, text: &[u8]) -> Weaver {
        let weaver = Weaver::new(self.start, (self.end - self.start) / 4 * 3 + 3);
        match self.alphabet {
            Alphabet::Base64 => self.base64(text, weaver),
            Alphabet::Hex => self.hex(text, weaver),
        }
    }

    pub(crate) const fn codec(self) -> Codec {
        match self.alphabet {
            Alphabet::Base64 => Codec::BASE64,
            Alphabet::Hex => Codec::HEX,
        }
    }

    fn base64(self, text: &[u8], mut weaver: Weaver) -> Weaver {
        let mut group = Group::default();
        let mut at = self.start;
        while at < self.end {
            let value = sextet(byte(text, at));
            if value == NONE {
                at = after_break(text, at).unwrap_or(at + 1);
                continue;
            }
            if group.push(value, at) {
                group.put(&mut weaver, at + 1);
            }
            at += 1;
        }
        // What is left stands before the padding, if there is any.
        let padded = skip(text, group.end, 2, |byte| byte == b'=');
        group.put(&mut weaver, padded.min(self.end));
        weaver
    }

    fn hex(self, text: &[u8], mut weaver: Weaver) -> Weaver {
        let mut high = None;
        let mut at = self.start;
        while at < self.end {
            let Some(digit) = digit(byte(text, at)) else {
                at = after_break(text, at).unwrap_or(at + 1);
                continue;
            };
            high = match high {
                None => Some((digit, at)),
                Some((first, from)) => {
                    weaver.put(&[first << 4 | digit], from, at + 1);
                    None
                }
            };
            at += 1;
        }
        weaver
    }
}

/// Up to four characters of base64 and where they stand.
#[derive(Debug, Default)]
struct Group {
    bits: u32,
    count: u32,
    start: usize,
    end: usize,
}

impl Group {
    /// Returns whether the group is complete.
    fn push(&mut self, value: u8, at: usize) -> bool {
        if self.count == 0 {
            self.start = at;
        }
        self.end = at + 1;
        self.bits = self.bits << 6 | u32::from(value);
        self.count += 1;
        self.count == 4
    }

    fn put(&mut self, weaver: &mut Weaver, end: usize) {
        let bits = self.bits << (6 * (4 - self.count.min(4)));
        let [_, decoded @ ..] = bits.to_be_bytes();
        let len = match self.count {
            4 => 3,
            3 => 2,
            2 => 1,
            _ => 0,
        };
        weaver.put(slice(&decoded, 0, len), self.start, end);
        *self = Self::default();
    }
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// The three bytes that the base64 at `at` writes, as a number.
fn sextet_quad(text: &[u8], at: usize) -> Option<u32> {
    let [a, b, c, d] = *text.get(at..)?.first_chunk::<4>()?;
    let quad = [sextet(a), sextet(b), sextet(c), sextet(d)];
    let bits = quad
        .iter()
        .fold(0_u32, |bits, &value| bits << 6 | u32::from(value & 63));
    (quad.iter().all(|&value| value != NONE)).then_some(bits)
}

/// The three bytes that the hex at `at` writes, as a number.
fn hex_triple(text: &[u8], at: usize) -> Option<u32> {
    let digits = text.get(at..)?.first_chunk::<6>()?;
    let mut digits = digits.iter();
    digits.try_fold(0, |bits, &byte| Some(bits << 4 | u32::from(digit(byte)?)))
}

/// Whether the first dozen decoded bytes are text, UTF-16, or the beginning of a packed file.
fn begins_well(
    text: &[u8],
    start: usize,
    unit: impl Fn(&[u8], usize) -> Option<u32>,
    step: usize,
) -> bool {
    let mut guess = Guess::default();
    for number in 0..4 {
        let Some(bits) = unit(text, start + number * step) else {
            return false;
        };
        let [_, a, b, c] = bits.to_be_bytes();
        if number == 0 && magic(&[a, b, c]) {
            return true;
        }
        if !(guess.take(a) && guess.take(b) && guess.take(c)) {
            return false;
        }
    }
    guess.has_letters
}

/// What bytes can still be, seen one after the other.
struct Guess {
    is_text: bool,
    /// UTF-16, high byte last.
    is_little: bool,
    /// UTF-16, high byte first.
    is_big: bool,
    /// How many bytes of a character of UTF-8 are to come.
    pending: u8,
    is_odd: bool,
    has_letters: bool,
}

impl Default for Guess {
    fn default() -> Self {
        Self {
            is_text: true,
            is_little: true,
            is_big: true,
            pending: 0,
            is_odd: false,
            has_letters: false,
        }
    }
}

impl Guess {
    /// Returns whether the bytes can still be anything.
    fn take(&mut self, byte: u8) -> bool {
        let (is_character, pending) = match (self.pending, byte) {
            (0, 0 | b'\t' | b'\n' | b'\r' | 0x1b | b' '..=b'~') => (true, 0),
            (0, 0xc2..=0xdf) => (true, 1),
            (0, 0xe0..=0xef) => (true, 2),
            (0, 0xf0..=0xf4) => (true, 3),
            (1.., 0x80..=0xbf) => (true, self.pending - 1),
            (_, _) => (false, 0),
        };
        self.pending = pending;
        self.is_text &= is_character;
        if self.is_odd {
            self.is_little &= is_high(byte);
        } else {
            self.is_big &= is_high(byte);
        }
        self.is_odd = !self.is_odd;
        self.has_letters |= byte != 0;
        self.is_text || self.is_little || self.is_big
    }
}

/// Where the stretch that begins at `start` ends, line breaks and padding included: without a last line
/// that may be a word, and with it.
fn ends(text: &[u8], start: usize, alphabet: Alphabet) -> (usize, usize) {
    let is_digit = |byte: u8| match alphabet {
        Alphabet::Base64 => is_base64(byte),
        Alphabet::Hex => byte.is_ascii_hexdigit(),
    };
    let first_end = skip(text, start, usize::MAX, is_digit);
    let line_len = first_end - start;
    let (mut lines_end, mut end) = (first_end, first_end);
    while line_len >= MIN_LINE_LEN
        && let Some(next) = after_break(text, end)
    {
        let next_end = skip(text, next, line_len + 1, is_digit);
        let line = slice(text, next, next_end);
        // Before a blank it may be the next sentence.
        let is_line =
            ends_line(text, next_end) || byte(text, next_end) == b' ' && looks_random(line);
        if !is_line || !(1..=line_len).contains(&line.len()) {
            break;
        }
        end = next_end;
        if line.len() >= line_len.min(MIN_LINE_LEN) {
            lines_end = end;
        }
        if line.len() < line_len {
            break;
        }
    }
    match alphabet {
        Alphabet::Base64 => {
            let padded = skip(text, end, 2, |byte| byte == b'=');
            // What is padded is of it.
            (if padded > end { padded } else { lines_end }, padded)
        }
        Alphabet::Hex => (lines_end, end),
    }
}

/// The offset after a line break at `at` and the blanks that begin the next line.
fn after_break(text: &[u8], at: usize) -> Option<usize> {
    let end = line_break(text, at)?;
    Some(skip(text, end, 8, |byte| matches!(byte, b' ' | b'\t')))
}

/// The offset after a line break at `at`, also one that JSON wrote, at any depth.
pub(crate) fn line_break(text: &[u8], at: usize) -> Option<usize> {
    let slashes = skip(text, at, 16, |byte| byte == b'\\') - at;
    let (carriage_return, line_feed) = if slashes > 0 {
        (b'r', b'n')
    } else {
        (b'\r', b'\n')
    };
    let after = |at: usize, sign: u8| {
        let place = skip(text, at, slashes, |byte| byte == b'\\');
        (place == at + slashes && byte(text, place) == sign).then_some(place + 1)
    };
    let feed = after(at, carriage_return).unwrap_or(at);
    after(feed, line_feed)
}

fn ends_line(text: &[u8], at: usize) -> bool {
    matches!(
        byte(text, at),
        0..=0x1f | b'=' | b'"' | b'\'' | b'`' | b'\\' | b'<' | b'%' | b'&'
    ) || memmem::find(slice(text, at, at + 5), b"-----").is_some()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};

    use super::*;

    fn decoded(text: &str, alphabet: Alphabet) -> Option<(String, usize)> {
        let blob = Blob::at(text.as_bytes(), 0, alphabet)?;
        let layer = blob.decode(text.as_bytes()).finish(blob.codec())?;
        Some((layer.text().to_owned(), blob.end))
    }

    #[test]
    fn base64_of_text_is_decoded() {
        let plain = "Some text, of which ~~~ and ??? make the other characters: ü.";
        let wrapped = |sign: &str| {
            let lines = STANDARD.encode(plain).into_bytes();
            let lines: Vec<_> = lines
                .chunks(20)
                .map(|line| std::str::from_utf8(line).unwrap().to_owned())
                .collect();
            lines.join(sign)
        };
        for text in [
            STANDARD.encode(plain),
            STANDARD_NO_PAD.encode(plain),
            URL_SAFE.encode(plain),
            wrapped("\n"),
            wrapped("\r\n"),
            wrapped("\\n"),
            wrapped("\\\\r\\\\n"),
            wrapped("\n  "),
        ] {
            let whole = Some((plain.to_owned(), text.len()));
            assert_eq!(decoded(&text, Alphabet::Base64), whole, "{text}");
            let quoted = format!("{text}\" and more");
            assert_eq!(decoded(&quoted, Alphabet::Base64), whole, "{text}");
        }
    }

    #[test]
    fn hex_of_text_is_decoded() {
        let plain = "some text of 24 letters!";
        let hex: String = plain.bytes().map(|byte| format!("{byte:02x}")).collect();
        let whole = Some((plain.to_owned(), hex.len()));
        assert_eq!(decoded(&hex, Alphabet::Hex), whole);
        assert_eq!(
            decoded(&hex.to_uppercase(), Alphabet::Hex).map(|found| found.0),
            Some(plain.to_owned())
        );
        let (first, second) = hex.split_at(32);
        let two_lines = format!("{first}\n{second}\nend");
        assert_eq!(
            decoded(&two_lines, Alphabet::Hex).map(|found| found.0),
            Some(plain.to_owned())
        );
        assert_eq!(
            decoded(&format!("{hex}7"), Alphabet::Hex).map(|found| found.0),
            Some(plain.to_owned())
        );
    }

    #[test]
    fn what_is_no_text_is_dropped() {
        for text in [
            "0123456789abcdef0123456789abcdef",
            "dangerouslyDisableSandboxing",
            "internationalization",
            "/home/alice/src/billing/main",
            "550e8400-e29b-41d4-a716-446655440000",
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
            "AAAAAAAAAAAAAAAAAAAAAA",
            "short",
            "",
        ] {
            assert_eq!(decoded(text, Alphabet::Base64), None, "{text}");
            assert_eq!(decoded(text, Alphabet::Hex), None, "{text}");
        }
    }

    #[test]
    fn the_next_line_belongs_to_it_only_if_it_is_one() {
        let line = STANDARD.encode("eighteen letters a");
        for (rest, len) in [
            ("\nend of file", 0),
            ("\nQUJD\nQUJD", 5),
            ("\nQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD", 0),
            ("\n\nQUJD", 0),
            (" QUJD", 0),
            ("\nQUJDQUJD12 and", 11),
        ] {
            let blob = Blob::at(format!("{line}{rest}").as_bytes(), 0, Alphabet::Base64);
            assert_eq!(blob.unwrap().end, line.len() + len, "{rest:?}");
        }
    }

    #[test]
    fn a_short_last_line_may_be_other_text() {
        let line = STANDARD.encode("eighteen letters a");
        for (rest, len) in [
            ("", None),
            ("\nx", Some(0)),
            ("\\nx\"", Some(0)),
            ("\nQUJDQUJDQUJDQUJD", None),
            ("\nQQ==", None),
        ] {
            let blob = Blob::at(format!("{line}{rest}").as_bytes(), 0, Alphabet::Base64);
            let shorter = blob.unwrap().without_last_line();
            let end = shorter.map(|blob| blob.end - line.len());
            assert_eq!(end, len, "{rest:?}");
        }
    }

    #[test]
    fn a_long_stretch_is_cut_into_pieces_that_overlap() {
        let blob = Blob {
            start: 3,
            end: 3 + 5 * MAX_PIECE_LEN / 2,
            lines_end: 3 + 5 * MAX_PIECE_LEN / 2,
            alphabet: Alphabet::Base64,
        };
        let pieces: Vec<_> = blob.pieces().collect();
        assert!(
            pieces
                .iter()
                .all(|piece| piece.end - piece.start <= MAX_PIECE_LEN)
        );
        assert!(
            pieces
                .windows(2)
                .all(|two| two[0].end - two[1].start == OVERLAP_LEN || two[0].end == blob.end)
        );
        assert_eq!(pieces.last().unwrap().end, blob.end);
    }
}
