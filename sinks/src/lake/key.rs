//! The key with which the lake's files are encrypted.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use parquet::encryption::decrypt::FileDecryptionProperties;
use parquet::encryption::encrypt::FileEncryptionProperties;

/// An AES-128 or AES-256 key; never printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key(Vec<u8>);

/// Why there is no usable key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Both places are configured.
    #[error("lake key is configured twice: set `encryption_key_file` or `encryption_key_env`")]
    Two,
    /// The file cannot be read.
    #[error("cannot read lake key file `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The variable is not set, or is no text.
    #[error("cannot read lake key from environment variable `{name}`: not set, or not text")]
    Environment {
        /// The variable.
        name: String,
    },
    /// Neither hex nor base64.
    #[error("cannot read lake key from {place}: neither hex nor base64")]
    Encoding {
        /// Where it came from.
        place: String,
    },
    /// The key has a length that AES-GCM in Parquet does not have.
    #[error("lake key from {place} has {bits} bits; 128 and 256 can be used")]
    Length {
        /// Where it came from.
        place: String,
        /// Its length.
        bits: usize,
    },
}

impl Key {
    pub(super) fn from_file(path: &Path) -> Result<Self, KeyError> {
        let text = std::fs::read_to_string(path).map_err(|source| KeyError::File {
            path: path.to_owned(),
            source,
        })?;
        Self::from_text(&text, &format!("file `{}`", path.display()))
    }

    pub(super) fn from_environment(name: &str) -> Result<Self, KeyError> {
        let text = std::env::var(name).map_err(|_| KeyError::Environment {
            name: name.to_owned(),
        })?;
        Self::from_text(&text, &format!("environment variable `{name}`"))
    }

    /// Reads hex or base64 (both alphabets, padded); blanks around it are ignored.
    fn from_text(text: &str, place: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let bytes = from_hex(text)
            .or_else(|| STANDARD.decode(text).ok())
            .or_else(|| URL_SAFE.decode(text).ok())
            .ok_or_else(|| KeyError::Encoding {
                place: place.to_owned(),
            })?;
        match bytes.len() {
            16 | 32 => Ok(Self(bytes)),
            other => Err(KeyError::Length {
                place: place.to_owned(),
                bits: other.saturating_mul(8),
            }),
        }
    }

    /// Encrypts footer and all columns with this one key.
    pub(super) fn properties(
        &self,
    ) -> Result<Arc<FileEncryptionProperties>, parquet::errors::ParquetError> {
        FileEncryptionProperties::builder(self.0.clone()).build()
    }

    /// What reads such files back.
    pub(super) fn decryption(
        &self,
    ) -> Result<Arc<FileDecryptionProperties>, parquet::errors::ParquetError> {
        FileDecryptionProperties::builder(self.0.clone()).build()
    }
}

impl Key {
    /// For reading what [`Key::properties`] has encrypted.
    pub(super) fn reading(
        &self,
    ) -> Result<Arc<FileDecryptionProperties>, parquet::errors::ParquetError> {
        FileDecryptionProperties::builder(self.0.clone()).build()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

/// The bytes of an even number of hex digits.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|&[high, low]| Some(hex_digit(high)? << 4 | hex_digit(low)?))
        .collect()
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Key, KeyError> {
        Key::from_text(text, "test")
    }

    #[test]
    fn hex_and_base64_are_read() {
        let bytes: Vec<u8> = (0..16).collect();
        let expected = Key(bytes.clone());
        assert_eq!(
            read("000102030405060708090a0b0c0D0E0F\n").unwrap(),
            expected
        );
        assert_eq!(read(&STANDARD.encode(&bytes)).unwrap(), expected);
        assert_eq!(read(&"ab".repeat(32)).unwrap(), Key(vec![0xab; 32]));
        assert_eq!(
            read(&URL_SAFE.encode([0xfb; 32])).unwrap(),
            Key(vec![0xfb; 32])
        );
    }

    #[test]
    fn a_wrong_length_is_told_in_bits() {
        for (text, bits) in [
            ("".to_owned(), 0),
            ("ab".repeat(24), 192),
            ("abcd".into(), 16),
        ] {
            let error = read(&text).unwrap_err();
            assert!(
                error.to_string().contains(&format!("{bits} bits")),
                "{error}"
            );
        }
        assert!(matches!(read("no key!"), Err(KeyError::Encoding { .. })));
    }

    #[test]
    fn a_key_is_never_printed() {
        let key = Key(vec![0xab; 16]);
        assert_eq!(format!("{key:?}"), "Key(***)");
    }

    #[test]
    fn a_missing_file_or_variable_is_named() {
        let error = Key::from_file(Path::new("/nonexistent/lake.key")).unwrap_err();
        assert!(error.to_string().contains("lake.key"));
        let error = Key::from_environment("MAGISTRATE_TEST_NO_SUCH_KEY").unwrap_err();
        assert!(error.to_string().contains("MAGISTRATE_TEST_NO_SUCH_KEY"));
    }
}
