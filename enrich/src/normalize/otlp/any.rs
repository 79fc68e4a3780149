//! One attribute's value: read from the wire, kept in an event, put into an id.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use magistrate_event::{Event, Value};

use super::limits::{Flaw, MAX_DEPTH, MAX_VALUES, Over};
use super::text;
use super::wire::{Broken, Reader};
use crate::uid::Canonical;

/// An `AnyValue`, its texts and nested values still in the batch's bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Any<'a> {
    /// No value, or one of a kind that this version does not know.
    Null,
    /// A text; may not be UTF-8.
    Text(&'a [u8]),
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Double(f64),
    /// Bytes.
    Bytes(&'a [u8]),
    /// An encoded `ArrayValue`.
    Array(&'a [u8]),
    /// An encoded `KeyValueList`.
    Map(&'a [u8]),
}

impl<'a> Any<'a> {
    /// Reads an `AnyValue`; of several values in it the last counts, as in any oneof.
    #[inline]
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Broken> {
        match quick_field(bytes, STRING_VALUE) {
            Some((text, [])) => Ok(Self::Text(text)),
            Some(_) | None => Self::read_any(bytes),
        }
    }

    fn read_any(bytes: &'a [u8]) -> Result<Self, Broken> {
        let mut reader = Reader::new(bytes);
        let mut value = Self::Null;
        while let Some(item) = reader.next()? {
            value = match item.number {
                1 => Self::Text(item.bytes()?),
                2 => Self::Bool(item.varint()? != 0),
                3 => Self::Int(item.varint()?.cast_signed()),
                4 => Self::Double(item.double()?),
                5 => Self::Array(item.bytes()?),
                6 => Self::Map(item.bytes()?),
                7 => Self::Bytes(item.bytes()?),
                _ => value,
            };
        }
        Ok(value)
    }

    /// The text, if it is one.
    pub(crate) const fn text(self) -> Option<&'a [u8]> {
        match self {
            Self::Text(bytes) => Some(bytes),
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Double(_)
            | Self::Bytes(_)
            | Self::Array(_)
            | Self::Map(_) => None,
        }
    }

    /// Writes the value into `id` and checks all of it; `count` grows by the values inside.
    ///
    /// # Errors
    /// When nested bytes are no message, or too deep or too many.
    pub(super) fn write(self, id: &mut Canonical, count: &mut usize) -> Result<(), Flaw> {
        self.write_at(0, id, count)
    }

    fn write_at(self, depth: usize, id: &mut Canonical, count: &mut usize) -> Result<(), Flaw> {
        match self {
            Self::Null => id.tag(b'n'),
            Self::Text(text) => id.tagged_bytes(b's', text),
            Self::Bool(flag) => id.tagged_bytes(b'b', &[u8::from(flag)]),
            Self::Int(number) => id.tagged_u64(b'i', number.cast_unsigned()),
            Self::Double(number) => id.tagged_u64(b'd', number.to_bits()),
            Self::Bytes(bytes) => id.tagged_bytes(b'x', bytes),
            Self::Array(bytes) => {
                id.tag(b'[');
                let mut items = Items::new(bytes);
                while let Some(item) = items.next()? {
                    enter(depth, count)?;
                    item.write_at(depth + 1, id, count)?;
                }
                id.tag(b']');
            }
            Self::Map(bytes) => {
                id.tag(b'{');
                let mut entries = Entries::new(bytes);
                while let Some((key, item)) = entries.next()? {
                    enter(depth, count)?;
                    id.bytes(key);
                    item.write_at(depth + 1, id, count)?;
                }
                id.tag(b'}');
            }
        }
        Ok(())
    }

    /// The value as a part of `event`; `lossy` is set when a text was not UTF-8.
    ///
    /// What [`Any::write`] would refuse is left out.
    pub(crate) fn keep(self, event: &mut Event, lossy: &mut bool) -> Value {
        self.keep_at(0, event, lossy)
    }

    fn keep_at(self, depth: usize, event: &mut Event, lossy: &mut bool) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Text(bytes) => Value::Text(event.push_text(&text::read(bytes, lossy))),
            Self::Bool(flag) => Value::Bool(flag),
            Self::Int(number) => Value::Int(number),
            Self::Double(number) => Value::Double(number),
            Self::Bytes(bytes) => Value::Text(event.push_text(&STANDARD.encode(bytes))),
            Self::Array(_) | Self::Map(_) if depth > MAX_DEPTH => Value::Null,
            Self::Array(bytes) => {
                let mut list = Vec::new();
                let mut items = Items::new(bytes);
                while let Ok(Some(item)) = items.next() {
                    list.push(item.keep_at(depth + 1, event, lossy));
                }
                Value::List(list)
            }
            Self::Map(bytes) => {
                let mut map = Vec::new();
                let mut entries = Entries::new(bytes);
                while let Ok(Some((key, item))) = entries.next() {
                    let key = event.push_key(&text::read(key, lossy));
                    map.push((key, item.keep_at(depth + 1, event, lossy)));
                }
                Value::Map(map)
            }
        }
    }
}

fn enter(depth: usize, count: &mut usize) -> Result<(), Over> {
    *count += 1;
    if depth >= MAX_DEPTH {
        Err(Over::Depth)
    } else if *count > MAX_VALUES {
        Err(Over::Values)
    } else {
        Ok(())
    }
}

/// The values of an `ArrayValue`.
struct Items<'a>(Reader<'a>);

impl<'a> Items<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self(Reader::new(bytes))
    }

    fn next(&mut self) -> Result<Option<Any<'a>>, Broken> {
        while let Some(item) = self.0.next()? {
            if item.number == 1 {
                return Any::read(item.bytes()?).map(Some);
            }
        }
        Ok(None)
    }
}

/// The entries of a `KeyValueList`.
struct Entries<'a>(Reader<'a>);

impl<'a> Entries<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self(Reader::new(bytes))
    }

    fn next(&mut self) -> Result<Option<(&'a [u8], Any<'a>)>, Broken> {
        while let Some(item) = self.0.next()? {
            if item.number == 1 {
                return key_value(item.bytes()?).map(Some);
            }
        }
        Ok(None)
    }
}

/// Tags as every encoder writes them: `AnyValue.string_value`, `KeyValue.key`, `KeyValue.value`.
const STRING_VALUE: u8 = 0x0a;
const KEY: u8 = 0x0a;
const VALUE: u8 = 0x12;

/// The name and the text of a `KeyValue` that has both, in `bytes` that are their one shortest
/// encoding.
#[inline]
pub(super) fn plain_text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (key, rest) = quick_field(bytes, KEY)?;
    let (value, []) = quick_field(rest, VALUE)? else {
        return None;
    };
    let (text, []) = quick_field(value, STRING_VALUE)? else {
        return None;
    };
    Some((key, text))
}

/// Reads a `KeyValue`.
#[inline]
pub(super) fn key_value(bytes: &[u8]) -> Result<(&[u8], Any<'_>), Broken> {
    if let Some((key, rest)) = quick_field(bytes, KEY)
        && let Some((value, [])) = quick_field(rest, VALUE)
    {
        return Ok((key, Any::read(value)?));
    }
    any_key_value(bytes)
}

/// The content of the first field and what follows it, where that has `tag` and a length below
/// 2^14: what nearly every attribute looks like, at a fraction of the cost.
#[inline]
fn quick_field(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    match bytes {
        [first, len @ 0..0x80, rest @ ..] if *first == tag => {
            rest.split_at_checked(usize::from(*len))
        }
        // A high byte of 0 would be a longer way to write a shorter length.
        [first, low, high @ 1..0x80, rest @ ..] if *first == tag => {
            rest.split_at_checked(usize::from(*low & 0x7f) | usize::from(*high) << 7)
        }
        _ => None,
    }
}

fn any_key_value(bytes: &[u8]) -> Result<(&[u8], Any<'_>), Broken> {
    let mut reader = Reader::new(bytes);
    let mut key: &[u8] = &[];
    let mut value = Any::Null;
    while let Some(item) = reader.next()? {
        match item.number {
            1 => key = item.bytes()?,
            2 => value = Any::read(item.bytes()?)?,
            _ => {}
        }
    }
    Ok((key, value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_quick_way_reads_what_the_long_way_reads(
            bytes in proptest::collection::vec(prop_oneof![0_u8..4, Just(0x0a), Just(0x12), any::<u8>()], 0..12),
        ) {
            prop_assert_eq!(key_value(&bytes).is_ok(), any_key_value(&bytes).is_ok());
            if let (Ok(quick), Ok(long)) = (key_value(&bytes), any_key_value(&bytes)) {
                prop_assert_eq!(format!("{quick:?}"), format!("{long:?}"));
            }
            prop_assert_eq!(
                format!("{:?}", Any::read(&bytes)),
                format!("{:?}", Any::read_any(&bytes))
            );
        }
    }

    #[test]
    fn texts_of_every_length_are_read() {
        for len in [0, 1, 127, 128, 200, 16_383, 16_384, 70_000] {
            let mut value = vec![STRING_VALUE];
            prost::encoding::encode_varint(len as u64, &mut value);
            value.resize(value.len() + len, b'x');
            let Ok(Any::Text(text)) = Any::read(&value) else {
                panic!("no text of {len}")
            };
            assert_eq!(text.len(), len);
        }
    }
}
