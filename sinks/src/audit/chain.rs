//! The hash that stands for an entry and all before it.

use std::fmt;
use std::str::FromStr;

/// A hash over an entry and the hash before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainHash([u8; ChainHash::LEN]);

impl ChainHash {
    /// Bytes of a hash.
    pub(super) const LEN: usize = 32;
    /// Before the first entry of all.
    pub(super) const NONE: Self = Self([0; Self::LEN]);

    pub(super) const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    pub(super) const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The hash after an entry of `kind` with `body` that follows `self`.
    pub(super) fn after(self, kind: u8, body: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("magistrate audit chain 1");
        hasher.update(&self.0);
        hasher.update(&[kind]);
        hasher.update(&(body.len() as u64).to_le_bytes());
        hasher.update(body);
        Self(*hasher.finalize().as_bytes())
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChainHash({self})")
    }
}

/// Returned for a text that is no [`ChainHash`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a hash of the chain: expected 64 hex digits")]
pub struct NotAChainHash;

impl FromStr for ChainHash {
    type Err = NotAChainHash;

    fn from_str(text: &str) -> Result<Self, NotAChainHash> {
        blake3::Hash::from_hex(text)
            .map(|hash| Self(*hash.as_bytes()))
            .map_err(|_| NotAChainHash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_all_before_it() {
        let first = ChainHash::NONE.after(1, b"a");
        assert_ne!(first, ChainHash::NONE.after(2, b"a"));
        assert_ne!(first, ChainHash::NONE.after(1, b"b"));
        assert_ne!(first.after(1, b"b"), ChainHash::NONE.after(1, b"b"));
        assert_eq!(first.to_string().parse(), Ok(first));
        assert_eq!("xyz".parse::<ChainHash>(), Err(NotAChainHash));
    }
}
