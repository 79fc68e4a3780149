//! Finds every occurrence of thousands of literals in one pass over a text.
//!
//! Each literal is known by its rarest three bytes. A bitmap of 65,536 bits says for every three
//! bytes of the text whether they can belong to a literal; six positions share one branch. The cost
//! of clean text therefore depends on neither the number nor the length of the literals, which is
//! what a Teddy (64 literals) or an Aho-Corasick automaton (a chain of dependent loads) cannot give.

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

const BITS: usize = 1 << 16;
const WORDS: usize = BITS / 64;

/// The compiled set of literals.
#[derive(Debug)]
pub(crate) struct Prefilter {
    bits: Box<[u64; WORDS]>,
    /// Sorted by `gram`.
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
}

impl Prefilter {
    /// Compiles `literals`; those under [`Literal::MIN_LEN`] bytes are never found.
    pub(crate) fn new(literals: Vec<Literal>) -> Self {
        let mut anchors = Vec::new();
        for (literal, found) in literals.iter().enumerate() {
            let Some((offset, rarest)) = rarest_gram(&found.text) else {
                continue;
            };
            for gram in spellings(rarest, found.case) {
                anchors.push(Anchor {
                    gram,
                    offset,
                    literal,
                });
            }
        }
        anchors.sort_unstable();
        let mut bits = Box::new([0_u64; WORDS]);
        for anchor in &anchors {
            let hash = hash(anchor.gram);
            if let Some(word) = bits.get_mut(hash >> 6) {
                *word |= 1 << (hash & 63);
            }
        }
        Self {
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
                any |= self.bit(gram_of(window >> (8 * place)));
            }
            if any & 1 != 0 {
                self.check(text, at, 6, &mut visit);
            }
            at += 6;
        }
        self.check(text, at, text.len().saturating_sub(at), &mut visit);
    }

    /// The low bit says whether `gram` may belong to a literal.
    #[inline]
    fn bit(&self, gram: u32) -> u64 {
        let hash = hash(gram);
        self.bits.get(hash >> 6).copied().unwrap_or(0) >> (hash & 63)
    }

    #[inline(never)]
    fn check(&self, text: &[u8], from: usize, count: usize, visit: &mut impl FnMut(Hit)) {
        for at in from..from + count {
            let Some(&[a, b, c]) = text.get(at..).and_then(<[u8]>::first_chunk) else {
                return;
            };
            let gram = u32::from_le_bytes([a, b, c, 0]);
            if self.bit(gram) & 1 != 0 {
                self.look_up(text, at, gram, visit);
            }
        }
    }

    fn look_up(&self, text: &[u8], at: usize, gram: u32, visit: &mut impl FnMut(Hit)) {
        let first = self.anchors.partition_point(|anchor| anchor.gram < gram);
        let same = self.anchors.get(first..).unwrap_or_default();
        for anchor in same.iter().take_while(|anchor| anchor.gram == gram) {
            let Some(start) = at.checked_sub(anchor.offset) else {
                continue;
            };
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
}

#[inline]
fn hash(gram: u32) -> usize {
    (gram.wrapping_mul(0x9E37_79B1) >> 16) as usize
}

/// The low three bytes.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the mask leaves 24 bits")]
const fn gram_of(window: u64) -> u32 {
    (window & 0xff_ffff) as u32
}

/// The three bytes of `text` that ordinary telemetry holds least often, and their offset.
fn rarest_gram(text: &[u8]) -> Option<(usize, [u8; 3])> {
    text.windows(3)
        .enumerate()
        .filter_map(|(offset, gram)| Some((offset, *gram.first_chunk::<3>()?)))
        .min_by_key(|(_, gram)| gram.iter().map(|&byte| commonness(byte)).sum::<u32>())
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

/// `gram` in every mixture of cases, or as it is.
fn spellings(gram: [u8; 3], case: Case) -> Vec<u32> {
    let mut grams = vec![[0_u8; 3]];
    for (place, byte) in gram.into_iter().enumerate() {
        let choices = match case {
            Case::Exact => [byte, byte],
            Case::Ignored => [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()],
        };
        grams = grams
            .into_iter()
            .flat_map(|known| choices.map(|choice| set(known, place, choice)))
            .collect();
    }
    let mut grams: Vec<u32> = grams
        .into_iter()
        .map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]))
        .collect();
    grams.sort_unstable();
    grams.dedup();
    grams
}

fn set(mut gram: [u8; 3], place: usize, byte: u8) -> [u8; 3] {
    if let Some(slot) = gram.get_mut(place) {
        *slot = byte;
    }
    gram
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

    proptest! {
        #[test]
        fn finds_what_a_naive_search_finds(
            text in "[a-cA-C_é]{0,40}",
            exact in "[a-cA-C_]{3,5}",
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
