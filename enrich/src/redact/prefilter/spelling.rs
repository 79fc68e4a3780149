//! Spells three bytes of a literal in every case in which they can be written.

use super::{Case, Literal};

/// The three bytes of `literal` at `offset`, in every case in which they can be written; behind its
/// end any byte can stand.
pub(super) fn spellings(literal: &Literal, offset: usize) -> Vec<u32> {
    let there = literal.text.get(offset..).unwrap_or_default();
    match *there {
        [a, b] => spelled(&literal.case, offset, [a, b, 0])
            .into_iter()
            .flat_map(|two| (0..=0xff).map(move |any| two | any << 16))
            .collect(),
        [a, b, c, ..] => spelled(&literal.case, offset, [a, b, c]),
        [] | [_] => Vec::new(),
    }
}

/// `gram`, which stands at `offset` in a literal, in every case in which it can be written.
fn spelled(case: &Case, offset: usize, gram: [u8; 3]) -> Vec<u32> {
    let mut grams: Vec<u32> = match case {
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

pub(super) const fn number([a, b, c]: [u8; 3]) -> u32 {
    u32::from_le_bytes([a, b, c, 0])
}
