//! Reads protobuf fields out of borrowed bytes, without copying or allocating.

/// Why bytes are not a protobuf message (<https://protobuf.dev/programming-guides/encoding/>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The bytes end inside a field.
    #[error("field is cut off")]
    Truncated,
    /// A varint goes on for more than ten bytes, or past 64 bits.
    #[error("varint is too long")]
    Varint,
    /// Field number 0, or one past 2^29 - 1.
    #[error("field number is out of range")]
    FieldNumber,
    /// A group or a reserved wire type; OTLP has neither.
    #[error("wire type {0} is not used by OTLP")]
    WireType(u8),
    /// A known field in another wire type than its own.
    #[error("field {0} has the wrong wire type")]
    Mismatch(u32),
}

/// A fault and the bytes that were left when it was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(super) fault: Fault,
    /// Address of the byte at which reading stopped; only ever compared with the batch's own.
    address: usize,
}

impl Broken {
    /// The offset of the fault inside `batch`.
    pub(super) fn offset_in(self, batch: &[u8]) -> usize {
        self.address
            .saturating_sub(batch.as_ptr().addr())
            .min(batch.len())
    }
}

/// The fields of one message, in the order in which they stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    /// The field number.
    pub(super) number: u32,
    wire: Wire<'a>,
    address: usize,
}

#[derive(Debug, Clone, Copy)]
enum Wire<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Fixed32([u8; 4]),
    Bytes(&'a [u8]),
}

impl<'a> Reader<'a> {
    /// A reader of the message in `bytes`.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next field; none at the end of the message.
    ///
    /// # Errors
    /// When the bytes are no field.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Item<'a>>, Broken> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let address = self.rest.as_ptr().addr();
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).unwrap_or(0);
        if number == 0 || number > MAX_FIELD_NUMBER {
            return Err(Broken {
                fault: Fault::FieldNumber,
                address,
            });
        }
        let wire = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(self.array()?),
            2 => {
                let len = self.varint()?;
                Wire::Bytes(self.take(usize::try_from(len).unwrap_or(usize::MAX))?)
            }
            5 => Wire::Fixed32(self.array()?),
            other => {
                let fault = Fault::WireType(u8::try_from(other).unwrap_or(7));
                return Err(Broken { fault, address });
            }
        };
        Ok(Some(Item {
            number,
            wire,
            address,
        }))
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Broken> {
        match self.rest.split_first() {
            Some((&byte, rest)) if byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(byte))
            }
            Some(_) | None => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0_u64;
        for (shift, &byte) in (0_u32..).step_by(7).zip(self.rest.iter().take(10)) {
            // The tenth byte has room for one bit.
            if shift == 63 && byte > 1 {
                return Err(self.broken(Fault::Varint));
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                let used = usize::try_from(shift / 7).unwrap_or(0) + 1;
                self.rest = self.rest.get(used..).unwrap_or_default();
                return Ok(value);
            }
        }
        Err(self.broken(if self.rest.len() < 10 {
            Fault::Truncated
        } else {
            Fault::Varint
        }))
    }

    #[inline]
    fn take(&mut self, len: usize) -> Result<&'a [u8], Broken> {
        let Some((taken, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.broken(Fault::Truncated));
        };
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let Some((taken, rest)) = self.rest.split_first_chunk() else {
            return Err(self.broken(Fault::Truncated));
        };
        self.rest = rest;
        Ok(*taken)
    }

    fn broken(&self, fault: Fault) -> Broken {
        Broken {
            fault,
            address: self.rest.as_ptr().addr(),
        }
    }
}

/// The largest field number of protobuf.
const MAX_FIELD_NUMBER: u32 = (1 << 29) - 1;

impl<'a> Item<'a> {
    /// A string, bytes or nested message.
    pub(super) const fn bytes(self) -> Result<&'a [u8], Broken> {
        match self.wire {
            Wire::Bytes(bytes) => Ok(bytes),
            Wire::Varint(_) | Wire::Fixed64(_) | Wire::Fixed32(_) => Err(self.mismatch()),
        }
    }

    /// An `int64`, `uint64`, `bool` or enum.
    pub(super) const fn varint(self) -> Result<u64, Broken> {
        match self.wire {
            Wire::Varint(value) => Ok(value),
            Wire::Bytes(_) | Wire::Fixed64(_) | Wire::Fixed32(_) => Err(self.mismatch()),
        }
    }

    /// A `uint32`; higher bits are dropped, as every decoder does.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "protobuf's rule for 32-bit fields"
    )]
    pub(super) fn uint32(self) -> Result<u32, Broken> {
        self.varint().map(|value| value as u32)
    }

    /// An `int32` or enum; higher bits are dropped.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "protobuf's rule for 32-bit fields"
    )]
    pub(super) fn int32(self) -> Result<i32, Broken> {
        self.varint().map(|value| value as i32)
    }

    /// A `sint32`, zigzag coded.
    pub(super) fn sint32(self) -> Result<i32, Broken> {
        let coded = self.uint32()?;
        Ok((coded >> 1).cast_signed() ^ -((coded & 1).cast_signed()))
    }

    /// A `fixed64`.
    pub(super) const fn fixed64(self) -> Result<u64, Broken> {
        match self.wire {
            Wire::Fixed64(bytes) => Ok(u64::from_le_bytes(bytes)),
            Wire::Bytes(_) | Wire::Varint(_) | Wire::Fixed32(_) => Err(self.mismatch()),
        }
    }

    /// A `double`.
    pub(super) fn double(self) -> Result<f64, Broken> {
        self.fixed64().map(f64::from_bits)
    }

    /// A `fixed32`.
    pub(super) const fn fixed32(self) -> Result<u32, Broken> {
        match self.wire {
            Wire::Fixed32(bytes) => Ok(u32::from_le_bytes(bytes)),
            Wire::Bytes(_) | Wire::Varint(_) | Wire::Fixed64(_) => Err(self.mismatch()),
        }
    }

    /// A repeated `fixed64` or `double`, packed or one by one; gives each to `visit`.
    pub(super) fn each_fixed64(self, mut visit: impl FnMut(u64)) -> Result<(), Broken> {
        let Wire::Bytes(bytes) = self.wire else {
            visit(self.fixed64()?);
            return Ok(());
        };
        let mut packed = Reader::new(bytes);
        while !packed.rest.is_empty() {
            visit(u64::from_le_bytes(packed.array()?));
        }
        Ok(())
    }

    /// A repeated `uint64`, packed or one by one; gives each to `visit`.
    pub(super) fn each_varint(self, mut visit: impl FnMut(u64)) -> Result<(), Broken> {
        let Wire::Bytes(bytes) = self.wire else {
            visit(self.varint()?);
            return Ok(());
        };
        let mut packed = Reader::new(bytes);
        while !packed.rest.is_empty() {
            visit(packed.varint()?);
        }
        Ok(())
    }

    const fn mismatch(self) -> Broken {
        Broken {
            fault: Fault::Mismatch(self.number),
            address: self.address,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn faults(bytes: &[u8]) -> Option<(Fault, usize)> {
        let mut reader = Reader::new(bytes);
        loop {
            match reader.next() {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(broken) => return Some((broken.fault, broken.offset_in(bytes))),
            }
        }
    }

    #[test]
    fn each_fault_is_named_with_its_place() {
        let cases: [(&[u8], Fault, usize); 9] = [
            (&[0x0a], Fault::Truncated, 1),
            (&[0x0a, 3, 1], Fault::Truncated, 2),
            (&[0x08, 1, 0x09, 1, 2], Fault::Truncated, 3),
            (&[0x0d, 1], Fault::Truncated, 1),
            (&[0x08, 0x80], Fault::Truncated, 1),
            (&[0x00], Fault::FieldNumber, 0),
            (&[0x0b], Fault::WireType(3), 0),
            (&[0x0f], Fault::WireType(7), 0),
            (
                &[0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2],
                Fault::Varint,
                1,
            ),
        ];
        for (bytes, fault, offset) in cases {
            assert_eq!(faults(bytes), Some((fault, offset)), "{bytes:?}");
        }
    }

    #[test]
    fn a_length_past_the_address_space_is_a_cut_field() {
        let bytes = [0x0a, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
        assert_eq!(faults(&bytes), Some((Fault::Truncated, 11)));
    }

    #[test]
    fn a_known_field_of_another_type_is_refused() {
        let item = Reader::new(&[0x08, 1]).next().unwrap().unwrap();
        assert_eq!(item.bytes().unwrap_err().fault, Fault::Mismatch(1));
        assert_eq!(item.fixed64().unwrap_err().fault, Fault::Mismatch(1));
        assert_eq!(item.fixed32().unwrap_err().fault, Fault::Mismatch(1));
        let item = Reader::new(&[0x0a, 0]).next().unwrap().unwrap();
        assert_eq!(item.varint().unwrap_err().fault, Fault::Mismatch(1));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            faults(&bytes);
        }

        #[test]
        fn varints_read_as_prost_wrote_them(value: u64) {
            let mut bytes = vec![0x08];
            prost::encoding::encode_varint(value, &mut bytes);
            let item = Reader::new(&bytes).next().unwrap().unwrap();
            prop_assert_eq!(item.varint().unwrap(), value);
        }

        #[test]
        fn zigzag_reads_as_prost_wrote_it(value: i32) {
            let mut bytes = Vec::new();
            prost::encoding::sint32::encode(1, &value, &mut bytes);
            let item = Reader::new(&bytes).next().unwrap().unwrap();
            prop_assert_eq!(item.sint32().unwrap(), value);
        }
    }
}
