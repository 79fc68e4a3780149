//! Finds every occurrence of thousands of literals in one pass over a text.
//!
//! Each literal is known by its rarest four bytes, as two overlapping threes: wherever it stands,
//! one of them begins at an even offset. A bitmap of 131,072 bits says for three bytes whether they
//! can belong to a literal. Only even offsets are looked at, and six of them share one branch. The
//! cost of clean text therefore depends on neither the number nor the length of the literals, which
//! is what a Teddy (64 literals) or an Aho-Corasick automaton (a chain of dependent loads) cannot
//! give.

mod ordinary;
mod spelling;

use ordinary::Ordinary;
use spelling::spellings;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Case {
    /// It does.
    Exact,
    /// It does not.
    Ignored,
    /// It does not, as long as each word, of which these are the first letters' offsets, is written
    /// `lower`, `UPPER` or `Capital`. Costs less.
    Styled(Vec<usize>),
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
        match &self.case {
            Case::Exact => there == self.text,
            Case::Ignored | Case::Styled(_) => there.eq_ignore_ascii_case(&self.text),
        }
    }
}

/// 131,072 bits: 16 KiB, half of the smallest first-level cache around.
const HASH_BITS: u32 = 17;
/// Multipliers; the one is taken under which ordinary text is mistaken least often.
const SALTS: [u32; 32] = salts();
const WORDS: usize = (1 << HASH_BITS) / 64;

/// Fourteen bytes of a text: the six even offsets of twelve, each with the two bytes behind it.
#[derive(Debug, Clone, Copy)]
struct Window {
    low: u64,
    high: u64,
}

impl Window {
    const LEN: usize = 14;
    /// From one window to the next.
    const STEP: usize = 12;

    #[inline]
    fn new(bytes: &[u8; Self::LEN]) -> Self {
        let &[a, b, c, d, e, f, g, h, i, j, k, l, m, n] = bytes;
        Self {
            low: u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            high: u64::from_le_bytes([g, h, i, j, k, l, m, n]),
        }
    }

    /// The three bytes at each even offset, and one more above them.
    #[inline]
    fn grams(self) -> impl Iterator<Item = u32> {
        let Self { low, high } = self;
        let halves = [low, low >> 16, low >> 32, high, high >> 16, high >> 32];
        halves.into_iter().map(low_half)
    }
}

/// The compiled set of literals.
#[derive(Debug)]
pub(crate) struct Prefilter {
    salt: u32,
    bits: Box<[u64; WORDS]>,
    /// How many bits are set before each word.
    ranks: Vec<u32>,
    /// Where the anchors of each set bit begin; one more than there are set bits.
    starts: Vec<usize>,
    /// Sorted by the hash of `gram`.
    anchors: Vec<Anchor>,
    literals: Vec<Literal>,
}

/// Says that a literal lies where three certain bytes do. It is no mistake if it does not: what
/// follows a literal of three bytes is taken for part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Anchor {
    gram: u32,
    /// How far behind the literal's start the three bytes lie.
    offset: usize,
    literal: usize,
    /// The literal's first byte, letters in lower case: tells most of a bucket apart.
    first: u8,
}

impl Prefilter {
    /// Compiles `literals`; those under [`Literal::MIN_LEN`] bytes are never found.
    pub(crate) fn new(literals: Vec<Literal>) -> Self {
        let ordinary = Ordinary::new();
        let mut anchors = anchors(&ordinary, &literals);
        let salt = SALTS
            .into_iter()
            .min_by_key(|&salt| mistaken(&ordinary, &set_bits(&anchors, salt), salt))
            .unwrap_or_default();
        anchors.sort_unstable_by_key(|anchor| (hash(anchor.gram, salt), *anchor));
        let bits = set_bits(&anchors, salt);
        let ranks = bits.iter().scan(0, |rank, word| {
            let before = *rank;
            *rank += word.count_ones();
            Some(before)
        });
        let chunks = anchors.chunk_by(|a, b| hash(a.gram, salt) == hash(b.gram, salt));
        let starts = chunks.scan(0, |start, chunk| {
            let before = *start;
            *start += chunk.len();
            Some(before)
        });
        Self {
            salt,
            ranks: ranks.collect(),
            starts: starts.chain([anchors.len()]).collect(),
            bits,
            anchors,
            literals,
        }
    }

    /// Calls `visit` for every occurrence of every literal, roughly from left to right.
    pub(crate) fn each_hit(&self, text: &[u8], mut visit: impl FnMut(Hit)) {
        let mut at = 0;
        while let Some(window) = text.get(at..).and_then(<[u8]>::first_chunk) {
            let window = Window::new(window);
            let any = window.grams().fold(0, |any, gram| any | self.bit(gram));
            if any & 1 != 0 {
                self.check(text, at, window, &mut visit);
            }
            at += Window::STEP;
        }
        // What a literal's last bytes are followed by does not matter.
        let mut rest = text.get(at..).unwrap_or_default();
        while !rest.is_empty() {
            let mut padded = [0; Window::LEN];
            padded
                .iter_mut()
                .zip(rest)
                .for_each(|(to, from)| *to = *from);
            self.check(text, at, Window::new(&padded), &mut visit);
            rest = rest.get(Window::STEP..).unwrap_or_default();
            at += Window::STEP;
        }
    }

    /// The low bit says whether the low three bytes of `gram` may belong to a literal.
    #[inline]
    fn bit(&self, gram: u32) -> u64 {
        let hash = hash(gram, self.salt);
        self.bits.get(hash >> 6).copied().unwrap_or(0) >> (hash & 63)
    }

    /// Looks at the six offsets of a window of which one at least needs it.
    #[inline(never)]
    fn check(&self, text: &[u8], from: usize, window: Window, visit: &mut impl FnMut(Hit)) {
        for (index, gram) in window.grams().enumerate() {
            if self.bit(gram) & 1 != 0 {
                self.look_up(text, from + 2 * index, gram & 0xff_ffff, visit);
            }
        }
    }

    fn look_up(&self, text: &[u8], at: usize, gram: u32, visit: &mut impl FnMut(Hit)) {
        for anchor in self.bucket(hash(gram, self.salt)) {
            if anchor.gram != gram {
                continue;
            }
            let Some(start) = at.checked_sub(anchor.offset) else {
                continue;
            };
            let first = text.get(start).map_or(0, u8::to_ascii_lowercase);
            if first != anchor.first {
                continue;
            }
            let Some(literal) = self.literals.get(anchor.literal) else {
                continue;
            };
            if literal.is_at(text, start) {
                visit(Hit {
                    start,
                    end: start + literal.text.len(),
                    rule: literal.rule,
                });
            }
        }
    }

    /// The anchors whose gram has this hash, whose bit is set.
    fn bucket(&self, hash: usize) -> &[Anchor] {
        let word = self.bits.get(hash >> 6).copied().unwrap_or(0);
        let before = word & ((1 << (hash & 63)) - 1);
        let rank = self.ranks.get(hash >> 6).copied().unwrap_or(0) + before.count_ones();
        let limit = |rank: usize| self.starts.get(rank).copied().unwrap_or(0);
        let rank = rank as usize;
        self.anchors
            .get(limit(rank)..limit(rank + 1))
            .unwrap_or_default()
    }
}

/// Every spelling of every literal's rarest four bytes, as two threes.
fn anchors(ordinary: &Ordinary, literals: &[Literal]) -> Vec<Anchor> {
    let mut anchors = Vec::new();
    for (literal, found) in literals.iter().enumerate() {
        let Some(rarest) = ordinary.rarest_pair(found) else {
            continue;
        };
        for offset in [rarest, rarest + 1] {
            let grams = spellings(found, offset).into_iter();
            anchors.extend(grams.map(|gram| Anchor {
                gram,
                offset,
                literal,
                first: found.text.first().map_or(0, u8::to_ascii_lowercase),
            }));
        }
    }
    anchors
}

fn set_bits(anchors: &[Anchor], salt: u32) -> Box<[u64; WORDS]> {
    let mut bits = Box::new([0_u64; WORDS]);
    for anchor in anchors {
        let hash = hash(anchor.gram, salt);
        if let Some(word) = bits.get_mut(hash >> 6) {
            *word |= 1 << (hash & 63);
        }
    }
    bits
}

/// How often ordinary text is taken for something else than it is.
fn mistaken(ordinary: &Ordinary, bits: &[u64; WORDS], salt: u32) -> u32 {
    ordinary.count(|gram| {
        let hash = hash(gram, salt);
        bits.get(hash >> 6).copied().unwrap_or(0) >> (hash & 63) & 1 != 0
    })
}

const fn salts() -> [u32; 32] {
    let mut salts = [0; 32];
    let mut salt = 0x9E37_79B1_u32;
    let mut rest: &mut [u32] = &mut salts;
    while let Some((first, others)) = rest.split_first_mut() {
        salt = salt.wrapping_mul(0x915F_77F5).wrapping_add(0x6E2E_1A28);
        *first = (salt | 1) << 8;
        rest = others;
    }
    salts
}

/// A salt ends in eight zero bits, so that the highest byte of `gram` does not count.
#[inline]
const fn hash(gram: u32, salt: u32) -> usize {
    (gram.wrapping_mul(salt) >> (32 - HASH_BITS)) as usize
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the other half is not wanted"
)]
const fn low_half(window: u64) -> u32 {
    window as u32
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
                case: case.clone(),
                rule,
            })
            .collect();
        let mut hits = Vec::new();
        Prefilter::new(literals).each_hit(text.as_bytes(), |hit| hits.push(hit));
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
    fn a_styled_literal_is_found_in_every_usual_case() {
        let styled = |start: usize| Case::Styled(vec![0, start]);
        for text in ["api_key", "API_KEY", "Api_Key", "api_Key", "x api_key"] {
            assert_eq!(hits(&[("api_key", styled(4))], text).len(), 1, "{text}");
        }
        for text in ["apikey", "APIKEY", "ApiKey", "apiKey"] {
            assert_eq!(hits(&[("apikey", styled(3))], text).len(), 1, "{text}");
        }
    }

    proptest! {
        #[test]
        fn finds_what_a_naive_search_finds(
            text in "[a-cA-C_é]{0,60}",
            exact in "[a-cA-C_]{3,5}",
            ignored in "[a-c]{3,6}",
        ) {
            let literals = [(exact.as_str(), Case::Exact), (ignored.as_str(), Case::Ignored)];
            let mut naive = Vec::new();
            for start in 0..text.len() {
                for (rule, (literal, case)) in literals.iter().enumerate() {
                    let literal = Literal { text: literal.as_bytes().to_vec(), case: case.clone(), rule };
                    if literal.is_at(text.as_bytes(), start) {
                        naive.push(Hit { start, end: start + literal.text.len(), rule });
                    }
                }
            }
            prop_assert_eq!(hits(&literals, &text), naive);
        }
    }
}
