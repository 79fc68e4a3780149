//! Works out what a text must hold for a pattern to match, so that the pattern need not see all text.

use regex_automata::util::syntax;
use regex_syntax::hir::literal::{ExtractKind, Extractor, Seq};
use regex_syntax::hir::{Hir, HirKind};

/// Literals under this length say too little.
const MIN_LEN: usize = 3;
/// More literals than this are not looked for.
const MAX_COUNT: usize = 64;
/// Literals are cut to this length: more says no more.
const MAX_LEN: usize = 12;

/// Lower-case literals of which one, in whatever case, stands in every match of `pattern`; `None`
/// when there are no such.
pub(super) fn keywords(pattern: &str) -> Option<Vec<Vec<u8>>> {
    let bytes = syntax::Config::new().unicode(false).utf8(false).octal(true);
    let hir = syntax::parse_with(pattern, &bytes).ok()?;
    let mut parts = Vec::new();
    flatten(&hir, &mut parts);
    let starts = 0..parts.len().min(64);
    let tails = starts.filter_map(|from| {
        let tail = parts.get(from..)?.to_vec();
        literals(&Hir::concat(tail), ExtractKind::Prefix)
    });
    let best = tails.max_by_key(|found| found.iter().map(Vec::len).min());
    best.or_else(|| literals(&hir, ExtractKind::Suffix))
}

/// The parts of which all must match, one after the other.
fn flatten(hir: &Hir, parts: &mut Vec<Hir>) {
    match hir.kind() {
        HirKind::Concat(inner) => inner.iter().for_each(|part| flatten(part, parts)),
        HirKind::Capture(capture) => flatten(&capture.sub, parts),
        HirKind::Empty
        | HirKind::Literal(_)
        | HirKind::Class(_)
        | HirKind::Look(_)
        | HirKind::Repetition(_)
        | HirKind::Alternation(_) => parts.push(hir.clone()),
    }
}

fn literals(hir: &Hir, kind: ExtractKind) -> Option<Vec<Vec<u8>>> {
    let mut extractor = Extractor::new();
    extractor
        .kind(kind.clone())
        .limit_class(4)
        .limit_repeat(MAX_LEN)
        .limit_literal_len(MAX_LEN)
        .limit_total(1024);
    let found: Seq = extractor.extract(hir);
    let mut lower: Vec<Vec<u8>> = found
        .literals()?
        .iter()
        .map(|literal| literal.as_bytes().to_ascii_lowercase())
        .collect();
    lower.sort();
    lower.dedup();
    let says_enough = |literal: &Vec<u8>| literal.len() >= MIN_LEN;
    let is_useful = (1..=MAX_COUNT).contains(&lower.len()) && lower.iter().all(says_enough);
    is_useful.then_some(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str) -> Option<Vec<String>> {
        keywords(pattern).map(|all| {
            all.into_iter()
                .map(|one| String::from_utf8(one).unwrap())
                .collect()
        })
    }

    #[test]
    fn what_every_match_holds_is_found() {
        for (pattern, expected) in [
            ("acme_[a-z0-9]{32}", Some(vec!["acme_"])),
            ("(?i)acme_[a-z0-9]{32}", Some(vec!["acme_"])),
            (r"\b((?:foo|bar)_[0-9]{9})\b", Some(vec!["bar_", "foo_"])),
            (r"[\w.-]{0,50}?(?:acme)[a-z]+", Some(vec!["acme"])),
            (r"[a-z]{9}\.acme$", Some(vec![".acme"])),
            ("[a-z0-9]{32}", None),
            ("a|b", None),
            ("", None),
        ] {
            let expected = expected.map(|all| all.into_iter().map(String::from).collect());
            assert_eq!(of(pattern), expected, "{pattern}");
        }
    }
}
