//! Cuts texts and tools' names into words.

use std::collections::HashSet;

use super::lists::{CLASSES, FILLER, has};

/// Endings of English words, the longest of a kind first.
const ENDINGS: [&str; 14] = [
    "ations", "ation", "ings", "ing", "ments", "ment", "ers", "ies", "ed", "er", "es", "s", "e",
    "y",
];
/// So many characters of a word stay.
const MIN_STEM_CHARS: usize = 3;

/// Runs of ASCII letters, digits and all beyond ASCII, in small letters.
pub(super) fn words(text: &str) -> Vec<String> {
    let runs = text.split(|letter: char| letter.is_ascii() && !letter.is_ascii_alphanumeric());
    runs.filter(|run| !run.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// A word without a common ending.
pub(super) fn stem(word: &str) -> &str {
    let cut = |ending: &&str| {
        word.strip_suffix(ending)
            .filter(|rest| rest.chars().count() >= MIN_STEM_CHARS)
    };
    ENDINGS.iter().find_map(cut).unwrap_or(word)
}

/// The stems of words that say something.
pub(super) fn stems(words: &[String]) -> HashSet<String> {
    let telling = words.iter().filter(|word| !has(FILLER, word));
    telling.map(|word| stem(word).to_owned()).collect()
}

/// The words of a tool's name: cut at signs and where capitals begin.
pub(super) fn tool_words(tool: &str) -> Vec<String> {
    let letters: Vec<char> = tool.chars().collect();
    let mut cut = String::with_capacity(tool.len() + 8);
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(at + 1);
        let begins = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase)
            });
        if begins {
            cut.push(' ');
        }
        cut.push(letter);
    }
    words(&cut)
}

/// The number of a call's class by its tool's name: that of the first word that tells one; past the
/// last where none does.
pub(super) fn tool_class(tool: &str) -> usize {
    let class = |word: &String| CLASSES.iter().position(|class| has(class.tools, word));
    tool_words(tool)
        .iter()
        .find_map(class)
        .unwrap_or(CLASSES.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_at_signs_and_capitals() {
        assert_eq!(
            tool_words("mcp__gmail__sendHTMLMail2Bob"),
            ["mcp", "gmail", "send", "html", "mail2", "bob"]
        );
        assert_eq!(words("Ä-b_c 9d"), ["ä", "b", "c", "9d"]);
        assert_eq!(tool_class("WebFetch"), 6);
        assert_eq!(tool_class("frobnicate"), CLASSES.len());
    }

    #[test]
    fn endings_go_where_enough_stays() {
        for (word, expected) in [
            ("invitations", "invit"),
            ("paying", "pay"),
            ("ring", "ring"),
            ("keys", "key"),
            ("see", "see"),
        ] {
            assert_eq!(stem(word), expected);
        }
    }
}
