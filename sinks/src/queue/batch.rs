//! A run of records as the queue writes it, encoded by the caller's thread.

use magistrate_event::Record;

use super::{QueueError, frame};

/// Records that are stored together, in their order; framed and checksummed already.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    frames: Vec<Framed>,
}

/// One frame of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Framed {
    /// The record's fingerprint, for the duplicate index.
    pub(super) fingerprint: u64,
    /// Offset after the frame in the batch.
    pub(super) end: usize,
}

impl Batch {
    /// An empty batch.
    pub const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            frames: Vec::new(),
        }
    }

    /// An empty batch with room for `records` records of `bytes` bytes in all.
    pub fn with_capacity(records: usize, bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes + records * frame::HEAD_BYTES),
            frames: Vec::with_capacity(records),
        }
    }

    /// Adds a record.
    ///
    /// # Errors
    /// When the record is larger than a frame may be (80 MiB): the batch is as it was before.
    pub fn push(&mut self, record: &Record) -> Result<(), QueueError> {
        let start = frame::open(&mut self.bytes);
        record.encode(&mut self.bytes);
        frame::close(&mut self.bytes, start)?;
        self.frames.push(Framed {
            fingerprint: record.uid().fingerprint(),
            end: self.bytes.len(),
        });
        Ok(())
    }

    /// The batch whose [`Batch::bytes`] these are; none where they are anything else.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut batch = Self::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let head = frame::Head::parse(rest)?;
            let len = usize::try_from(head.frame_bytes()).ok()?;
            let payload = rest.get(frame::HEAD_BYTES..len)?;
            if !head.matches(payload) {
                return None;
            }
            let (uid, _) = Record::peek(payload).ok()?;
            rest = rest.get(len..)?;
            batch.frames.push(Framed {
                fingerprint: uid.fingerprint(),
                end: bytes.len() - rest.len(),
            });
        }
        batch.bytes = bytes.to_vec();
        Some(batch)
    }

    /// How many records it holds.
    pub const fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether it holds no record.
    pub const fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Its size on disk.
    pub const fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// What will stand in the queue's files.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn frames(&self) -> &[Framed] {
        &self.frames
    }
}
