//! Turns a secret into its keyed token: the same secret gives the same token, and nobody without
//! the key can go back or test a guess.

use zeroize::Zeroizing;

use super::marker::MARKER_START;
use super::{Epoch, RedactKey};

/// Characters of a token: 80 bits, so that among a billion secrets no two are likely to meet.
pub(crate) const TOKEN_LEN: usize = 16;

const CONTEXT: &[u8] = b"magistrate redaction token 1";
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// What stands for a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token([u8; TOKEN_LEN]);

impl Token {
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Makes tokens under one key and epoch.
pub(crate) struct Tokenizer {
    key: Zeroizing<[u8; 32]>,
}

impl Tokenizer {
    pub(crate) fn new(key: &RedactKey, epoch: Epoch) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(key.as_bytes());
        hasher.update(CONTEXT);
        hasher.update(&epoch.0.to_le_bytes());
        Self {
            key: Zeroizing::new(*hasher.finalize().as_bytes()),
        }
    }

    /// The token of `secret`. It depends on the secret's bytes only, not on the rule that found it
    /// nor on where it stood.
    pub(crate) fn token(&self, secret: &[u8]) -> Token {
        let hash = blake3::keyed_hash(&self.key, secret);
        let mut bits = 0_u128;
        for &byte in hash.as_bytes().iter().take(TOKEN_LEN * 5 / 8) {
            bits = bits << 8 | u128::from(byte);
        }
        let mut token = [b'a'; TOKEN_LEN];
        for place in token.iter_mut().rev() {
            let digit = (bits & 31) as usize;
            *place = ALPHABET.get(digit).copied().unwrap_or(b'a');
            bits >>= 5;
        }
        Token(token)
    }
}

/// Whether `byte` can stand in a token.
pub(crate) const fn is_token_digit(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'2'..=b'7')
}

/// The token in `text`, which is a token or a whole marker; `None` for anything else.
pub fn parse_token(text: &str) -> Option<&str> {
    let whole = text.strip_prefix(MARKER_START);
    let inside = whole.map(|rest| rest.strip_suffix(']').unwrap_or(rest));
    let token = inside.map_or(text, |inside| {
        inside.rsplit_once(':').map_or(inside, |(_, token)| token)
    });
    (token.len() == TOKEN_LEN && token.bytes().all(is_token_digit)).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_alone_and_from_its_marker() {
        let token = "aaaabbbbccccdddd";
        assert_eq!(parse_token(token), Some(token));
        let marker = format!("{MARKER_START}credential.test:{token}]");
        assert_eq!(parse_token(&marker), Some(token));
        for text in [
            "",
            "aaaabbbbccccddd",
            "aaaabbbbccccdddd]",
            "AAAABBBBCCCCDDDD",
            "aaaabbbbccccddd1",
        ] {
            assert_eq!(parse_token(text), None, "{text}");
        }
    }

    fn token(key: u8, epoch: u32, secret: &str) -> String {
        Tokenizer::new(&RedactKey::from_bytes([key; 32]), Epoch(epoch))
            .token(secret.as_bytes())
            .as_str()
            .to_owned()
    }

    #[test]
    fn a_token_depends_on_secret_key_and_epoch() {
        let first = token(1, 0, "hunter2");
        assert_eq!(first.len(), TOKEN_LEN);
        assert!(first.bytes().all(is_token_digit));
        assert_eq!(first, token(1, 0, "hunter2"));
        assert_ne!(first, token(1, 0, "hunter3"));
        assert_ne!(first, token(2, 0, "hunter2"));
        assert_ne!(first, token(1, 1, "hunter2"));
    }
}
