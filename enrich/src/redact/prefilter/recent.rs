//! What was found in the text before this one: events of one batch begin alike, and where bytes are
//! the same, so are the literals in them.

use super::{Hit, Prefilter};

/// No more than this is remembered of a text, in bytes …
const MAX_TEXT_LEN: usize = 4 << 10;
/// … and of its hits.
const MAX_HITS: usize = 256;

/// The beginning of a text, and the hits in it.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    text: Vec<u8>,
    hits: Vec<Hit>,
    /// The hits of the text at hand.
    next: Vec<Hit>,
}

impl Prefilter {
    /// Calls `visit` exactly as [`Prefilter::each_hit`] does, but looks only at what differs from the
    /// text before, and remembers this one.
    pub(crate) fn each_hit_since(
        &self,
        text: &[u8],
        recent: &mut Recent,
        mut visit: impl FnMut(Hit) -> usize,
    ) {
        let same = same_len(text, &recent.text);
        // What begins further on may end in bytes that differ.
        let from = same.saturating_sub(self.longest);
        let Recent { hits, next, .. } = recent;
        next.clear();
        let mut resume = 0;
        let mut note = |hit: Hit| {
            if next.len() <= MAX_HITS {
                next.push(hit);
            }
            visit(hit)
        };
        for hit in hits.iter().take_while(|hit| hit.key < from) {
            if hit.key >= resume {
                resume = resume.max(note(*hit));
            }
        }
        let seen = resume;
        resume = resume.max(from);
        let is_whole = {
            let mut last = seen;
            self.each_hit_from(text, resume, resume, &mut |hit| {
                last = last.max(note(hit));
                last
            });
            last == 0 && next.len() <= MAX_HITS
        };
        recent.keep(text, is_whole);
    }
}

impl Recent {
    /// Remembers `text` and its hits, which are of use only when none was passed over.
    fn keep(&mut self, text: &[u8], is_whole: bool) {
        std::mem::swap(&mut self.hits, &mut self.next);
        self.text.clear();
        if is_whole {
            let kept = text.get(..MAX_TEXT_LEN).unwrap_or(text);
            self.text.extend_from_slice(kept);
        }
    }
}

/// How many bytes `a` and `b` have in common before they differ.
fn same_len(a: &[u8], b: &[u8]) -> usize {
    const WORD: usize = 32;
    let words = a.chunks_exact(WORD).zip(b.chunks_exact(WORD));
    let same = words.take_while(|(a, b)| a == b).count() * WORD;
    let rest = a.iter().zip(b).skip(same);
    same + rest.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Case, Literal};
    use super::*;

    fn prefilter() -> Prefilter {
        let literals = ["abc", "bcab", "cabcabca", "aab"];
        let literals = literals.iter().enumerate().map(|(rule, text)| Literal {
            text: text.as_bytes().to_vec(),
            case: if rule == 1 {
                Case::Ignored
            } else {
                Case::Exact
            },
            rule,
        });
        Prefilter::new(literals.collect())
    }

    #[test]
    fn a_long_text_is_remembered_in_part() {
        let prefilter = prefilter();
        let mut recent = Recent::default();
        for text in [
            "abc-".repeat(50),
            "abc-".repeat(5_000),
            "abc-".repeat(2_000),
        ] {
            let mut count = 0;
            prefilter.each_hit_since(text.as_bytes(), &mut recent, |_| {
                count += 1;
                0
            });
            assert_eq!(count, text.len() / 4);
            assert!(recent.text.len() <= MAX_TEXT_LEN && recent.hits.len() <= MAX_HITS + 1);
        }
    }

    proptest! {
        #[test]
        fn hits_are_those_of_a_search_from_the_beginning(
            begin in "[a-cA-C-]{0,90}",
            ends in proptest::collection::vec("[a-cA-C-]{0,40}", 1..6),
            passes_over in any::<bool>(),
        ) {
            let prefilter = prefilter();
            let mut recent = Recent::default();
            for end in ends {
                let text = format!("{begin}{end}");
                // As the redactor does at a marker.
                let resume = |hit: Hit| if passes_over && hit.rule == 2 { hit.end + 3 } else { 0 };
                let (mut expected, mut seen) = (Vec::new(), Vec::new());
                let mut last = 0;
                prefilter.each_hit(text.as_bytes(), |hit| {
                    expected.push(hit);
                    last = resume(hit).max(last);
                    last
                });
                let mut last = 0;
                prefilter.each_hit_since(text.as_bytes(), &mut recent, |hit| {
                    seen.push(hit);
                    last = resume(hit).max(last);
                    last
                });
                prop_assert_eq!(expected, seen);
            }
        }
    }
}
