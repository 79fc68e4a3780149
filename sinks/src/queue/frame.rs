//! How one record lies in a segment: its length, a checksum, its bytes.

use super::QueueError;

/// Bytes before a payload: the length and the checksum, both little-endian `u32`.
pub(super) const HEAD_BYTES: usize = 8;
/// The largest payload: the largest body that a source takes, and what normalizing adds.
pub(super) const MAX_PAYLOAD_BYTES: u32 = 80 << 20;
/// The smallest payload: a layout byte, an id and a time.
pub(super) const MIN_PAYLOAD_BYTES: u32 = 25;

/// Leaves room in `bytes` for a head that [`close`] fills in; returns where the frame begins.
pub(super) fn open(bytes: &mut Vec<u8>) -> usize {
    let start = bytes.len();
    bytes.extend_from_slice(&[0; HEAD_BYTES]);
    start
}

/// Fills in the head of the frame from `start` to the end of `bytes`.
///
/// # Errors
/// When the payload is over the limit; `bytes` is then as it was before [`open`].
pub(super) fn close(bytes: &mut Vec<u8>, start: usize) -> Result<(), QueueError> {
    let payload_bytes = bytes.len().saturating_sub(start + HEAD_BYTES);
    let len = match u32::try_from(payload_bytes) {
        Ok(len) if len <= MAX_PAYLOAD_BYTES => len,
        Ok(_) | Err(_) => {
            bytes.truncate(start);
            return Err(QueueError::RecordTooLarge {
                record_bytes: payload_bytes as u64,
                limit_bytes: u64::from(MAX_PAYLOAD_BYTES),
            });
        }
    };
    let crc = bytes
        .get(start + HEAD_BYTES..)
        .map_or(0, |payload| checksum(len, payload));
    let head = bytes.get_mut(start..).unwrap_or_default();
    for (place, byte) in head
        .iter_mut()
        .zip(len.to_le_bytes().into_iter().chain(crc.to_le_bytes()))
    {
        *place = byte;
    }
    Ok(())
}

/// A frame's head as found on disk; its length is possible, but not yet believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    len: u32,
    crc: u32,
}

impl Head {
    /// Reads a head; `None` when there are too few bytes or the length is impossible.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (len, rest) = bytes.split_first_chunk()?;
        let (crc, _) = rest.split_first_chunk()?;
        let len = u32::from_le_bytes(*len);
        (MIN_PAYLOAD_BYTES..=MAX_PAYLOAD_BYTES)
            .contains(&len)
            .then_some(Self {
                len,
                crc: u32::from_le_bytes(*crc),
            })
    }

    /// The size of the whole frame.
    pub(super) const fn frame_bytes(self) -> u64 {
        self.len as u64 + HEAD_BYTES as u64
    }

    /// Whether `payload` is what was written.
    pub(super) fn matches(self, payload: &[u8]) -> bool {
        payload.len() == self.len as usize && checksum(self.len, payload) == self.crc
    }

    /// A checksum over the length, to which the payload is added piece by piece.
    pub(super) fn begin_checksum(self) -> u32 {
        crc32c::crc32c(&self.len.to_le_bytes())
    }

    /// Whether a checksum begun with [`Self::begin_checksum`] has come out right.
    pub(super) const fn accepts(self, crc: u32) -> bool {
        self.crc == crc
    }
}

fn checksum(len: u32, payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&len.to_le_bytes()), payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![7; 3];
        let start = open(&mut bytes);
        bytes.extend_from_slice(payload);
        close(&mut bytes, start).unwrap();
        bytes.split_off(start)
    }

    #[test]
    fn a_frame_reads_back_and_any_flipped_bit_shows() {
        let payload: Vec<u8> = (0..40).collect();
        let good = frame(&payload);
        let head = Head::parse(&good).unwrap();
        assert_eq!(head.frame_bytes(), 48);
        assert!(head.matches(&good[HEAD_BYTES..]));
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let held = Head::parse(&bad).is_some_and(|head| head.matches(&bad[HEAD_BYTES..]));
            assert!(!held, "bit {bit}");
        }
    }

    #[test]
    fn impossible_lengths_are_no_heads() {
        assert_eq!(Head::parse(&[0; 8]), None);
        assert_eq!(Head::parse(&[0xff; 8]), None);
        assert_eq!(Head::parse(&frame(&[1; 20])[..7]), None);
    }

    #[test]
    fn a_record_over_the_limit_leaves_the_bytes_as_they_were() {
        let mut bytes = vec![1, 2, 3];
        let start = open(&mut bytes);
        bytes.resize(bytes.len() + MAX_PAYLOAD_BYTES as usize + 1, 0);
        assert!(close(&mut bytes, start).is_err());
        assert_eq!(bytes, [1, 2, 3]);
    }
}
