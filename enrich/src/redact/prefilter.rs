//! Finds every occurrence of thousands of literals in one pass over a text.
//!
//! Each literal is known by its rarest four bytes, whatever their case, as two overlapping grams of
//! three bytes. A table says of every gram of the text whether it can be the first or the second of
//! these, or a literal of three bytes; 16 positions share one branch. The cost of clean text
//! therefore depends on neither the number nor the length of the literals, which is what a Teddy
//! (64 literals) or an Aho-Corasick automaton (a chain of dependent loads) cannot give.

use std::collections::HashMap;

/// A literal to be found, and the rule that asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Literal {
    /// At least [`Literal::MIN_LEN`] bytes.
    pub(crate) text: Vec<u8>,
    /// Whether ASCII letters match in either case.
    pub(crate) case: Case,
    /// What [`Hit::rule`] shall say.
    pub(crate) rule: usize,
}

/// Whether the case of ASCII letters matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// It does.
    Exact,
    /// It does not.
    Ignored,
}

/// One occurrence of a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Offset of the first byte.
    pub(crate) start: usize,
    /// Offset after the last byte.
    pub(crate) end: usize,
    /// [`Literal::rule`].
    pub(crate) rule: usize,
}

impl Literal {
    /// Shorter literals cannot be found.
    pub(crate) const MIN_LEN: usize = 3;

    fn is_at(&self, text: &[u8], start: usize) -> bool {
        let Some(there) = text.get(start..start + self.text.len()) else {
            return false;
        };
        match self.case {
            Case::Exact => there == self.text,
            Case::Ignored => there.eq_ignore_ascii_case(&self.text),
        }
    }
}

/// What a gram may be, in pairs of bits that no other pair of grams shares: the first of two behind
/// which the second stands.
mod role {
    /// The pairs by which literals are known, in three colours, so that fewer texts are mistaken.
    const PAIRS: [u8; 3] = [0b1, 0b100, 0b1_0000];
    /// What stands one byte before a literal of three bytes, and the literal.
    pub(super) const BEFORE: u8 = 0b100_0000;
    pub(super) const WHOLE: u8 = BEFORE << 1;
    /// The bit of each second gram.
    pub(super) const SECONDS: u8 = 0b1010_1010;

    /// The first gram's role where the pair begins with `gram`; the second's is the next bit.
    pub(super) fn first(gram: [u8; 3]) -> u8 {
        let sum: usize = gram.into_iter().map(usize::from).sum();
        PAIRS.get(sum % PAIRS.len()).copied().unwrap_or_default()
    }
}

/// 32 KiB: what a first-level cache holds.
const HASH_BITS: u32 = 15;
const SLOTS: usize = 1 << HASH_BITS;
/// Literals are sorted into so many buckets.
const BUCKET_BITS: u32 = 12;
const BUCKETS: usize = 1 << BUCKET_BITS;
/// Positions that share one branch.
const BLOCK: usize = 16;
/// Bytes of their grams.
const WINDOW: usize = BLOCK + 2;
/// [`role::SECONDS`] in each byte.
const SECONDS: u64 = u64::from_le_bytes([role::SECONDS; 8]);

/// The compiled set of literals.
#[derive(Debug)]
pub(crate) struct Prefilter {
    salt: Salt,
    /// By the hash of a gram: its roles.
    roles: Box<[u8; SLOTS]>,
    /// Where the anchors of each bucket begin; one more than there are buckets.
    starts: Vec<usize>,
    /// Sorted by bucket.
    anchors: Vec<Anchor>,
    literals: Vec<Literal>,
}

/// Says that a literal lies where certain bytes do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Anchor {
    key: Key,
    /// How far behind the literal's start the key lies.
    offset: usize,
    literal: usize,
    head: Head,
}

/// Four bytes by which a literal is known, or the three that it has, folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u32);

/// Three bytes, folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Gram([u8; 3]);

/// What a hash multiplies the bytes of a gram with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Salt([u16; 3]);

/// The first eight bytes of a literal, or all of it: tells a bucket's literals apart and most of
/// the text that only shares three bytes with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Head {
    bytes: u64,
    mask: u64,
}

impl Prefilter {
    /// Compiles `literals`; those under [`Literal::MIN_LEN`] bytes are never found.
    pub(crate) fn new(literals: Vec<Literal>) -> Self {
        let ordinary = Ordinary::new();
        let anchors = literals.iter().enumerate();
        let anchors = anchors.filter_map(|(number, literal)| {
            Anchor::of(number, literal, ordinary.rarest_place(&literal.text)?)
        });
        let mut anchors: Vec<Anchor> = anchors.collect();
        let roles = |salt| roles(&anchors, salt);
        let salt = salts().min_by_key(|&salt| ordinary.mistaken(&roles(salt), salt));
        let salt = salt.unwrap_or(Salt([1; 3]));
        let roles = roles(salt);
        anchors.sort_unstable_by_key(|anchor| (anchor.key.bucket(), *anchor));
        let start = |number| anchors.partition_point(|anchor| anchor.key.bucket() < number);
        Self {
            salt,
            roles,
            starts: (0..=BUCKETS).map(start).collect(),
            anchors,
            literals,
        }
    }

    /// Calls `visit` for every occurrence of every literal, roughly from left to right. It answers
    /// with the offset before which no further hit is of interest.
    pub(crate) fn each_hit(&self, text: &[u8], mut visit: impl FnMut(Hit) -> usize) {
        let (mut at, mut resume) = (0, 0);
        // The roles of the gram before `at`: where there is none, all that there might be.
        let mut before = u64::from(role::BEFORE);
        while let Some(window) = text.get(at..).and_then(<[u8]>::first_chunk) {
            let [low, high] = self.roles_in(window);
            let low_seconds = low & (low << 8 | before) << 1 & SECONDS;
            let high_seconds = high & (high << 8 | low >> 56) << 1 & SECONDS;
            if low_seconds | high_seconds != 0 {
                let seconds = [low_seconds, high_seconds];
                resume = self.check(text, at, seconds, resume, &mut visit);
            }
            before = high >> 56;
            at += BLOCK;
            if resume > at {
                (at, before) = (resume, u64::from(role::BEFORE));
            }
        }
        for place in at.saturating_sub(1)..text.len() {
            resume = self.look_up(text, place, Key::four(text, place), resume, &mut visit);
            if place >= at {
                resume = self.look_up(text, place, Key::three(text, place), resume, &mut visit);
            }
        }
    }

    /// The roles of the grams at each position of `window`.
    #[inline]
    fn roles_in(&self, window: &[u8; WINDOW]) -> [u64; 2] {
        let hashes = self.salt.hashes(window);
        let (low, high) = hashes.split_at(BLOCK / 2);
        [low, high].map(|hashes| {
            let roles = hashes.iter().zip((0..64).step_by(8));
            roles.fold(0, |all, (hash, shift)| {
                all | u64::from(self.role(*hash)) << shift
            })
        })
    }

    #[inline]
    fn role(&self, hash: u16) -> u8 {
        self.roles.get(usize::from(hash)).copied().unwrap_or(0)
    }

    /// Looks at the positions of a window of which one at least needs it; answers with where to
    /// resume. `seconds` has the roles of grams that stand behind their first.
    #[inline(never)]
    fn check(
        &self,
        text: &[u8],
        from: usize,
        seconds: [u64; 2],
        mut resume: usize,
        visit: &mut impl FnMut(Hit) -> usize,
    ) -> usize {
        for (mut places, from) in seconds.into_iter().zip([from, from + BLOCK / 2]) {
            while places != 0 {
                let place = places.trailing_zeros() / 8;
                let roles = (places >> (8 * place)).to_le_bytes()[0];
                let at = from + place as usize;
                if roles & !role::WHOLE != 0 {
                    let at = at.saturating_sub(1);
                    resume = self.look_up(text, at, Key::four(text, at), resume, visit);
                }
                if roles & role::WHOLE != 0 {
                    resume = self.look_up(text, at, Key::three(text, at), resume, visit);
                }
                places &= !(0xff << (8 * place));
            }
        }
        resume
    }

    /// Visits the literals that are known by `key`, which stands at `at`.
    fn look_up(
        &self,
        text: &[u8],
        at: usize,
        key: Option<Key>,
        mut resume: usize,
        visit: &mut impl FnMut(Hit) -> usize,
    ) -> usize {
        let Some(key) = key.filter(|_| at >= resume) else {
            return resume;
        };
        for anchor in self.bucket(key) {
            if anchor.key != key {
                continue;
            }
            let Some(start) = at.checked_sub(anchor.offset) else {
                continue;
            };
            if !anchor.head.is_at(text, start) {
                continue;
            }
            let Some(literal) = self.literals.get(anchor.literal) else {
                continue;
            };
            if literal.is_at(text, start) {
                let hit = Hit {
                    start,
                    end: start + literal.text.len(),
                    rule: literal.rule,
                };
                resume = resume.max(visit(hit));
            }
        }
        resume
    }

    #[inline]
    fn bucket(&self, key: Key) -> &[Anchor] {
        let limit = |number: usize| self.starts.get(number).copied().unwrap_or(0);
        let number = key.bucket();
        let range = limit(number)..limit(number + 1);
        self.anchors.get(range).unwrap_or_default()
    }
}

impl Anchor {
    /// The anchor of literal `number`, which is known by what lies at `offset`.
    fn of(number: usize, literal: &Literal, offset: usize) -> Option<Self> {
        let four = Key::four(&literal.text, offset);
        Some(Self {
            key: four.or_else(|| Key::three(&literal.text, offset))?,
            offset,
            literal: number,
            head: Head::of(&literal.text),
        })
    }

    /// The gram with which its key begins, and the next one, if there is one.
    fn grams(&self) -> (Gram, Option<Gram>) {
        let Key(key) = self.key;
        let [a, b, c, d] = key.to_le_bytes();
        (Gram([a, b, c]), (d != 0).then_some(Gram([b, c, d])))
    }
}

impl Key {
    #[inline]
    fn four(text: &[u8], at: usize) -> Option<Self> {
        let four: &[u8; 4] = text.get(at..)?.first_chunk()?;
        Some(Self(u32::from_le_bytes(four.map(fold_byte))))
    }

    #[inline]
    fn three(text: &[u8], at: usize) -> Option<Self> {
        let Gram([a, b, c]) = text.get(at..).and_then(Gram::of)?;
        Some(Self(u32::from_le_bytes([a, b, c, 0])))
    }

    #[inline]
    const fn bucket(self) -> usize {
        (self.0.wrapping_mul(0x9E37_79B1) >> (u32::BITS - BUCKET_BITS)) as usize
    }
}

impl Gram {
    #[inline]
    fn of(text: &[u8]) -> Option<Self> {
        let gram: &[u8; 3] = text.first_chunk()?;
        Some(Self(gram.map(fold_byte)))
    }
}

impl Salt {
    #[inline]
    fn hash(self, Gram([a, b, c]): Gram) -> u16 {
        self.sum(a, b, c) >> (u16::BITS - HASH_BITS)
    }

    #[inline]
    fn sum(self, a: u8, b: u8, c: u8) -> u16 {
        let Self([first, second, third]) = self;
        let (a, b, c) = (u16::from(a), u16::from(b), u16::from(c));
        let sum = a.wrapping_mul(first).wrapping_add(b.wrapping_mul(second));
        sum.wrapping_add(c.wrapping_mul(third))
    }

    /// The hash of the gram at each position, eight at a time in one instruction.
    #[inline]
    fn hashes(self, window: &[u8; WINDOW]) -> [u16; BLOCK] {
        let folded = window.map(fold_byte);
        let mut hashes = [0; BLOCK];
        let grams = folded.iter().zip(folded.iter().skip(1));
        let grams = grams.zip(folded.iter().skip(2));
        for (hash, ((a, b), c)) in hashes.iter_mut().zip(grams) {
            *hash = self.sum(*a, *b, *c) >> (u16::BITS - HASH_BITS);
        }
        hashes
    }
}

impl Head {
    fn of(text: &[u8]) -> Self {
        let (mut bytes, mut mask) = ([0; 8], [0; 8]);
        for ((byte, known), &there) in bytes.iter_mut().zip(&mut mask).zip(text) {
            (*byte, *known) = (there, 0xff);
        }
        let mask = u64::from_le_bytes(mask);
        Self {
            bytes: fold(bytes) & mask,
            mask,
        }
    }

    #[inline]
    fn is_at(self, text: &[u8], start: usize) -> bool {
        let Some(there) = text.get(start..).and_then(<[u8]>::first_chunk) else {
            // The end of the text: the literal itself is compared.
            return true;
        };
        fold(*there) & self.mask == self.bytes
    }
}

/// The roles of all grams under `salt`.
fn roles(anchors: &[Anchor], salt: Salt) -> Box<[u8; SLOTS]> {
    let mut roles = Box::new([0; SLOTS]);
    let mut add = |gram, role| {
        if let Some(roles) = roles.get_mut(usize::from(salt.hash(gram))) {
            *roles |= role;
        }
    };
    for anchor in anchors {
        let (gram, second) = anchor.grams();
        match second {
            Some(second) => {
                let first = role::first(gram.0);
                add(gram, first);
                add(second, first << 1);
            }
            None => {
                let Gram([a, b, _]) = gram;
                add(gram, role::WHOLE);
                (0..=u8::MAX).for_each(|any| add(Gram([fold_byte(any), a, b]), role::BEFORE));
            }
        }
    }
    roles
}

/// Some multipliers; those are taken under which ordinary text is mistaken least often.
fn salts() -> impl Iterator<Item = Salt> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = move || {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        let [.., a, b, c, d, e, f] = state.to_le_bytes();
        Salt([[a, b], [c, d], [e, f]].map(|bytes| u16::from_le_bytes(bytes) | 1))
    };
    std::iter::repeat_with(next).take(64)
}

/// Letters in lower case; other bytes become others, some of them equal ones.
#[inline]
const fn fold_byte(byte: u8) -> u8 {
    byte | 0x20
}

/// [`fold_byte`] for eight bytes.
#[inline]
const fn fold(bytes: [u8; 8]) -> u64 {
    u64::from_le_bytes(bytes) | u64::from_le_bytes([0x20; 8])
}

/// What ordinary telemetry is made of, so that anchors can be what it is not.
struct Ordinary {
    text: Vec<u8>,
    /// How often four folded bytes stand in it.
    counts: HashMap<[u8; 4], u32>,
}

/// Ids and hashes are as much of telemetry as words.
const DIGITS_LEN: usize = 4096;

impl Ordinary {
    fn new() -> Self {
        let mut text = include_bytes!("ordinary.txt").to_vec();
        let digits = (0..DIGITS_LEN as u64).map(|place| {
            let hash = place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
            char::from_digit((hash & 0xf) as u32, 16)
        });
        text.extend(digits.flatten().map(|digit| digit as u8));
        text = text.into_iter().map(fold_byte).collect();
        let mut counts = HashMap::new();
        for four in text.windows(4) {
            if let Some(four) = four.first_chunk() {
                *counts.entry(*four).or_insert(0) += 1;
            }
        }
        Self { text, counts }
    }

    /// How often ordinary text is taken for something else than it is.
    fn mistaken(&self, roles: &[u8; SLOTS], salt: Salt) -> usize {
        let grams = self.text.windows(3).filter_map(Gram::of);
        let mut before = 0;
        let mistaken = grams.filter(|gram| {
            let here = roles.get(usize::from(salt.hash(*gram))).copied();
            let here = here.unwrap_or(0);
            let seconds = here & before << 1 & role::SECONDS;
            before = here;
            seconds != 0
        });
        mistaken.count()
    }

    /// Where the four bytes of `literal` lie that ordinary telemetry holds least often.
    fn rarest_place(&self, literal: &[u8]) -> Option<usize> {
        if literal.len() < 4 {
            return (literal.len() >= Literal::MIN_LEN).then_some(0);
        }
        let fours = literal.windows(4).enumerate();
        let rarest = fours.min_by_key(|(_, four)| {
            let four: Option<[u8; 4]> = four.first_chunk().copied();
            let folded = four.map(|four| four.map(fold_byte));
            let sampled = folded.and_then(|four| self.counts.get(&four));
            let common = four.map_or(0, |four| four.into_iter().map(commonness).sum::<u32>());
            (sampled.copied().unwrap_or(0), common)
        });
        rarest.map(|(offset, _)| offset)
    }
}

/// How common a byte is in JSON, paths and English, as a rough logarithm.
const fn commonness(byte: u8) -> u32 {
    match byte.to_ascii_lowercase() {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 10,
        b' ' | b'"' | b'/' | b'l' | b'c' | b'd' | b'u' | b'm' | b'p' => 9,
        b'0'..=b'9' | b'h' | b'f' | b'g' | b'b' | b'_' | b'-' | b'.' => 8,
        b'w' | b'y' | b'v' | b'k' | b':' | b',' | b'=' | b'x' => 7,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hits(literals: &[(&str, Case)], text: &str) -> Vec<Hit> {
        let literals = literals
            .iter()
            .enumerate()
            .map(|(rule, (text, case))| Literal {
                text: text.as_bytes().to_vec(),
                case: *case,
                rule,
            })
            .collect();
        let mut hits = Vec::new();
        Prefilter::new(literals).each_hit(text.as_bytes(), |hit| {
            hits.push(hit);
            0
        });
        hits.sort_by_key(|hit| (hit.start, hit.rule));
        hits
    }

    #[test]
    fn finds_literals_at_both_ends_and_across_each_other() {
        let found = hits(
            &[
                ("abc", Case::Exact),
                ("bcd", Case::Exact),
                ("BCD", Case::Ignored),
            ],
            "abcd-abc",
        );
        let places: Vec<_> = found
            .iter()
            .map(|hit| (hit.start, hit.end, hit.rule))
            .collect();
        assert_eq!(places, [(0, 3, 0), (1, 4, 1), (1, 4, 2), (5, 8, 0)]);
    }

    #[test]
    fn what_a_visitor_has_seen_is_passed_over() {
        let literal = Literal {
            text: b"abc".to_vec(),
            case: Case::Exact,
            rule: 0,
        };
        let prefilter = Prefilter::new(vec![literal]);
        let text = "abc-".repeat(20);
        for resume in 0..text.len() {
            let mut starts = Vec::new();
            prefilter.each_hit(text.as_bytes(), |hit| {
                starts.push(hit.start);
                resume
            });
            let expected = (0..text.len()).step_by(4);
            let expected = expected.filter(|start| *start == 0 || *start >= resume);
            assert!(starts.iter().copied().eq(expected), "{resume}: {starts:?}");
        }
    }

    proptest! {
        #[test]
        fn finds_what_a_naive_search_finds(
            text in "[a-cA-C_\u{7f}é]{0,60}",
            exact in "[a-cA-C_]{3,12}",
            ignored in "[a-c]{3,6}",
        ) {
            let literals = [(exact.as_str(), Case::Exact), (ignored.as_str(), Case::Ignored)];
            let mut naive = Vec::new();
            for start in 0..text.len() {
                for (rule, (literal, case)) in literals.iter().enumerate() {
                    let literal = Literal { text: literal.as_bytes().to_vec(), case: *case, rule };
                    if literal.is_at(text.as_bytes(), start) {
                        naive.push(Hit { start, end: start + literal.text.len(), rule });
                    }
                }
            }
            prop_assert_eq!(hits(&literals, &text), naive);
        }
    }
}
