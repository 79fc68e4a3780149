//! What the queue's files are called and how they begin.

use crate::Position;

/// Bytes before a segment's first frame.
pub(super) const HEADER_BYTES: u64 = 40;

const MAGIC: [u8; 8] = *b"MGSTQLOG";
const VERSION: u32 = 1;

/// What a file of the queue's folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Records.
    Log,
    /// The ids of a segment's records.
    Ids,
}

/// What a segment's first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    /// It is the segment it should be. What lies after `previous` and before it was never
    /// acknowledged: left over from writes that failed.
    Good {
        /// Where the queue ended when the segment was begun.
        previous: Position,
    },
    /// A program that knows a later layout wrote it.
    Newer(u32),
    /// It is no header, or that of another segment.
    Damaged,
}

impl Kind {
    /// The file's name; names sort like numbers.
    pub(super) fn name(self, segment: u64) -> String {
        match self {
            Self::Log => format!("{segment:020}.log"),
            Self::Ids => format!("{segment:020}.ids"),
        }
    }

    /// The segment's number and the kind; `None` for any other file.
    pub(super) fn parse(name: &str) -> Option<(u64, Self)> {
        let (digits, kind) = match name.split_once('.')? {
            (digits, "log") => (digits, Self::Log),
            (digits, "ids") => (digits, Self::Ids),
            (_, _) => return None,
        };
        let number: u64 = digits.parse().ok()?;
        (kind.name(number) == name).then_some((number, kind))
    }
}

/// The first bytes of segment `number`, begun when the queue ended at `previous`.
pub(super) fn header(number: u64, previous: Position) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(&previous.segment.to_le_bytes());
    bytes.extend_from_slice(&previous.offset.to_le_bytes());
    let crc = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

/// Reads the first bytes of what should be segment `number`.
pub(super) fn read_header(bytes: &[u8], number: u64) -> Header {
    parse_header(bytes, number).unwrap_or(Header::Damaged)
}

fn parse_header(bytes: &[u8], number: u64) -> Option<Header> {
    let (body, crc) = bytes.split_last_chunk()?;
    if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
        return None;
    }
    let rest = body.strip_prefix(&MAGIC)?;
    let (version, rest) = rest.split_first_chunk()?;
    let version = u32::from_le_bytes(*version);
    if version > VERSION {
        return Some(Header::Newer(version));
    }
    let rest = rest.strip_prefix(&number.to_le_bytes())?;
    let (segment, rest) = rest.split_first_chunk()?;
    let (offset, _) = rest.split_first_chunk()?;
    let previous = Position {
        segment: u64::from_le_bytes(*segment),
        offset: u64::from_le_bytes(*offset),
    };
    Some(Header::Good { previous })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_numbers() {
        for kind in [Kind::Log, Kind::Ids] {
            assert_eq!(Kind::parse(&kind.name(7)), Some((7, kind)));
            assert_eq!(Kind::parse(&kind.name(u64::MAX)), Some((u64::MAX, kind)));
        }
        for name in ["7.log", "lock", "00000000000000000007.tmp", "-1.ids", ""] {
            assert_eq!(Kind::parse(name), None, "{name}");
        }
        assert!(Kind::Log.name(9) < Kind::Log.name(10));
    }

    #[test]
    fn a_header_tells_good_newer_and_damaged() {
        let previous = Position {
            segment: 4,
            offset: 99,
        };
        let good = header(5, previous);
        assert_eq!(good.len() as u64, HEADER_BYTES);
        assert_eq!(read_header(&good, 5), Header::Good { previous });
        assert_eq!(read_header(&good, 6), Header::Damaged);
        assert_eq!(read_header(&good[..9], 5), Header::Damaged);
        let mut newer = good[..36].to_vec();
        newer[8] = 2;
        let crc = crc32c::crc32c(&newer);
        newer.extend_from_slice(&crc.to_le_bytes());
        assert_eq!(read_header(&newer, 5), Header::Newer(2));
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 0x10;
            assert_eq!(read_header(&bad, 5), Header::Damaged);
        }
    }
}
