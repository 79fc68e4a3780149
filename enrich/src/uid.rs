//! Makes the stable id of an event: the same record sent again has the same one.

use magistrate_event::EventUid;
use polyval::Polyval;
use polyval::universal_hash::UniversalHash as _;

/// The key of the id hash: 32 secret bytes, made once per installation and never changed.
#[derive(Clone)]
pub struct UidKey {
    secret: [u8; 32],
    /// Digests contents, under a key that follows from the secret.
    digest: Polyval,
    asked: Prefix,
    follow_up: Prefix,
}

/// What the digest's key is derived for.
const DIGEST_CONTEXT: &str = "magistrate uid content digest 1";
const DIGEST_BYTES: usize = 16;

impl UidKey {
    /// From 32 random bytes.
    pub fn new(secret: [u8; 32]) -> Self {
        let mut digest_key = [0; DIGEST_BYTES];
        copy(
            &blake3::derive_key(DIGEST_CONTEXT, &secret),
            &mut digest_key,
        );
        let domain = |name| Prefix(*blake3::keyed_hash(&secret, name).as_bytes());
        Self {
            digest: Polyval::new(&digest_key.into()),
            asked: domain(ASKED_DOMAIN),
            follow_up: domain(FOLLOW_UP_DOMAIN),
            secret,
        }
    }

    /// The keyed hash of `content` under what stands for all that came before it.
    ///
    /// Content goes through POLYVAL, a universal hash at a quarter of BLAKE3's cost, and only its
    /// digest through keyed BLAKE3. Who does not know the key can make two contents of one digest
    /// no better than by chance: at most their blocks of 16 bytes in 2¹²⁸ for each pair tried.
    fn hash(&self, prefix: &Prefix, content: &[u8]) -> [u8; 32] {
        let mut digest = self.digest.clone();
        // Fills the last block up with zeros: the length beside it keeps that unambiguous.
        digest.update_padded(content);
        let mut input = [0; PREFIX_BYTES + DIGEST_BYTES + size_of::<u64>()];
        let (head, tail) = input.split_at_mut(PREFIX_BYTES);
        let (middle, end) = tail.split_at_mut(DIGEST_BYTES);
        copy(&prefix.0, head);
        copy(&digest.finalize(), middle);
        copy(&(content.len() as u64).to_le_bytes(), end);
        *blake3::keyed_hash(&self.secret, &input).as_bytes()
    }

    /// The id of a request to the judge: who asked, what tells it from the caller's others, and the
    /// hash of its body.
    pub(crate) fn asked(&self, identity: &str, name: &[u8], body: &[u8]) -> EventUid {
        let mut id = Canonical::default();
        id.start(self.asked);
        id.bytes(identity.as_bytes());
        id.bytes(name);
        id.bytes(body);
        id.uid(self)
    }

    /// The id of what follows from the event `uid`, such as its verdict: the same each time.
    pub fn follow_up(&self, uid: EventUid, what: &str) -> EventUid {
        let mut id = Canonical::default();
        id.start(self.follow_up);
        id.bytes(uid.as_bytes());
        id.bytes(what.as_bytes());
        id.uid(self)
    }

    /// A hash of `parts` that nobody can make, or find the parts of, without the key: what an approval
    /// is bound to. A part that is missing is another than an empty one.
    pub fn binding<'a>(&self, parts: impl IntoIterator<Item = Option<&'a str>>) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.domain(BINDING_DOMAIN).0);
        for part in parts {
            hasher.update(&[u8::from(part.is_some())]);
            let part = part.unwrap_or_default();
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }

    /// What the ids of one kind begin with.
    fn domain(&self, name: &[u8]) -> Prefix {
        Prefix(*blake3::keyed_hash(&self.secret, name).as_bytes())
    }
}

/// Copies as much as there is room for.
#[inline]
fn copy(from: &[u8], to: &mut [u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

impl std::fmt::Debug for UidKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UidKey(***)")
    }
}

/// Keeps ids of this kind apart from every other use of the key, and from later layouts.
const RECORD_DOMAIN: &[u8] = b"magistrate/uid/record/2";
const ASKED_DOMAIN: &[u8] = b"magistrate/uid/asked/1";
const FOLLOW_UP_DOMAIN: &[u8] = b"magistrate/uid/follow-up/1";
const BINDING_DOMAIN: &[u8] = b"magistrate/uid/binding/1";
const LINE_DOMAIN: &[u8] = b"magistrate/uid/line/2";

/// Makes the ids of the lines of one batch; a line carries no id of its own.
#[derive(Debug)]
pub(crate) struct LineIds<'a> {
    key: &'a UidKey,
    prefix: Prefix,
    arrival: u128,
    content: Canonical,
}

impl<'a> LineIds<'a> {
    /// `identity` is the sender's proved name, `arrival` the batch's own number.
    pub(crate) fn new(key: &'a UidKey, identity: &str, arrival: u128) -> Self {
        let mut content = Canonical::default();
        content.start(key.domain(LINE_DOMAIN));
        content.bytes(identity.as_bytes());
        Self {
            key,
            prefix: content.prefix(key),
            arrival,
            content,
        }
    }

    /// The id of the line `bytes` at place `index` of the batch, so that equal lines stay two.
    pub(crate) fn of(&mut self, index: usize, bytes: &[u8]) -> EventUid {
        self.content.start(self.prefix);
        self.content.arrival(self.arrival, index);
        self.content.bytes(bytes);
        self.content.uid(self.key)
    }
}

const PREFIX_BYTES: usize = 32;

/// What several records share: who sent them, and from where.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Prefix([u8; PREFIX_BYTES]);

/// The bytes that an id is made of: every part with its length, so that no two texts run together.
///
/// Numbers are little endian. What it holds is what the decoded record holds: neither the order of
/// fields on the wire nor defaults nor fields of a later OTLP change it.
#[derive(Debug, Default)]
pub(crate) struct Canonical {
    prefix: Prefix,
    content: Vec<u8>,
}

impl Canonical {
    /// Starts the part that the records of one scope share.
    pub(crate) fn start_prefix(&mut self, key: &UidKey, identity: &str, signal: u8) {
        self.start(key.domain(RECORD_DOMAIN));
        self.bytes(identity.as_bytes());
        self.tag(signal);
    }

    /// The shared part, hashed.
    pub(crate) fn prefix(&self, key: &UidKey) -> Prefix {
        Prefix(key.hash(&self.prefix, &self.content))
    }

    /// Starts a record, or a part that records share, under `prefix`.
    pub(crate) fn start(&mut self, prefix: Prefix) {
        self.prefix = prefix;
        self.content.clear();
    }

    /// The id of what was written.
    pub(crate) fn uid(&self, key: &UidKey) -> EventUid {
        let mut uid = [0; 16];
        copy(&key.hash(&self.prefix, &self.content), &mut uid);
        EventUid::from_bytes(uid)
    }

    /// One byte that says what follows.
    #[inline]
    pub(crate) fn tag(&mut self, tag: u8) {
        self.content.push(tag);
    }

    /// A number.
    #[inline]
    pub(crate) fn u64(&mut self, number: u64) {
        self.content.extend_from_slice(&number.to_le_bytes());
    }

    /// Bytes with their length: one byte, or 255 and eight bytes.
    #[inline]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.len(bytes.len());
        self.content.extend_from_slice(bytes);
    }

    #[inline]
    fn len(&mut self, len: usize) {
        match u8::try_from(len) {
            Ok(len) if len < u8::MAX => self.content.push(len),
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
        self.content.extend_from_slice(name);
        self.tag(0x12);
        self.varint(value_len);
        self.tag(0x0a);
        self.varint(text.len());
        self.content.extend_from_slice(text);
    }

    fn varint(&mut self, mut number: usize) {
        while number >= 0x80 {
            self.content.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.content.push((number & 0x7f) as u8);
    }

    /// A tag and a number.
    #[inline]
    pub(crate) fn tagged_u64(&mut self, tag: u8, number: u64) {
        self.tag(tag);
        self.u64(number);
    }

    /// Makes the record one of its kind: it says nothing that tells it from an equal one.
    pub(crate) fn arrival(&mut self, arrival: u128, index: usize) {
        self.content.extend_from_slice(&arrival.to_le_bytes());
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

    fn key() -> UidKey {
        UidKey::new([7; 32])
    }

    fn line(key: &UidKey, identity: &str, arrival: u128, index: usize) -> EventUid {
        LineIds::new(key, identity, arrival).of(index, b"line")
    }

    #[test]
    fn equal_lines_are_two_events_and_one_line_is_one() {
        let uid = |arrival, index| line(&key(), "", arrival, index);
        assert_eq!(uid(1, 0), uid(1, 0));
        assert_ne!(uid(1, 0), uid(1, 1));
        assert_ne!(uid(1, 0), uid(2, 0));
        assert_ne!(uid(1, 0), line(&key(), "token", 1, 0));
        assert_ne!(uid(1, 0), line(&UidKey::new([8; 32]), "", 1, 0));
    }

    #[test]
    fn zeros_at_the_end_of_a_block_count() {
        let key = key();
        let uid = |len| {
            let mut id = Canonical::default();
            (0..len).for_each(|_| id.tag(0));
            id.uid(&key)
        };
        let all: std::collections::HashSet<_> = (0..70).map(uid).collect();
        assert_eq!(all.len(), 70);
    }

    #[test]
    fn every_bit_of_prefix_and_content_counts() {
        let key = key();
        let mut seen = std::collections::HashSet::new();
        for bit in 0..8 * (32 + 100) {
            let mut bytes = [7_u8; 132];
            bytes[bit / 8] ^= 1 << (bit % 8);
            let mut id = Canonical::default();
            id.start(Prefix(bytes[..32].try_into().unwrap()));
            bytes[32..].iter().for_each(|byte| id.tag(*byte));
            assert!(seen.insert(id.uid(&key)), "bit {bit}");
        }
    }

    #[test]
    fn texts_do_not_run_together() {
        let uid = |parts: [&[u8]; 2]| {
            let mut id = Canonical::default();
            parts.iter().for_each(|part| id.bytes(part));
            id.uid(&key())
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
            assert_eq!(whole.content, parts.content);
        }
    }

    #[test]
    fn the_key_is_not_printed() {
        assert_eq!(format!("{:?}", key()), "UidKey(***)");
    }
}
