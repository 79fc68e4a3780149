//! Greek, Cyrillic and upside-down letters that stand for ASCII ones.

use super::letters::Letter;

/// A letter, and the ASCII that it looks like.
const LOOK_ALIKES: &str = "ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX οo АA ВB ЕE КK МM НH ОO РP СC ТT ХX аa еe \
    оo рp сc уy хx ѕs іi јj";
/// An upside-down letter, and the one that it is. ASCII ones are only so beside others.
const UPSIDE_DOWN: &str =
    "bq dp ll nu oo pd qb ss un xx zz ƃg ǝe ɐa ɔc ɟf ɥh ɯm ɹr ɾj ʇt ʌv ʍw ʎy ʞk ᴉi";

fn looked_up(table: &str, letter: char) -> Option<char> {
    let mut pairs = table.split(' ').map(str::chars);
    pairs.find_map(|mut pair| (pair.next()? == letter).then(|| pair.next())?)
}

/// Whether `letter` is an upside-down one and no ASCII.
pub(super) fn is_turned(letter: char) -> bool {
    // Where all of them stand.
    matches!(letter, '\u{180}'..='\u{2ff}' | '\u{1d00}'..='\u{1d7f}')
        && looked_up(UPSIDE_DOWN, letter).is_some()
}

fn is_look_alike(letter: char) -> bool {
    is_of_scripts(letter) && looked_up(LOOK_ALIKES, letter).is_some()
}

/// Greek or Cyrillic.
const fn is_of_scripts(letter: char) -> bool {
    matches!(letter, '\u{370}'..='\u{52f}')
}

/// Whether a letter can be part of a word here.
fn is_of_word(letter: char) -> bool {
    letter.is_ascii_alphabetic() || is_of_scripts(letter) || is_turned(letter)
}

/// Whether a word has Greek or Cyrillic letters that look like no ASCII letter.
fn is_foreign(word: &[Letter]) -> bool {
    let of_scripts = word.iter().filter(|one| is_of_scripts(one.now));
    of_scripts.into_iter().any(|one| !is_look_alike(one.now))
}

fn words(letters: &mut [Letter]) -> impl Iterator<Item = &mut [Letter]> {
    let runs = letters.chunk_by_mut(|one, next| is_of_word(one.now) == is_of_word(next.now));
    runs.filter(|run| run.first().is_some_and(|one| is_of_word(one.now)))
}

/// Gives words that mix ASCII with look-alikes ASCII alone; words of look-alikes alone too, unless
/// the text is written in their script.
pub(super) fn look_alikes_to_latin(letters: &mut [Letter]) {
    if !letters.iter().any(|one| is_look_alike(one.now)) {
        return;
    }
    let is_native = words(letters).any(|word| is_foreign(word));
    for word in words(letters) {
        let is_mixed = word.iter().any(|one| one.now.is_ascii()) && !is_foreign(word);
        if is_mixed || !is_native {
            replace(word, LOOK_ALIKES);
        }
    }
}

/// Sets words upright that have an upside-down letter.
pub(super) fn set_upright(letters: &mut [Letter]) {
    for word in words(letters) {
        if word.iter().any(|one| is_turned(one.now)) {
            replace(word, UPSIDE_DOWN);
        }
    }
}

fn replace(word: &mut [Letter], table: &str) {
    for letter in word {
        letter.now = looked_up(table, letter.now).unwrap_or(letter.now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranges_hold_all_of_the_tables() {
        let firsts = |table: &'static str| table.split(' ').filter_map(|pair| pair.chars().next());
        assert!(firsts(LOOK_ALIKES).all(is_look_alike));
        assert!(firsts(UPSIDE_DOWN).all(|letter| letter.is_ascii() != is_turned(letter)));
    }
}
