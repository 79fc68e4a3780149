//! Reads the parts of a record one after the other.

use super::{DecodeError, Head, LAYOUT, MAX_DEPTH, MAX_ROOM, tag};
use crate::{EventUid, Field, Text, Timestamp, Value};

pub(super) struct Reader<'a> {
    pub(super) rest: &'a [u8],
    cursor: i64,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            cursor: 0,
        }
    }

    pub(super) fn head(&mut self) -> Result<Head, DecodeError> {
        match self.array()? {
            [LAYOUT] => Ok(Head {
                uid: EventUid::from_bytes(self.array()?),
                received: self.time()?,
            }),
            [other] => Err(DecodeError::Layout(other)),
        }
    }

    #[inline]
    pub(super) fn field(&mut self) -> Result<(Field, Value), DecodeError> {
        let field = self.number(Field::try_from, "field")?;
        Ok((field, self.value(0)?))
    }

    #[inline]
    pub(super) fn value(&mut self, depth: usize) -> Result<Value, DecodeError> {
        match self.rest {
            [tag::TEXT, gap @ 0..0x80, len @ 0..0x80, rest @ ..] => {
                self.rest = rest;
                let text = self.text_at(unzigzag(u64::from(*gap)), u64::from(*len));
                text.map(Value::Text)
            }
            _ => self.any_value(depth),
        }
    }

    #[inline(never)]
    fn any_value(&mut self, depth: usize) -> Result<Value, DecodeError> {
        if depth > MAX_DEPTH {
            return Err(DecodeError::Depth);
        }
        let [tag] = self.array()?;
        Ok(match tag {
            tag::NULL => Value::Null,
            tag::FALSE => Value::Bool(false),
            tag::TRUE => Value::Bool(true),
            tag::INT => Value::Int(self.signed()?),
            tag::DOUBLE => Value::Double(f64::from_le_bytes(self.array()?)),
            tag::TIME => Value::Time(self.time()?),
            tag::TEXT => Value::Text(self.text()?),
            tag::LIST => {
                let mut items = Vec::new();
                self.items(&mut items, |reader| reader.value(depth + 1))?;
                Value::List(items)
            }
            tag::MAP => {
                let mut entries = Vec::new();
                self.items(&mut entries, |reader| {
                    Ok((reader.text()?, reader.value(depth + 1)?))
                })?;
                Value::Map(entries)
            }
            other => {
                return Err(DecodeError::Unknown {
                    what: "type",
                    number: other.into(),
                });
            }
        })
    }

    /// A count and so many items.
    pub(super) fn items<T>(
        &mut self,
        items: &mut Vec<T>,
        mut item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<(), DecodeError> {
        let count = self.count()?;
        items.reserve(count.min(MAX_ROOM));
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(())
    }

    /// A number of things that take a byte each at least.
    pub(super) fn count(&mut self) -> Result<usize, DecodeError> {
        usize::try_from(self.varint()?)
            .ok()
            .filter(|count| *count <= self.rest.len())
            .ok_or(DecodeError::Count)
    }

    #[inline]
    pub(super) fn text(&mut self) -> Result<Text, DecodeError> {
        let gap = self.signed()?;
        let len = self.varint()?;
        self.text_at(gap, len)
    }

    #[inline]
    fn text_at(&mut self, gap: i64, len: u64) -> Result<Text, DecodeError> {
        let start = self.cursor.checked_add(gap);
        let start = start.and_then(|start| u32::try_from(start).ok());
        let (Some(start), Ok(len)) = (start, u32::try_from(len)) else {
            return Err(DecodeError::Count);
        };
        self.cursor = i64::from(start) + i64::from(len) + 1;
        Ok(Text::new(start, len))
    }

    pub(super) fn number<T, E>(
        &mut self,
        named: impl FnOnce(u16) -> Result<T, E>,
        what: &'static str,
    ) -> Result<T, DecodeError> {
        let number = u16::from_le_bytes(self.array()?);
        named(number).map_err(|_| DecodeError::Unknown { what, number })
    }

    pub(super) fn time(&mut self) -> Result<Timestamp, DecodeError> {
        self.array()
            .map(i64::from_le_bytes)
            .map(Timestamp::from_micros)
    }

    #[inline]
    fn signed(&mut self) -> Result<i64, DecodeError> {
        self.varint().map(unzigzag)
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, DecodeError> {
        match self.rest {
            [byte @ 0..0x80, rest @ ..] => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(DecodeError::Count)
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(DecodeError::Short)?;
        self.rest = rest;
        Ok(*array)
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(DecodeError::Short)?;
        self.rest = rest;
        Ok(taken)
    }
}

const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}
