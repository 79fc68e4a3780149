//! Brings invisible, turned and look-alike characters back to plain letters.

use std::ops::Range;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

use super::look_alike::{is_turned, look_alikes_to_latin, set_upright};

/// A character and the bytes of the text that it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) now: char,
    pub(super) from: Range<usize>,
}

/// Begins text that runs from right to left, and ends it.
const RIGHT_TO_LEFT: char = '\u{202e}';
const POP_DIRECTION: char = '\u{202c}';
/// Fewer upside-down letters in a text may be phonetic script.
const TURNED_MIN: usize = 4;

/// The letters of `text` after steps 1 to 5.
pub(super) fn plain_letters(text: &str) -> Vec<Letter> {
    let letters = text.char_indices().map(|(at, now)| Letter {
        now,
        from: at..at + now.len_utf8(),
    });
    let mut letters = turned_round(letters.collect());
    for letter in &mut letters {
        letter.now = untagged(letter.now);
    }
    let mut letters = normalized(&letters);
    look_alikes_to_latin(&mut letters);
    if letters.iter().filter(|one| is_turned(one.now)).count() >= TURNED_MIN {
        set_upright(&mut letters);
    }
    letters
}

/// What stands between the two marks, from its end to its beginning; the marks go.
fn turned_round(letters: Vec<Letter>) -> Vec<Letter> {
    if !letters.iter().any(|one| one.now == RIGHT_TO_LEFT) {
        return letters;
    }
    let mut turned = Vec::with_capacity(letters.len());
    let mut inner = Vec::new();
    let mut is_inside = false;
    for letter in letters {
        match letter.now {
            POP_DIRECTION if is_inside => {
                turned.extend(inner.drain(..).rev());
                is_inside = false;
            }
            RIGHT_TO_LEFT if !is_inside => is_inside = true,
            _ if is_inside => inner.push(letter),
            _ => turned.push(letter),
        }
    }
    turned.extend(inner.into_iter().rev());
    turned
}

/// The ASCII that a tag character carries.
fn untagged(now: char) -> char {
    match now {
        '\u{e0020}'..='\u{e007e}' => char::from_u32(u32::from(now) - 0xe0000).unwrap_or(now),
        _ => now,
    }
}

/// NFKD without what is invisible and without marks, then NFC; a stretch at a time, so that each
/// letter's origin is known.
fn normalized(letters: &[Letter]) -> Vec<Letter> {
    let (nfkd, nfc) = (
        DecomposingNormalizerBorrowed::new_nfkd(),
        ComposingNormalizerBorrowed::new_nfc(),
    );
    let mut all = Vec::with_capacity(letters.len());
    for stretch in letters.chunk_by(|_, next| !begins_stretch(next.now)) {
        if let [one] = stretch
            && is_normal(one.now)
        {
            all.push(one.clone());
            continue;
        }
        let text: String = stretch.iter().map(|one| one.now).collect();
        let bare: String = nfkd
            .normalize(&text)
            .chars()
            .filter(|&one| !is_dropped(one))
            .collect();
        let now = nfc.normalize(&bare);
        if now == text {
            all.extend_from_slice(stretch);
            continue;
        }
        let start = stretch.iter().map(|one| one.from.start).min().unwrap_or(0);
        let end = stretch.iter().map(|one| one.from.end).max().unwrap_or(0);
        all.extend(now.chars().map(|now| Letter {
            now,
            from: start..end,
        }));
    }
    all
}

/// Whether a letter that stands alone comes out as itself; says no where it is not sure.
const fn is_normal(letter: char) -> bool {
    matches!(letter,
        '\0'..='\x7f'
        | '\u{410}'..='\u{418}'
        | '\u{41a}'..='\u{438}'
        | '\u{43a}'..='\u{44f}'
        | '\u{3001}'..='\u{3002}'
        | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}'
        | '\u{3400}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}')
}

/// Whether a letter never joins with the one before it.
const fn begins_stretch(letter: char) -> bool {
    matches!(letter,
        '\0'..='\x7f'
        | '\u{c0}'..='\u{24f}'
        | '\u{370}'..='\u{481}'
        | '\u{48a}'..='\u{52f}'
        | '\u{3001}'..='\u{3002}'
        | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}'
        | '\u{3400}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{ff01}'..='\u{ff5e}')
}

/// Characters that nobody sees, and marks on letters.
const fn is_dropped(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0000}'..='\u{e0fff}'
        | '\u{300}'..='\u{36f}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_to_be_normal_is() {
        let (nfkd, nfc) = (
            DecomposingNormalizerBorrowed::new_nfkd(),
            ComposingNormalizerBorrowed::new_nfc(),
        );
        for letter in ('\0'..=char::MAX).filter(|&letter| is_normal(letter)) {
            let text = letter.to_string();
            let bare: String = nfkd
                .normalize(&text)
                .chars()
                .filter(|&one| !is_dropped(one))
                .collect();
            assert_eq!(nfc.normalize(&bare), text);
            assert!(begins_stretch(letter));
        }
    }
}
