//! Lists the shipped rules for `docs/detectors.md`.

use std::fmt::Write as _;

use super::rule::{Method, RuleError, Seat};
use super::shipped;

/// The page: every shipped rule with its id, kind, confidence and how it finds.
///
/// # Errors
/// When a shipped rule is faulty, which the tests rule out.
fn detector_page() -> Result<String, RuleError> {
    let rules = shipped::rules()?;
    let mut kinds: Vec<&str> = rules.iter().map(|rule| rule.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut page = format!(
        "# Detectors\n\nThe {} shipped rules, of {} kinds. This page is made from `enrich/src/redact/rules/*.toml`; a test\n\
         keeps it up to date. How to read it: `shape` knows the secret by its form, `context` by the\n\
         issuer's word, a telling name and the form, `name` by its name alone, `grammar` by a parser.\n\n\
         | rule | kind | confidence | by | looks for |\n|---|---|---|---|---|\n",
        rules.len(),
        kinds.len(),
    );
    for rule in &rules {
        let by = match &rule.method {
            Method::Shape(pattern) if pattern.seat == Seat::Value => "context",
            Method::Shape(_) => "shape",
            Method::Named(_) => "name",
            Method::Grammar(_) => "grammar",
        };
        let mut looked_for: Vec<String> = rule
            .literals
            .iter()
            .map(|(text, _)| String::from_utf8_lossy(text).replace(['\n', '\u{1e}'], " "))
            .filter(|text| !text.contains('`') && !text.contains('|'))
            .map(|text| format!("`{text}`"))
            .collect();
        let more = looked_for.len() > MAX_SHOWN;
        looked_for.truncate(MAX_SHOWN);
        let more = if more { " …" } else { "" };
        writeln!(
            page,
            "| `{}` | `{}` | {} | {by} | {}{more} |",
            rule.id,
            rule.kind,
            rule.confidence,
            looked_for.join(" ")
        )
        .unwrap_or_default();
    }
    Ok(page)
}

/// So many literals of a rule are shown.
const MAX_SHOWN: usize = 6;

#[test]
fn the_page_of_detectors_is_up_to_date() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/detectors.md");
    let page = detector_page().unwrap();
    if std::env::var_os("MAGISTRATE_WRITE_DOCS").is_some() {
        std::fs::write(file, &page).unwrap();
    }
    let written = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        written == page,
        "docs/detectors.md is old: run this test with MAGISTRATE_WRITE_DOCS=1"
    );
}

#[test]
fn there_are_rules_of_well_over_150_issuers() {
    let rules = shipped::rules().unwrap();
    let kinds: std::collections::HashSet<_> = rules.iter().map(|rule| rule.kind.as_str()).collect();
    assert!(kinds.len() >= 500, "{}", kinds.len());
}
