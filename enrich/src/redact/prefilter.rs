//! Finds every occurrence of thousands of literals in one pass over a text.
//!
//! Each literal is known by its rarest three bytes. A bitmap of 131,072 bits says for every three
//! bytes of the text whether they can belong to a literal; six positions share one branch. The cost
//! of clean text therefore depends on neither the number nor the length of the literals, which is
//! what a Teddy (64 literals) or an Aho-Corasick automaton (a chain of dependent loads) cannot give.

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

/// Says that a literal lies where three certain bytes do.
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
            .min_by_key(|&salt| ordinary.mistaken(&set_bits(&anchors, salt), salt))
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
            let window = u64::from_le_bytes(*window);
            let mut any = 0;
            for place in 0..6 {
                any |= self.bit(low_half(window >> (8 * place)));
            }
            if any & 1 != 0 {
                self.check(text, at, window, &mut visit);
            }
            at += 6;
        }
        while let Some(&[a, b, c]) = text.get(at..).and_then(<[u8]>::first_chunk) {
            let gram = u32::from_le_bytes([a, b, c, 0]);
            if self.bit(gram) & 1 != 0 {
                self.look_up(text, at, gram, &mut visit);
            }
            at += 1;
        }
    }

    /// The low bit says whether the low three bytes of `gram` may belong to a literal.
    #[inline]
    fn bit(&self, gram: u32) -> u64 {
        let hash = hash(gram, self.salt);
        self.bits.get(hash >> 6).copied().unwrap_or(0) >> (hash & 63)
    }

    /// Looks at the six positions of a window of which one at least needs it.
    #[inline(never)]
    fn check(&self, text: &[u8], from: usize, window: u64, visit: &mut impl FnMut(Hit)) {
        let mut places = 0;
        for place in 0..6 {
            places |= (self.bit(low_half(window >> (8 * place))) & 1) << place;
        }
        while places != 0 {
            let place = places.trailing_zeros();
            let gram = low_half(window >> (8 * place)) & 0xff_ffff;
            self.look_up(text, from + place as usize, gram, visit);
            places &= places - 1;
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

/// Every spelling of every literal's rarest three bytes.
fn anchors(ordinary: &Ordinary, literals: &[Literal]) -> Vec<Anchor> {
    let mut anchors = Vec::new();
    for (literal, found) in literals.iter().enumerate() {
        let Some(offset) = ordinary.rarest_gram(found) else {
            continue;
        };
        let grams = spellings(found, offset).into_iter();
        anchors.extend(grams.map(|gram| Anchor {
            gram,
            offset,
            literal,
            first: found.text.first().map_or(0, u8::to_ascii_lowercase),
        }));
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

/// What ordinary telemetry is made of, so that anchors can be what it is not.
struct Ordinary {
    /// How often three bytes stand in the sample.
    counts: HashMap<[u8; 3], u32>,
    /// The same with letters in lower case.
    lower_counts: HashMap<[u8; 3], u32>,
}

impl Ordinary {
    fn new() -> Self {
        let sample = include_str!("ordinary.txt");
        Self {
            counts: count_grams(sample),
            lower_counts: count_grams(&sample.to_ascii_lowercase()),
        }
    }

    /// How often the sample is taken for something else than it is.
    fn mistaken(&self, bits: &[u64; WORDS], salt: u32) -> u32 {
        self.counts
            .iter()
            .filter(|([a, b, c], _)| {
                let hash = hash(u32::from_le_bytes([*a, *b, *c, 0]), salt);
                bits.get(hash >> 6).copied().unwrap_or(0) >> (hash & 63) & 1 != 0
            })
            .map(|(_, count)| count)
            .sum()
    }

    /// Where the three bytes of `literal` lie that ordinary telemetry holds least often.
    fn rarest_gram(&self, literal: &Literal) -> Option<usize> {
        let grams = literal.text.windows(3).enumerate();
        let rarest = grams.min_by_key(|(offset, gram)| {
            let lower: Option<[u8; 3]> = gram.to_ascii_lowercase().try_into().ok();
            let sampled = lower.and_then(|lower| self.lower_counts.get(&lower));
            let common = gram.iter().map(|&byte| commonness(byte)).sum::<u32>();
            let spellings = spellings(literal, *offset).len();
            (sampled.copied().unwrap_or(0), spellings, common)
        });
        rarest.map(|(offset, _)| offset)
    }
}

fn count_grams(sample: &str) -> HashMap<[u8; 3], u32> {
    let mut counts = HashMap::new();
    for gram in sample.as_bytes().windows(3) {
        if let Some(gram) = gram.first_chunk() {
            *counts.entry(*gram).or_insert(0) += 1;
        }
    }
    counts
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

/// The three bytes of `literal` at `offset`, in every case in which they can be written.
fn spellings(literal: &Literal, offset: usize) -> Vec<u32> {
    let Some(&gram) = literal
        .text
        .get(offset..)
        .and_then(<[u8]>::first_chunk::<3>)
    else {
        return Vec::new();
    };
    let mut grams: Vec<u32> = match &literal.case {
        Case::Exact => vec![number(gram)],
        Case::Ignored => (0..8_u8)
            .map(|upper| number(capitals(gram, upper)))
            .collect(),
        Case::Styled(words) => {
            let here = (0..3).filter(|place| words.contains(&(offset + place)));
            let capital = here.fold(0, |upper, place| upper | 1 << place);
            // In `apiKey` the first word has no capital.
            let camel = if offset == 0 { capital & !1 } else { capital };
            [0, 7, capital, camel]
                .map(|upper| number(capitals(gram, upper)))
                .to_vec()
        }
    };
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// `gram` with the letters whose bit is set in `upper` in upper case, the others in lower case.
fn capitals(gram: [u8; 3], upper: u8) -> [u8; 3] {
    let mut place = 0;
    gram.map(|byte| {
        place += 1;
        if upper >> (place - 1) & 1 == 1 {
            byte.to_ascii_uppercase()
        } else {
            byte.to_ascii_lowercase()
        }
    })
}

const fn number([a, b, c]: [u8; 3]) -> u32 {
    u32::from_le_bytes([a, b, c, 0])
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
