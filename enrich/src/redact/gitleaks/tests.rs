//! Files of gitleaks' schema, from text to masked secrets.

use super::super::{Epoch, RedactKey, Redactor, marker};
use super::*;
use crate::Detectors;

fn compile(text: &str) -> Result<CustomRules, Vec<RuleFault>> {
    RuleFile::read("rules.toml", text).and_then(RuleFile::compile)
}

fn redactor(text: &str) -> Redactor {
    let custom = compile(text).unwrap();
    Redactor::with(
        &RedactKey::from_bytes([7; 32]),
        Epoch(1),
        custom,
        Detectors::none(),
    )
    .unwrap()
}

/// `text` redacted, each marker as its kind.
fn shown(redactor: &Redactor, text: &str) -> String {
    let (masked, findings) = redactor.redact_text(text);
    let (again, _) = redactor.redact_text(&masked);
    assert_eq!(masked, again);
    let mut shown = String::new();
    let mut rest = masked.as_str();
    for finding in findings {
        let at = rest.find(marker::MARKER_START).unwrap();
        let end = marker::marker_end(rest.as_bytes(), at + marker::MARKER_START.len()).unwrap();
        shown.push_str(rest.get(..at).unwrap());
        shown.push_str(&format!("<{}>", finding.kind));
        rest = rest.get(end..).unwrap();
    }
    shown + rest
}

const ACME: &str = r#"
title = "our own"

[extend]
useDefault = true

[[rules]]
id = "Acme-Key"
description = "Acme key"
regex = '''\b(acme-[a-z0-9]{8})\b'''
keywords = ["acme"]
tags = ["key"]

[[rules]]
id = "badge"
regex = '''(?i)badge[ =:]+([0-9]{2})-([a-z]{4})'''
secretGroup = 2

[[rules]]
id = "noise"
regex = '''noise=([a-z0-9]{10})'''
entropy = 3
keywords = ["noise"]
"#;

#[test]
fn a_users_rules_mask_beside_the_shipped_ones() {
    let redactor = redactor(ACME);
    for (text, masked) in [
        ("x acme-0a1b2c3d y", "x <credential.custom.acme-key> y"),
        ("BADGE: 12-wxyz", "BADGE: 12-<credential.custom.badge>"),
        ("noise=abcdefghij", "noise=<credential.custom.noise>"),
        ("noise=aaaaaaaaaa", "noise=aaaaaaaaaa"),
        ("acme-0a1b2c3d4", "acme-0a1b2c3d4"),
        ("ACME only", "ACME only"),
        ("password=hunter2", "password=<credential.password>"),
        (
            "acme-00000001 acme-00000002",
            "<credential.custom.acme-key> <credential.custom.acme-key>",
        ),
        ("", ""),
    ] {
        assert_eq!(shown(&redactor, text), masked);
    }
}

#[test]
fn a_key_and_its_value_are_seen_as_an_assignment() {
    let redactor = redactor(ACME);
    assert_eq!(
        shown(
            &redactor,
            "noise\u{1f}abcdefghij\u{1e}acme-0a1b2c3d\u{1f}x\u{1e}"
        ),
        "noise\u{1f}<credential.custom.noise>\u{1e}<credential.custom.acme-key>\u{1f}x\u{1e}"
    );
}

#[test]
fn a_secret_is_found_wherever_it_lies_in_a_long_text() {
    let redactor = redactor(ACME);
    for before in (31_000..34_000).step_by(97) {
        let text = format!("{} acme-0a1b2c3d z", "ab ".repeat(before / 3));
        assert!(!redactor.redact_text(&text).0.contains("0a1b"), "{before}");
    }
}

#[test]
fn allowlists_let_stand_what_they_name() {
    let rule = "[[rules]]\nid = \"r\"\nregex = '''k=([a-z0-9]+)'''\nkeywords = [\"k=x\", \"k=y\", \"k=z\"]\n";
    for (allow, text, stays) in [
        ("[[rules.allowlists]]\nregexes = ['''^xx''']", "k=xx1", true),
        (
            "[[rules.allowlists]]\nregexes = ['''^xx''']",
            "k=yx1",
            false,
        ),
        ("[rules.allowlist]\nregexes = ['''^xx''']", "k=xx1", true),
        (
            "[[rules.allowlists]]\nstopwords = [\"Demo\"]",
            "k=xdemo1",
            true,
        ),
        (
            "[[rules.allowlists]]\nregexTarget = \"match\"\nregexes = ['''^k=xx''']",
            "k=xx1",
            true,
        ),
        (
            "[[rules.allowlists]]\nregexTarget = \"line\"\nregexes = ['''# fine$''']",
            "k=xx1 # fine\n",
            true,
        ),
        (
            "[[rules.allowlists]]\nregexTarget = \"line\"\nregexes = ['''# fine$''']",
            "k=xx1\n# fine",
            false,
        ),
        (
            "[[rules.allowlists]]\ncondition = \"AND\"\nregexes = ['''^xx''']\nstopwords = [\"q\"]",
            "k=xx1",
            false,
        ),
        (
            "[[rules.allowlists]]\ncondition = \"AND\"\nregexes = ['''^xx''']\nstopwords = [\"q\"]",
            "k=xxq",
            true,
        ),
        (
            "[[rules.allowlists]]\ncondition = \"AND\"\nregexes = ['''^xx''']\npaths = ['''x''']",
            "k=xx1",
            false,
        ),
        (
            "[[rules.allowlists]]\nregexes = ['''^xx''']\npaths = ['''x''']",
            "k=xx1",
            true,
        ),
        ("[[allowlists]]\nregexes = ['''^xx''']", "k=xx1", true),
        (
            "[[allowlists]]\ntargetRules = [\"other\"]\nregexes = ['''^xx''']",
            "k=xx1",
            false,
        ),
        (
            "[[allowlists]]\ntargetRules = [\"r\"]\nregexes = ['''^xx''']",
            "k=xx1",
            true,
        ),
        ("[allowlist]\nstopwords = [\"xx\"]", "k=xx1", true),
    ] {
        let redactor = redactor(&format!("{rule}{allow}"));
        let (masked, _) = redactor.redact_text(text);
        assert_eq!(masked == text, stays, "{allow}: {masked}");
    }
}

#[test]
fn faults_tell_file_line_rule_and_what_to_do() {
    for (text, parts) in [
        ("rules = 1", vec!["rules.toml:1", "mend the line"]),
        ("\n[[rules]]\nregex = 'x'", vec!["rules.toml:2", "no id"]),
        (
            "\n\n[[rules]]\nid = \"r\"\nregex = '''a(b'''",
            vec![
                "rules.toml:3: rule `r`",
                "unclosed group",
                "mend the pattern",
            ],
        ),
        ("[[rules]]\nid = \"r\"", vec!["neither regex nor path"]),
        (
            "[[rules]]\nid = \"r\"\nregex = 'abc(d)'\nsecretGroup = 2",
            vec!["has 1 groups"],
        ),
        (
            "[[rules]]\nid = \"r\"\nregex = 'abc'\n[[rules]]\nid = \"r\"\nregex = 'abd'",
            vec!["rules.toml:4", "same id"],
        ),
        (
            "[[rules]]\nid = \"r\"\nregex = 'abc'\n[[rules.allowlists]]\ncondition = \"XOR\"",
            vec!["`XOR`"],
        ),
        (
            "[[rules]]\nid = \"r\"\nregex = 'abc'\n[[rules.allowlists]]\nregexTarget = \"page\"",
            vec!["`page`"],
        ),
        (
            "[[rules]]\nid = \"bomb\"\nregex = '''((a{900}){900}){900}'''",
            vec!["`bomb`"],
        ),
    ] {
        let faults = compile(text).unwrap_err();
        let message = faults[0].to_string();
        for part in parts {
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}

#[test]
fn every_fault_is_told() {
    let text = "[[rules]]\nid = \"a\"\nregex = '('\n[[rules]]\nid = \"b\"\nregex = ')'";
    assert_eq!(compile(text).unwrap_err().len(), 2);
}

#[test]
fn what_has_no_effect_is_told() {
    for (text, part) in [
        ("[extend]\nuseDefault = true", "useDefault"),
        ("[extend]\nurl = \"https://example.com\"", "url"),
        ("colour = 1", "`colour`"),
        ("[[rules]]\nid = \"r\"\npath = 'x'", "`path` alone"),
        (
            "[[rules]]\nid = \"r\"\nregex = 'abc'\npath = 'x'",
            "`path` has no effect",
        ),
        (
            "[[rules]]\nid = \"r\"\nregex = 'abc'\nskipReport = true",
            "left out",
        ),
        (
            "[[rules]]\nid = \"r\"\nregex = 'abc'\ncolour = 1",
            "`colour`",
        ),
        (
            "[[rules]]\nid = \"r\"\nregex = '[a-z]{9}'",
            "looks at all text",
        ),
        ("[[rules]]\nid = \"r\"\nregex = '\\p{Greek}abc'", "Unicode"),
        ("[[allowlists]]\npaths = ['x']", "neither"),
        (
            "[[rules]]\nid = \"r\"\nregex = 'abc'\n[[rules.required]]\nid = \"x\"",
            "`required`",
        ),
    ] {
        let custom = compile(text).unwrap();
        let warnings: Vec<String> = custom.warnings().iter().map(ToString::to_string).collect();
        assert!(
            warnings.iter().any(|warning| warning.contains(part)),
            "{text}: {warnings:?}"
        );
    }
}

#[test]
fn a_rule_without_fixed_text_looks_at_all_text() {
    let custom =
        compile("[[rules]]\nid = \"plate\"\nregex = '\\b[A-Z]{2}-[0-9]{4}-[A-Z]{2}\\b'").unwrap();
    assert_eq!(custom.unfiltered().count(), 1);
    assert!(custom.unfiltered().all(|rule| rule.look_at_sample() > 1000));
    let redactor = Redactor::with(
        &RedactKey::from_bytes([7; 32]),
        Epoch(1),
        custom,
        Detectors::none(),
    )
    .unwrap();
    assert_eq!(
        shown(&redactor, "the car HH-1234-AB left"),
        "the car <credential.custom.plate> left"
    );
}

#[test]
fn a_file_extends_another() {
    let base = r#"
[[rules]]
id = "one"
regex = 'one-[0-9]{4}'
[[rules]]
id = "two"
regex = 'two-[0-9]{4}'
keywords = ["two-"]
[[rules]]
id = "three"
regex = 'three-[0-9]{4}'
"#;
    let top = r#"
[extend]
path = "base.toml"
disabledRules = ["one"]
[[rules]]
id = "two"
[[rules.allowlists]]
stopwords = ["0000"]
[[rules]]
id = "four"
regex = 'four-[0-9]{4}'
"#;
    let top = RuleFile::read("top.toml", top).unwrap();
    assert_eq!(top.base(), Some("base.toml"));
    let custom = top
        .over(RuleFile::read("base.toml", base).unwrap())
        .compile()
        .unwrap();
    let redactor = Redactor::with(
        &RedactKey::from_bytes([7; 32]),
        Epoch(1),
        custom,
        Detectors::none(),
    )
    .unwrap();
    assert_eq!(
        shown(&redactor, "one-1234 two-1234 two-0000 three-1234 four-1234"),
        "one-1234 <credential.custom.two> two-0000 <credential.custom.three> <credential.custom.four>"
    );
}

#[test]
fn hostile_text_takes_linear_time_under_a_custom_rule() {
    let redactor = redactor(
        "[[rules]]\nid = \"r\"\nregex = '''(?s)key.*?end(x*)y'''\nkeywords = [\"key\"]\n[[rules]]\nid = \"s\"\nregex = '''(a*)*b'''",
    );
    let time = |len: usize| {
        let text = "key aaaa end ".repeat(len / 13);
        let start = std::time::Instant::now();
        redactor.redact_text(&text);
        start.elapsed()
    };
    time(1000);
    let (small, large) = (time(100_000), time(400_000));
    assert!(
        large < small * 12 + std::time::Duration::from_millis(200),
        "{small:?} {large:?}"
    );
}
