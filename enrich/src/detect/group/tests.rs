//! One alert for many equal matches, by both clocks.

use magistrate_event::Class;

use super::*;
use crate::SessionFacts;
use crate::detect::{Correlator, DetectFile, DetectLists};

const TEXT: &str = "title: Reads\nid: r1\nlevel: high\ntags: [attack.t1567.002, attack.exfiltration, atlas.aml.t0051]\nlogsource: {product: magistrate}\ndetection:\n  s: {action: read}\n  condition: s\n";

fn rules() -> Ruleset {
    let file = DetectFile {
        name: "a.yml".to_owned(),
        text: TEXT.to_owned(),
    };
    Ruleset::compile(&[file], &DetectLists::new()).rules
}

fn second(number: i64) -> Timestamp {
    Timestamp::from_micros(number * 1_000_000)
}

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;

fn stages(alerts: &[Alert]) -> Vec<Stage> {
    alerts.iter().map(|alert| alert.stage).collect()
}

fn event(session: &str, seconds: i64) -> Event {
    let mut event = Event::new(Class::FileActivity, 2, second(seconds));
    event.set_text(Field::Action, "read");
    event.set_text(Field::SessionUid, session);
    event
}

fn case(uid: EventUid, event: &Event) -> Case<'_> {
    Case {
        uid: Some(uid),
        ..Case::alone(event)
    }
}

struct Desk {
    rules: Ruleset,
    correlator: Correlator,
    grouper: Grouper,
    config: DetectConfig,
    count: u8,
}

impl Desk {
    fn new(config: DetectConfig) -> Self {
        let rules = rules();
        Self {
            correlator: Correlator::new(100),
            rules,
            grouper: Grouper::default(),
            config,
            count: 0,
        }
    }

    fn see(&mut self, session: &str, seconds: i64) -> Vec<Alert> {
        self.take(&event(session, seconds), second(seconds))
    }

    /// Of a file that is read long after.
    fn read(&mut self, session: &str, seconds: i64) -> Vec<Alert> {
        let mut event = event(session, seconds);
        event.set_text(Field::Source, "replay");
        self.take(&event, second(YEAR))
    }

    fn take(&mut self, event: &Event, received: Timestamp) -> Vec<Alert> {
        self.count += 1;
        let case = case(EventUid::from_bytes([self.count; 16]), event);
        let hits = self.correlator.observe(&self.rules, case, received);
        self.grouper
            .take(&self.rules, &self.config, &hits, case, received)
    }
}

fn json(event: &Event, field: Field) -> String {
    let mut out = String::new();
    event.push_json(event.value(field).unwrap(), &mut out);
    out
}

#[test]
fn equal_matches_make_one_alert_and_one_word_at_the_end() {
    let mut desk = Desk::new(DetectConfig {
        group_seconds: 60,
        ..DetectConfig::default()
    });
    let first = desk.see("a", 0);
    assert_eq!(first.len(), 1);
    let finding = &first[0].event;
    assert_eq!(finding.text(Field::AnalyticUid), Some("r1"));
    assert_eq!(finding.int(Field::SeverityId), Some(4));
    assert_eq!(finding.text(Field::SessionUid), Some("a"));
    assert_eq!(
        json(finding, Field::FindingAttacks),
        r#"[{"technique":{"uid":"T1567"},"sub_technique":{"uid":"T1567.002"}},{"technique":{"uid":"AML.T0051"}}]"#
    );
    assert_eq!(
        json(finding, Field::Evidences),
        r#"[{"data":{"action":"read"}}]"#
    );
    assert_eq!(desk.see("b", 1).len(), 1);
    assert_eq!((desk.see("a", 2), desk.see("a", 59)), (vec![], vec![]));
    assert_eq!(desk.grouper.open_groups(), 2);
    let later = desk.see("a", 100);
    let stages: Vec<_> = later.iter().map(|alert| alert.stage).collect();
    assert_eq!(stages, [Stage::Closed, Stage::New]);
    let closed = &later[0].event;
    assert_eq!(closed.int(Field::RelatedEventsCount), Some(3));
    assert_eq!(
        closed.text(Field::FindingUid),
        finding.text(Field::FindingUid)
    );
    assert_ne!(later[0].uid, first[0].uid);
    assert_eq!(desk.grouper.tally().grouped, 2);
}

#[test]
fn the_same_events_make_the_same_alerts() {
    let run = || {
        let mut desk = Desk::new(DetectConfig::default());
        (0..5)
            .flat_map(|number| desk.see("a", number * 3_000))
            .collect::<Vec<_>>()
    };
    let alerts = run();
    assert_eq!(alerts, run());
    let mut uids: Vec<_> = alerts.iter().map(|alert| alert.uid).collect();
    uids.sort_unstable();
    uids.dedup();
    assert_eq!(uids.len(), alerts.len());
}

#[test]
fn a_rule_that_matches_everything_is_throttled_and_says_so() {
    let mut desk = Desk::new(DetectConfig {
        max_alerts_per_hour: 3,
        ..DetectConfig::default()
    });
    let sessions = (0..50).map(|number| number.to_string());
    let alerts: Vec<_> = sessions.flat_map(|session| desk.see(&session, 1)).collect();
    assert_eq!(alerts.len(), 4);
    assert_eq!(alerts[3].stage, Stage::Throttled);
    let title = alerts[3].event.text(Field::FindingTitle).unwrap();
    assert_eq!(title, "Too many alerts: Reads");
    assert_eq!(desk.grouper.open_groups(), 3);
    assert_eq!(desk.see("later", 4_000).last().unwrap().stage, Stage::New);
}

#[test]
fn a_month_in_a_file_is_a_month_of_alerts() {
    let mut desk = Desk::new(DetectConfig {
        max_alerts_per_hour: 3,
        ..DetectConfig::default()
    });
    for day in 0..30 {
        let of_day = desk.read("a", day * DAY);
        assert_eq!(of_day.last().unwrap().stage, Stage::New, "day {day}");
        assert_eq!(desk.read("a", day * DAY + 60), []);
    }
    // What one file tells of the same hour is throttled as ever.
    let sessions = (0..5).map(|number| format!("b{number}"));
    let alerts: Vec<_> = sessions
        .flat_map(|session| desk.read(&session, 40 * DAY))
        .collect();
    let [closed, rest @ ..] = &stages(&alerts)[..] else {
        panic!("{alerts:?}")
    };
    assert_eq!(*closed, Stage::Closed);
    assert_eq!(rest, [Stage::New, Stage::New, Stage::New, Stage::Throttled]);
}

#[test]
fn the_next_file_begins_where_it_likes() {
    let mut desk = Desk::new(DetectConfig::default());
    assert_eq!(stages(&desk.read("a", 10 * DAY)), [Stage::New]);
    assert_eq!(desk.read("a", 10 * DAY + 1), []);
    // Within the window before the first, lines out of order join.
    assert_eq!(desk.read("a", 10 * DAY - 1), []);
    assert_eq!(
        stages(&desk.read("a", DAY)),
        [Stage::Closed, Stage::New],
        "another file"
    );
    // What happens now is another alert than what a file tells.
    assert_eq!(stages(&desk.see("a", YEAR)), [Stage::New]);
}

#[test]
fn what_a_file_began_is_closed_at_its_end() {
    let mut desk = Desk::new(DetectConfig::default());
    desk.read("a", 0);
    desk.read("a", 1);
    // It may be looked at long after its receipt.
    let looked = YEAR + 1_000;
    assert_eq!(desk.grouper.close(&desk.rules, second(looked)), []);
    assert_eq!(desk.grouper.close(&desk.rules, second(looked + 59)), []);
    let idle = second(looked + 60);
    let mut again = desk.grouper.clone();
    assert_eq!(stages(&again.close(&desk.rules, idle)), [Stage::Closed]);
    desk.grouper.hurry();
    let closed = desk.grouper.close(&desk.rules, second(looked + 1));
    assert_eq!(stages(&closed), [Stage::Closed]);
    assert_eq!(closed[0].event.int(Field::RelatedEventsCount), Some(2));
    assert_eq!(desk.grouper.open_groups(), 0);
}

#[test]
fn facts_of_the_session_can_suppress() {
    let suppress = Suppression {
        rule: None,
        fields: BTreeMap::from([("session.scheduled_task".to_owned(), "nightly".to_owned())]),
        reason: "tests".to_owned(),
    };
    let mut desk = Desk::new(DetectConfig {
        suppress: vec![suppress],
        ..DetectConfig::default()
    });
    let facts = SessionFacts {
        scheduled: Some("nightly".to_owned()),
        ..SessionFacts::UNKNOWN
    };
    let event = event("a", 0);
    let case = Case {
        facts: &facts,
        ..Case::alone(&event)
    };
    let hits = desk.correlator.observe(&desk.rules, case, second(0));
    assert_eq!(hits.len(), 1);
    let (rules, config) = (&desk.rules, &desk.config);
    assert_eq!(desk.grouper.take(rules, config, &hits, case, second(0)), []);
}

#[test]
fn what_is_suppressed_makes_no_alert() {
    let suppress = Suppression {
        rule: Some("r1".to_owned()),
        fields: BTreeMap::from([("session.id".to_owned(), "ci".to_owned())]),
        reason: "tests".to_owned(),
    };
    let mut desk = Desk::new(DetectConfig {
        suppress: vec![suppress],
        ..DetectConfig::default()
    });
    assert_eq!(desk.see("ci", 1), []);
    assert_eq!(desk.see("other", 1).len(), 1);
    assert_eq!(desk.grouper.tally().suppressed, 1);
}

#[test]
fn open_groups_outlive_a_restart() {
    let mut desk = Desk::new(DetectConfig::default());
    desk.see("a", 0);
    desk.see("a", 1);
    let text = serde_json::to_string(&desk.grouper).unwrap();
    let mut back: Grouper = serde_json::from_str(&text).unwrap();
    desk.grouper.tally();
    assert_eq!(back, desk.grouper);
    let closed = back.close(&desk.rules, second(10_000));
    assert_eq!(closed[0].event.int(Field::RelatedEventsCount), Some(2));
}
