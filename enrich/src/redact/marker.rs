//! Writes and recognizes `[redacted:<kind>:<token>]`, so that what is masked stays as it is.

use super::ascii::{byte, skip};
use super::token::{TOKEN_LEN, Token, is_token_digit};

/// What every marker begins with.
pub(crate) const MARKER_START: &str = "[redacted:";
/// No kind is longer, in bytes.
pub(crate) const MAX_KIND_LEN: usize = 48;

/// The marker that stands for the secret of `token`.
pub(crate) fn marker(kind: &str, token: Token) -> String {
    let mut text = String::with_capacity(MARKER_START.len() + kind.len() + TOKEN_LEN + 2);
    text.push_str(MARKER_START);
    text.push_str(kind);
    text.push(':');
    text.push_str(token.as_str());
    text.push(']');
    text
}

/// The end of the marker whose [`MARKER_START`] ends at `at`, if it is one.
pub(crate) fn marker_end(text: &[u8], at: usize) -> Option<usize> {
    let colon = skip(text, at, MAX_KIND_LEN, is_kind);
    let token = colon + 1;
    let end = skip(text, token, TOKEN_LEN, is_token_digit);
    let whole = colon > at
        && byte(text, colon) == b':'
        && end == token + TOKEN_LEN
        && byte(text, end) == b']';
    whole.then_some(end + 1)
}

/// Whether `byte` can stand in a kind.
pub(crate) const fn is_kind(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use super::super::token::Tokenizer;
    use super::super::{Epoch, RedactKey};
    use super::*;

    #[test]
    fn a_marker_is_recognized_and_nothing_else() {
        let tokens = Tokenizer::new(&RedactKey::from_bytes([1; 32]), Epoch(0));
        let text = marker("credential.jwt", tokens.token(b"x"));
        let at = MARKER_START.len();
        assert_eq!(marker_end(text.as_bytes(), at), Some(text.len()));
        for broken in [
            "[redacted:credential.jwt:short]",
            "[redacted::aaaaaaaaaaaaaaaa]",
            "[redacted:jwt:aaaaaaaaaaaaaaaa",
            "[redacted:jwt:aaaaaaaaaaaaaaaaa]",
            "[redacted:JWT:aaaaaaaaaaaaaaaa]",
            "[redacted:",
        ] {
            assert_eq!(marker_end(broken.as_bytes(), at), None, "{broken}");
        }
    }
}
