//! Takes off the encoding of forms: percent, and a `+` for each blank (URL Standard, section 5).

use super::super::ascii::{byte, slice};
use super::codec::Codec;
use super::escape::hex_byte;
use super::layer::{Layer, Weaver};

/// The stretch `from..to` of `text` as a form's value; `None` when it holds no `+`.
pub(crate) fn unform(text: &[u8], from: usize, to: usize) -> Option<Layer> {
    let text = slice(text, 0, to);
    let mut weaver = Weaver::new(from, to.saturating_sub(from));
    let (mut copied, mut has_blank) = (from, false);
    for sign in memchr::memchr2_iter(b'+', b'%', slice(text, from, to)) {
        let at = from + sign;
        let (decoded, len) = match byte(text, at) {
            b'+' => (b' ', 1),
            _ => match hex_byte(text, at + 1) {
                Some(byte) => (byte, 3),
                None => continue,
            },
        };
        has_blank |= len == 1;
        weaver.copy(slice(text, copied, at), copied);
        copied = at + len;
        weaver.put(&[decoded], at, copied);
    }
    if !has_blank {
        return None;
    }
    weaver.copy(slice(text, copied, to), copied);
    weaver.finish(Codec::FORM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plus_is_a_blank_and_percent_is_taken_off() {
        for (text, plain) in [
            ("a+b", "a b"),
            ("a%2Bb+c%3D1", "a+b c=1"),
            ("++%22x%22", "  \"x\""),
            ("100%+x", "100% x"),
        ] {
            let layer = unform(text.as_bytes(), 0, text.len());
            assert_eq!(layer.unwrap().text(), plain, "{text}");
        }
        for text in ["", "a b", "a%20b"] {
            assert!(unform(text.as_bytes(), 0, text.len()).is_none(), "{text}");
        }
    }
}
