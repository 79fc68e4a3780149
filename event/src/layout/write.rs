//! Writes the parts of a record one after the other.

use super::tag;
use crate::{Field, Text, Value};

pub(super) struct Writer<'a> {
    pub(super) out: &'a mut Vec<u8>,
    /// Where the next text most likely begins.
    cursor: i64,
}

impl<'a> Writer<'a> {
    pub(super) const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, cursor: 0 }
    }

    #[inline]
    pub(super) fn field(&mut self, field: Field, value: &Value) {
        let [low, high] = (field as u16).to_le_bytes();
        if let Some(text) = value.as_text()
            && let Some([gap, len]) = self.short(text)
        {
            // What most are, in one write.
            let bytes = [low, high, tag::TEXT, gap, len];
            self.out.extend_from_slice(&bytes);
            self.cursor = offset(text.end()) + 1;
        } else {
            self.out.extend_from_slice(&[low, high]);
            self.value(value);
        }
    }

    /// The two varints of a text, where each takes a byte.
    #[inline]
    fn short(&self, text: Text) -> Option<[u8; 2]> {
        let gap = zigzag(offset(text.start()) - self.cursor);
        let len = (text.end() - text.start()) as u64;
        (gap < 0x80 && len < 0x80).then(|| [low_byte(gap), low_byte(len)])
    }

    pub(super) fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.out.push(tag::NULL),
            Value::Bool(false) => self.out.push(tag::FALSE),
            Value::Bool(true) => self.out.push(tag::TRUE),
            Value::Int(number) => {
                self.out.push(tag::INT);
                self.signed(*number);
            }
            Value::Double(number) => {
                self.out.push(tag::DOUBLE);
                self.out.extend_from_slice(&number.to_le_bytes());
            }
            Value::Time(time) => {
                self.out.push(tag::TIME);
                self.out.extend_from_slice(&time.as_micros().to_le_bytes());
            }
            Value::Text(text) => {
                self.out.push(tag::TEXT);
                self.text(*text);
            }
            Value::List(items) => {
                self.out.push(tag::LIST);
                self.varint(items.len() as u64);
                items.iter().for_each(|item| self.value(item));
            }
            Value::Map(entries) => {
                self.out.push(tag::MAP);
                self.varint(entries.len() as u64);
                for (key, value) in entries {
                    self.text(*key);
                    self.value(value);
                }
            }
        }
    }

    #[inline]
    pub(super) fn text(&mut self, text: Text) {
        let (start, end) = (offset(text.start()), offset(text.end()));
        self.signed(start - self.cursor);
        self.varint((end - start).cast_unsigned());
        self.cursor = end + 1;
    }

    #[inline]
    fn signed(&mut self, number: i64) {
        self.varint(zigzag(number));
    }

    #[inline]
    pub(super) fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.out.push(low_byte(number) | 0x80);
            number >>= 7;
        }
        self.out.push(low_byte(number));
    }
}

/// Small numbers of either sign as small ones.
const fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

/// Offsets in a buffer are below 2^32.
fn offset(at: usize) -> i64 {
    at as i64
}

#[expect(clippy::cast_possible_truncation, reason = "the rest is not wanted")]
const fn low_byte(number: u64) -> u8 {
    number as u8
}
