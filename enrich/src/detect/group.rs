//! Groups matches into alerts: one alert for many equal matches, and not too many of one rule.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use magistrate_event::{Event, EventUid, Field, Timestamp};
use serde::{Deserialize, Serialize};

use super::Ruleset;
use super::alert::{Group, MAX_RELATED, Stage, about, evidence, finding, questions};
use super::config::{DetectConfig, Suppression};
use super::rule::{Level, Rule};
use super::sigma::Hit;

/// Open groups; beyond it the oldest are closed early.
const MAX_OPEN: usize = 50_000;
const HOUR_MICROS: i64 = 3_600_000_000;

/// An alert, ready to be redacted and stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// The id of its record: the same when the same events are looked at again.
    pub uid: EventUid,
    /// The Detection Finding.
    pub event: Event,
    /// How bad it is.
    pub level: Level,
    /// First of its group, or not.
    pub stage: Stage,
}

/// What became of matches that made no alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Matches of rules that alert.
    pub matched: u64,
    /// Joined to an open group.
    pub grouped: u64,
    /// Taken out by `[[detect.suppress]]`.
    pub suppressed: u64,
    /// Left out because their rule makes too many.
    pub throttled: u64,
}

/// Open groups and how many alerts each rule has made.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Grouper {
    /// By rule and by what tells its groups apart.
    open: BTreeMap<String, BTreeMap<String, Group>>,
    /// Rule and key, by when the group closes.
    deadlines: BTreeSet<(i64, String, String)>,
    /// By rule: the hour's first moment, and alerts since.
    hours: BTreeMap<String, (i64, u32)>,
    #[serde(skip)]
    tally: Tally,
}

impl Grouper {
    /// Takes what matched `event` into account; returns the alerts that it makes. `now` is when
    /// the event was received.
    pub fn take(
        &mut self,
        rules: &Ruleset,
        config: &DetectConfig,
        hits: &[Hit],
        (uid, event): (EventUid, &Event),
        now: Timestamp,
    ) -> Vec<Alert> {
        let mut alerts = self.close(rules, now);
        for hit in hits.iter().filter(|hit| hit.rule.alerts) {
            self.tally.matched += 1;
            if config
                .suppress
                .iter()
                .any(|one| fits(one, rules, hit, event))
            {
                self.tally.suppressed += 1;
                continue;
            }
            alerts.extend(self.take_one(config, hit, uid, event, now));
        }
        alerts
    }

    fn take_one(
        &mut self,
        config: &DetectConfig,
        hit: &Hit,
        uid: EventUid,
        event: &Event,
        now: Timestamp,
    ) -> Option<Alert> {
        let key = key_of(hit, event);
        let time = event.time().as_micros();
        if let Some(group) = self
            .open
            .get_mut(&hit.rule.id)
            .and_then(|groups| groups.get_mut(&key))
        {
            self.tally.grouped += 1;
            group.count += 1;
            group.first = group.first.min(time);
            group.last = group.last.max(time);
            add(&mut group.events, hit, uid);
            return None;
        }
        let stage = self.admit(&hit.rule, config.max_alerts_per_hour, now)?;
        let seconds = i64::try_from(config.group_seconds).unwrap_or(i64::MAX);
        let until = now
            .as_micros()
            .saturating_add(seconds.saturating_mul(1_000_000));
        let mut group = Group {
            uid: hash(&[&hit.rule.id, &key, &uid.to_string()]).to_string(),
            count: 1,
            events: Vec::new(),
            first: time,
            last: time,
            until,
            about: about(event),
            evidence: evidence(hit),
            questions: questions(hit),
        };
        add(&mut group.events, hit, uid);
        let alert = alert_of(&hit.rule, &group, stage);
        if stage == Stage::New {
            self.deadlines
                .insert((until, hit.rule.id.clone(), key.clone()));
            let groups = self.open.entry(hit.rule.id.clone()).or_default();
            groups.insert(key, group);
        }
        Some(alert)
    }

    /// Whether the rule may make one more alert this hour; none when it is left out.
    fn admit(&mut self, rule: &Rule, max: u32, now: Timestamp) -> Option<Stage> {
        let now = now.as_micros();
        let (since, count) = self.hours.entry(rule.id.clone()).or_insert((now, 0));
        if now.saturating_sub(*since) >= HOUR_MICROS {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        if *count <= max {
            return Some(Stage::New);
        }
        self.tally.throttled += 1;
        (*count == max.saturating_add(1)).then_some(Stage::Throttled)
    }

    /// Closes the groups whose time is over, and tells of those that had more than one match.
    pub fn close(&mut self, rules: &Ruleset, now: Timestamp) -> Vec<Alert> {
        let mut alerts = Vec::new();
        while let Some((until, _, _)) = self.deadlines.first() {
            if *until > now.as_micros() && self.deadlines.len() <= MAX_OPEN {
                break;
            }
            let Some((_, rule, key)) = self.deadlines.pop_first() else {
                break;
            };
            let Some(groups) = self.open.get_mut(&rule) else {
                continue;
            };
            let closed = groups.remove(&key);
            if groups.is_empty() {
                self.open.remove(&rule);
            }
            let rule = rules.rule(&rule);
            if let (Some(group), Some(rule)) = (closed, rule)
                && group.count > 1
            {
                alerts.push(alert_of(rule, &group, Stage::Closed));
            }
        }
        alerts
    }

    /// What became of matches since the last call.
    pub fn tally(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }

    /// How many groups are open.
    pub fn open_groups(&self) -> usize {
        self.deadlines.len()
    }
}

/// What tells the groups of one rule apart: what a correlation groups by, else the session, else
/// the user, the device or the sender.
fn key_of(hit: &Hit, event: &Event) -> String {
    if let Some(correlated) = &hit.correlated {
        let values = correlated.group.iter().map(|(_, value)| value.as_str());
        return values.collect::<Vec<_>>().join("\u{1f}");
    }
    let columns = [
        Field::SessionUid,
        Field::UserEmail,
        Field::UserUid,
        Field::UserName,
        Field::SrcIp,
        Field::DeviceHostname,
        Field::DeviceIp,
        Field::Peer,
    ];
    let first = columns.iter().find_map(|field| event.text(*field));
    first.unwrap_or_default().to_owned()
}

fn add(events: &mut Vec<String>, hit: &Hit, uid: EventUid) {
    let named = hit
        .correlated
        .iter()
        .flat_map(|one| one.events.iter().cloned());
    for uid in named.chain([uid.to_string()]) {
        if events.len() < MAX_RELATED && !events.contains(&uid) {
            events.push(uid);
        }
    }
}

fn alert_of(rule: &Arc<Rule>, group: &Group, stage: Stage) -> Alert {
    let stage_name = match stage {
        Stage::New => "new",
        Stage::Closed => "closed",
        Stage::Throttled => "throttled",
    };
    Alert {
        uid: hash(&[&group.uid, stage_name]),
        event: finding(rule, group, stage),
        level: rule.level,
        stage,
    }
}

fn hash(parts: &[&str]) -> EventUid {
    let mut hasher = blake3::Hasher::new_derive_key("magistrate 2026-11-28 ids of alerts");
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    EventUid::from_bytes(bytes)
}

fn fits(one: &Suppression, rules: &Ruleset, hit: &Hit, event: &Event) -> bool {
    one.rule.as_ref().is_none_or(|rule| *rule == hit.rule.id)
        && one
            .fields
            .iter()
            .all(|(name, value)| rules.has_value(event, name, value))
}

#[cfg(test)]
mod tests {
    use magistrate_event::Class;

    use super::*;
    use crate::detect::{Case, Correlator, DetectFile, DetectLists};

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
            self.count += 1;
            let uid = EventUid::from_bytes([self.count; 16]);
            let event = event(session, seconds);
            let hits = self
                .correlator
                .observe(&self.rules, case(uid, &event), second(seconds));
            self.grouper.take(
                &self.rules,
                &self.config,
                &hits,
                (uid, &event),
                second(seconds),
            )
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
}
