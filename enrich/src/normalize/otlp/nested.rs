//! What lies inside a tree: attributes, exact numbers, ids in hex.

use magistrate_event::Value;

use super::any::Any;
use super::limits::{Flaw, MAX_VALUES, Over};
use super::text;
use crate::normalize::draft::Draft;
use crate::uid::Canonical;

/// Writes nested attributes into an id and counts them.
pub(super) fn write_attributes(
    attributes: &[(&[u8], Any<'_>)],
    id: &mut Canonical,
    values: &mut usize,
) -> Result<(), Flaw> {
    for (name, value) in attributes {
        *values += 1;
        if *values > MAX_VALUES {
            return Err(Over::Values.into());
        }
        id.tagged_bytes(b'a', name);
        value.write(id, values)?;
    }
    id.tag(b'.');
    Ok(())
}

/// Adds nested attributes, and the count of dropped ones, to a tree.
pub(super) fn push_attributes(
    attributes: &[(&[u8], Any<'_>)],
    dropped: u32,
    map: &mut Vec<(magistrate_event::Text, Value)>,
    draft: &mut Draft,
) {
    if !attributes.is_empty() {
        map.push(draft.entry("attributes", |draft| {
            let entries = attributes
                .iter()
                .map(|(name, value)| draft.pair(name, *value));
            Value::Map(entries.collect())
        }));
    }
    if dropped != 0 {
        map.push(draft.entry("dropped_attributes_count", |_| {
            Value::Int(i64::from(dropped))
        }));
    }
}

/// A number that may be past `i64`, for a tree.
pub(super) fn exact(number: u64, draft: &mut Draft) -> Value {
    i64::try_from(number).map_or_else(|_| draft.leaf(number.to_string().as_bytes()), Value::Int)
}

/// An id in hex, for a tree.
pub(super) fn hex(bytes: &[u8], draft: &mut Draft) -> Value {
    let mut digits = String::with_capacity(2 * bytes.len());
    text::push_hex(bytes, &mut digits);
    draft.leaf(digits.as_bytes())
}
