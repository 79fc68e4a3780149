//! Writes protobuf fields, nested messages in one pass.

/// The wire types of protobuf that OTLP uses.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wire {
    Varint = 0,
    Eight = 1,
    Len = 2,
    Four = 5,
}

/// Protobuf bytes that grow at their end.
pub(super) struct Writer {
    out: Vec<u8>,
    depth: usize,
}

/// A field of unknown length that has been opened.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    start: usize,
    depth: usize,
}

/// Above this many open fields a length is written in five bytes, the number padded as protobuf
/// allows. Below it, a field of 128 bytes or more is moved when its length is known; without the
/// bound, nesting would make the moves quadratic.
const MAX_MOVED_DEPTH: usize = 16;
const PADDED_LEN: usize = 5;

impl Writer {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            out: Vec::with_capacity(bytes),
            depth: 0,
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    pub(super) const fn len(&self) -> usize {
        self.out.len()
    }

    /// The place to [`Writer::rewind`] to.
    pub(super) const fn mark(&self) -> Mark {
        Mark {
            start: self.out.len(),
            depth: self.depth,
        }
    }

    /// Forgets what was written since `mark`.
    pub(super) fn rewind(&mut self, mark: Mark) {
        self.out.truncate(mark.start);
        self.depth = mark.depth;
    }

    pub(super) fn key(&mut self, tag: u32, wire: Wire) {
        self.varint(u64::from(tag) << 3 | wire as u64);
    }

    pub(super) fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.out.push(low7(number) | 0x80);
            number >>= 7;
        }
        self.out.push(low7(number));
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// The bytes themselves, for encoders that append to a vector.
    pub(super) const fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Begins a field with a length; [`Writer::close`] ends it.
    pub(super) fn open(&mut self, tag: u32) -> Mark {
        self.key(tag, Wire::Len);
        let mark = self.mark();
        self.depth += 1;
        let room = if self.depth > MAX_MOVED_DEPTH {
            PADDED_LEN
        } else {
            1
        };
        self.out.resize(mark.start + room, 0);
        mark
    }

    /// Ends the field that [`Writer::open`] began.
    pub(super) fn close(&mut self, mark: Mark) {
        let padded = self.depth > MAX_MOVED_DEPTH;
        self.depth = mark.depth;
        let room = if padded { PADDED_LEN } else { 1 };
        let content = mark.start + room;
        let len = self.out.len().saturating_sub(content);
        let bytes = if padded {
            padded_varint(len)
        } else {
            plain_varint(len)
        };
        let width = bytes.iter().filter(|byte| byte.is_some()).count();
        if width > room {
            let end = self.out.len();
            self.out.resize(end + width - room, 0);
            self.out.copy_within(content..end, mark.start + width);
        }
        let slots = self.out.iter_mut().skip(mark.start);
        for (slot, byte) in slots.zip(bytes.into_iter().flatten()) {
            *slot = byte;
        }
    }
}

const fn low7(number: u64) -> u8 {
    (number & 0x7f) as u8
}

/// The varint of a length below 2³⁵, in as many bytes as it needs.
fn plain_varint(len: usize) -> [Option<u8>; PADDED_LEN] {
    let mut bytes = [None; PADDED_LEN];
    let mut rest = len as u64;
    for slot in &mut bytes {
        let more = rest >= 0x80;
        *slot = Some(low7(rest) | if more { 0x80 } else { 0 });
        rest >>= 7;
        if !more {
            break;
        }
    }
    bytes
}

/// The same in all five bytes.
fn padded_varint(len: usize) -> [Option<u8>; PADDED_LEN] {
    let mut bytes = [None; PADDED_LEN];
    let mut rest = len as u64;
    for (at, slot) in bytes.iter_mut().enumerate() {
        let last = at + 1 == PADDED_LEN;
        *slot = Some(low7(rest) | if last { 0 } else { 0x80 });
        rest >>= 7;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::encoding::decode_varint;

    /// Opens `depth` fields around `inner` bytes, and reads the lengths back.
    fn lengths(depth: usize, inner: usize) -> Vec<u64> {
        let mut writer = Writer::with_capacity(0);
        let marks: Vec<Mark> = (0..depth).map(|_| writer.open(1)).collect();
        writer.raw(&vec![7; inner]);
        for mark in marks.into_iter().rev() {
            writer.close(mark);
        }
        let bytes = writer.into_bytes();
        let mut rest = bytes.as_slice();
        let mut lengths = Vec::new();
        for _ in 0..depth {
            assert_eq!(decode_varint(&mut rest).unwrap(), 1 << 3 | 2);
            let len = decode_varint(&mut rest).unwrap();
            assert_eq!(len, rest.len() as u64);
            lengths.push(len);
        }
        lengths
    }

    #[test]
    fn every_length_is_that_of_what_follows() {
        for inner in [0, 1, 127, 128, 16_383, 16_384, 3_000_000] {
            assert_eq!(lengths(1, inner), [inner as u64]);
            assert_eq!(lengths(40, inner).last(), Some(&(inner as u64)));
        }
    }

    #[test]
    fn a_rewind_forgets_what_came_after() {
        let mut writer = Writer::with_capacity(0);
        writer.varint(300);
        let mark = writer.mark();
        writer.open(3);
        writer.rewind(mark);
        let again = writer.open(1);
        writer.close(again);
        assert_eq!(writer.into_bytes(), [0xac, 0x02, 0x0a, 0x00]);
    }
}
