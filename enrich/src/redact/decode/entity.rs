//! Reads HTML's character references (WHATWG HTML, section 13.5), as far as they stand for ASCII.

use super::super::ascii::{byte, slice};
use super::codec::Codec;
use super::escape::{Escape, hex_number};

/// The names of ASCII characters that are no letter or digit, and of the no-break space.
const NAMES: &[(&str, u8)] = &[
    ("Hat", b'^'),
    ("NewLine", b'\n'),
    ("QUOT", b'"'),
    ("AMP", b'&'),
    ("GT", b'>'),
    ("LT", b'<'),
    ("Tab", b'\t'),
    ("UnderBar", b'_'),
    ("VerticalLine", b'|'),
    ("amp", b'&'),
    ("apos", b'\''),
    ("ast", b'*'),
    ("bsol", b'\\'),
    ("colon", b':'),
    ("comma", b','),
    ("commat", b'@'),
    ("dollar", b'$'),
    ("equals", b'='),
    ("excl", b'!'),
    ("grave", b'`'),
    ("gt", b'>'),
    ("hyphen", b'-'),
    ("dash", b'-'),
    ("lbrace", b'{'),
    ("lbrack", b'['),
    ("lcub", b'{'),
    ("lowbar", b'_'),
    ("lpar", b'('),
    ("lsqb", b'['),
    ("lt", b'<'),
    ("midast", b'*'),
    ("nbsp", b' '),
    ("num", b'#'),
    ("percnt", b'%'),
    ("period", b'.'),
    ("plus", b'+'),
    ("quest", b'?'),
    ("quot", b'"'),
    ("rbrace", b'}'),
    ("rbrack", b']'),
    ("rcub", b'}'),
    ("rpar", b')'),
    ("rsqb", b']'),
    ("semi", b';'),
    ("sol", b'/'),
    ("verbar", b'|'),
    ("vert", b'|'),
];
/// The longest name, with its sign.
const MAX_NAME_LEN: usize = 13;
/// Digits of a number, with leading zeros.
const MAX_DIGITS: usize = 10;

/// Every name that is known.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, _)| *name)
}

/// The reference whose `&` is at `at`.
pub(crate) fn entity(text: &[u8], at: usize) -> Option<Escape> {
    match byte(text, at + 1) {
        b'#' => numbered(text, at),
        b'a'..=b'z' | b'A'..=b'Z' => named(text, at),
        _ => None,
    }
}

fn named(text: &[u8], at: usize) -> Option<Escape> {
    let ahead = slice(text, at + 1, at + 1 + MAX_NAME_LEN);
    let len = ahead.iter().position(|byte| !byte.is_ascii_alphabetic())?;
    if byte(ahead, len) != b';' {
        return None;
    }
    let name = slice(ahead, 0, len);
    let (_, sign) = NAMES.iter().find(|(known, _)| known.as_bytes() == name)?;
    Some(Escape::byte(*sign, len + 2, Codec::HTML))
}

/// Browsers take a number without its semicolon too.
fn numbered(text: &[u8], at: usize) -> Option<Escape> {
    let is_hex = matches!(byte(text, at + 2), b'x' | b'X');
    let start = if is_hex { at + 3 } else { at + 2 };
    let is_digit = |byte: &&u8| {
        if is_hex {
            byte.is_ascii_hexdigit()
        } else {
            byte.is_ascii_digit()
        }
    };
    let digits = slice(text, start, start + MAX_DIGITS);
    let count = digits.iter().take_while(is_digit).count();
    let number = if is_hex {
        hex_number(text, start, count)?
    } else {
        std::str::from_utf8(slice(digits, 0, count))
            .ok()?
            .parse()
            .ok()?
    };
    let end = start + count;
    let end = if byte(text, end) == b';' {
        end + 1
    } else {
        end
    };
    Escape::character(number, end - at, Codec::HTML)
}

#[cfg(test)]
mod tests {
    use super::super::escape::unescape;

    #[test]
    fn references_are_read() {
        for (text, plain) in [
            ("&quot;", "\""),
            ("&lowbar;", "_"),
            ("&#103;", "g"),
            ("&#0000103;", "g"),
            ("&#x67;", "g"),
            ("&#X67;", "g"),
            ("&#103h", "gh"),
            ("&#x1D41A;", "𝐚"),
            ("&VerticalLine;", "|"),
            ("&amp;quot;", "&quot;"),
        ] {
            let layer = unescape(text.as_bytes(), 0, text.len());
            assert_eq!(layer.unwrap().text(), plain, "{text}");
        }
        for text in [
            "&",
            "&;",
            "&#;",
            "&#x;",
            "&quot",
            "&nothing;",
            "&a=b;",
            "&#xD800;",
            "& amp;",
        ] {
            assert!(unescape(text.as_bytes(), 0, text.len()).is_none(), "{text}");
        }
    }
}
