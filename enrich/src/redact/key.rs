//! The secret key that makes tokens irreversible, and the epoch that lets it be renewed.

use std::fmt;

use zeroize::Zeroizing;

/// 32 secret bytes, wiped when dropped. Whoever has them can test guesses against tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct RedactKey(Zeroizing<[u8; 32]>);

/// Why the bytes of a key file are not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("redaction key must be 64 hex digits or 32 bytes, but has {len_bytes} bytes")]
pub struct KeyError {
    len_bytes: usize,
}

impl RedactKey {
    /// From 32 bytes of a good random source.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads a key file: 64 hex digits, with or without blanks and newlines around them, or 32
    /// bytes as they are.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(file: &[u8]) -> Result<Self, KeyError> {
        if let Ok(bytes) = <[u8; 32]>::try_from(file) {
            return Ok(Self::from_bytes(bytes));
        }
        let error = KeyError {
            len_bytes: file.len(),
        };
        Self::from_hex(file.trim_ascii()).ok_or(error)
    }

    /// Reads 64 hex digits, upper or lower case; `None` for anything else.
    fn from_hex(hex: &[u8]) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        if hex.len() != 2 * bytes.len() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
            *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
        }
        Some(Self(bytes))
    }

    /// The key file's text: 64 hex digits and a newline.
    pub fn to_file(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(65));
        for byte in self.0.iter() {
            text.push_str(&format!("{byte:02x}"));
        }
        text.push('\n');
        text
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for RedactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A period in which tokens join; another epoch gives other tokens under the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Epoch(pub u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_read_back() {
        let key = RedactKey::from_bytes(*b"0123456789abcdef0123456789abcdef");
        assert_eq!(RedactKey::parse(key.to_file().as_bytes()), Ok(key.clone()));
        assert_eq!(RedactKey::parse(key.as_bytes()), Ok(key));
    }

    #[test]
    fn anything_else_is_refused() {
        let signs = b"+1".repeat(32);
        for file in [&b""[..], b"short", &[b'g'; 64], &signs, &[b'a'; 65]] {
            assert!(RedactKey::parse(file).is_err());
        }
    }

    #[test]
    fn a_key_never_shows() {
        let shown = format!("{:?}", RedactKey::from_bytes([7; 32]));
        assert_eq!(shown, "***");
    }
}
