//! Groups matches into alerts: one alert for many equal matches, and not too many of one rule.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use magistrate_event::{Event, EventUid, Field, Timestamp};
use serde::{Deserialize, Serialize};

use super::alert::{Group, MAX_RELATED, Stage, about, evidence, finding, questions};
use super::chain::{Chain, Step};
use super::config::{DetectConfig, Suppression};
use super::rule::{Level, Rule};
use super::sigma::Hit;
use super::{Case, Ruleset};
use crate::context::CallTag;

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
    /// Steps of a chain, taken in by its alert.
    pub folded: u64,
    /// Taken out by `[[detect.suppress]]`.
    pub suppressed: u64,
    /// Left out because their rule makes too many.
    pub throttled: u64,
}

/// What became of one match.
enum Taken {
    /// It joined an open group.
    Joined,
    /// It is left out.
    Left,
    /// It is the one that says that the rule makes too many.
    Throttled(Alert),
    /// It began a group, of which this is the key.
    Begun(String),
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
    /// By session: rules of the open chains.
    #[serde(default)]
    chains: BTreeMap<String, BTreeSet<String>>,
    #[serde(skip)]
    tally: Tally,
}

/// An event that rules matched.
struct Matching<'a> {
    case: Case<'a>,
    name: String,
    call: CallTag,
    now: Timestamp,
}

impl Matching<'_> {
    fn step(&self) -> Step<'_> {
        Step {
            uid: &self.name,
            call: self.call,
        }
    }
}

impl Grouper {
    /// Takes what matched an event into account; returns the alerts that it makes. `now` is when
    /// the event was received.
    pub fn take(
        &mut self,
        rules: &Ruleset,
        config: &DetectConfig,
        hits: &[Hit],
        case: Case<'_>,
        now: Timestamp,
    ) -> Vec<Alert> {
        let mut alerts = self.close(rules, now);
        let mut hits: Vec<&Hit> = hits.iter().filter(|hit| hit.rule.alerts).collect();
        let count = hits.len();
        self.tally.matched += count as u64;
        let is_suppressed = |hit: &Hit| {
            let mut suppress = config.suppress.iter();
            suppress.any(|one| fits(one, rules, hit, case.event))
        };
        hits.retain(|hit| !is_suppressed(hit));
        self.tally.suppressed += (count - hits.len()) as u64;
        if hits.is_empty() {
            return alerts;
        }
        let uid = case.uid.unwrap_or(EventUid::from_bytes([0; 16]));
        let call = case.event.text(Field::ApiRequestUid);
        let matching = Matching {
            case,
            name: uid.to_string(),
            call: call.map_or(CallTag::NONE, CallTag::of),
            now,
        };
        // Chains first, the worst ahead: what comes after may be a step of them.
        hits.sort_by_key(|hit| (!hit.rule.is_chain, Reverse(hit.rule.level)));
        let mut begun = Vec::new();
        for hit in hits {
            if self.fold(hit, &matching) {
                self.tally.folded += 1;
                continue;
            }
            match self.take_one(config, hit, &matching) {
                Taken::Joined | Taken::Left => {}
                Taken::Throttled(alert) => alerts.push(alert),
                Taken::Begun(key) => begun.push((&hit.rule, key)),
            }
            alerts.extend(self.absorb(rules, hit, case.event));
        }
        let begun = begun.into_iter();
        alerts.extend(begun.filter_map(|(rule, key)| {
            let group = self.group(&rule.id, &key)?;
            let alert = alert_of(rule, group, Stage::New);
            group.chain.iter_mut().for_each(Chain::tell);
            Some(alert)
        }));
        alerts
    }

    fn group(&mut self, rule: &str, key: &str) -> Option<&mut Group> {
        self.open.get_mut(rule)?.get_mut(key)
    }

    /// Takes a match into the alert of a chain that is open in its session, where it is a step of
    /// that and no worse; says whether it did.
    fn fold(&mut self, hit: &Hit, matching: &Matching<'_>) -> bool {
        let Some(session) = matching.case.event.text(Field::SessionUid) else {
            return false;
        };
        let chains = self.chains.get(session).cloned().unwrap_or_default();
        chains.iter().any(|rule| {
            let chain = self.group(rule, session).and_then(|group| {
                let is_worse = hit.rule.level.severity_id() > group.level;
                group.chain.as_mut().filter(|_| !is_worse)
            });
            let chain = chain.filter(|chain| *rule != hit.rule.id && chain.has(matching.step()));
            chain.is_some_and(|chain| {
                chain.fold(&hit.rule, None);
                true
            })
        })
    }

    /// Closes the alerts of the steps of `hit`'s chain, which were told before.
    fn absorb(&mut self, rules: &Ruleset, hit: &Hit, event: &Event) -> Vec<Alert> {
        let session = event.text(Field::SessionUid);
        let Some(session) = session.filter(|_| hit.rule.is_chain) else {
            return Vec::new();
        };
        let Some(mut chain) = self
            .group(&hit.rule.id, session)
            .and_then(|group| group.chain.take())
        else {
            return Vec::new();
        };
        let mut steps = Vec::new();
        for (id, groups) in &self.open {
            let rule = rules.rule(id).filter(|rule| rule.level <= hit.rule.level);
            if let (Some(rule), Some(group)) = (rule, groups.get(session))
                && rule.id != hit.rule.id
                && chain.has_all(group)
            {
                steps.push(Arc::clone(rule));
            }
        }
        let mut alerts = Vec::new();
        for rule in steps {
            if let Some(group) = self.remove(&rule.id, session) {
                self.deadlines
                    .remove(&(group.until, rule.id.clone(), session.to_owned()));
                chain.fold(&rule, Some(&group.uid));
                alerts.push(alert_of(&rule, &group, Stage::Folded));
            }
        }
        if let Some(group) = self.group(&hit.rule.id, session) {
            group.chain = Some(chain);
        }
        alerts
    }

    /// Takes an open group out.
    fn remove(&mut self, rule: &str, key: &str) -> Option<Group> {
        let groups = self.open.get_mut(rule)?;
        let removed = groups.remove(key);
        if groups.is_empty() {
            self.open.remove(rule);
        }
        if let Some(chains) = self.chains.get_mut(key) {
            chains.remove(rule);
            if chains.is_empty() {
                self.chains.remove(key);
            }
        }
        removed
    }

    fn take_one(&mut self, config: &DetectConfig, hit: &Hit, matching: &Matching<'_>) -> Taken {
        let (event, now) = (matching.case.event, matching.now);
        let key = key_of(hit, event);
        let time = event.time().as_micros();
        if let Some(group) = self.group(&hit.rule.id, &key) {
            group.count += 1;
            group.first = group.first.min(time);
            group.last = group.last.max(time);
            add(group, hit, matching);
            self.tally.grouped += 1;
            return Taken::Joined;
        }
        let Some(stage) = self.admit(&hit.rule, config.max_alerts_per_hour, now) else {
            return Taken::Left;
        };
        let seconds = i64::try_from(config.group_seconds).unwrap_or(i64::MAX);
        let until = now
            .as_micros()
            .saturating_add(seconds.saturating_mul(1_000_000));
        // What a chain's steps are is known within a session alone.
        let is_chain = hit.rule.is_chain && event.text(Field::SessionUid) == Some(&key);
        let mut group = Group {
            uid: hash(&[&hit.rule.id, &key, &matching.name]).to_string(),
            count: 1,
            events: Vec::new(),
            first: time,
            last: time,
            until,
            about: about(event),
            evidence: evidence(hit),
            questions: questions(hit),
            calls: Vec::new(),
            level: hit.rule.level.severity_id(),
            chain: is_chain.then(Chain::default),
        };
        add(&mut group, hit, matching);
        if stage != Stage::New {
            return Taken::Throttled(alert_of(&hit.rule, &group, stage));
        }
        let id = &hit.rule.id;
        self.deadlines.insert((until, id.clone(), key.clone()));
        if is_chain {
            let chains = self.chains.entry(key.clone()).or_default();
            chains.insert(id.clone());
        }
        let groups = self.open.entry(id.clone()).or_default();
        groups.insert(key.clone(), group);
        Taken::Begun(key)
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
            let closed = self.remove(&rule, &key);
            let rule = rules.rule(&rule);
            if let (Some(group), Some(rule)) = (closed, rule)
                && (group.count > 1 || group.chain.as_ref().is_some_and(Chain::has_news))
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

/// Adds what `hit` is about to its group.
fn add(group: &mut Group, hit: &Hit, matching: &Matching<'_>) {
    let named = hit.correlated.iter().flat_map(|one| &one.events);
    let named = named.filter(|uid| **uid != matching.name);
    let named = named.map(|uid| (uid, CallTag::NONE));
    for (uid, call) in named.chain([(&matching.name, matching.call)]) {
        if group.events.len() < MAX_RELATED && !group.events.contains(uid) {
            group.events.push(uid.clone());
            group.calls.push(call);
        }
    }
    if let Some(chain) = &mut group.chain {
        chain.extend(hit, matching.step(), &matching.case.facts.read_by);
    }
}

fn alert_of(rule: &Arc<Rule>, group: &Group, stage: Stage) -> Alert {
    let stage_name = match stage {
        Stage::New => "new",
        Stage::Closed => "closed",
        Stage::Throttled => "throttled",
        Stage::Folded => "folded",
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
                case(uid, &event),
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
