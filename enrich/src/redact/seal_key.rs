//! The key pair of sealed originals: the server has the public half, `unseal` the private one.

use std::fmt;

use rustls::crypto::hpke::{HpkePrivateKey, HpkePublicKey};
use zeroize::Zeroizing;

use super::seal::{self, SUITE, SealError};

/// What the line of a public key begins with; the number is the version of the line.
const PUBLIC: &str = "magistrate-seal-public-1:";
/// What the line of a private key begins with.
const PRIVATE: &str = "magistrate-seal-private-1:";
/// Bytes of an X25519 key (RFC 7748), public or private.
const KEY_BYTES: usize = 32;
/// What the hash of a key's id is made for; see BLAKE3's `derive_key`.
const ID_CONTEXT: &str = "magistrate 2026-11 id of a seal key";

/// Names a key pair: 64 bits of a hash of its public key, printed as 16 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SealKeyId(u64);

/// A public key: whoever has it can seal, and not open.
#[derive(Debug, Clone)]
pub struct SealKey {
    public: HpkePublicKey,
    id: SealKeyId,
}

/// A private key, wiped when dropped: whoever has it reads every original sealed for it.
pub struct UnsealKey {
    private: HpkePrivateKey,
    public: SealKey,
}

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealKeyError {
    /// The private key stands where the public one belongs: the server must not have it.
    #[error("this is the private seal key; only the public one may be here")]
    Private,
    /// The public key stands where the private one belongs.
    #[error("this is the public seal key; opening needs the private one")]
    Public,
    /// Neither.
    #[error("not a seal key: expected one line that begins with `{0}` and 64 hex digits")]
    Neither(&'static str),
    /// It has the right form, and the mathematics refuses it.
    #[error("seal key cannot be used: it was changed, or its halves do not belong together")]
    Unusable,
}

impl SealKey {
    /// Reads the line of a public key, with or without blanks around it.
    ///
    /// # Errors
    /// When it is anything else, or a key to which nothing can be sealed.
    pub fn parse(text: &str) -> Result<Self, SealKeyError> {
        let text = text.trim();
        if text.starts_with(PRIVATE) {
            return Err(SealKeyError::Private);
        }
        let key = text
            .strip_prefix(PUBLIC)
            .and_then(bytes_of)
            .map(|bytes| Self::new(bytes.to_vec()))
            .ok_or(SealKeyError::Neither(PUBLIC))?;
        seal::seal_bytes(&key, b"", b"").map_err(|_| SealKeyError::Unusable)?;
        Ok(key)
    }

    /// The file's text: the line and a newline.
    pub fn to_file(&self) -> String {
        format!("{PUBLIC}{}\n", hex(&self.public.0).as_str())
    }

    /// Its name.
    pub const fn id(&self) -> SealKeyId {
        self.id
    }

    pub(super) const fn public(&self) -> &HpkePublicKey {
        &self.public
    }

    fn new(bytes: Vec<u8>) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = blake3::derive_key(ID_CONTEXT, &bytes);
        Self {
            public: HpkePublicKey(bytes),
            id: SealKeyId(u64::from_be_bytes([a, b, c, d, e, f, g, h])),
        }
    }
}

impl UnsealKey {
    /// Makes a new pair.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate() -> Result<Self, SealError> {
        let (public, private) = SUITE.generate_key_pair().map_err(|_| SealError::Failed)?;
        Ok(Self {
            private,
            public: SealKey::new(public.0),
        })
    }

    /// Reads the line of a private key, with or without blanks around it.
    ///
    /// # Errors
    /// When it is anything else, or its two halves do not belong together.
    pub fn parse(text: &str) -> Result<Self, SealKeyError> {
        let text = text.trim();
        if text.starts_with(PUBLIC) {
            return Err(SealKeyError::Public);
        }
        let key = text
            .strip_prefix(PRIVATE)
            .and_then(|halves| halves.split_once(':'))
            .and_then(|(private, public)| Some((bytes_of(private)?, bytes_of(public)?)))
            .map(|(private, public)| Self {
                private: HpkePrivateKey::from(private.to_vec()),
                public: SealKey::new(public.to_vec()),
            })
            .ok_or(SealKeyError::Neither(PRIVATE))?;
        key.prove().map_err(|_| SealKeyError::Unusable)?;
        Ok(key)
    }

    /// The file's text: the line and a newline.
    pub fn to_file(&self) -> Zeroizing<String> {
        let private = hex(self.private.secret_bytes());
        let public = hex(&self.public.public.0);
        let mut text = Zeroizing::new(String::with_capacity(PRIVATE.len() + 4 * KEY_BYTES + 2));
        for part in [PRIVATE, private.as_str(), ":", public.as_str(), "\n"] {
            text.push_str(part);
        }
        text
    }

    /// The public half.
    pub const fn public(&self) -> &SealKey {
        &self.public
    }

    pub(super) const fn private(&self) -> &HpkePrivateKey {
        &self.private
    }

    /// Opens what it has sealed itself.
    fn prove(&self) -> Result<(), SealError> {
        let sealed = seal::seal_bytes(&self.public, b"", b"")?;
        seal::open_bytes(self, b"", &sealed).map(drop)
    }
}

impl fmt::Display for SealKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for UnsealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnsealKey({})", self.public.id)
    }
}

impl SealKeyId {
    /// Reads 16 hex digits in lower case; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 16 || !text.bytes().all(is_hex) {
            return None;
        }
        u64::from_str_radix(text, 16).ok().map(Self)
    }
}

fn hex(bytes: &[u8]) -> Zeroizing<String> {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

fn bytes_of(hex: &str) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || pairs.len() != KEY_BYTES {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_are_read_back() {
        let key = UnsealKey::generate().unwrap();
        let file = key.to_file();
        let again = UnsealKey::parse(&file).unwrap();
        assert_eq!(again.to_file(), file);
        let public = SealKey::parse(&format!(" {}\n", key.public().to_file())).unwrap();
        assert_eq!(public.id(), key.public().id());
        let id = public.id();
        assert_eq!(SealKeyId::parse(&id.to_string()), Some(id));
        assert_ne!(id, UnsealKey::generate().unwrap().public().id());
    }

    #[test]
    fn a_key_in_the_wrong_place_is_refused() {
        let key = UnsealKey::generate().unwrap();
        let error = SealKey::parse(&key.to_file()).unwrap_err();
        assert_eq!(error, SealKeyError::Private);
        let error = UnsealKey::parse(&key.public().to_file()).unwrap_err();
        assert_eq!(error, SealKeyError::Public);
    }

    #[test]
    fn anything_else_is_no_key() {
        let key = UnsealKey::generate().unwrap();
        let (public, private) = (key.public().to_file(), key.to_file());
        let cut = |text: &str, by: usize| {
            let line = text.trim();
            line.get(..line.len() - by).unwrap().to_owned()
        };
        for text in [
            String::new(),
            "00".repeat(32),
            cut(&public, 1),
            cut(&public, 2),
        ] {
            let error = SealKey::parse(&text).unwrap_err();
            assert!(matches!(error, SealKeyError::Neither(_)), "{text}");
        }
        for text in [
            String::new(),
            cut(&private, 2),
            cut(&private, 65),
            "00".repeat(64),
        ] {
            let error = UnsealKey::parse(&text).unwrap_err();
            assert!(matches!(error, SealKeyError::Neither(_)));
        }
    }

    #[test]
    fn halves_of_two_pairs_and_points_of_low_order_are_refused() {
        let keys = [0, 1].map(|_| UnsealKey::generate().unwrap());
        let [first, second] = &keys;
        let (private, _) = first.to_file().trim().rsplit_once(':').map(own).unwrap();
        let public = hex(&second.public.public.0);
        let mixed = format!("{private}:{}", public.as_str());
        assert_eq!(
            UnsealKey::parse(&mixed).unwrap_err(),
            SealKeyError::Unusable
        );
        let zero = format!("{PUBLIC}{}", "00".repeat(32));
        assert_eq!(SealKey::parse(&zero).unwrap_err(), SealKeyError::Unusable);
    }

    fn own((a, b): (&str, &str)) -> (String, String) {
        (a.to_owned(), b.to_owned())
    }

    #[test]
    fn a_private_key_never_shows() {
        let key = UnsealKey::generate().unwrap();
        let secret = hex(key.private.secret_bytes());
        assert!(!format!("{key:?}").contains(secret.as_str()));
    }
}
