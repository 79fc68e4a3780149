//! What a JSON string stands for: escapes resolved; what is no UTF-8 stays so, for the path to tell.

use std::borrow::Cow;

/// A string as written between its quotes; its escapes have been checked.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    raw: &'a [u8],
    escaped: bool,
}

impl<'a> Text<'a> {
    /// `raw` must hold well-formed escapes only, and none unless `escaped`.
    pub(super) const fn new(raw: &'a [u8], escaped: bool) -> Self {
        Self { raw, escaped }
    }

    /// The string it stands for.
    pub(super) fn to_str(self) -> Cow<'a, str> {
        if !self.escaped {
            return String::from_utf8_lossy(self.raw);
        }
        let mut out = Vec::with_capacity(self.raw.len());
        self.write_to(&mut out);
        match String::from_utf8_lossy(&out) {
            Cow::Borrowed(text) => Cow::Owned(text.to_owned()),
            Cow::Owned(text) => Cow::Owned(text),
        }
    }

    /// The bytes between the quotes, when no escape stands there.
    pub(super) const fn plain(self) -> Option<&'a [u8]> {
        if self.escaped { None } else { Some(self.raw) }
    }

    /// Appends the string. A lone surrogate becomes a byte that no UTF-8 has: whoever reads it puts
    /// U+FFFD there, as for bytes that were sent so, and knows that something was replaced.
    pub(super) fn write_to(self, out: &mut Vec<u8>) {
        if !self.escaped {
            return out.extend_from_slice(self.raw);
        }
        let mut rest = self.raw;
        while let Some(at) = memchr::memchr(b'\\', rest) {
            let (clean, escape) = rest.split_at(at);
            out.extend_from_slice(clean);
            let used = push_escape(escape, out);
            rest = escape.get(used..).unwrap_or_default();
        }
        out.extend_from_slice(rest);
    }
}

/// Appends what the escape at the beginning of `bytes` stands for; says how long it is.
fn push_escape(bytes: &[u8], out: &mut Vec<u8>) -> usize {
    let byte = match bytes.get(1) {
        Some(b'u') => return push_unicode(bytes, out),
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(&other) => other,
        None => b'\\',
    };
    out.push(byte);
    2
}

/// Stands for a lone surrogate.
const NO_UTF8: u8 = 0xff;

fn push_unicode(bytes: &[u8], out: &mut Vec<u8>) -> usize {
    let high = hex4(bytes.get(2..).unwrap_or_default()).unwrap_or(0xfffd);
    let (code, used) = match (high, bytes.get(6..8)) {
        (0xd800..=0xdbff, Some(b"\\u")) => match hex4(bytes.get(8..).unwrap_or_default()) {
            Some(low @ 0xdc00..=0xdfff) => {
                (0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00), 12)
            }
            Some(_) | None => (high, 6),
        },
        _ => (high, 6),
    };
    match char::from_u32(code) {
        Some(char) => out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.push(NO_UTF8),
    }
    used
}

/// The number of four hex digits.
pub(super) fn hex4(bytes: &[u8]) -> Option<u32> {
    bytes.get(..4)?.iter().try_fold(0, |code, byte| {
        Some(code << 4 | char::from(*byte).to_digit(16)?)
    })
}
