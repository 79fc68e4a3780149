//! Characters that are not what they seem: invisible ones, and ones that look like ASCII.

use super::super::ascii::byte;
use super::super::block::after_line_break;
use super::codec::Codec;
use super::layer::{Layer, Weaver};

/// Fewer hidden bytes hide nothing, and more are taken in pieces.
const MIN_HIDDEN_LEN: usize = 8;
const MAX_HIDDEN_LEN: usize = 256 << 10;
/// More ends of lines in a row end what is hidden.
const MAX_LINE_ENDS: usize = 4;

/// What an unusual character stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing that anybody sees.
    Nothing,
    /// This ASCII character, as far as the eye can tell.
    Ascii(u8),
    /// Itself.
    Itself,
}

/// The first character of the tag block: `U+E0041` is an invisible `A`.
const TAGS: u32 = 0xE_0000;

/// What `c`, which is not ASCII, shows.
pub(crate) fn seen(c: char) -> Seen {
    match c {
        _ if is_zero_width(c) || is_bidi_control(c) || is_selector(c) || is_tag(c) => Seen::Nothing,
        '\u{ff01}'..='\u{ff5e}' => ascii(u32::from(c) - 0xfee0),
        '\u{1d400}'..='\u{1d6a3}' => letter((u32::from(c) - 0x1_d400) % 52),
        '\u{1d7ce}'..='\u{1d7ff}' => ascii((u32::from(c) - 0x1_d7ce) % 10 + u32::from(b'0')),
        '\u{24b6}'..='\u{24e9}' => letter(u32::from(c) - 0x24b6),
        _ => look_alike(c).map_or(Seen::Itself, Seen::Ascii),
    }
}

/// The ASCII character that a letter or sign of another script looks like (Unicode TR 39,
/// `confusables.txt`).
const fn look_alike(c: char) -> Option<u8> {
    Some(match c {
        '‐' | '‑' | '‒' | '–' | '—' | '−' => b'-',
        '․' => b'.',
        '⁄' | '∕' => b'/',
        '∶' | '꞉' => b':',
        'Α' | 'А' => b'A',
        'Β' | 'В' | 'ℬ' => b'B',
        'Ϲ' | 'С' | 'ℂ' | 'ℭ' => b'C',
        'Ε' | 'Е' | 'ℰ' => b'E',
        'ℱ' => b'F',
        'ԍ' => b'G',
        'Η' | 'Н' | 'ℋ' | 'ℌ' | 'ℍ' => b'H',
        'Ι' | 'І' | 'Ӏ' | 'ℐ' | 'ℑ' => b'I',
        'Ј' => b'J',
        'Κ' | 'К' => b'K',
        'ʟ' | 'Լ' | 'ℒ' => b'L',
        'Μ' | 'М' | 'ℳ' => b'M',
        'Ν' | 'ℕ' => b'N',
        'Ο' | 'О' | 'Օ' => b'O',
        'Ρ' | 'Р' | 'ℙ' => b'P',
        'Ԛ' | 'ℚ' => b'Q',
        'ℛ' | 'ℜ' | 'ℝ' => b'R',
        'Ѕ' | 'Տ' => b'S',
        'Τ' | 'Т' => b'T',
        'Ս' => b'U',
        'Ѵ' => b'V',
        'Ԝ' => b'W',
        'Χ' | 'Х' => b'X',
        'Υ' | 'У' | 'Ү' => b'Y',
        'Ζ' | 'ℤ' | 'ℨ' => b'Z',
        'ɑ' | 'α' | 'а' => b'a',
        'ϲ' | 'с' => b'c',
        'ԁ' => b'd',
        'е' | 'ℯ' => b'e',
        'ɡ' | 'ց' | 'ℊ' => b'g',
        'һ' | 'հ' | 'ℎ' => b'h',
        'ı' | 'ɩ' | 'ι' | 'і' => b'i',
        'ϳ' | 'ј' | 'յ' => b'j',
        'κ' | 'к' => b'k',
        'ӏ' | 'ℓ' => b'l',
        'ո' => b'n',
        'ο' | 'о' | 'օ' | 'ℴ' => b'o',
        'ρ' | 'р' => b'p',
        'ԛ' | 'գ' | 'զ' => b'q',
        'ѕ' => b's',
        'τ' => b't',
        'υ' | 'ս' => b'u',
        'ν' | 'ѵ' => b'v',
        'ѡ' | 'ԝ' | 'ա' => b'w',
        'χ' | 'х' => b'x',
        'ʏ' | 'γ' | 'у' | 'ү' => b'y',
        _ => return None,
    })
}

/// Letters of the alphabet, upper case first.
fn letter(number: u32) -> Seen {
    let first = if number < 26 { b'A' } else { b'a' - 26 };
    ascii(u32::from(first) + number)
}

fn ascii(number: u32) -> Seen {
    u8::try_from(number).map_or(Seen::Itself, Seen::Ascii)
}

/// Letters with no width of their own, fillers, the byte order mark and the soft hyphen.
pub(crate) const fn is_zero_width(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}'
    )
}

/// Marks, embeddings, overrides and isolates of the bidirectional algorithm (Unicode TR 9).
pub(crate) const fn is_bidi_control(c: char) -> bool {
    matches!(
        c,
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
    )
}

/// Variation selectors.
pub(crate) const fn is_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Characters of the tag block.
pub(crate) const fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0000}'..='\u{e007f}')
}

/// Characters that mean what two parties agree on.
pub(crate) const fn is_private_use(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}')
}

/// The invisible ASCII character that a tag is.
pub(crate) fn tag_byte(c: char) -> Option<u8> {
    let byte = u8::try_from(u32::from(c).checked_sub(TAGS)?).ok()?;
    matches!(byte, b' '..=b'~' | b'\t' | b'\n').then_some(byte)
}

/// The byte that a variation selector can smuggle, by its number.
pub(crate) fn selector_byte(c: char) -> Option<u8> {
    let number = match c {
        '\u{fe00}'..='\u{fe0f}' => u32::from(c) - 0xfe00,
        '\u{e0100}'..='\u{e01ef}' => u32::from(c) - 0xe_0100 + 16,
        _ => return None,
    };
    u8::try_from(number).ok()
}

/// Whether a zero, or a character that does not show or that looks like ASCII, can begin with a
/// byte.
const CAN_BEGIN: [bool; 256] = can_begin();

const fn can_begin() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    let mut rest: &mut [bool] = &mut table;
    while let Some((first, others)) = rest.split_first_mut() {
        *first = byte == 0 || can_lead(byte);
        byte = byte.wrapping_add(1);
        rest = others;
    }
    table
}

/// Whether a character that does not show, or that looks like ASCII, can begin with `lead` in UTF-8.
pub(crate) const fn can_lead(lead: u8) -> bool {
    matches!(lead, 0xc2 | 0xc4 | 0xc9..=0xd6 | 0xd8 | 0xe1..=0xe3 | 0xea | 0xef | 0xf0 | 0xf3)
}

/// Calls `visit` with each offset at which one of them can begin.
pub(crate) fn each_beginning(text: &[u8], mut visit: impl FnMut(usize)) {
    let can_begin = |byte: &u8| CAN_BEGIN.get(usize::from(*byte)).copied().unwrap_or(false);
    for (at, byte) in text.iter().enumerate() {
        if can_begin(byte) && !is_ordinary(*byte, text.get(at + 1).copied().unwrap_or(0)) {
            visit(at);
        }
    }
}

/// Whether two bytes begin a character of Japanese, Korean or Georgian that is nothing but that,
/// or one of Latin.
const fn is_ordinary(lead: u8, next: u8) -> bool {
    match lead {
        0xc2 => next != 0xad,
        0xe1 => !matches!(next, 0x85 | 0x9e | 0xa0),
        0xe3 => next != 0x85,
        0xea => next != 0x9e,
        0xf0 => next != 0x9d,
        _ => false,
    }
}

/// Calls `visit` with every text that is hidden in characters which do not show: tags, and
/// variation selectors that write bytes.
pub(crate) fn each_hidden(text: &str, mut visit: impl FnMut(Layer)) {
    let bytes = text.as_bytes();
    // All of them begin with one of two bytes.
    let mut at = 0;
    while let Some(lead) = memchr::memchr2(0xf3, 0xef, bytes.get(at..).unwrap_or_default()) {
        at += lead;
        let hidden = [
            (Codec::TAGS, tag_byte as fn(char) -> Option<u8>),
            (Codec::SELECTORS, selector_byte),
        ];
        let found = hidden
            .into_iter()
            .map(|(codec, decode)| hidden_run(bytes, at, codec, decode))
            .max_by_key(|(end, _)| *end);
        at = match found {
            Some((end, layer)) if end > at => {
                if let Some(layer) = layer {
                    visit(layer);
                }
                end
            }
            Some(_) | None => at + 1,
        };
    }
}

/// The hidden text that begins at `start`, and where it ends.
fn hidden_run(
    text: &[u8],
    start: usize,
    codec: Codec,
    decode: fn(char) -> Option<u8>,
) -> (usize, Option<Layer>) {
    let mut weaver = Weaver::new(start, 64);
    let mut at = start;
    while let Some((c, len)) = character(text, at)
        && weaver.len() < MAX_HIDDEN_LEN
    {
        match decode(c) {
            Some(byte) => weaver.put(&[byte], at, at + len),
            None if c == '\0' || is_zero_width(c) || is_bidi_control(c) => {}
            // A key block keeps its lines.
            None => match over_line_ends(text, at, decode) {
                Some(next) => {
                    weaver.put(b"\n", at, next);
                    at = next;
                    continue;
                }
                None => break,
            },
        }
        at += len;
    }
    let layer = if weaver.len() >= MIN_HIDDEN_LEN {
        weaver.finish(codec)
    } else {
        None
    };
    (at, layer)
}

/// The offset after the ends of lines at `at`, written or escaped, if what is hidden goes on there.
fn over_line_ends(text: &[u8], at: usize, decode: fn(char) -> Option<u8>) -> Option<usize> {
    let mut next = at;
    for _ in 0..MAX_LINE_ENDS {
        let after_return = || (byte(text, next) == b'\r').then_some(next + 1);
        match after_line_break(text, next).or_else(after_return) {
            Some(after) => next = after,
            None => break,
        }
    }
    let goes_on = character(text, next).is_some_and(|(c, _)| decode(c).is_some());
    (next > at && goes_on).then_some(next)
}

/// The character at `at`, and its length in bytes.
pub(crate) fn character(text: &[u8], at: usize) -> Option<(char, usize)> {
    let tail = |offset: usize| {
        let byte = *text.get(at + offset)?;
        (byte & 0xc0 == 0x80).then_some(u32::from(byte & 0x3f))
    };
    let lead = *text.get(at)?;
    let bits = |mask: u8| u32::from(lead & mask);
    let (number, len) = match lead {
        0..0x80 => (u32::from(lead), 1),
        0xc0..0xe0 => (bits(0x1f) << 6 | tail(1)?, 2),
        0xe0..0xf0 => (bits(0x0f) << 12 | tail(1)? << 6 | tail(2)?, 3),
        0xf0..0xf8 => (bits(7) << 18 | tail(1)? << 12 | tail(2)? << 6 | tail(3)?, 4),
        _ => return None,
    };
    char::from_u32(number).map(|c| (c, len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_look_alike_is_seen_through() {
        for (text, plain) in [
            ("ｇｈｐ＿１", "ghp_1"),
            ("𝐠𝘩𝓅_𝟙𝟿", "ghp_19"),
            ("𝙰𝐙𝒂𝔷", "AZaz"),
            ("рassԝоrd", "password"),
            ("ΑΚΙΑ", "AKIA"),
            ("ⓖⓗⓟⒶ", "ghpA"),
            ("sk‑ant−x", "sk-ant-x"),
            ("g\u{200b}h\u{2060}p\u{feff}\u{ad}", "ghp"),
            ("g\u{202e}h\u{2066}p\u{200f}", "ghp"),
            ("g\u{fe0f}h\u{e0101}p\u{e0041}", "ghp"),
            ("жé漢", "жé漢"),
        ] {
            let shown: String = text
                .chars()
                .filter_map(|c| match seen(c) {
                    _ if c.is_ascii() => Some(c),
                    Seen::Nothing => None,
                    Seen::Ascii(byte) => Some(char::from(byte)),
                    Seen::Itself => Some(c),
                })
                .collect();
            assert_eq!(shown, plain);
        }
    }

    #[test]
    fn hidden_bytes_are_read() {
        assert_eq!(tag_byte('\u{e0041}'), Some(b'A'));
        assert_eq!(tag_byte('\u{e0001}'), None);
        assert_eq!(tag_byte('A'), None);
        assert_eq!(selector_byte('\u{fe01}'), Some(1));
        assert_eq!(selector_byte('\u{e0100}'), Some(16));
        assert_eq!(selector_byte('\u{e01ef}'), Some(255));
        assert_eq!(selector_byte('A'), None);
    }

    #[test]
    fn hidden_texts_are_read() {
        let tags = |text: &str| -> String {
            let tag = |c: char| char::from_u32(u32::from(c) + TAGS).unwrap();
            text.chars().map(tag).collect()
        };
        let selectors = |text: &str| -> String {
            let selector = |byte: u8| match byte {
                0..16 => char::from_u32(0xfe00 + u32::from(byte)).unwrap(),
                16.. => char::from_u32(0xe_0100 + u32::from(byte) - 16).unwrap(),
            };
            text.bytes().map(selector).collect()
        };
        let lines = tags("hid") + "\\n" + &tags("den text");
        let mut found = Vec::new();
        each_hidden(&lines, |layer| found.push(layer.text().to_owned()));
        assert_eq!(found, ["hid\nden text"]);
        for hidden in [tags("hidden text"), selectors("hidden text")] {
            let text = format!("é 漢\u{ff0c} visible{hidden}, \u{fe0f}");
            let mut found = Vec::new();
            each_hidden(&text, |layer| found.push(layer.text().to_owned()));
            assert_eq!(found, ["hidden text"]);
        }
    }

    #[test]
    fn every_unusual_character_has_a_lead_that_tells() {
        for c in (0x80..=0x10_ffff).filter_map(char::from_u32) {
            if seen(c) != Seen::Itself {
                let mut place = [0; 4];
                let bytes = c.encode_utf8(&mut place).as_bytes();
                assert!(
                    can_lead(bytes[0]) && !is_ordinary(bytes[0], bytes[1]),
                    "{c:?}"
                );
            }
        }
    }

    #[test]
    fn a_cut_character_is_none() {
        let text = "é".as_bytes();
        assert_eq!(character(text, 0), Some(('é', 2)));
        assert_eq!(character(text, 1), None);
        assert_eq!(character(text.get(..1).unwrap(), 0), None);
        assert_eq!(character(text, 2), None);
    }
}
