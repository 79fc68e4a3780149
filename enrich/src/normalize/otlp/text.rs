//! Turns bytes that claim to be text into text.

use std::borrow::Cow;

/// The bytes as text; what is not UTF-8 becomes U+FFFD and sets `lossy`.
#[inline]
pub(crate) fn read<'a>(bytes: &'a [u8], lossy: &mut bool) -> Cow<'a, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            *lossy = true;
            String::from_utf8_lossy(bytes)
        }
    }
}

/// Appends `bytes` as hex digits.
pub(super) fn push_hex(bytes: &[u8], out: &mut String) {
    for &byte in bytes {
        out.push(digit(byte >> 4));
        out.push(digit(byte & 15));
    }
}

fn digit(half: u8) -> char {
    char::from_digit(u32::from(half), 16).unwrap_or('0')
}
