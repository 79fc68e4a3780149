//! The stable id of an event: the same record sent again has the same one.

use std::fmt;
use std::str::FromStr;

/// `metadata.uid`: 128 bits of a keyed hash over what the sender sent, printed as 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventUid([u8; 16]);

impl EventUid {
    /// From the hash's first 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The first 64 bits: what the duplicate index keeps.
    pub const fn fingerprint(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// The 32 hex digits, without a heap allocation.
    pub fn hex(&self) -> [u8; 32] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = [b'0'; 32];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(self.0) {
            if let [high, low] = pair {
                *high = DIGITS.get(usize::from(byte >> 4)).copied().unwrap_or(b'0');
                *low = DIGITS.get(usize::from(byte & 15)).copied().unwrap_or(b'0');
            }
        }
        hex
    }
}

/// Returned for a text that is no [`EventUid`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an event id: expected 32 hex digits")]
pub struct NotAnEventUid;

impl FromStr for EventUid {
    type Err = NotAnEventUid;

    /// Reads 32 hex digits, upper or lower case.
    fn from_str(text: &str) -> Result<Self, NotAnEventUid> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let mut bytes = [0; 16];
        if !rest.is_empty() || pairs.len() != bytes.len() {
            return Err(NotAnEventUid);
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(NotAnEventUid);
        for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = u8::try_from(digit(high)? << 4 | digit(low)?).map_err(|_| NotAnEventUid)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for EventUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = self.hex();
        f.write_str(std::str::from_utf8(&hex).unwrap_or_default())
    }
}

impl fmt::Debug for EventUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventUid({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_hex() {
        let mut bytes = [0; 16];
        bytes[0] = 0xab;
        bytes[15] = 0x01;
        let uid = EventUid::from_bytes(bytes);
        assert_eq!(uid.to_string(), "ab000000000000000000000000000001");
        assert_eq!(uid.fingerprint(), 0xab);
    }

    #[test]
    fn reads_what_it_prints_and_nothing_else() {
        let uid = EventUid::from_bytes(*b"0123456789abcdef");
        assert_eq!(uid.to_string().parse(), Ok(uid));
        assert_eq!(uid.to_string().to_uppercase().parse(), Ok(uid));
        for text in [
            "",
            "00",
            &"0".repeat(31),
            &"0".repeat(33),
            &"g".repeat(32),
            &"+1".repeat(16),
        ] {
            assert_eq!(text.parse::<EventUid>(), Err(NotAnEventUid), "{text}");
        }
    }
}
