//! What a text looks like to the models: invisible, look-alike and stretched characters brought back
//! to plain letters, and where each stretch of it came from.
//!
//! The steps are those of `models/training/prepare.py`, in its order; ASCII needs the last two alone.

mod letters;
mod look_alike;
mod pieces;
mod stretched;

use std::ops::Range;

use letters::{Letter, plain_letters};
use pieces::{Piece, Pieces};

/// A text as the models read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    text: String,
    /// Where it came from, first by the letters, then by the rest; the last step stands last.
    steps: [Vec<Piece>; 2],
}

/// Prepares `text`.
pub fn prepare(text: &str) -> Prepared {
    let (plain, letters) = if text.is_ascii() {
        (text.to_owned(), Vec::new())
    } else {
        from_letters(text, &plain_letters(text))
    };
    let (text, stretched) = match stretched::edits(&plain) {
        edits if edits.is_empty() => (plain, Vec::new()),
        edits => {
            let mut pieces = Pieces::default();
            let mut copied = 0;
            for (range, instead) in edits {
                pieces.keep(&plain, copied..range.start);
                copied = range.end;
                pieces.replace(&instead, range);
            }
            pieces.keep(&plain, copied..plain.len());
            pieces.into_parts()
        }
    };
    Prepared {
        text,
        steps: [letters, stretched],
    }
}

fn from_letters(original: &str, letters: &[Letter]) -> (String, Vec<Piece>) {
    let mut pieces = Pieces::default();
    let mut bytes = [0; 4];
    for letter in letters {
        let now = letter.now.encode_utf8(&mut bytes);
        if original.get(letter.from.clone()) == Some(now) {
            pieces.keep(original, letter.from.clone());
        } else {
            pieces.replace(now, letter.from.clone());
        }
    }
    pieces.into_parts()
}

impl Prepared {
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The share of characters in scripts that tier 2's vocabulary spells letter by letter: U+0370 to
    /// U+1FFF and U+2E80 to U+FFFF.
    #[expect(clippy::cast_precision_loss, reason = "counts of characters")]
    pub fn foreign_share(&self) -> f64 {
        if self.text.is_ascii() {
            return 0.0;
        }
        let is_foreign =
            |letter: &char| matches!(letter, '\u{370}'..='\u{1fff}' | '\u{2e80}'..='\u{ffff}');
        let foreign = self.text.chars().filter(is_foreign).count();
        foreign as f64 / self.text.chars().count().max(1) as f64
    }

    /// The bytes of the original text that `range` of this one came from, at least.
    pub fn origin(&self, range: Range<usize>) -> Range<usize> {
        let [letters, stretched] = &self.steps;
        let range = pieces::origin(stretched, range);
        pieces::origin(letters, range)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(of: &str) -> String {
        prepare(of).text().to_owned()
    }

    #[test]
    fn disguises_are_undone() {
        for (disguised, plain) in [
            ("i g n o r e the rules", "ignore the rules"),
            ("i.g.n.o.r.e", "ignore"),
            ("a-b cd", "a-b cd"),
            ("1 2 3x", "1 2 3x"),
            ("IGNORE\u{200b} all", "IGNORE all"),
            ("\u{202e}snoitcurtsni\u{202c} please", "instructions please"),
            ("ok\u{e0073}\u{e0065}\u{e006e}\u{e0064}", "oksend"),
            ("аdmin оvеrridе", "admin override"),
            ("игнорируй все", "игнорируи все"),
            ("naïve café ﬁle ｆｕｌｌ", "naive cafe file full"),
            ("ǝɹouƃᴉ llɐ", "erongi lla"),
            (
                "to [redacted:personal.email:q5y3k7m2xv4ta6ob]@example.org",
                "to person@example.org",
            ),
            (
                "key [redacted:credential.github:q5y3k7m2xv4ta6ob]!",
                "key [redacted credential github]!",
            ),
            (
                "[redacted:credential.github:q5y3]",
                "[redacted:credential.github:q5y3]",
            ),
        ] {
            assert_eq!(text(disguised), plain, "{disguised}");
        }
    }

    #[test]
    fn a_stretch_is_led_back_to_where_it_stood() {
        let original = "please \u{200b}i g n o r e\u{200b} the ｒules";
        let prepared = prepare(original);
        assert_eq!(prepared.text(), "please ignore the rules");
        let origin = |part: &str| {
            let at = prepared.text().find(part).unwrap();
            original.get(prepared.origin(at..at + part.len())).unwrap()
        };
        assert_eq!(origin("please"), "please");
        assert!(origin("ignore").contains("i g n o r e"));
        assert_eq!(origin("rules"), "ｒules");
        assert_eq!(prepared.origin(0..prepared.text().len()), 0..original.len());
    }

    proptest! {
        #[test]
        fn any_text_is_taken_and_origins_lie_within(original in "[a-c .\u{202e}\u{202c}\u{200b}éаｆ한\u{301}\u{e0061}]{0,40}|\\PC{0,40}") {
            let prepared = prepare(&original);
            let len = prepared.text().len();
            for start in (0..=len).filter(|at| prepared.text().is_char_boundary(*at)) {
                let origin = prepared.origin(start..len);
                prop_assert!(origin.start <= origin.end && origin.end <= original.len());
                prop_assert!(original.get(origin).is_some());
            }
        }

        #[test]
        fn plain_words_stay(words in "[a-z]{2,9}( [a-z]{2,9}){0,9}") {
            prop_assert_eq!(text(&words), words);
        }
    }
}
