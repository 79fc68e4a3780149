//! Walks the frames of one segment and finds the way on after damage, in linear time.

use std::io;
use std::sync::Arc;

use magistrate_event::Record;

use super::frame::{HEAD_BYTES, Head, MIN_PAYLOAD_BYTES};
use crate::disk::DiskFile;

/// How much one read asks for.
const READ_BYTES: usize = 256 << 10;
/// How much is given up where the disk does not give it.
const BLOCK_BYTES: usize = 4 << 10;
/// A buffer that grew beyond this for one large record is not kept.
const KEEP_BYTES: usize = 4 << 20;
/// How much of a frame shows that it may be one: head, layout, id and time.
const LOOK_BYTES: usize = HEAD_BYTES + 27;
/// How many times a segment's size may be read to find the way on after damage.
const MAX_EFFORT: u64 = 8;

/// One segment, read from the front through a moving window.
#[derive(Debug)]
pub(super) struct SegmentReader {
    file: Arc<dyn DiskFile>,
    /// Bytes of the file from `start`; those after `filled` mean nothing.
    window: Vec<u8>,
    start: u64,
    filled: usize,
    /// Bytes that were checksummed only to find the way on.
    effort: u64,
    unreadable: Unreadable,
}

/// What a reader makes of bytes that the disk does not give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// An error: it may go away.
    Report,
    /// Damage, when the disk says that it is: bad blocks count as zeros, which no record survives.
    Blank,
}

/// What lies at an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A sound frame up to `end`.
    Frame {
        /// Offset after it.
        end: u64,
    },
    /// Damage up to `end`, where a sound frame begins or the segment ends.
    Gap {
        /// Offset after it.
        end: u64,
    },
    /// Nothing more.
    End,
}

impl SegmentReader {
    pub(super) const fn new(file: Arc<dyn DiskFile>, unreadable: Unreadable) -> Self {
        Self {
            file,
            unreadable,
            window: Vec::new(),
            start: 0,
            filled: 0,
            effort: 0,
        }
    }

    /// What lies at `offset`, looking no further than `limit`.
    ///
    /// # Errors
    /// When the file cannot be read; damage is no error.
    pub(super) fn step(&mut self, offset: u64, limit: u64) -> io::Result<Step> {
        if offset >= limit {
            return Ok(Step::End);
        }
        match self.frame_end(offset, limit)? {
            Some(end) => Ok(Step::Frame { end }),
            None => Ok(Step::Gap {
                end: self.way_on(offset, limit)?,
            }),
        }
    }

    /// The payload of the frame that [`Self::step`] has just found at `offset`.
    pub(super) fn payload(&self, offset: u64, end: u64) -> &[u8] {
        self.seen(offset.saturating_add(HEAD_BYTES as u64), end)
            .unwrap_or_default()
    }

    /// Where the frame at `offset` ends, when it is sound.
    fn frame_end(&mut self, offset: u64, limit: u64) -> io::Result<Option<u64>> {
        self.fill(offset, HEAD_BYTES, limit)?;
        let head = self.seen(offset, offset.saturating_add(HEAD_BYTES as u64));
        let Some(head) = head.and_then(Head::parse) else {
            return Ok(None);
        };
        let end = offset.saturating_add(head.frame_bytes());
        if end > limit {
            return Ok(None);
        }
        let frame_bytes = usize::try_from(head.frame_bytes()).unwrap_or(usize::MAX);
        self.fill(offset, frame_bytes, limit)?;
        Ok(head.matches(self.payload(offset, end)).then_some(end))
    }

    /// The first offset after the damage at `offset` where a sound frame begins, or `limit`.
    fn way_on(&mut self, offset: u64, limit: u64) -> io::Result<u64> {
        // Most often the length is right and the content is not: then one record is lost.
        if let Some(end) = self.claimed_end(offset, limit)?
            && (end == limit || self.is_frame(end, limit)?)
        {
            return Ok(end);
        }
        let mut place = offset.saturating_add(1);
        while place < limit && self.effort <= limit.saturating_mul(MAX_EFFORT) {
            if self.looks_like_frame(place, limit)? && self.is_frame(place, limit)? {
                return Ok(place);
            }
            place += 1;
        }
        Ok(limit)
    }

    fn claimed_end(&self, offset: u64, limit: u64) -> io::Result<Option<u64>> {
        let mut bytes = [0; HEAD_BYTES];
        self.read_at(&mut bytes, offset)?;
        let end = Head::parse(&bytes).map(|head| offset.saturating_add(head.frame_bytes()));
        Ok(end.filter(|end| *end <= limit))
    }

    /// Whether a frame may begin here: a cheap look that damage seldom passes by chance.
    fn looks_like_frame(&mut self, place: u64, limit: u64) -> io::Result<bool> {
        self.fill(place, LOOK_BYTES, limit)?;
        let from = usize::try_from(place.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let to = from.saturating_add(LOOK_BYTES).min(self.filled);
        let seen = self.window.get(from..to).unwrap_or_default();
        let Some(head) = Head::parse(seen) else {
            return Ok(false);
        };
        let end = place.saturating_add(head.frame_bytes());
        let begins = seen
            .get(HEAD_BYTES..)
            .is_some_and(|payload| Record::peek(payload).is_ok());
        if end > limit || !begins {
            return Ok(false);
        }
        Ok(end == limit || self.claimed_end(end, limit)?.is_some() || self.is_torn(end, limit))
    }

    /// Whether too few bytes are left for a frame, as after a write that was cut off.
    fn is_torn(&self, end: u64, limit: u64) -> bool {
        limit.saturating_sub(end) < HEAD_BYTES as u64 + u64::from(MIN_PAYLOAD_BYTES)
    }

    /// Whether a sound frame lies here; leaves the window where it is.
    fn is_frame(&mut self, place: u64, limit: u64) -> io::Result<bool> {
        let mut chunk = vec![0; 64 << 10];
        let head = chunk.get_mut(..HEAD_BYTES).unwrap_or_default();
        self.read_at(head, place)?;
        let Some(head) = Head::parse(head) else {
            return Ok(false);
        };
        let end = place.saturating_add(head.frame_bytes());
        if end > limit {
            return Ok(false);
        }
        self.effort = self.effort.saturating_add(head.frame_bytes());
        let mut crc = head.begin_checksum();
        let mut at = place.saturating_add(HEAD_BYTES as u64);
        while at < end {
            let left = usize::try_from(end - at).unwrap_or(usize::MAX);
            let want = left.min(chunk.len());
            let piece = chunk.get_mut(..want).unwrap_or_default();
            if self.read_at(piece, at)? < want {
                return Ok(false);
            }
            crc = crc32c::crc32c_append(crc, piece);
            at = at.saturating_add(want as u64);
        }
        Ok(head.accepts(crc))
    }

    /// Makes the window hold `len` bytes from `offset`, or as many as there are before `limit`.
    fn fill(&mut self, offset: u64, len: usize, limit: u64) -> io::Result<()> {
        let left = usize::try_from(limit.saturating_sub(offset)).unwrap_or(usize::MAX);
        let len = len.min(left);
        let end = offset.saturating_add(len as u64);
        if offset >= self.start && end <= self.start.saturating_add(self.filled as u64) {
            return Ok(());
        }
        let want = len.max(READ_BYTES.min(left));
        if self.window.len() > KEEP_BYTES && want <= KEEP_BYTES {
            self.window = Vec::new();
        }
        if self.window.len() < want {
            self.window.resize(want, 0);
        }
        self.filled = 0;
        self.start = offset;
        let mut window = std::mem::take(&mut self.window);
        let read = self.read_at(window.get_mut(..want).unwrap_or_default(), offset);
        self.window = window;
        self.filled = read?;
        Ok(())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match self.file.read_at(buffer, offset) {
            Err(error) if self.forgives(&error) => self.read_blocks(buffer, offset),
            outcome => outcome,
        }
    }

    /// Reads block by block; the bad ones are zeros.
    fn read_blocks(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0_usize;
        for block in buffer.chunks_mut(BLOCK_BYTES) {
            let len = block.len();
            let read = match self
                .file
                .read_at(block, offset.saturating_add(filled as u64))
            {
                Err(error) if self.forgives(&error) => {
                    block.fill(0);
                    len
                }
                outcome => outcome?,
            };
            filled = filled.saturating_add(read);
            if read < len {
                break;
            }
        }
        Ok(filled)
    }

    fn forgives(&self, error: &io::Error) -> bool {
        let bad_block = rustix::io::Errno::IO.raw_os_error();
        self.unreadable == Unreadable::Blank && error.raw_os_error() == Some(bad_block)
    }

    fn seen(&self, from: u64, to: u64) -> Option<&[u8]> {
        let start = usize::try_from(from.checked_sub(self.start)?).ok()?;
        let end = usize::try_from(to.checked_sub(self.start)?).ok()?;
        self.window.get(..self.filled)?.get(start..end)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::super::testing::batch;
    use super::*;
    use crate::disk::{Disk, SimulatedDisk};

    fn reader(bytes: &[u8]) -> SegmentReader {
        let disk = SimulatedDisk::new(1);
        let file = disk.create(Path::new("/q/1")).unwrap();
        file.write_at(&[bytes], 0).unwrap();
        SegmentReader::new(file, Unreadable::Report)
    }

    fn steps(bytes: &[u8]) -> (Vec<Step>, u64) {
        let (mut reader, limit) = (reader(bytes), bytes.len() as u64);
        let (mut steps, mut offset) = (Vec::new(), 0);
        loop {
            let step = reader.step(offset, limit).unwrap();
            match step {
                Step::Frame { end } | Step::Gap { end } => {
                    assert!(offset < end && end <= limit);
                    offset = end;
                }
                Step::End => return (steps, reader.effort),
            }
            steps.push(step);
        }
    }

    fn frames(steps: &[Step]) -> usize {
        let is_frame = |step: &&Step| matches!(step, Step::Frame { .. });
        steps.iter().filter(is_frame).count()
    }

    #[test]
    fn a_damaged_length_costs_one_record() {
        let batch = batch(0..5);
        for place in 0..4 {
            let mut bytes = batch.bytes().to_vec();
            let second = batch.frames()[0].end;
            bytes[second + place] ^= 0x81;
            let (steps, _) = steps(&bytes);
            assert_eq!(frames(&steps), 4, "byte {place}");
            assert_eq!(steps.len(), 5);
        }
    }

    #[test]
    fn a_record_inside_a_damaged_one_is_not_taken_for_real() {
        // The inner frame is sound, but it lies where the outer one says that its own bytes are.
        let (inner, outer) = (batch([7]), batch([1, 2]));
        let mut forged = Vec::new();
        let start = super::super::frame::open(&mut forged);
        forged.extend_from_slice(&outer.bytes()[HEAD_BYTES..HEAD_BYTES + 30]);
        forged.extend_from_slice(inner.bytes());
        super::super::frame::close(&mut forged, start).unwrap();
        forged[HEAD_BYTES + 20] ^= 1;
        let end = forged.len() as u64;
        forged.extend_from_slice(outer.bytes());
        let (steps, _) = steps(&forged);
        assert_eq!(steps[0], Step::Gap { end });
        assert_eq!(frames(&steps), 2);
    }

    #[test]
    fn hostile_bytes_are_passed_in_linear_time() {
        // Heads that look right and point at one another, none of them sound.
        let record = batch([1]);
        let payload = &record.bytes()[HEAD_BYTES..HEAD_BYTES + 28];
        let mut bytes = Vec::new();
        for _ in 0..2_000 {
            bytes.extend_from_slice(&(3_600_u32 - 8).to_le_bytes());
            bytes.extend_from_slice(&[9; 4]);
            bytes.extend_from_slice(payload);
        }
        let limit = bytes.len() as u64;
        let (steps, effort) = steps(&bytes);
        assert_eq!(frames(&steps), 0);
        assert!(effort <= limit * (MAX_EFFORT + 1), "{effort} of {limit}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_walked_to_the_end(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            steps(&bytes);
        }

        #[test]
        fn damage_hides_no_record_that_it_does_not_touch(
            start in 0..400_usize,
            damage in proptest::collection::vec(any::<u8>(), 1..90),
        ) {
            let batch = batch(0..10);
            let mut bytes = batch.bytes().to_vec();
            let end = (start + damage.len()).min(bytes.len());
            bytes[start..end].copy_from_slice(&damage[..end - start]);
            let mut from = 0;
            let mut untouched = 0;
            for frame in batch.frames() {
                untouched += usize::from(frame.end <= start || from >= end);
                from = frame.end;
            }
            let (steps, _) = steps(&bytes);
            prop_assert!(frames(&steps) >= untouched);
        }
    }
}
