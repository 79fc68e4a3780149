//! The gate lets everything pass that rsigma matches, and little else.

use std::collections::BTreeMap;

use magistrate_event::Timestamp;
use rsigma_eval::evaluate_rule;

use super::Bits;
use crate::detect::sigma::DetectLists;
use crate::detect::view::View;
use crate::detect::{
    Case, DetectFile, Ruleset, Sample, Sampled, shipped_detections, shipped_policies,
};

fn compile(files: &[DetectFile]) -> Ruleset {
    let loaded = Ruleset::compile(files, &DetectLists::new());
    assert_eq!(loaded.faults, []);
    loaded.rules
}

fn case(sampled: &Sampled) -> Case<'_> {
    Case {
        uid: None,
        event: &sampled.event,
        facts: &sampled.facts,
        scores: &sampled.scores,
    }
}

/// How many rules match the event, and the others that the gate lets pass.
fn passing(rules: &Ruleset, case: Case<'_>) -> (usize, Vec<String>) {
    let view = View::new(case, &rules.names);
    let mut candidates = Bits::default();
    for at in 0..rules.compiled.single.len() {
        candidates.insert(at);
    }
    rules.compiled.gate.sift(&view, &mut candidates);
    let (mut matched, mut others) = (0, Vec::new());
    for (at, (_, rule)) in rules.compiled.single.iter().enumerate() {
        if evaluate_rule(rule, &view).is_some() {
            matched += 1;
            assert!(candidates.has(at), "{:?} does not pass", rule.id);
        } else if candidates.has(at) {
            others.push(format!("{:?} {}", rule.id, rule.title));
        }
    }
    (matched, others)
}

#[test]
fn of_the_shipped_rules_those_that_match_pass_and_few_others() {
    let mut files = shipped_detections();
    files.extend(shipped_policies());
    let rules = compile(&files);
    let (mut events, mut matched) = (0, 0);
    let mut others = BTreeMap::new();
    for rule in rules.rules() {
        let examples = rule.examples.matching.iter().chain(&rule.examples.harmless);
        for step in examples.flat_map(|example| &example.steps) {
            let Sample::Fields(fields) = &step.source else {
                continue;
            };
            let sampled = rules.sample(fields, Timestamp::default()).unwrap();
            let found = passing(&rules, case(&sampled));
            (events, matched) = (events + 1, matched + found.0);
            for title in found.1 {
                *others.entry(title).or_insert(0) += 1;
            }
        }
    }
    assert!(matched > 300, "{matched} matches show little");
    let mut worst: Vec<(usize, String)> = others
        .into_iter()
        .map(|(one, count)| (count, one))
        .collect();
    worst.sort_unstable_by(|one, other| other.cmp(one));
    let passed: usize = worst.iter().map(|(count, _)| count).sum();
    worst.truncate(12);
    assert!(
        passed < matched,
        "of {events} events, {matched} rules match and {passed} others pass: {worst:#?}"
    );
}

/// Events in the names of the rule language, and whether the rule's detection matches each.
#[track_caller]
fn check(detection: &str, events: &[(&str, bool)]) {
    let text = format!(
        "title: t\nid: 7f9f2c2e-0a3b-4c56-9d8e-0d6f1a2b3c4d\nlogsource: {{product: magistrate}}\n\
         detection:\n{detection}\nlevel: low\n"
    );
    let name = "t.yml".to_owned();
    let rules = compile(&[DetectFile { name, text }]);
    for (event, is_match) in events {
        let fields: serde_json::Value = serde_json::from_str(event).unwrap();
        let fields = fields.as_object().unwrap();
        let sampled = rules.sample(fields, Timestamp::default()).unwrap();
        let (matched, others) = passing(&rules, case(&sampled));
        assert_eq!(matched == 1, *is_match, "{event}");
        assert_eq!(others, [""; 0], "{event} at the gate");
    }
}

#[test]
fn one_of_several_fields_will_do() {
    check(
        "  one: {command|contains: mkfs}\n  other: {destination.url|re: 'https?://paste\\.'}\n  condition: 1 of *",
        &[
            (r#"{"command": "sudo MKFS /dev/sda"}"#, true),
            (r#"{"destination.url": "https://paste.example/x"}"#, true),
            (
                r#"{"command": "ls", "destination.url": "https://example.com"}"#,
                false,
            ),
        ],
    );
}

#[test]
fn what_a_rule_denies_it_does_not_need() {
    check(
        "  a: {tool.class: execute}\n  b: {command|contains: '--dry-run'}\n  condition: a and not b",
        &[
            (r#"{"tool.class": "execute", "command": "rm -rf /"}"#, true),
            (r#"{"tool.class": "execute"}"#, true),
            (r#"{"tool.class": "read", "command": "rm -rf /"}"#, false),
        ],
    );
}

#[test]
fn letters_beyond_ascii_pass_as_they_match() {
    check(
        "  a: {command|contains: ['ÜBER', 'ΟΔΟΣ']}\n  condition: a",
        &[
            (r#"{"command": "das über das"}"#, true),
            (r#"{"command": "οδος"}"#, true),
            (r#"{"command": "uber"}"#, false),
        ],
    );
    check(
        "  a: {command|re: '(?i)^task kill'}\n  condition: a",
        &[
            ("{\"command\": \"ta\u{17f}\u{212a} kill\"}", true),
            (r#"{"command": "tas kill"}"#, false),
        ],
    );
}

#[test]
fn numbers_and_truth_values_are_compared() {
    check(
        "  a: {file.size|gte: 1000}\n  condition: a",
        &[
            (r#"{"file.size": 1000}"#, true),
            (r#"{"file.size": 999}"#, false),
        ],
    );
}
