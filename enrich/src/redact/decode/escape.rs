//! Takes off, in one pass, every encoding that writes single characters in another way: percent,
//! JSON's backslashes, HTML entities, and characters that are not what they seem.

use super::super::ascii::{byte, is_at, is_word, slice};
use super::codec::Codec;
use super::entity::entity;
use super::layer::{Layer, Weaver};
use super::unicode::{Seen, character, is_zero_width, seen};

/// A few bytes of text that stand for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Escape {
    bytes: [u8; 4],
    len: usize,
    /// How long it is.
    pub(crate) source_len: usize,
    codec: Codec,
}

impl Escape {
    /// An escape of one byte.
    pub(crate) const fn byte(byte: u8, source_len: usize, codec: Codec) -> Self {
        Self {
            bytes: [byte, 0, 0, 0],
            len: 1,
            source_len,
            codec,
        }
    }

    /// An escape of the character with this number.
    pub(crate) fn character(number: u32, source_len: usize, codec: Codec) -> Option<Self> {
        let mut bytes = [0; 4];
        let len = char::from_u32(number)?.encode_utf8(&mut bytes).len();
        Some(Self {
            bytes,
            len,
            source_len,
            codec,
        })
    }

    fn decoded(&self) -> &[u8] {
        slice(&self.bytes, 0, self.len)
    }
}

/// The stretch `from..to` of `text` without its escapes; `None` when it has none.
pub(crate) fn unescape(text: &[u8], from: usize, to: usize) -> Option<Layer> {
    let text = slice(text, 0, to);
    // Without a branch, sixteen bytes are looked at together.
    let bytes = slice(text, from, to).iter();
    if !bytes.fold(false, |any, &byte| any | can_begin(byte)) {
        return None;
    }
    let mut weaver = Weaver::new(from, to.saturating_sub(from));
    let mut codec = Codec::NO_ESCAPE;
    let mut at = from;
    let mut copied = from;
    while let Some(plain) = slice(text, at, to).iter().position(|&byte| can_begin(byte)) {
        at += plain;
        let Some(escape) = escape_at(text, at) else {
            at += 1;
            continue;
        };
        weaver.copy(slice(text, copied, at), copied);
        let end = at + escape.source_len;
        weaver.put(escape.decoded(), at, end);
        codec = codec.with(escape.codec);
        (at, copied) = (end, end);
    }
    if codec == Codec::NO_ESCAPE {
        return None;
    }
    weaver.copy(slice(text, copied, to), copied);
    weaver.finish(codec)
}

const fn can_begin(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&' | 0 | 0x80..)
}

/// The escape that begins at `at`.
fn escape_at(text: &[u8], at: usize) -> Option<Escape> {
    match byte(text, at) {
        b'%' => percent(text, at),
        b'\\' => backslash(text, at),
        b'&' => entity(text, at),
        0 => Some(unseen(1)),
        _ => unusual(text, at),
    }
}

/// Whether what begins at `at`, which is a zero or not ASCII, is not what it seems.
pub(crate) fn is_telling(text: &[u8], at: usize) -> bool {
    byte(text, at) == 0 || unusual(text, at).is_some() && is_beside_ascii(text, at)
}

/// `%41` and `%u0041`.
fn percent(text: &[u8], at: usize) -> Option<Escape> {
    if let Some(byte) = hex_byte(text, at + 1) {
        return Some(Escape::byte(byte, 3, Codec::PERCENT));
    }
    let number = (byte(text, at + 1) == b'u').then(|| hex_number(text, at + 2, 4))??;
    Escape::character(number, 6, Codec::PERCENT)
}

/// The escapes of JSON, of JavaScript, and of C: `\u0041`, `\u{41}`, `\x41`, `\101`, `\/`.
fn backslash(text: &[u8], at: usize) -> Option<Escape> {
    let sign = byte(text, at + 1);
    let plain = |byte: u8| Some(Escape::byte(byte, 2, Codec::JSON));
    match sign {
        b'"' | b'\'' | b'\\' | b'/' | b'`' => plain(sign),
        b'n' => plain(b'\n'),
        b'r' => plain(b'\r'),
        b't' => plain(b'\t'),
        b'u' => unicode(text, at),
        b'x' => hex_byte(text, at + 2).map(|byte| Escape::byte(byte, 4, Codec::JSON)),
        b'0'..=b'3' => octal(text, at + 1).map(|byte| Escape::byte(byte, 4, Codec::JSON)),
        _ => None,
    }
}

fn unicode(text: &[u8], at: usize) -> Option<Escape> {
    if byte(text, at + 2) == b'{' {
        let digits = slice(text, at + 3, at + 10)
            .split(|&byte| byte == b'}')
            .next()?;
        let number = hex_number(text, at + 3, digits.len())?;
        let closed = byte(text, at + 3 + digits.len()) == b'}';
        return closed.then(|| Escape::character(number, digits.len() + 4, Codec::JSON))?;
    }
    let first = hex_number(text, at + 2, 4)?;
    let second = || {
        let is_pair = (0xd800..0xdc00).contains(&first) && is_at(text, at + 6, b"\\u");
        is_pair.then(|| hex_number(text, at + 8, 4))?
    };
    match second() {
        Some(second @ 0xdc00..0xe000) => {
            let number = 0x1_0000 + ((first - 0xd800) << 10 | (second - 0xdc00));
            Escape::character(number, 12, Codec::JSON)
        }
        Some(_) | None => Escape::character(first, 6, Codec::JSON),
    }
}

fn octal(text: &[u8], at: usize) -> Option<u8> {
    let digits = text.get(at..at + 3)?;
    digits.iter().try_fold(0_u8, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 8)?;
        number.checked_mul(8)?.checked_add(digit)
    })
}

/// A character that is not ASCII but shows as if it were, or does not show.
fn unusual(text: &[u8], at: usize) -> Option<Escape> {
    let (c, source_len) = character(text, at)?;
    match seen(c) {
        Seen::Nothing => Some(unseen(source_len)),
        Seen::Ascii(byte) => Some(Escape::byte(byte, source_len, Codec::UNICODE)),
        Seen::Itself => None,
    }
}

const fn unseen(source_len: usize) -> Escape {
    Escape {
        bytes: [0; 4],
        len: 0,
        source_len,
        codec: Codec::UNICODE,
    }
}

/// Whether the character at `at` has an ASCII letter or digit beside it, or stands apart among
/// them: a word of another script is nothing unusual, nor is a dash in a sentence.
fn is_beside_ascii(text: &[u8], at: usize) -> bool {
    let Some((c, len)) = character(text, at) else {
        return false;
    };
    let before = |distance: usize| at.checked_sub(distance).map_or(0, |at| byte(text, at));
    let after = |distance: usize| byte(text, at + len + distance);
    let is_shown = |byte: u8| byte.is_ascii() && byte != 0;
    let is_alone = || {
        let is_sign = |byte: u8| byte.is_ascii() && !is_word(byte);
        c.is_alphabetic()
            && is_sign(before(1))
            && is_sign(after(0))
            && (is_word(before(2)) || is_word(after(1)))
    };
    match c {
        '–' | '—' => before(1).is_ascii_alphabetic() && after(0).is_ascii_alphabetic(),
        // Nobody writes English so; their punctuation is that of Chinese.
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' | '＿' | '𝐀'..='𝟿' => true,
        _ => {
            let is_hidden = || is_zero_width(c) && is_shown(before(1)) && is_shown(after(0));
            is_word(before(1)) || is_word(after(0)) || is_hidden() || is_alone()
        }
    }
}

/// The byte that two hex digits at `at` write.
pub(crate) fn hex_byte(text: &[u8], at: usize) -> Option<u8> {
    u8::try_from(hex_number(text, at, 2)?).ok()
}

/// The number that `count` hex digits at `at` write.
pub(crate) fn hex_number(text: &[u8], at: usize, count: usize) -> Option<u32> {
    let digits = text.get(at..at.checked_add(count)?)?;
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        number.checked_mul(16)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Option<String> {
        unescape(text.as_bytes(), 0, text.len()).map(|layer| layer.text().to_owned())
    }

    #[test]
    fn each_escape_is_taken_off_once() {
        for (text, plain) in [
            ("a%3Db%3dc", "a=b=c"),
            ("%25%33%64", "%3d"),
            ("%u0041%uD83D", "A%uD83D"),
            (r#"\"a\/b\\n\n"#, "\"a/b\\n\n"),
            (r"\u0041\u{42}\x43\104", "ABCD"),
            (r"\ud835\udc00", "𝐀"),
            (r"\ud835x\u0041", r"\ud835xA"),
            (
                r"\u004x \u{ \u{} \u{41 \q A\u0042",
                r"\u004x \u{ \u{} \u{41 \q AB",
            ),
            ("&quot;&#65;&#x42;&amp;lt;", "\"AB&lt;"),
            ("g\0h\0p\0", "ghp"),
            ("ghр\u{200b}_ж", "ghp_ж"),
            ("%C3%A9", "é"),
            ("%C3", "?"),
        ] {
            assert_eq!(decoded(text).as_deref(), Some(plain), "{text}");
        }
        for text in ["", "plain", "100 % of", "%4", r"C:\dir", "a & b", "жé漢"] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }

    #[test]
    fn ordinary_characters_do_not_tell() {
        for (text, telling) in [
            ("\0", true),
            ("кабель", false),
            ("рassword", true),
            ("\u{200b}h", true),
            ("\u{200d}", false),
            ("ｇ", true),
            ("，設", false),
            ("– b", false),
            ("é", false),
        ] {
            assert_eq!(is_telling(text.as_bytes(), 0), telling, "{text}");
        }
    }
}
