//! What a text must hold for a regular expression to match it.

use regex_syntax::hir::{Class, Hir, HirKind};

/// More texts than this are not told apart while reading an expression.
const MAX_PRODUCT: usize = 32;
/// More texts than this are no help.
const MAX_TEXTS: usize = 1_000;
/// Parts of texts longer than this find no less.
const MAX_BYTES: usize = 64;
/// Parts shorter than this are in nearly every text.
const MIN_BYTES: usize = 2;

/// Texts, folded, of which one is part of every text that `pattern` matches once that is folded;
/// none where nothing useful can be said.
pub(super) fn required(pattern: &str) -> Option<Vec<String>> {
    let hir = regex_syntax::parse(pattern).ok()?;
    read(&hir).useful()
}

/// Folds a text so that letters which a regular expression takes for one another are one.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // What regular expressions take for an ASCII letter and lower case leaves as it is.
    text.to_lowercase().replace('\u{17f}', "s")
}

/// What is known of the texts that a part of an expression matches.
struct Read {
    /// All of them, where they are few.
    all: Option<Vec<String>>,
    /// Texts of which each of them holds one.
    part: Option<Vec<String>>,
}

impl Read {
    const UNKNOWN: Self = Self {
        all: None,
        part: None,
    };

    fn all(texts: Vec<String>) -> Self {
        Self {
            all: Some(texts),
            part: None,
        }
    }

    fn useful(self) -> Option<Vec<String>> {
        better(self.all, self.part).filter(|texts| is_useful(texts))
    }
}

fn is_useful(texts: &[String]) -> bool {
    shortest(texts) >= MIN_BYTES && texts.len() <= MAX_TEXTS
}

fn shortest(texts: &[String]) -> usize {
    texts.iter().map(String::len).min().unwrap_or(0)
}

/// The one that fewer texts hold: whose shortest is longer, or that has fewer.
fn better(one: Option<Vec<String>>, other: Option<Vec<String>>) -> Option<Vec<String>> {
    let rank = |texts: &Vec<String>| (shortest(texts).min(8), std::cmp::Reverse(texts.len()));
    match (one, other) {
        (Some(one), Some(other)) if rank(&other) > rank(&one) => Some(other),
        (Some(one), _) => Some(one),
        (None, other) => other,
    }
}

fn read(hir: &Hir) -> Read {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Read::all(vec![String::new()]),
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) if text.is_ascii() => Read::all(vec![fold(text)]),
            Ok(_) | Err(_) => Read::UNKNOWN,
        },
        HirKind::Class(class) => letters(class).map_or(Read::UNKNOWN, Read::all),
        HirKind::Capture(capture) => read(&capture.sub),
        HirKind::Repetition(repetition) => {
            let sub = read(&repetition.sub);
            match (repetition.min, repetition.max) {
                (1, Some(1)) => sub,
                (0, Some(1)) => {
                    let with_none = sub.all.map(|mut texts| {
                        texts.push(String::new());
                        texts
                    });
                    with_none.map_or(Read::UNKNOWN, Read::all)
                }
                (0, _) => Read::UNKNOWN,
                (min, max) => {
                    let repeated = sub.all.as_ref().and_then(|texts| {
                        (1..min).try_fold(texts.clone(), |run, _| product(&run, texts))
                    });
                    match repeated {
                        Some(all) if max == Some(min) => Read::all(all),
                        Some(part) => Read {
                            all: None,
                            part: Some(part).filter(|part| is_useful(part)),
                        },
                        None => Read {
                            all: None,
                            part: sub.useful(),
                        },
                    }
                }
            }
        }
        HirKind::Concat(parts) => one_after_another(parts),
        HirKind::Alternation(parts) => one_of(parts),
    }
}

/// The letters of a small class, folded.
fn letters(class: &Class) -> Option<Vec<String>> {
    let Class::Unicode(class) = class else {
        return None;
    };
    let size: usize = class.iter().map(|range| range.len()).sum();
    if size > MAX_PRODUCT {
        return None;
    }
    let mut folded = Vec::new();
    for letter in class.iter().flat_map(|range| range.start()..=range.end()) {
        let text = fold(letter.encode_utf8(&mut [0; 4]));
        if !text.is_ascii() {
            return None;
        }
        if !folded.contains(&text) {
            folded.push(text);
        }
    }
    Some(folded)
}

fn one_after_another(parts: &[Hir]) -> Read {
    let mut best = None;
    let mut run = vec![String::new()];
    let mut is_whole = true;
    for part in parts {
        let sub = read(part);
        match sub.all.as_deref().and_then(|next| product(&run, next)) {
            Some(longer) => run = longer,
            None => {
                is_whole = false;
                best = better(best, Some(run).filter(|run| is_useful(run)));
                best = better(best, sub.part);
                run = sub.all.unwrap_or_else(|| vec![String::new()]);
            }
        }
    }
    if is_whole {
        return Read::all(run);
    }
    best = better(best, Some(run).filter(|run| is_useful(run)));
    Read {
        all: None,
        part: best,
    }
}

/// Each of `ends` behind each of `starts`; none where that is too much.
fn product(starts: &[String], ends: &[String]) -> Option<Vec<String>> {
    let longest = |texts: &[String]| texts.iter().map(String::len).max().unwrap_or(0);
    if starts.len() * ends.len() > MAX_PRODUCT || longest(starts) + longest(ends) > MAX_BYTES {
        return None;
    }
    let texts = starts
        .iter()
        .flat_map(|start| ends.iter().map(move |end| format!("{start}{end}")));
    Some(texts.collect())
}

fn one_of(parts: &[Hir]) -> Read {
    let read: Vec<_> = parts.iter().map(read).collect();
    let count: usize = read
        .iter()
        .filter_map(|one| one.all.as_ref())
        .map(Vec::len)
        .sum();
    if read.iter().all(|one| one.all.is_some()) && count <= MAX_PRODUCT {
        return Read::all(
            read.into_iter()
                .filter_map(|one| one.all)
                .flatten()
                .collect(),
        );
    }
    let mut union = Vec::new();
    for one in read {
        let Some(texts) = one.useful() else {
            return Read::UNKNOWN;
        };
        union.extend(texts);
    }
    Read {
        all: None,
        part: Some(union),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::string::string_regex;

    use super::*;

    fn required_of(pattern: &str) -> Vec<String> {
        required(pattern).unwrap_or_default()
    }

    #[test]
    fn the_part_that_fewest_texts_hold_is_taken() {
        assert_eq!(required_of(r"(?i)\bcurl\b.*--data"), ["--data"]);
        assert_eq!(required_of(r"(?i)^(?:wget|curl)\s+\S+$"), ["wget", "curl"]);
        assert_eq!(required_of(r"https?://x"), ["https://x", "http://x"]);
        assert_eq!(required_of(r"(?:sudo\s+)+rm"), ["sudo"]);
        assert_eq!(required_of(r"[A-Z]{20}"), [""; 0]);
        assert_eq!(required_of(r"a|rm -rf"), [""; 0]);
        assert_eq!(required_of(r"(?:rm -rf|mkfs)?"), [""; 0]);
        assert_eq!(required_of("größe"), [""; 0]);
    }

    #[test]
    fn letters_beyond_ascii_that_stand_for_ascii_ones_are_folded() {
        let pattern = regex::Regex::new("(?i)task").unwrap();
        let text = "ta\u{17f}\u{212a}";
        assert!(pattern.is_match(text));
        assert_eq!(required_of("(?i)task"), [fold(text)]);
    }

    const PATTERNS: [&str; 9] = [
        r"(?i)\b(?:curl|wget)\s+(?:-[a-z]+ )*https?://[a-z]{1,9}",
        r"(?i)(?:base64|xxd)(?:\.exe)? -d[ec]*",
        r"rm -(?:rf|fr|r -f) [~/][a-z]*",
        r"(?:ab|cd){2,3}x?[yz]{1,2}",
        r"(?i)ignore (?:all|any|the)? ?(?:previous|prior) instructions",
        r"x[0-9]+(?:foo|bar(?:baz)?)qux?",
        r"(?:a{2}|bb+)cd",
        r"(?i)sk-[a-z0-9]{20,24}",
        r"\.(?:zip|7z|tar(?:\.gz)?)$",
    ];

    proptest! {
        #[test]
        fn what_matches_holds_one_of_them(
            (pattern, text) in (0..PATTERNS.len()).prop_flat_map(|at| {
                let plain = PATTERNS[at].replace(r"\b", "").replace('$', "");
                (Just(PATTERNS[at]), string_regex(&plain).unwrap())
            }),
            around in "[ a-z]{0,3}",
        ) {
            let texts = required(pattern).unwrap();
            let folded = fold(&format!("{around} {text}"));
            prop_assert!(texts.iter().any(|part| folded.contains(part)), "{texts:?} in {folded:?}");
        }
    }
}
