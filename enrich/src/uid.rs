//! Makes the stable id of an event: the same record sent again has the same one.

use magistrate_event::EventUid;

/// The key of the id hash: 32 secret bytes, made once per installation and never changed.
#[derive(Clone)]
pub struct UidKey([u8; 32]);

impl UidKey {
    /// From 32 random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    fn hash(&self, bytes: &[u8]) -> blake3::Hash {
        blake3::keyed_hash(&self.0, bytes)
    }
}

impl std::fmt::Debug for UidKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UidKey(***)")
    }
}

/// Keeps ids of this kind apart from every other use of the key, and from later layouts.
const RECORD_DOMAIN: &[u8] = b"magistrate/uid/record/1";
const LINE_DOMAIN: &[u8] = b"magistrate/uid/line/1";

/// The id of a line that carries no id of its own.
///
/// `identity` is the sender's proved name, `arrival` the batch's own number and `index` the line's
/// place in the batch, so that equal lines stay two events.
pub fn line_uid(
    key: &UidKey,
    identity: &str,
    bytes: &[u8],
    arrival: u128,
    index: usize,
) -> EventUid {
    let mut scratch = Canonical::default();
    scratch.bytes(LINE_DOMAIN);
    scratch.bytes(identity.as_bytes());
    scratch.arrival(arrival, index);
    scratch.bytes(bytes);
    scratch.uid(key)
}

/// What several records share: who sent them, and from where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prefix([u8; 32]);

/// The bytes that an id is made of: every part with its length, so that no two texts run together.
///
/// Numbers are little endian. What it holds is what the decoded record holds: neither the order of
/// fields on the wire nor defaults nor fields of a later OTLP change it.
#[derive(Debug, Default)]
pub(crate) struct Canonical(Vec<u8>);

impl Canonical {
    /// Starts the part that the records of one scope share.
    pub(crate) fn start_prefix(&mut self, identity: &str, signal: u8) {
        self.0.clear();
        self.bytes(RECORD_DOMAIN);
        self.bytes(identity.as_bytes());
        self.tag(signal);
    }

    /// The shared part, hashed.
    pub(crate) fn prefix(&self, key: &UidKey) -> Prefix {
        Prefix(*key.hash(&self.0).as_bytes())
    }

    /// Starts a record under `prefix`.
    pub(crate) fn start_record(&mut self, prefix: Prefix) {
        self.0.clear();
        self.0.extend_from_slice(&prefix.0);
    }

    /// The id of what was written.
    pub(crate) fn uid(&self, key: &UidKey) -> EventUid {
        let mut uid = [0; 16];
        for (to, from) in uid.iter_mut().zip(key.hash(&self.0).as_bytes()) {
            *to = *from;
        }
        EventUid::from_bytes(uid)
    }

    /// One byte that says what follows.
    #[inline]
    pub(crate) fn tag(&mut self, tag: u8) {
        self.0.push(tag);
    }

    /// A number.
    #[inline]
    pub(crate) fn u64(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// Bytes with their length: one byte, or 255 and eight bytes.
    #[inline]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.len(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    #[inline]
    fn len(&mut self, len: usize) {
        match u8::try_from(len) {
            Ok(len) if len < u8::MAX => self.0.push(len),
            Ok(_) | Err(_) => self.tagged_u64(u8::MAX, len as u64),
        }
    }

    /// A tag and bytes.
    #[inline]
    pub(crate) fn tagged_bytes(&mut self, tag: u8, bytes: &[u8]) {
        self.tag(tag);
        self.bytes(bytes);
    }

    /// An attribute with a text, as its shortest protobuf encoding: what the wire nearly always
    /// holds, so that there it is copied whole.
    pub(crate) fn text_attribute(&mut self, name: &[u8], text: &[u8]) {
        let value_len = 1 + varint_len(text.len()) + text.len();
        let whole = 2 + varint_len(name.len()) + name.len() + varint_len(value_len) + value_len;
        self.tag(TEXT_ATTRIBUTE);
        self.len(whole);
        self.tag(0x0a);
        self.varint(name.len());
        self.0.extend_from_slice(name);
        self.tag(0x12);
        self.varint(value_len);
        self.tag(0x0a);
        self.varint(text.len());
        self.0.extend_from_slice(text);
    }

    fn varint(&mut self, mut number: usize) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push((number & 0x7f) as u8);
    }

    /// A tag and a number.
    #[inline]
    pub(crate) fn tagged_u64(&mut self, tag: u8, number: u64) {
        self.tag(tag);
        self.u64(number);
    }

    /// Makes the record one of its kind: it says nothing that tells it from an equal one.
    pub(crate) fn arrival(&mut self, arrival: u128, index: usize) {
        self.0.extend_from_slice(&arrival.to_le_bytes());
        self.u64(index as u64);
    }
}

/// Stands before an attribute with a text.
pub(crate) const TEXT_ATTRIBUTE: u8 = b'A';

/// How many bytes a length takes as a varint.
const fn varint_len(number: usize) -> usize {
    let bits = usize::BITS - (number | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: UidKey = UidKey::new([7; 32]);

    #[test]
    fn equal_lines_are_two_events_and_one_line_is_one() {
        let uid = |arrival, index| line_uid(&KEY, "", b"line", arrival, index);
        assert_eq!(uid(1, 0), uid(1, 0));
        assert_ne!(uid(1, 0), uid(1, 1));
        assert_ne!(uid(1, 0), uid(2, 0));
        assert_ne!(uid(1, 0), line_uid(&KEY, "token", b"line", 1, 0));
        assert_ne!(
            uid(1, 0),
            line_uid(&UidKey::new([8; 32]), "", b"line", 1, 0)
        );
    }

    #[test]
    fn texts_do_not_run_together() {
        let uid = |parts: [&[u8]; 2]| {
            let mut id = Canonical::default();
            parts.iter().for_each(|part| id.bytes(part));
            id.uid(&KEY)
        };
        assert_ne!(uid([b"ab", b"c"]), uid([b"a", b"bc"]));
    }

    #[test]
    fn a_text_attribute_is_written_as_its_shortest_encoding() {
        for (name, text) in [
            (0, 0),
            (1, 127),
            (127, 128),
            (128, 125),
            (3, 16_384),
            (300, 70_000),
        ] {
            let (name, text) = (vec![b'n'; name], vec![b't'; text]);
            let mut value = Vec::new();
            prost::encoding::bytes::encode(1, &text, &mut value);
            let mut encoded = Vec::new();
            prost::encoding::bytes::encode(1, &name, &mut encoded);
            prost::encoding::bytes::encode(2, &value, &mut encoded);
            let (mut whole, mut parts) = (Canonical::default(), Canonical::default());
            whole.tagged_bytes(TEXT_ATTRIBUTE, &encoded);
            parts.text_attribute(&name, &text);
            assert_eq!(whole.0, parts.0);
        }
    }

    #[test]
    fn the_key_is_not_printed() {
        assert_eq!(format!("{KEY:?}"), "UidKey(***)");
    }
}
