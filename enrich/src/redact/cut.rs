//! Recognizes a secret of which a client's truncation left enough to be worth hiding.

use regex_automata::util::syntax;

use super::ascii::{VALUE_END_BYTE, byte, is_at, is_at_ignoring_case, is_word, skip, slice};
use super::placeholder::looks_random;
use super::prefilter::Hit;
use super::quote::Quote;

/// Whether a text ends where its last byte is, or was cut there by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Ending {
    /// It ends there.
    #[default]
    Certain,
    /// It goes on elsewhere.
    Open,
}

/// What stands where a pattern began to match but could not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    /// A secret that was cut: mask up to here.
    Cut(usize),
    /// A string or text that ends here, whose next one may hold the rest.
    Fragment(usize),
}

/// Shorter literals begin too many other words.
const MIN_LITERAL_LEN: usize = 4;
/// Less of a secret is of no use to anybody.
const MIN_REST_LEN: usize = 8;
/// What takes more than this is no token.
const MAX_LEAST_LEN: usize = 1024;
/// What stands where something was left out.
const MARKS: [&[u8]; 5] = ["…".as_bytes(), b"...", b"\\u2026", b"[...", "[…".as_bytes()];
const WORDS: [&[u8]; 4] = [b"truncated", b"[truncated", b"(truncated", b"<truncated"];

/// The least number of bytes that `pattern` matches; `None` when it is too general to be cut.
pub(crate) fn least_len(pattern: &str, group: usize, lead: usize) -> Option<usize> {
    if group > 0 || lead > 0 {
        return None;
    }
    let bytes = syntax::Config::new().unicode(false).utf8(false);
    let parsed = syntax::parse_with(pattern, &bytes).ok()?;
    parsed.properties().minimum_len()
}

/// What begins at `hit`, where a pattern that takes `least_len` bytes or more did not match.
pub(crate) fn begun(text: &[u8], hit: Hit, least_len: usize, ending: Ending) -> Option<Begun> {
    let literal = slice(text, hit.start, hit.end);
    if !is_distinctive(literal) {
        return None;
    }
    let wanted = least_len.saturating_sub(literal.len());
    let end = skip(text, hit.end, wanted.min(MAX_LEAST_LEN), |byte| {
        is_word(byte) || byte == b'-'
    });
    let rest = slice(text, hit.end, end);
    let least = wanted.div_ceil(2).max(MIN_REST_LEN);
    let is_enough = rest.len() >= least && looks_random(rest);
    if rest.len() >= wanted {
        return None;
    }
    if is_enough && is_cut_at(text, end, ending) {
        return Some(Begun::Cut(end));
    }
    let is_fragment = Quote::at(text, end).is_some();
    is_fragment.then_some(Begun::Fragment(end))
}

/// `ghp_`, `sk-ant-`, `AKIA`, but not a word.
fn is_distinctive(literal: &[u8]) -> bool {
    literal.len() >= MIN_LITERAL_LEN && !literal.iter().all(u8::is_ascii_lowercase)
}

/// Whether the text, or what is left of it, ends at `at`.
fn is_cut_at(text: &[u8], at: usize, ending: Ending) -> bool {
    if at >= text.len() {
        return ending == Ending::Certain;
    }
    let after = skip_breaks(text, at);
    byte(text, at) == VALUE_END_BYTE
        || MARKS.iter().any(|mark| is_at(text, after, mark))
        || WORDS
            .iter()
            .any(|word| is_at_ignoring_case(text, after, word))
}

/// Skips blanks and ends of lines, also written as JSON does.
fn skip_breaks(text: &[u8], mut at: usize) -> usize {
    for _ in 0..4 {
        at = skip(text, at, 8, |byte| byte.is_ascii_whitespace());
        let slashes = skip(text, at, 8, |byte| byte == b'\\');
        if slashes == at || !matches!(byte(text, slashes), b'n' | b'r') {
            break;
        }
        at = slashes + 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, ending: Ending) -> Option<Begun> {
        let hit = Hit {
            start: 0,
            end: "abc_".len(),
            rule: 0,
            key: 0,
        };
        begun(text.as_bytes(), hit, 34, ending)
    }

    #[test]
    fn half_of_a_secret_at_the_end_is_enough() {
        let half = "abc_0123456789abcde";
        let whole = Some(Begun::Cut(half.len()));
        for rest in [
            "",
            "\u{1e}next",
            "…",
            "...",
            "... [12 more lines]",
            "[truncated]",
            " [TRUNCATED - 60 KB]",
            "\\n[...]",
            "\n(truncated)",
            "\\u2026",
        ] {
            assert_eq!(
                of(&format!("{half}{rest}"), Ending::Certain),
                whole,
                "{rest:?}"
            );
        }
        for rest in [" and more", "\n", "!", "/path"] {
            assert_eq!(
                of(&format!("{half}{rest}"), Ending::Certain),
                None,
                "{rest:?}"
            );
        }
        assert_eq!(of(half, Ending::Open), None);
        assert_eq!(of("abc_0123456789abc", Ending::Certain), None);
        assert_eq!(of("abc_abcdefghijklmnop", Ending::Certain), None);
    }

    #[test]
    fn a_string_that_ends_too_early_is_a_fragment() {
        assert_eq!(
            of("abc_0123\" + \"456", Ending::Certain),
            Some(Begun::Fragment(8))
        );
        assert_eq!(
            of("abc_\\\",\\\"456", Ending::Certain),
            Some(Begun::Fragment(4))
        );
        assert_eq!(of("abc_ x", Ending::Certain), None);
    }

    #[test]
    fn only_patterns_that_are_the_secret_can_be_cut() {
        assert_eq!(least_len("gh[pousr]_[A-Za-z0-9]{30,}", 0, 0), Some(34));
        assert_eq!(least_len("x(y)", 1, 0), None);
        assert_eq!(least_len("xy", 0, 10), None);
    }
}
