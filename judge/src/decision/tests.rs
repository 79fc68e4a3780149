//! The decision over all findings, and its one law: more evidence never loosens it.

use proptest::prelude::*;

use super::*;
use crate::category::NAMES;
use crate::config::Config;

const CATEGORIES: [&str; 3] = ["browsing", "data_movement", "own"];
/// Every category that is told, and one of a policy's own.
fn all_categories() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter().chain(["own"])
}

const POSTURES: [(&str, Decision); 3] = [
    ("open", Decision::Allow),
    ("closed", Decision::Block),
    ("approve", Decision::RequireApproval),
];
const FAILURES: [Failure; 6] = [
    Failure::Late,
    Failure::Partial,
    Failure::Unrecorded,
    Failure::Internal,
    Failure::Overload,
    Failure::Unjudged,
];

fn postures() -> Postures {
    Postures::new(&toml::from_str::<Config>("[category.own]\non_error = \"approve\"").unwrap())
}

fn matched(decision: Decision) -> Match {
    Match {
        policy: decision.name().to_owned(),
        title: String::new(),
        category: String::new(),
        tags: Vec::new(),
        decision,
        message: String::new(),
        redact: Vec::new(),
        matched: Vec::new(),
        counted: None,
    }
}

fn ruled(category: &'static str, matches: &[Decision], failures: &[Failure]) -> Decision {
    ruled_with((category, false), matches, failures)
}

fn ruled_with(
    (category, is_approved): (&'static str, bool),
    matches: &[Decision],
    failures: &[Failure],
) -> Decision {
    let findings = Findings {
        matches: matches.iter().copied().map(matched).collect(),
        failures: failures.to_vec(),
    };
    let facts = Facts {
        category,
        is_approved,
    };
    decide(&facts, &findings, &postures()).decision
}

#[test]
fn the_strictest_counts_and_failures_go_by_posture() {
    use Decision::{Allow, Block, Downgrade, Redact, RequireApproval};
    for (category, matches, failures, expected) in [
        ("browsing", &[][..], &[][..], Allow),
        ("browsing", &[Redact, Downgrade], &[], Downgrade),
        ("browsing", &[], &[Failure::Late], Allow),
        ("browsing", &[Redact], &[Failure::Late], Redact),
        ("data_movement", &[], &[Failure::Partial], Block),
        ("own", &[], &[Failure::Internal], RequireApproval),
        ("own", &[Block], &[Failure::Internal], Block),
    ] {
        assert_eq!(ruled(category, matches, failures), expected);
    }
}

#[test]
fn every_failure_is_answered_by_the_posture_of_its_category_alone() {
    for category in all_categories() {
        for (posture, stands_in) in POSTURES {
            let config = format!("[category.{category}]\non_error = \"{posture}\"");
            let postures = Postures::new(&toml::from_str::<Config>(&config).unwrap());
            let untouched = Postures::new(&Config::default());
            for failure in FAILURES {
                let ruled = |category, postures: &Postures, decision: Option<Decision>| {
                    let findings = Findings {
                        matches: decision.into_iter().map(matched).collect(),
                        failures: vec![failure],
                    };
                    let facts = Facts {
                        category,
                        is_approved: false,
                    };
                    decide(&facts, &findings, postures).decision
                };
                let told = format!("{category}, {posture}, {failure:?}");
                assert_eq!(ruled(category, &postures, None), stands_in, "{told}");
                for decision in Decision::ALL {
                    let expected = stands_in.max(decision);
                    assert_eq!(ruled(category, &postures, Some(decision)), expected);
                }
                for other in all_categories().filter(|one| *one != category) {
                    let usual = ruled(other, &untouched, None);
                    assert_eq!(ruled(other, &postures, None), usual, "{told}: {other}");
                }
            }
        }
    }
}

#[test]
fn an_approval_settles_what_asks_for_a_person_and_nothing_else() {
    use Decision::{Allow, Block, Redact, RequireApproval};
    for (matches, failures, expected) in [
        (&[RequireApproval][..], &[][..], Allow),
        (&[RequireApproval, Redact], &[], Redact),
        (&[RequireApproval, Block], &[], Block),
        (&[], &[Failure::Late], Allow),
    ] {
        assert_eq!(ruled_with(("own", true), matches, failures), expected);
    }
    let failed = [Failure::Late];
    let decision = ruled_with(("data_movement", true), &[], &failed);
    assert_eq!(decision, Block);
}

#[test]
fn what_a_door_cannot_carry_is_blocked() {
    for decision in Decision::ALL {
        assert_eq!(Carries::ALL.enforced(decision), decision);
        let enforced = Carries::ONLY_BLOCK.enforced(decision);
        assert!(enforced >= decision);
        assert!(matches!(enforced, Decision::Allow | Decision::Block));
    }
}

fn decisions() -> impl Strategy<Value = Vec<Decision>> {
    proptest::collection::vec(proptest::sample::select(Decision::ALL.to_vec()), 0..6)
}

fn failures() -> impl Strategy<Value = Vec<Failure>> {
    proptest::collection::vec(proptest::sample::select(FAILURES.to_vec()), 0..3)
}

proptest! {
    #[test]
    fn one_more_piece_of_evidence_never_loosens(
        category in proptest::sample::select(CATEGORIES.to_vec()),
        is_approved in proptest::bool::ANY,
        matches in decisions(),
        failed in failures(),
        more in decisions(),
        more_failed in failures(),
    ) {
        let facts = (category, is_approved);
        let before = ruled_with(facts, &matches, &failed);
        let after = ruled_with(
            facts,
            &[&matches[..], &more[..]].concat(),
            &[&failed[..], &more_failed[..]].concat(),
        );
        prop_assert!(after >= before);
        let turned: Vec<_> = matches.iter().rev().copied().collect();
        prop_assert_eq!(ruled_with(facts, &turned, &failed), before);
    }
}
