//! Correlations fire where rsigma's own engine says so, on the same events.

use magistrate_event::{Class, Event, EventUid, Field, Timestamp};
use proptest::prelude::*;
use rsigma_eval::{CorrelationConfig, CorrelationEngine, CorrelationEventMode, EvaluationResult};

use super::super::written::Written;
use super::*;
use crate::detect::source::Sources;
use crate::detect::{Case, DetectFile, DetectLists, Ruleset};

const RULES: &str = "\
title: a
id: a1
name: first
logsource: {product: magistrate}
detection: {s: {tool.decision: a}, condition: s}
---
title: b
id: b1
logsource: {product: magistrate}
detection: {s: {tool.decision: b}, condition: s}
---
title: c
id: c1
name: third
logsource: {product: magistrate}
detection: {s: {tool.decision: c}, condition: s}
";

/// Correlations of each type, window and kind of condition.
const CORRELATIONS: &[&str] = &[
    "{type: event_count, rules: [a1], group-by: [session.id], timespan: 60s, condition: {gte: 3}}",
    "{type: event_count, rules: [first, b1], timespan: 90s, condition: {gt: 4, lt: 9}}",
    "{type: event_count, rules: [b1], group-by: [session.id], timespan: 60s, window: tumbling, condition: {gte: 2}}",
    "{type: event_count, rules: [b1], group-by: [session.id], timespan: 200s, window: session, gap: 30s, condition: {gte: 4}}",
    "{type: value_count, rules: [a1, b1], group-by: [session.id], timespan: 60s, condition: {field: n, gte: 3}}",
    "{type: value_count, rules: [a1], group-by: [session.id], timespan: 90s, window: session, gap: 40s, condition: {field: n, gte: 2}}",
    "{type: temporal, rules: [a1, b1], group-by: [session.id], timespan: 60s}",
    "{type: temporal, rules: [first, b1, third], timespan: 45s}",
    "{type: temporal, rules: [a1, b1, c1], group-by: [session.id], timespan: 60s, condition: a1 and b1 and not c1}",
    "{type: temporal, rules: [a1, b1], group-by: [session.id], timespan: 60s, window: tumbling}",
    "{type: temporal_ordered, rules: [a1, b1], group-by: [session.id], timespan: 60s}",
    "{type: temporal_ordered, rules: [first, b1, third], timespan: 100s}",
    "{type: temporal_ordered, rules: [a1, c1], group-by: [session.id], timespan: 100s, window: session, gap: 50s}",
    "{type: value_sum, rules: [a1, b1], group-by: [session.id], timespan: 60s, condition: {field: n, gte: 12}}",
    "{type: value_avg, rules: [a1], group-by: [session.id], timespan: 60s, condition: {field: n, gt: 5}}",
    "{type: value_median, rules: [a1, c1], timespan: 60s, condition: {field: n, gte: 6}}",
    "{type: value_percentile, rules: [a1, c1], timespan: 60s, condition: {field: n, percentile: 90, gte: 0}}",
    "{type: event_count, rules: [k0], group-by: [session.id], timespan: 300s, condition: {gte: 2}}",
    "{type: temporal, rules: [k0, named6], group-by: [session.id], timespan: 300s}",
];

fn text() -> String {
    let correlations = CORRELATIONS.iter().enumerate().map(|(number, body)| {
        format!("---\ntitle: k{number}\nid: k{number}\nname: named{number}\ncorrelation: {body}\n")
    });
    RULES.to_owned() + &correlations.collect::<String>()
}

/// One event: its rule, session, number, and how much later than the one before it came about. In
/// theirs what is too old can stay behind what is late, so that none is late here; and what happened in
/// the same second is in any order.
type Step = (char, Option<&'static str>, u8, i64);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let session = prop_oneof![
        4 => Just(Some("x")),
        3 => Just(Some("y")),
        1 => Just(None),
    ];
    let pause = prop_oneof![
        6 => 1_i64..30,
        1 => 30_i64..300,
    ];
    let letter = prop::sample::select(vec!['a', 'b', 'c']);
    prop::collection::vec((letter, session, 0_u8..10, pause), 1..80)
}

fn event((letter, session, number, _): Step, at: i64) -> Event {
    let time = Timestamp::from_micros(at * 1_000_000);
    let mut event = Event::new(Class::ApiActivity, 0, time);
    event.set_text(Field::ToolDecision, &letter.to_string());
    if let Some(session) = session {
        event.set_text(Field::SessionUid, session);
    }
    event.keep_text("n", &number.to_string());
    event
}

fn oracle() -> CorrelationEngine {
    let mut written = Written::default();
    written.read("a.yml", &text());
    assert_eq!(written.faults, []);
    let mut engine = CorrelationEngine::new(CorrelationConfig {
        action_on_match: rsigma_eval::CorrelationAction::Reset,
        correlation_event_mode: CorrelationEventMode::Refs,
        ..CorrelationConfig::default()
    });
    for rule in &written.rules {
        engine.add_rule(&rule.what).unwrap();
    }
    for rule in &written.correlations {
        engine.add_correlation(&rule.what).unwrap();
    }
    engine
}

fn body_of(id: &str) -> &'static str {
    let number: usize = id.strip_prefix('k').unwrap().parse().unwrap();
    CORRELATIONS[number]
}

/// Rule, group and value of what fired.
type Verdict = (String, Vec<(String, String)>, f64);

fn theirs(results: Vec<EvaluationResult>) -> Vec<Verdict> {
    let fired = results.into_iter().filter_map(|result| {
        let body = result.as_correlation()?;
        let id = result.header.rule_id.clone()?;
        // Ours leaves out events without what a correlation groups by; theirs makes a group of them.
        let is_grouped = body_of(&id).contains("group-by");
        let is_group = !is_grouped || !body.group_key.is_empty();
        is_group.then(|| (id, body.group_key.clone(), body.aggregated_value))
    });
    sorted(fired.collect())
}

fn ours(hits: Vec<Hit>) -> Vec<Verdict> {
    let fired = hits.into_iter().map(|hit| {
        let correlated = hit.correlated.unwrap();
        (hit.rule.id.clone(), correlated.group, correlated.value)
    });
    sorted(fired.collect())
}

/// Several that fire on one event fire at once.
fn sorted(mut verdicts: Vec<Verdict>) -> Vec<Verdict> {
    verdicts.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
    verdicts
}

fn rules() -> Ruleset {
    let file = DetectFile {
        name: "a.yml".to_owned(),
        text: text(),
    };
    let loaded = Ruleset::compile(&[file], &DetectLists::new());
    assert_eq!(loaded.faults, []);
    loaded.rules
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn verdicts_are_those_of_rsigma(steps in steps()) {
        let rules = rules();
        let mut oracle = oracle();
        let mut correlations = Correlations::new(1_000);
        let mut at = 1_800_000_000;
        for (number, step) in (0_u8..).zip(steps) {
            at += step.3;
            let event = event(step, at);
            let uid = EventUid::from_bytes([number; 16]);
            let view = View::new(Case { uid: Some(uid), ..Case::alone(&event) }, &rules.names);
            let matches = rules
                .compiled
                .matches(&view, Sources::of(&event), None);
            let hits = correlations.observe(&rules.compiled, &view, &matches, When::of(event.time()));
            let results = oracle.process_with_detections(&view, matches, at);
            prop_assert_eq!(ours(hits), theirs(results), "event {}", number);
        }
    }

    #[test]
    fn a_restart_changes_nothing(steps in steps(), every in 1_usize..9) {
        let rules = rules();
        let mut steady = Correlations::new(1_000);
        let mut restarted = Correlations::new(1_000);
        let mut stored = std::collections::BTreeMap::new();
        let mut at = 1_800_000_000;
        for (number, step) in steps.into_iter().enumerate() {
            at += step.3;
            let event = event(step, at);
            let view = View::new(Case::alone(&event), &rules.names);
            let matches = rules
                .compiled
                .matches(&view, Sources::of(&event), None);
            let one = steady.observe(&rules.compiled, &view, &matches, When::of(event.time()));
            let other = restarted.observe(&rules.compiled, &view, &matches, When::of(event.time()));
            prop_assert_eq!(one, other);
            if number % every == 0 {
                restarted.changes(|key, bytes| {
                    match bytes {
                        Some(bytes) => stored.insert(key, bytes),
                        None => stored.remove(&key),
                    };
                });
                restarted = Correlations::new(1_000);
                for (key, bytes) in &stored {
                    prop_assert!(restarted.restore(*key, bytes));
                }
            }
        }
    }
}

/// Whether the correlation `body` fires on each of `events`: letter, number, second.
fn fires(body: &str, events: &[(char, u8, i64)]) -> Vec<bool> {
    let text = format!("{RULES}---\ntitle: k\nid: k\ncorrelation: {body}\n");
    let file = DetectFile {
        name: "a.yml".to_owned(),
        text,
    };
    let loaded = Ruleset::compile(&[file], &DetectLists::new());
    assert_eq!(loaded.faults, []);
    let rules = loaded.rules;
    let mut correlations = Correlations::new(100);
    let mut seen = |(letter, number, at): (char, u8, i64)| {
        let event = event((letter, Some("x"), number, 0), at);
        let view = View::new(Case::alone(&event), &rules.names);
        let matches = rules.compiled.matches(&view, Sources::of(&event), None);
        let at = When::of(event.time());
        !correlations
            .observe(&rules.compiled, &view, &matches, at)
            .is_empty()
    };
    events.iter().map(|one| seen(*one)).collect()
}

#[test]
fn a_temporal_correlation_without_a_condition_asks_for_all_rules() {
    let events = [('a', 0, 0), ('b', 0, 1), ('c', 0, 2)];
    let all = "{type: temporal, rules: [a1, b1, c1], timespan: 60s}";
    assert_eq!(fires(all, &events), [false, false, true]);
    let any = "{type: temporal, rules: [a1, b1, c1], timespan: 60s, condition: {gte: 1}}";
    assert_eq!(fires(any, &events), [true, true, true]);
    let two = "{type: temporal, rules: [a1, b1, c1], timespan: 60s, condition: {gte: 2}}";
    assert_eq!(fires(two, &events), [false, true, false]);
}

#[test]
fn a_percentile_is_held_against_its_condition() {
    let body = "{type: value_percentile, rules: [a1], timespan: 60s, condition: {field: n, percentile: 50, gte: 5}}";
    let events = [
        ('a', 1, 0),
        ('a', 2, 1),
        ('a', 9, 2),
        ('a', 8, 3),
        ('a', 9, 4),
    ];
    assert_eq!(fires(body, &events), [false, false, false, true, true]);
}

#[test]
fn of_what_happened_at_once_the_order_of_arrival_counts() {
    let ordered = "{type: temporal_ordered, rules: [a1, b1], timespan: 60s}";
    assert_eq!(fires(ordered, &[('a', 0, 5), ('b', 0, 5)]), [false, true]);
    assert_eq!(fires(ordered, &[('b', 0, 5), ('a', 0, 5)]), [false, false]);
    // What came late stands where its time says.
    assert_eq!(fires(ordered, &[('b', 0, 6), ('a', 0, 5)]), [false, true]);
}

#[test]
fn what_cannot_be_read_is_refused() {
    assert!(!Correlations::new(10).restore([1; 16], b"\xff\xff\xff"));
}

/// As many as an attacker likes to make up, each of another session.
#[test]
fn groups_without_number_cost_little_each() {
    let rules = rules();
    let mut correlations = Correlations::new(1_000);
    let mut stored = 0_i64;
    for number in 0..20_000 {
        let session: &'static str = Box::leak(number.to_string().into_boxed_str());
        let event = event(('a', Some(session), 1, 0), 1_800_000_000);
        let view = View::new(Case::alone(&event), &rules.names);
        let matches = rules.compiled.matches(&view, Sources::of(&event), None);
        correlations.observe(&rules.compiled, &view, &matches, When::of(event.time()));
        assert!(correlations.groups() <= 1_000);
        if number % 100 == 0 {
            correlations.changes(|_, bytes| stored += if bytes.is_some() { 1 } else { -1 });
        }
    }
    assert!(stored > 0);
}
