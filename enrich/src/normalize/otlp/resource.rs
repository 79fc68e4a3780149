//! What the records of one resource and scope share, read once.

use std::collections::HashMap;

use super::any::{Any, key_value};
use super::limits::{Flaw, MAX_RESOURCE_BYTES, MAX_VALUES, Over};
use super::wire::{Broken, Reader};
use crate::normalize::draft::Draft;
use crate::normalize::keys::{self, Key};
use crate::uid::Canonical;

/// One attribute of a resource.
#[derive(Debug, Clone, Copy)]
pub(super) struct ResourceAttribute<'a> {
    pub(super) name: &'a [u8],
    pub(super) key: Option<Key>,
    pub(super) value: Any<'a>,
}

/// A resource.
#[derive(Debug, Default)]
pub(super) struct Resource<'a> {
    attributes: Vec<ResourceAttribute<'a>>,
    /// Attributes without a key by name, where they are too many to look through.
    by_name: HashMap<&'a [u8], usize>,
    dropped: u32,
    schema_url: &'a [u8],
    /// Encoded size, which each of its records takes on.
    bytes: usize,
    values: usize,
    over: Option<Over>,
}

/// Up to this many attributes, looking through them is quicker than a map, and still linear.
const FEW: usize = 16;

impl<'a> Resource<'a> {
    /// Reads the resource of a `ResourceLogs`, `ResourceSpans` or `ResourceMetrics` and writes its
    /// attributes into `id`. Several resources in one message are one, as protobuf merges them.
    ///
    /// # Errors
    /// When the bytes are no such message.
    pub(super) fn read(message: &'a [u8], id: &mut Canonical) -> Result<Self, Broken> {
        let mut resource = Self::default();
        let mut reader = Reader::new(message);
        while let Some(item) = reader.next()? {
            match item.number {
                1 => resource.merge(item.bytes()?, id)?,
                3 => resource.schema_url = item.bytes()?,
                _ => {}
            }
        }
        resource.bytes += resource.schema_url.len();
        if resource.bytes > MAX_RESOURCE_BYTES {
            resource.over = Some(Over::Resource);
        }
        if resource.attributes.len() > FEW {
            let unknown = resource.attributes.iter().enumerate();
            let unknown = unknown.filter(|(_, attribute)| attribute.key.is_none());
            resource.by_name = unknown
                .map(|(index, attribute)| (attribute.name, index))
                .collect();
        }
        Ok(resource)
    }

    fn merge(&mut self, bytes: &'a [u8], id: &mut Canonical) -> Result<(), Broken> {
        self.bytes += bytes.len();
        let mut reader = Reader::new(bytes);
        while let Some(item) = reader.next()? {
            match item.number {
                1 => self.add(item.bytes()?, id)?,
                2 => self.dropped = item.uint32()?,
                _ => {}
            }
        }
        Ok(())
    }

    fn add(&mut self, bytes: &'a [u8], id: &mut Canonical) -> Result<(), Broken> {
        let (name, value) = key_value(bytes)?;
        id.tagged_bytes(b'a', name);
        self.values += 1;
        match value.write(id, &mut self.values) {
            Ok(()) if self.values <= MAX_VALUES => {}
            Ok(()) | Err(Flaw::Over(_)) => {
                self.over = Some(Over::Resource);
                return Ok(());
            }
            Err(Flaw::Broken(broken)) => return Err(broken),
        }
        let key = Key::find(name);
        self.attributes.push(ResourceAttribute { name, key, value });
        Ok(())
    }

    /// Its attributes.
    pub(super) fn attributes(&self) -> &[ResourceAttribute<'a>] {
        &self.attributes
    }

    /// The attribute of a name without a key, with its position.
    pub(super) fn find_unknown(&self, name: &[u8]) -> Option<(usize, Any<'a>)> {
        let index = if self.attributes.len() > FEW {
            *self.by_name.get(name)?
        } else {
            let is_it = |own: &ResourceAttribute<'_>| own.key.is_none() && own.name == name;
            self.attributes.iter().position(is_it)?
        };
        self.attributes
            .get(index)
            .map(|attribute| (index, attribute.value))
    }

    /// `service.name`.
    pub(super) fn service_name(&self) -> Option<&'a [u8]> {
        let is_it = |own: &&ResourceAttribute<'_>| own.key == Some(keys::SERVICE_NAME);
        self.attributes.iter().find(is_it)?.value.text()
    }
}

/// A scope under its resource.
#[derive(Debug)]
pub(super) struct Scope<'r, 'a> {
    pub(super) resource: &'r Resource<'a>,
    pub(super) name: &'a [u8],
    pub(super) version: &'a [u8],
    attributes: Vec<(&'a [u8], Any<'a>)>,
    dropped: u32,
    schema_url: &'a [u8],
    bytes: usize,
    values: usize,
    over: Option<Over>,
}

impl<'r, 'a> Scope<'r, 'a> {
    /// Reads the scope of a `ScopeLogs`, `ScopeSpans` or `ScopeMetrics`.
    ///
    /// # Errors
    /// When the bytes are no such message.
    pub(super) fn read(resource: &'r Resource<'a>, message: &'a [u8]) -> Result<Self, Broken> {
        let mut scope = Self {
            resource,
            name: &[],
            version: &[],
            attributes: Vec::new(),
            dropped: 0,
            schema_url: &[],
            bytes: resource.bytes,
            values: resource.values,
            over: resource.over,
        };
        let mut reader = Reader::new(message);
        while let Some(item) = reader.next()? {
            match item.number {
                1 => scope.merge(item.bytes()?)?,
                3 => scope.schema_url = item.bytes()?,
                _ => {}
            }
        }
        scope.bytes += scope.schema_url.len();
        if scope.bytes > resource.bytes.saturating_add(MAX_RESOURCE_BYTES) {
            scope.over = Some(Over::Resource);
        }
        Ok(scope)
    }

    fn merge(&mut self, bytes: &'a [u8]) -> Result<(), Broken> {
        self.bytes += bytes.len();
        let mut reader = Reader::new(bytes);
        let mut unused = Canonical::default();
        while let Some(item) = reader.next()? {
            match item.number {
                1 => self.name = item.bytes()?,
                2 => self.version = item.bytes()?,
                3 => {
                    let (name, value) = key_value(item.bytes()?)?;
                    self.values += 1;
                    match value.write(&mut unused, &mut self.values) {
                        Ok(()) if self.values <= 2 * MAX_VALUES => {}
                        Ok(()) | Err(Flaw::Over(_)) => self.over = Some(Over::Resource),
                        Err(Flaw::Broken(broken)) => return Err(broken),
                    }
                    if self.over.is_none() {
                        self.attributes.push((name, value));
                    }
                }
                4 => self.dropped = item.uint32()?,
                _ => {}
            }
        }
        Ok(())
    }

    /// The limit that its records are over because of it.
    pub(super) const fn over(&self) -> Option<Over> {
        self.over
    }

    /// The bytes that it adds to each record.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The values that it adds to each record.
    pub(super) const fn values(&self) -> usize {
        self.values
    }

    /// Keeps what has no column: schema addresses, counts of dropped attributes, scope attributes.
    pub(super) fn keep(&self, draft: &mut Draft) {
        let texts = [
            ("otlp.resource.schema_url", self.resource.schema_url),
            ("otlp.scope.schema_url", self.schema_url),
        ];
        for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            draft.keep(key.as_bytes(), Any::Text(text));
        }
        let counts = [
            (
                "otlp.resource.dropped_attributes_count",
                self.resource.dropped,
            ),
            ("otlp.scope.dropped_attributes_count", self.dropped),
        ];
        for (key, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            draft.keep_u64(key, u64::from(count));
        }
        for (name, value) in &self.attributes {
            let key = [b"otlp.scope.", *name].concat();
            draft.keep(&key, *value);
        }
    }
}
