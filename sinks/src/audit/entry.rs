//! How an entry lies in a file: length, kind, body, and the chain's hash after it. Pure.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use super::chain::ChainHash;

/// Bytes before a body: its length, little-endian `u32`, and the kind.
const HEAD_BYTES: usize = 5;
/// The largest body: a batch of the largest records.
const MAX_BODY_BYTES: usize = 256 << 20;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Records, as the queue frames them.
    Records,
    /// A [`Checkpoint`].
    Checkpoint,
}

impl Kind {
    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Records => 1,
            Self::Checkpoint => 2,
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Records),
            2 => Some(Self::Checkpoint),
            _ => None,
        }
    }
}

/// An entry as it lies in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) kind: Kind,
    pub(super) body: &'a [u8],
    /// The chain's hash after it, as the file says.
    pub(super) hash: ChainHash,
    /// Bytes of the whole entry.
    pub(super) len: usize,
}

/// Why there is no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoEntry {
    /// The bytes end within it, as a kill or a power cut leaves them.
    Torn,
    /// No such thing was ever written.
    Damaged,
}

/// Appends an entry to `out` and gives the chain's hash after it; none where the body is too long.
pub(super) fn push(
    out: &mut Vec<u8>,
    before: ChainHash,
    kind: Kind,
    body: &[u8],
) -> Option<ChainHash> {
    let len = u32::try_from(body.len()).ok()?;
    if body.len() > MAX_BODY_BYTES {
        return None;
    }
    let after = before.after(kind.byte(), body);
    out.extend_from_slice(&len.to_le_bytes());
    out.push(kind.byte());
    out.extend_from_slice(body);
    out.extend_from_slice(after.as_bytes());
    Some(after)
}

/// The entry that `bytes` begin with.
pub(super) fn read(bytes: &[u8]) -> Result<Entry<'_>, NoEntry> {
    let (len, rest) = bytes.split_first_chunk().ok_or(NoEntry::Torn)?;
    let len = u32::from_le_bytes(*len) as usize;
    let (kind, rest) = rest.split_first().ok_or(NoEntry::Torn)?;
    let kind = Kind::of(*kind).ok_or(NoEntry::Damaged)?;
    if len > MAX_BODY_BYTES {
        return Err(NoEntry::Damaged);
    }
    let (body, rest) = rest.split_at_checked(len).ok_or(NoEntry::Torn)?;
    let hash = rest.first_chunk().ok_or(NoEntry::Torn)?;
    Ok(Entry {
        kind,
        body,
        hash: ChainHash::from_bytes(*hash),
        len: HEAD_BYTES + len + ChainHash::LEN,
    })
}

/// A signed word about the chain up to here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// How many entries of records there are before it, over all files.
    pub(super) entries: u64,
    /// How many of them, from the first on, are in the queue for certain.
    pub(super) settled: u64,
    /// Microseconds since 1970.
    pub(super) time: i64,
}

/// The public key of a signing key's secret; none where it is no secret.
pub fn public_key(seed: &[u8; 32]) -> Option<[u8; PUBLIC_BYTES]> {
    let key = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
    key.public_key().as_ref().try_into().ok()
}

const PUBLIC_BYTES: usize = 32;
const SIGNATURE_BYTES: usize = 64;
const NUMBERS_BYTES: usize = 24;

impl Checkpoint {
    /// The body of its entry, which follows `before`, signed with `key`.
    pub(super) fn body(&self, before: ChainHash, key: &Ed25519KeyPair) -> Vec<u8> {
        let mut body = self.numbers().to_vec();
        body.extend_from_slice(key.public_key().as_ref());
        let signature = key.sign(&signed(before, &self.numbers()));
        body.extend_from_slice(signature.as_ref());
        body
    }

    fn numbers(&self) -> [u8; NUMBERS_BYTES] {
        let mut bytes = [0; NUMBERS_BYTES];
        let numbers = self
            .entries
            .to_le_bytes()
            .into_iter()
            .chain(self.settled.to_le_bytes())
            .chain(self.time.to_le_bytes());
        for (place, byte) in bytes.iter_mut().zip(numbers) {
            *place = byte;
        }
        bytes
    }

    /// Reads a body that follows `before`; none where it is no checkpoint, or the key in it has not
    /// signed it. Gives that key beside it.
    pub(super) fn read(body: &[u8], before: ChainHash) -> Option<(Self, [u8; PUBLIC_BYTES])> {
        let (numbers, rest) = body.split_first_chunk::<NUMBERS_BYTES>()?;
        let (public, signature) = rest.split_first_chunk::<PUBLIC_BYTES>()?;
        if signature.len() != SIGNATURE_BYTES {
            return None;
        }
        let key = UnparsedPublicKey::new(&ED25519, public);
        key.verify(&signed(before, numbers), signature).ok()?;
        let (entries, rest) = numbers.split_first_chunk()?;
        let (settled, rest) = rest.split_first_chunk()?;
        let checkpoint = Self {
            entries: u64::from_le_bytes(*entries),
            settled: u64::from_le_bytes(*settled),
            time: i64::from_le_bytes(*rest.first_chunk()?),
        };
        Some((checkpoint, *public))
    }
}

fn signed(before: ChainHash, numbers: &[u8; NUMBERS_BYTES]) -> Vec<u8> {
    let mut text = b"magistrate audit checkpoint 1".to_vec();
    text.extend_from_slice(before.as_bytes());
    text.extend_from_slice(numbers);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_as_it_was_written_and_a_piece_of_it_is_torn() {
        let mut bytes = Vec::new();
        let hash = push(&mut bytes, ChainHash::NONE, Kind::Records, b"body").unwrap();
        let entry = read(&bytes).unwrap();
        assert_eq!(
            (entry.kind, entry.body, entry.hash),
            (Kind::Records, &b"body"[..], hash)
        );
        assert_eq!(entry.len, bytes.len());
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]).err(), Some(NoEntry::Torn));
        }
        bytes[4] = 9;
        assert_eq!(read(&bytes).err(), Some(NoEntry::Damaged));
    }

    #[test]
    fn a_checkpoint_holds_for_its_place_and_numbers_alone() {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let checkpoint = Checkpoint {
            entries: 5,
            settled: 3,
            time: 77,
        };
        let place = ChainHash::NONE.after(1, b"x");
        let body = checkpoint.body(place, &key);
        let read = Checkpoint::read(&body, place).unwrap();
        assert_eq!(read.0, checkpoint);
        assert_eq!(read.1, key.public_key().as_ref());
        assert_eq!(Checkpoint::read(&body, ChainHash::NONE), None);
        for at in 0..body.len() {
            let mut changed = body.clone();
            changed[at] ^= 1;
            assert_eq!(Checkpoint::read(&changed, place), None, "byte {at}");
        }
    }
}
