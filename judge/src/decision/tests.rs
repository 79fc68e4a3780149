//! The decision over all findings, and its one law: more evidence never loosens it.

use proptest::prelude::*;

use super::*;
use crate::config::Config;

const CATEGORIES: [&str; 3] = ["browsing", "data_movement", "own"];

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
    let all = vec![
        Failure::Late,
        Failure::Partial,
        Failure::Unrecorded,
        Failure::Internal,
        Failure::Overload,
        Failure::Unjudged,
    ];
    proptest::collection::vec(proptest::sample::select(all), 0..3)
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
