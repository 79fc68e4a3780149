//! The ids of a closed segment's records in a file of their own, so that a start need not read
//! the segment.

use magistrate_event::Timestamp;

const MAGIC: [u8; 8] = *b"MGSTQIDS";
const VERSION: u32 = 1;
/// Magic, version, segment, segment size, time of closing, count.
const HEAD_BYTES: usize = 44;

/// What is known of a closed segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sidecar {
    /// The segment's number.
    pub(super) segment: u64,
    /// The segment's size up to the end of its last record.
    pub(super) log_bytes: u64,
    /// When the segment was closed: every record in it was received before.
    pub(super) sealed: Timestamp,
    /// The fingerprints of its records, in their order.
    pub(super) fingerprints: Vec<u64>,
}

impl Sidecar {
    /// The file's bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + self.fingerprints.len() * 8 + 4);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.segment.to_le_bytes());
        bytes.extend_from_slice(&self.log_bytes.to_le_bytes());
        bytes.extend_from_slice(&self.sealed.as_micros().to_le_bytes());
        bytes.extend_from_slice(&(self.fingerprints.len() as u64).to_le_bytes());
        for fingerprint in &self.fingerprints {
            bytes.extend_from_slice(&fingerprint.to_le_bytes());
        }
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads the file of `segment`; `None` when it is not whole and sound.
    pub(super) fn decode(bytes: &[u8], segment: u64) -> Option<Self> {
        let (body, crc) = bytes.split_last_chunk()?;
        if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
            return None;
        }
        let rest = body.strip_prefix(&MAGIC)?;
        let rest = rest.strip_prefix(&VERSION.to_le_bytes())?;
        let rest = rest.strip_prefix(&segment.to_le_bytes())?;
        let (log_bytes, rest) = rest.split_first_chunk()?;
        let (sealed, rest) = rest.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk::<8>()?;
        let (fingerprints, odd) = rest.as_chunks();
        let counted = u64::from_le_bytes(*count) == fingerprints.len() as u64;
        (counted && odd.is_empty()).then(|| Self {
            segment,
            log_bytes: u64::from_le_bytes(*log_bytes),
            sealed: Timestamp::from_micros(i64::from_le_bytes(*sealed)),
            fingerprints: fingerprints
                .iter()
                .map(|bytes| u64::from_le_bytes(*bytes))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_and_refuses_every_flip_and_cut() {
        let ids = Sidecar {
            segment: 3,
            log_bytes: 4711,
            sealed: Timestamp::from_micros(-5),
            fingerprints: vec![1, u64::MAX, 0],
        };
        let bytes = ids.encode();
        assert_eq!(bytes.len(), HEAD_BYTES + 3 * 8 + 4);
        assert_eq!(Sidecar::decode(&bytes, 3), Some(ids));
        assert_eq!(Sidecar::decode(&bytes, 4), None);
        for place in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[place] ^= 1;
            assert_eq!(Sidecar::decode(&bad, 3), None);
            assert_eq!(Sidecar::decode(&bytes[..place], 3), None);
        }
    }
}
