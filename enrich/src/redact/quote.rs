//! Quotation marks at any depth of escaping, as in `{\"args\":\"{\\\"password\\\":…`.

use super::ascii::{KEY_END_BYTE, VALUE_END_BYTE, byte, slice};

/// An opening quotation mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quote {
    mark: u8,
    /// Backslashes in front of it: 0, 1, 3, 7 … for JSON inside JSON inside JSON.
    escapes: usize,
}

/// More backslashes in a row are not an escaped mark.
const MAX_ESCAPES: usize = 63;

impl Quote {
    /// The quotation mark at `at`, and the offset after it.
    pub(crate) fn at(text: &[u8], at: usize) -> Option<(Self, usize)> {
        let rest = slice(text, at, at.saturating_add(MAX_ESCAPES + 1));
        let escapes = rest.iter().take_while(|&&byte| byte == b'\\').count();
        let mark = byte(rest, escapes);
        is_mark(mark).then_some((Self { mark, escapes }, at + escapes + 1))
    }

    /// The quotation mark that ends just before `at`.
    pub(crate) fn before(text: &[u8], at: usize) -> Option<Self> {
        let mark_at = at.checked_sub(1)?;
        let mark = byte(text, mark_at);
        let before = slice(text, mark_at.saturating_sub(MAX_ESCAPES), mark_at);
        let escapes = before
            .iter()
            .rev()
            .take_while(|&&byte| byte == b'\\')
            .count();
        is_mark(mark).then_some(Self { mark, escapes })
    }

    /// Where the text that this mark opened ends: at its partner, at the end of the line or of the
    /// event's value, whichever comes first.
    pub(crate) fn closing(self, text: &[u8], start: usize) -> usize {
        let mut backslashes = 0;
        for (offset, &byte) in slice(text, start, text.len()).iter().enumerate() {
            match byte {
                b'\\' => backslashes += 1,
                b'\n' | b'\r' | KEY_END_BYTE | VALUE_END_BYTE => return start + offset,
                _ if byte == self.mark && self.is_closed_after(backslashes) => {
                    return start + offset - backslashes.min(self.escapes);
                }
                _ => backslashes = 0,
            }
        }
        text.len()
    }

    /// A mark with more backslashes than its partner is part of the text, unless the surplus is
    /// whole escaped backslashes.
    const fn is_closed_after(self, backslashes: usize) -> bool {
        backslashes <= self.escapes
            || (backslashes - self.escapes).is_multiple_of(2 * (self.escapes + 1))
    }
}

const fn is_mark(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partner_has_as_many_backslashes() {
        for (text, inside) in [
            (r#""plain" x"#, "plain"),
            (r#""with \" inside" x"#, r#"with \" inside"#),
            (r#""ends in \\" x"#, r"ends in \\"),
            (r#"\"one level\" x"#, "one level"),
            (r#"\"one \\\" level\" x"#, r#"one \\\" level"#),
            (r#"\"cut by the outer string" x"#, "cut by the outer string"),
            (r#"\\\"two levels\\\" x"#, "two levels"),
            ("'single\" mark' x", "single\" mark"),
            ("\"never closed\nx", "never closed"),
            ("\"value\u{1e}x", "value"),
        ] {
            let (quote, start) = Quote::at(text.as_bytes(), 0).unwrap();
            let end = quote.closing(text.as_bytes(), start);
            assert_eq!(text.get(start..end).unwrap(), inside, "{text}");
        }
    }

    #[test]
    fn a_mark_is_seen_from_behind() {
        let text = br#"x \"name"#;
        assert_eq!(
            Quote::before(text, 4),
            Quote::at(text, 2).map(|(quote, _)| quote)
        );
        assert_eq!(Quote::before(text, 2), None);
        assert_eq!(Quote::before(text, 0), None);
    }
}
