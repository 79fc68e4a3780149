//! The attributes of one record, joined with those of its resource, each shown once.

use super::any::{Any, key_value, plain_text};
use super::limits::{Flaw, MAX_VALUES, Over};
use super::resource::Resource;
use crate::normalize::draft::Draft;
use crate::normalize::keys::{self, Key};
use crate::uid::{Canonical, TEXT_ATTRIBUTE};

/// The attributes of one record; the memory is used again for the next.
#[derive(Debug)]
pub(crate) struct Attributes<'a> {
    list: Vec<Attribute<'a>>,
    /// By key: position in `list` plus one; 0 where the record has no such attribute.
    slots: [u16; keys::COUNT],
    /// Which of the resource's attributes the record repeats.
    repeated: Vec<bool>,
    key_buffer: Vec<u8>,
    /// Values in the record, nested ones included.
    values: usize,
    /// Attributes under unknown names, in all records so far.
    unknown: u64,
}

#[derive(Debug, Clone, Copy)]
struct Attribute<'a> {
    name: &'a [u8],
    key: Option<Key>,
    owner: Owner,
    taken: bool,
    value: Any<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Record,
    Resource,
}

/// What stands before the name of a resource's attribute that has no column.
const RESOURCE_PREFIX: &[u8] = b"resource.";

impl<'a> Attributes<'a> {
    /// No attributes, with room for some.
    pub(super) fn new() -> Self {
        Self {
            list: Vec::with_capacity(64),
            slots: [0; keys::COUNT],
            repeated: Vec::new(),
            key_buffer: Vec::new(),
            values: 0,
            unknown: 0,
        }
    }

    /// How many attributes of all records so far have a name that is not known.
    pub(super) const fn unknown(&self) -> u64 {
        self.unknown
    }

    /// Forgets the last record.
    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.slots = [0; keys::COUNT];
        self.values = 0;
    }

    /// How many values the record holds.
    pub(super) const fn values(&self) -> usize {
        self.values
    }

    /// Counts values that stand elsewhere in the record.
    pub(super) const fn count(&mut self, values: usize) {
        self.values += values;
    }

    /// How many attributes there are.
    pub(super) const fn len(&self) -> usize {
        self.list.len()
    }

    /// Adds the encoded `KeyValue` of a record, and writes it into the record's id.
    #[inline]
    pub(super) fn add(&mut self, bytes: &'a [u8], id: &mut Canonical) -> Result<(), Flaw> {
        self.values += 1;
        if let Some((name, text)) = plain_text(bytes)
            && self.values <= MAX_VALUES
        {
            id.tagged_bytes(TEXT_ATTRIBUTE, bytes);
            self.push(name, Key::find(name), Any::Text(text), Owner::Record);
            return Ok(());
        }
        let (name, value) = key_value(bytes)?;
        if self.values > MAX_VALUES {
            return Err(Over::Values.into());
        }
        match value {
            Any::Text(text) => id.text_attribute(name, text),
            Any::Null
            | Any::Bool(_)
            | Any::Int(_)
            | Any::Double(_)
            | Any::Bytes(_)
            | Any::Array(_)
            | Any::Map(_) => {
                id.tagged_bytes(b'a', name);
                value.write(id, &mut self.values)?;
            }
        }
        self.push(name, Key::find(name), value, Owner::Record);
        Ok(())
    }

    #[inline]
    fn push(&mut self, name: &'a [u8], key: Option<Key>, value: Any<'a>, owner: Owner) {
        let position = u16::try_from(self.list.len() + 1).unwrap_or(u16::MAX);
        self.unknown += u64::from(key.is_none());
        let slot = key.and_then(|key| self.slots.get_mut(key.index()));
        let key = match slot {
            Some(slot) if *slot == 0 => {
                *slot = position;
                key
            }
            // A second one of that name finds the column taken: it is kept as it is.
            Some(_) | None => None,
        };
        self.list.push(Attribute {
            name,
            key,
            owner,
            taken: false,
            value,
        });
    }

    /// Adds the resource's attributes, those left out that the record repeats with the same value.
    pub(super) fn join(&mut self, resource: &Resource<'a>) {
        self.find_repeated(resource);
        for (index, attribute) in resource.attributes().iter().enumerate() {
            let same = match attribute.key.and_then(|key| self.find(key)) {
                Some(own) => own.value == attribute.value,
                None => self.repeated.get(index).copied().unwrap_or(false),
            };
            if !same {
                self.push(
                    attribute.name,
                    attribute.key,
                    attribute.value,
                    Owner::Resource,
                );
            }
        }
    }

    /// Marks the resource's attributes without a key that the record repeats.
    fn find_repeated(&mut self, resource: &Resource<'a>) {
        self.repeated.clear();
        self.repeated.resize(resource.attributes().len(), false);
        for own in self.list.iter().filter(|own| own.key.is_none()) {
            let Some((index, value)) = resource.find_unknown(own.name) else {
                continue;
            };
            if let Some(mark) = self.repeated.get_mut(index) {
                *mark = value == own.value;
            }
        }
    }

    fn find(&self, key: Key) -> Option<&Attribute<'a>> {
        let position = *self.slots.get(key.index())?;
        self.list.get(usize::from(position).checked_sub(1)?)
    }

    /// The value of `key`, used or not.
    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<Any<'a>> {
        self.find(key).map(|attribute| attribute.value)
    }

    /// The text of `key`, if it is UTF-8 and not empty, used or not.
    pub(crate) fn text(&self, key: Key) -> Option<&'a str> {
        let bytes = self.get(key)?.text()?;
        std::str::from_utf8(bytes)
            .ok()
            .filter(|text| !text.is_empty())
    }

    /// Says that `key` is stored in a column now and need not be kept elsewhere.
    pub(crate) fn take(&mut self, key: Key) {
        let position = self.slots.get(key.index()).copied().unwrap_or(0);
        let index = usize::from(position).checked_sub(1);
        if let Some(attribute) = index.and_then(|index| self.list.get_mut(index)) {
            attribute.taken = true;
        }
    }

    /// Puts every attribute that nobody took into its column, or keeps it as it came.
    pub(super) fn fill(&mut self, draft: &mut Draft) {
        let Self {
            list, key_buffer, ..
        } = self;
        for attribute in list.iter().filter(|attribute| !attribute.taken) {
            let field = attribute.key.and_then(Key::field);
            if field.is_some_and(|field| draft.any(field, attribute.value)) {
                continue;
            }
            match attribute.owner {
                Owner::Record => draft.keep(attribute.name, attribute.value),
                Owner::Resource => {
                    key_buffer.clear();
                    key_buffer.extend_from_slice(RESOURCE_PREFIX);
                    key_buffer.extend_from_slice(attribute.name);
                    draft.keep(key_buffer, attribute.value);
                }
            }
        }
    }
}
