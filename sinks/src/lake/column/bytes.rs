//! An Arrow array of texts that are known to be UTF-8.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, NullBufferBuilder};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};

/// Builds an array of texts as bytes: they are known to be UTF-8, so nobody needs to look again.
#[derive(Debug)]
pub(in crate::lake) struct Bytes {
    data: Vec<u8>,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl Bytes {
    pub(in crate::lake) fn with_capacity(rows: usize, bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self {
            data: Vec::with_capacity(bytes),
            offsets,
            nulls: NullBufferBuilder::new(rows),
        }
    }

    #[inline]
    pub(in crate::lake) fn append(&mut self, text: &[u8]) {
        self.data.extend_from_slice(text);
        self.offsets.push(self.end());
        self.nulls.append_non_null();
    }

    pub(super) fn append_nulls(&mut self, count: usize) {
        let end = self.end();
        self.offsets.extend(std::iter::repeat_n(end, count));
        self.nulls.append_n_nulls(count);
    }

    /// The limit on buffered bytes keeps it below 2 GiB.
    fn end(&self) -> i32 {
        i32::try_from(self.data.len()).unwrap_or(i32::MAX)
    }

    pub(in crate::lake) fn finish(mut self) -> ArrayRef {
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        let data = Buffer::from_vec(self.data);
        Arc::new(BinaryArray::new(offsets, data, self.nulls.finish()))
    }
}
