//! Joins letters that stand apart: `g h p _ A b c`, `g.h.p._.A`.

use super::super::ascii::{byte, is_word, skip, skip_back, slice};
use super::codec::Codec;
use super::layer::{Layer, Weaver};

/// Fewer characters are an abbreviation.
const MIN_COUNT: usize = 12;
/// More blanks in a row, with the signs between them, end a stretch.
const MAX_BLANKS: usize = 32;
/// A longer stretch is worked on in pieces.
pub(crate) const MAX_LEN: usize = 1 << 18;

/// Where the letters apart that hold the byte at `at` begin and end; `None` when there are none.
pub(crate) fn extent(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let (sign_at, sign) = [at, at + 1]
        .map(|at| (at, byte(text, at)))
        .into_iter()
        .find(|(at, sign)| {
            is_sign(*sign) && byte(text, at + 2) == *sign && byte(text, at + 1) != *sign
        })?;
    let mut first_sign = sign_at;
    while let Some(before) = letter_before(text, first_sign, sign)
        && let Some(sign_before) = before.checked_sub(1)
        && byte(text, sign_before) == sign
        && sign_at < sign_before + MAX_LEN
    {
        first_sign = sign_before;
    }
    // The first letter has no sign before it, or is the last one of a word.
    let start = letter_before(text, first_sign, sign)
        .filter(|start| !is_word(start.checked_sub(1).map_or(0, |before| byte(text, before))))
        .unwrap_or(first_sign + 1);
    let mut end = sign_at;
    while byte(text, end) == sign
        && let Some(after) = letter_after(text, end + 1, sign)
        && end < start + MAX_LEN
    {
        // The last one may begin a word.
        if is_word(byte(text, after)) {
            break;
        }
        end = after;
    }
    (end >= start + 2 * MIN_COUNT - 1).then_some((start, end))
}

/// The second letter of the stretch from `start` on, where the first one may be the end of what stands
/// before: `/a g h p`.
pub(crate) fn after_word_end(text: &[u8], start: usize) -> Option<usize> {
    let is_apart = |byte: u8| !byte.is_ascii_graphic() || b"\"'`=:([{<,;".contains(&byte);
    let before = start.checked_sub(1).map(|before| byte(text, before))?;
    let sign = letter_after(text, start, b' ')?;
    (!is_apart(before)).then_some(sign + 1)
}

/// The letters of the stretch `from..to`, which [`extent`] found.
pub(crate) fn join(text: &[u8], from: usize, to: usize) -> Option<Layer> {
    let mut weaver = Weaver::new(from, (to - from) / 2 + 1);
    let mut at = from;
    let sign = letter_after(text, from, b' ').map_or(0, |end| byte(text, end));
    while at < to
        && let Some(end) = letter_after(text, at, sign)
    {
        let line_end = (end == at + 2 && escaped(text, at) == Some(b'\n')).then_some(b"\n");
        weaver.put(
            line_end.map_or(slice(text, end - 1, end), |end| end),
            at,
            end,
        );
        at = end + 1;
    }
    weaver.finish(Codec::SPACED)
}

/// Where the letter before `at` begins, with the backslash that JSON wrote before it.
fn letter_before(text: &[u8], at: usize, sign: u8) -> Option<usize> {
    let letter = at.checked_sub(1)?;
    let before = letter
        .checked_sub(1)
        .filter(|&before| escaped(text, before).is_some());
    let is_blank = || is_blank_apart(text, letter, sign);
    (is_letter(byte(text, letter)) || is_blank()).then_some(before.unwrap_or(letter))
}

/// Where the letter at `at`, with the backslash that JSON wrote before it, ends.
fn letter_after(text: &[u8], at: usize, sign: u8) -> Option<usize> {
    let letter = at + usize::from(escaped(text, at).is_some());
    let is_blank = || is_blank_apart(text, letter, sign);
    (is_letter(byte(text, letter)) || is_blank()).then_some(letter + 1)
}

/// What JSON wrote at `at` with a backslash before it.
fn escaped(text: &[u8], at: usize) -> Option<u8> {
    match (byte(text, at), byte(text, at + 1)) {
        (b'\\', sign @ (b'"' | b'\\')) => Some(sign),
        (b'\\', b'n' | b'r') => Some(b'\n'),
        _ => None,
    }
}

/// Whether the blank or end of line at `at` is a letter of its own: `k e y :   x`.
fn is_blank_apart(text: &[u8], at: usize, sign: u8) -> bool {
    let is_apart = |letter: usize| {
        let distance = letter.abs_diff(at);
        distance.is_multiple_of(2) && distance <= MAX_BLANKS && is_letter(byte(text, letter))
    };
    let is_blank = |byte: u8| matches!(byte, b' ' | b'\n');
    sign == b' '
        && is_blank(byte(text, at))
        && is_apart(skip(text, at, MAX_BLANKS, is_blank))
        && skip_back(text, at, MAX_BLANKS, is_blank)
            .checked_sub(1)
            .is_some_and(is_apart)
}

const fn is_sign(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'.' | b'-' | b'_' | b',' | b'|' | b'*' | b'/' | b':' | b';' | b'+' | b'\t' | b'\n'
    )
}

/// What a secret is made of, and the zeros of UTF-16.
const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str, at: usize) -> Option<(String, String)> {
        let (from, to) = extent(text.as_bytes(), at)?;
        let layer = join(text.as_bytes(), from, to)?;
        Some((layer.text().to_owned(), text.get(from..to)?.to_owned()))
    }

    #[test]
    fn blanks_and_lines_apart_are_joined() {
        for (text, plain) in [
            ("x k e y :   A b c d e f g h i", "xkey: Abcdefghi"),
            ("x k e y \n     A b c d e f g h i", "xkey\n  Abcdefghi"),
        ] {
            let found = joined(text, text.len() - 6);
            assert_eq!(found.unwrap().0, plain);
        }
    }

    #[test]
    fn a_letter_that_may_end_a_word_may_be_left_out() {
        let rest = "g h p _ A b c d e f g h";
        for before in ["/a ", "192.0.2.7 ", "x/é "] {
            let text = format!("{before}{rest}");
            let (start, end) = extent(text.as_bytes(), text.len() - 6).unwrap();
            let starts = [Some(start), after_word_end(text.as_bytes(), start)];
            let layers = starts.into_iter().flatten();
            let read = layers.map(|start| join(text.as_bytes(), start, end).unwrap());
            assert!(
                read.into_iter().any(|layer| layer.text() == "ghp_Abcdefgh"),
                "{text}"
            );
        }
        for text in [
            rest.to_owned(),
            format!("key={rest}"),
            format!("word {rest}"),
        ] {
            let (start, _) = extent(text.as_bytes(), text.len() - 6).unwrap();
            assert_eq!(after_word_end(text.as_bytes(), start), None, "{text}");
        }
    }

    #[test]
    fn letters_apart_are_joined() {
        for (text, plain) in [
            ("g h p _ A b c d e f g h", "ghp_Abcdefgh"),
            ("g.h.p._.A.b.c.d.e.f.g.h", "ghp_Abcdefgh"),
            (r#"\" p a s s w o r d \" : \""#, "\"password\":\""),
            ("g-h-p-_-A-b-c-d-e-f-g-h", "ghp_Abcdefgh"),
        ] {
            for before in ["", "the key= ", "word "] {
                for after in ["", " and more", "\n", "\""] {
                    let whole = format!("{before}{text}{after}");
                    for at in before.len() + 4..before.len() + 12 {
                        let found = joined(&whole, at);
                        assert_eq!(found, Some((plain.to_owned(), text.to_owned())), "{whole}");
                    }
                }
            }
        }
        for text in [
            "a b c d e f",
            "words of more than one letter",
            "",
            "a.b.c.d",
        ] {
            assert_eq!(joined(text, 2), None, "{text}");
        }
    }
}
