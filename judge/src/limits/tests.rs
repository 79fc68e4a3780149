//! Limits only tighten, count apart what is apart, and stay small.

use std::time::Duration;

use magistrate_event::Class;
use proptest::prelude::*;

use super::held::MAX_GROUPS;
use super::*;
use crate::category::Postures;
use crate::config::Config;
use crate::decision::{Decision, Facts, Findings, decide};

fn rate(count: u32, group_by: &[&str]) -> RateLimit {
    RateLimit {
        count,
        timespan: Duration::from_secs(60),
        group_by: group_by.iter().map(|one| (*one).to_owned()).collect(),
    }
}

fn event(session: &str, tool: &str) -> Event {
    let mut event = Event::new(Class::ApiActivity, 1, Timestamp::default());
    event.set_text(Field::SessionUid, session);
    event.set_text(Field::ApiOperation, tool);
    event
}

fn found(rate: &RateLimit, event: &Event) -> Match {
    Match {
        policy: "p".to_owned(),
        title: "Much".to_owned(),
        category: "x".to_owned(),
        tags: Vec::new(),
        decision: Decision::Block,
        message: String::new(),
        redact: Vec::new(),
        matched: Vec::new(),
        counted: Some(Counted::of(rate, event)),
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + seconds * 1_000)
}

/// Whether the limit says that it is too much.
fn is_too_much(limits: &Limits, rate: &RateLimit, event: &Event, seconds: i64) -> bool {
    let mut matches = vec![found(rate, event)];
    let told = limits.settle(&mut matches, at(seconds));
    assert_eq!(told[0].exceeded, !matches.is_empty());
    !matches.is_empty()
}

#[test]
fn so_many_pass_and_what_is_more_counts_until_time_has_passed() {
    let (limits, rate) = (Limits::default(), rate(3, &["session.id", "tool.name"]));
    let one = event("s", "Bash");
    let asked: Vec<_> = (0..5)
        .map(|_| is_too_much(&limits, &rate, &one, 0))
        .collect();
    assert_eq!(asked, [false, false, false, true, true]);
    for other in [event("t", "Bash"), event("s", "Read")] {
        assert!(!is_too_much(&limits, &rate, &other, 0));
    }
    let mut sent = event("s", "Bash");
    sent.set_text(Field::SenderIdentity, "proxy");
    assert!(!is_too_much(&limits, &rate, &sent, 0), "another sender");
    // A third of the time span gives one of three back.
    assert!(is_too_much(&limits, &rate, &one, 19));
    assert!(!is_too_much(&limits, &rate, &one, 20));
    assert!(is_too_much(&limits, &rate, &one, 20));
    assert!(
        is_too_much(&limits, &rate, &one, -500),
        "a clock that goes back"
    );
    assert!(!is_too_much(&limits, &rate, &one, 500));
}

#[test]
fn a_limit_says_what_it_is_and_other_matches_stay() {
    let (limits, rate) = (Limits::default(), rate(1, &["session.id"]));
    let one = event("s", "Bash");
    let plain = Match {
        policy: "q".to_owned(),
        counted: None,
        ..found(&rate, &one)
    };
    let mut matches = vec![found(&rate, &one), plain.clone()];
    let told = limits.settle(&mut matches, at(0));
    assert_eq!(matches, std::slice::from_ref(&plain));
    assert_eq!(told[0].limit, "1 within 1m by session.id");
    let mut matches = vec![plain, found(&rate, &one)];
    limits.settle(&mut matches, at(0));
    let limit = ("limit".to_owned(), "1 within 1m by session.id".to_owned());
    assert_eq!(matches[1].matched, [limit]);
    limits.keep(|_| Some(rate.clone()));
    assert!(is_too_much(&limits, &rate, &one, 0));
    limits.keep(|_| None);
    assert!(!is_too_much(&limits, &rate, &one, 0));
}

#[test]
fn a_flood_of_names_costs_no_memory_and_is_limited() {
    let (limits, rate) = (Limits::default(), rate(2, &["session.id"]));
    for number in 0..MAX_GROUPS {
        assert!(!is_too_much(
            &limits,
            &rate,
            &event(&format!("s{number}"), "x"),
            0
        ));
    }
    let more = (0..5_000).filter(|number| {
        let event = event(&format!("t{number}"), "x");
        is_too_much(&limits, &rate, &event, 0)
    });
    assert!(more.count() > 4_000, "they share a few places");
    assert_eq!(
        limits.held().values().map(Held::len).sum::<usize>(),
        MAX_GROUPS
    );
    assert!(
        !is_too_much(&limits, &rate, &event("s1", "x"), 0),
        "old ones are not pushed out"
    );
    // Everything is as good as new by then, and forgotten.
    assert!(!is_too_much(&limits, &rate, &event("new", "x"), 600));
    assert_eq!(limits.held().values().map(Held::len).sum::<usize>(), 1);
    assert_eq!(limits.groups.get(), 1);
}

proptest! {
    /// One more action at the same time never makes a later one milder.
    #[test]
    fn more_actions_never_loosen(sessions in prop::collection::vec(0_u8..3, 0..40), extra in 0_u8..3, count in 1_u32..6) {
        let rate = rate(count, &["session.id"]);
        let postures = Postures::new(&Config::default());
        let facts = Facts { category: "other", is_approved: false };
        let last = |sessions: &[u8]| {
            let limits = Limits::default();
            let mut decision = Decision::Allow;
            for session in sessions {
                let event = event(&session.to_string(), "x");
                let mut matches = vec![found(&rate, &event)];
                limits.settle(&mut matches, at(0));
                let findings = Findings { matches, failures: Vec::new() };
                decision = decide(&facts, &findings, &postures).decision;
            }
            decision
        };
        let mut more = vec![extra];
        more.extend(&sessions);
        if !sessions.is_empty() {
            prop_assert!(last(&more) >= last(&sessions));
        }
    }
}
