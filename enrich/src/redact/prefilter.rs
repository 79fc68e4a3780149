//! Finds every occurrence of thousands of literals in one pass over a text.
//!
//! Each literal is known by its rarest four bytes, whatever their case, as two overlapping grams of
//! three bytes. A table says of every gram of the text whether it can be the first or the second of
//! these, or a literal of three bytes; 16 positions share one branch. The cost of clean text
//! therefore depends on neither the number nor the length of the literals, which is what a Teddy
//! (64 literals) or an Aho-Corasick automaton (a chain of dependent loads) cannot give.

mod anchor;
mod gram;
mod ordinary;
mod recent;

use std::ops::Range;

use anchor::{Anchor, BUCKETS, Key};
use gram::{BLOCK, Hashes, SLOTS, Salt, WINDOW, role, roles, salts};
use ordinary::Ordinary;

pub(crate) use recent::Recent;

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
    /// Where the bytes stand by which it was found: hits come in the order of these.
    pub(crate) key: usize,
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

/// [`role::SECONDS`] in each byte.
const SECONDS: u64 = u64::from_le_bytes([role::SECONDS; 8]);

/// The roles, by even and odd position, of grams that stand behind their first, which may be the last
/// one `before`; `None` where no gram does.
#[inline]
const fn seconds(even: u64, odd: u64, before: u64) -> Option<[u64; 2]> {
    let even_seconds = even & (odd << 8 | before) << 1 & SECONDS;
    let odd_seconds = odd & even << 1 & SECONDS;
    if even_seconds | odd_seconds == 0 {
        return None;
    }
    Some([even_seconds, odd_seconds])
}

/// The compiled set of literals.
#[derive(Debug)]
pub(crate) struct Prefilter {
    salt: Salt,
    /// By the hash of a gram: its roles.
    roles: Box<[u8; SLOTS]>,
    /// Where the anchors of each bucket begin; one more than there are buckets.
    starts: Vec<u32>,
    /// Sorted by bucket.
    anchors: Vec<Anchor>,
    /// Those of the anchors, in a row: nearly always no more than these is looked at.
    keys: Vec<Key>,
    literals: Vec<Literal>,
    /// The length of the longest literal.
    longest: usize,
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
        let salt = salt.unwrap_or(Salt([1; 2]));
        let roles = roles(salt);
        anchors.sort_unstable_by_key(|anchor| (anchor.key.bucket(), *anchor));
        let start = |number| anchors.partition_point(|anchor| anchor.key.bucket() < number);
        let starts = (0..=BUCKETS).map(|number| u32::try_from(start(number)).unwrap_or(u32::MAX));
        Self {
            salt,
            roles,
            starts: starts.collect(),
            keys: anchors.iter().map(|anchor| anchor.key).collect(),
            anchors,
            longest: literals.iter().map(|one| one.text.len()).max().unwrap_or(0),
            literals,
        }
    }

    /// Calls `visit` for every occurrence of every literal, roughly from left to right. It answers
    /// with the offset before which no further hit is of interest.
    pub(crate) fn each_hit(&self, text: &[u8], mut visit: impl FnMut(Hit) -> usize) {
        self.each_hit_from(text, 0, 0, &mut visit);
    }

    /// Calls `visit` as [`Prefilter::each_hit`] does for what is found at `at` and behind it.
    fn each_hit_from(
        &self,
        text: &[u8],
        mut at: usize,
        mut resume: usize,
        visit: &mut impl FnMut(Hit) -> usize,
    ) {
        // The roles of the gram before `at`: where there is none, all that there might be.
        let mut before = u64::from(role::BEFORE);
        while let Some(window) = text.get(at..).and_then(<[u8]>::first_chunk) {
            let [even, odd] = self.roles_in(window);
            if let Some(seconds) = seconds(even, odd, before) {
                resume = self.check(text, at, seconds, resume, visit);
            }
            before = odd >> 56;
            at += BLOCK;
            if resume > at {
                (at, before) = (resume, u64::from(role::BEFORE));
            }
        }
        // The rest, and zeros behind it: what seems to end in them is not there when looked up.
        let rest = text.get(at..).unwrap_or_default();
        let mut window = [0; WINDOW];
        for (place, byte) in window.iter_mut().zip(rest) {
            *place = *byte;
        }
        let [even, odd] = self.roles_in(&window);
        if let Some(seconds) = seconds(even, odd, before) {
            self.check(text, at, seconds, resume, visit);
        }
    }

    /// The roles of the grams at each even position of `window`, and at each odd one.
    #[inline]
    fn roles_in(&self, window: &[u8; WINDOW]) -> [u64; 2] {
        let Hashes { even, odd } = self.salt.hashes(window);
        [self.roles_of(even), self.roles_of(odd)]
    }

    #[inline]
    fn roles_of(&self, hashes: [u16; BLOCK / 2]) -> u64 {
        let roles = hashes.iter().zip((0..64).step_by(8));
        roles.fold(0, |all, (hash, shift)| {
            all | u64::from(self.role(*hash)) << shift
        })
    }

    #[inline]
    fn role(&self, hash: u16) -> u8 {
        self.roles.get(usize::from(hash)).copied().unwrap_or(0)
    }

    /// Looks at the positions of a window of which one at least needs it; answers with where to
    /// resume. `seconds` has the roles of grams that stand behind their first, by even and odd position.
    #[inline(never)]
    fn check(
        &self,
        text: &[u8],
        from: usize,
        seconds: [u64; 2],
        mut resume: usize,
        visit: &mut impl FnMut(Hit) -> usize,
    ) -> usize {
        let [mut even, mut odd] = seconds;
        while even | odd != 0 {
            let (next_even, next_odd) = (even.trailing_zeros() / 8, odd.trailing_zeros() / 8);
            let is_even = next_even <= next_odd;
            let (places, lane) = if is_even {
                (&mut even, next_even)
            } else {
                (&mut odd, next_odd)
            };
            let roles = (*places >> (8 * lane)).to_le_bytes()[0];
            *places &= !(0xff << (8 * lane));
            let at = from + 2 * lane as usize + usize::from(!is_even);
            if roles & !role::WHOLE != 0 {
                let at = at.saturating_sub(1);
                resume = self.look_up(text, at, Key::four(text, at), resume, visit);
            }
            if roles & role::WHOLE != 0 {
                resume = self.look_up(text, at, Key::three(text, at), resume, visit);
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
        let bucket = self.bucket(key);
        let keys = self.keys.get(bucket.clone()).unwrap_or_default();
        let places = bucket.zip(keys).filter(|(_, known)| **known == key);
        for anchor in places.filter_map(|(place, _)| self.anchors.get(place)) {
            let Some(start) = at.checked_sub(anchor.offset) else {
                continue;
            };
            if anchor.is_at(text, start, || self.literals.get(anchor.literal)) {
                let hit = Hit {
                    start,
                    end: start + anchor.len as usize,
                    rule: anchor.rule as usize,
                    key: at,
                };
                resume = resume.max(visit(hit));
            }
        }
        resume
    }

    /// Where the anchors lie that `key` may belong to.
    #[inline]
    fn bucket(&self, key: Key) -> Range<usize> {
        let limit = |number: usize| self.starts.get(number).map_or(0, |start| *start as usize);
        let number = key.bucket();
        limit(number)..limit(number + 1)
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
                        naive.push((start, start + literal.text.len(), rule));
                    }
                }
            }
            let found = hits(&literals, &text).into_iter();
            let found: Vec<_> = found.map(|hit| (hit.start, hit.end, hit.rule)).collect();
            prop_assert_eq!(found, naive);
        }
    }
}
