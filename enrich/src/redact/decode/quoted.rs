//! Takes off quoted-printable (RFC 2045 section 6.7) and the Q encoding of headers (RFC 2047).

use super::super::ascii::{byte, byte_before, is_at, slice};
use super::blob::line_break;
use super::codec::Codec;
use super::escape::hex_byte;
use super::layer::{Layer, Weaver};

/// A key block may hold no other escape than the blanks of its first line, and a value none but the
/// blank before it.
const LEADS: [&[u8]; 2] = [b"BEGIN=20", b":=20"];

/// Whether the `=` at `at` begins an escape that hardly anything but quoted-printable has: a soft
/// line break, a pair of digits with a letter in it, a blank that no number goes on, or one escape
/// after another.
pub(crate) fn is_telling(text: &[u8], at: usize) -> bool {
    match byte(text, at + 1) {
        _ if LEADS.iter().any(|lead| is_at(text, at, lead)) => true,
        b'\n' | b'\r' | b'\\' => soft_break(text, at).is_some(),
        b'0'..=b'9' | b'A'..=b'F' => {
            let has_letter = slice(text, at + 1, at + 3)
                .iter()
                .any(u8::is_ascii_uppercase);
            let follows_blank = is_at(text, at, b"=20") && !byte(text, at + 3).is_ascii_digit();
            escape(text, at).is_some()
                && (has_letter
                    || follows_blank
                    || byte(text, at + 3) == b'=' && escape(text, at + 3).is_some())
        }
        _ => false,
    }
}

/// The stretch `from..to` of `text` without its escapes.
pub(crate) fn unquote(text: &[u8], from: usize, to: usize) -> Option<Layer> {
    let text = slice(text, 0, to);
    let mut weaver = Weaver::new(from, to.saturating_sub(from));
    let mut copied = from;
    for sign in memchr::memchr_iter(b'=', slice(text, from, to)) {
        let at = from + sign;
        if at < copied {
            continue;
        }
        let (decoded, len) = match soft_break(text, at) {
            Some(len) => (None, len),
            None => match escape(text, at) {
                Some(byte) => (Some(byte), 3),
                None => continue,
            },
        };
        weaver.copy(slice(text, copied, at), copied);
        copied = at + len;
        if let Some(byte) = decoded {
            weaver.put(&[byte], at, copied);
        }
    }
    if copied == from {
        return None;
    }
    weaver.copy(slice(text, copied, to), copied);
    weaver.finish(Codec::QUOTED_PRINTABLE)
}

/// The length of a soft line break at `at`, also one whose end of line JSON wrote. Behind another
/// `=` it is padding, which quoted-printable escapes.
fn soft_break(text: &[u8], at: usize) -> Option<usize> {
    if byte_before(text, at) == b'=' {
        return None;
    }
    line_break(text, at + 1).map(|end| end - at)
}

/// Digits in lower case are wrong, and what a URL's values begin with.
fn escape(text: &[u8], at: usize) -> Option<u8> {
    let digits = text.get(at + 1..at + 3)?;
    let is_upper = digits.iter().all(|byte| !byte.is_ascii_lowercase());
    is_upper.then(|| hex_byte(text, at + 1))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_soft_breaks_are_taken_off() {
        for (text, plain) in [
            ("a=3Db", "a=b"),
            ("a=\nb=\r\nc", "abc"),
            ("a=\\nb=\\\\r\\\\nc", "abc"),
            ("=67=68=70=5F", "ghp_"),
            ("=C3=A9", "é"),
            ("x=3Da=zz=4", "x=a=zz=4"),
        ] {
            let layer = unquote(text.as_bytes(), 0, text.len());
            assert_eq!(layer.unwrap().text(), plain, "{text}");
        }
        for text in ["", "a=b", "a=", "a=3d", "a==\nb"] {
            assert!(unquote(text.as_bytes(), 0, text.len()).is_none(), "{text}");
        }
    }

    #[test]
    fn ordinary_assignments_do_not_tell() {
        for (text, telling) in [
            ("=3D", true),
            ("=\n", true),
            ("=\r\n", true),
            ("=\r", false),
            ("=\\n", true),
            ("=\\", false),
            ("=67=68", true),
            (":=201/2", true),
            ("=201/2", false),
            ("=67", false),
            ("=1024", false),
            ("=5F", true),
            ("=a", false),
            ("=", false),
        ] {
            assert_eq!(is_telling(text.as_bytes(), 0), telling, "{text:?}");
        }
    }
}
