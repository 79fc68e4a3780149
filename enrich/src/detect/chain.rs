//! What belongs to a chain of steps, whose alerts go into the alert of the chain.

use serde::{Deserialize, Serialize};

use super::alert::Group;
use super::rule::Rule;
use super::sigma::Hit;
use crate::context::CallTag;

/// Events and calls that a chain remembers as its steps.
const MAX_STEPS: usize = 256;
/// Alerts of steps that the alert of a chain names.
const MAX_FOLDED: usize = 16;

/// The steps of a chain, and what was folded into its alert.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Chain {
    events: Vec<String>,
    calls: Vec<CallTag>,
    folded: Vec<Folded>,
    /// How many of them the alert named when it was told last.
    told: usize,
}

/// An alert of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Folded {
    rule: String,
    title: String,
    level: String,
    /// The finding that was told before; none where there was none.
    finding: Option<String>,
}

/// An event and the call that it belongs to, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step<'a> {
    pub(super) uid: &'a str,
    pub(super) call: CallTag,
}

impl Chain {
    /// Adds the steps that `hit` of a chain's rule names: its event, those that its correlation
    /// looked at, and the calls that brought what the session's context says of it.
    pub(super) fn extend(&mut self, hit: &Hit, last: Step<'_>, read_by: &[CallTag]) {
        let named = hit.correlated.iter().flat_map(|one| &one.events);
        let named = named.map(String::as_str).chain([last.uid]);
        for uid in named {
            if self.events.len() < MAX_STEPS && !self.events.iter().any(|one| one == uid) {
                self.events.push(uid.to_owned());
            }
        }
        for call in read_by.iter().chain([&last.call]) {
            let is_known = *call == CallTag::NONE || self.calls.contains(call);
            if self.calls.len() < MAX_STEPS && !is_known {
                self.calls.push(*call);
            }
        }
    }

    /// Whether an event is one of its steps, or belongs to the call of one.
    pub(super) fn has(&self, step: Step<'_>) -> bool {
        self.events.iter().any(|uid| uid == step.uid) || self.calls.contains(&step.call)
    }

    /// Whether every event of `group` is one of its steps.
    pub(super) fn has_all(&self, group: &Group) -> bool {
        // An alert that counted more than it names may be about anything.
        let is_known = group.count <= group.events.len() as u64;
        let calls = group.calls.iter().copied();
        let calls = calls.chain(std::iter::repeat(CallTag::NONE));
        let mut steps = group.events.iter().zip(calls);
        is_known && steps.all(|(uid, call)| self.has(Step { uid, call }))
    }

    /// Takes the alert of a step in; `finding` names it where it was told before.
    pub(super) fn fold(&mut self, rule: &Rule, finding: Option<&str>) {
        let is_known = self.folded.iter().any(|one| one.rule == rule.id);
        if self.folded.len() < MAX_FOLDED && !is_known {
            self.folded.push(Folded {
                rule: rule.id.clone(),
                title: rule.title.clone(),
                level: rule.level.name().to_owned(),
                finding: finding.map(str::to_owned),
            });
        }
    }

    /// What was folded in, oldest first.
    pub(super) fn folded(&self) -> impl Iterator<Item = &Folded> {
        self.folded.iter()
    }

    /// Notes that its alert was told as it is now.
    pub(super) const fn tell(&mut self) {
        self.told = self.folded.len();
    }

    /// Whether something was folded in since.
    pub(super) const fn has_news(&self) -> bool {
        self.folded.len() > self.told
    }
}

impl Folded {
    /// As the evidence of the chain's alert names it.
    pub(super) fn pairs(&self) -> Vec<(String, String)> {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut pairs = vec![
            pair("rule", &self.rule),
            pair("title", &self.title),
            pair("level", &self.level),
        ];
        pairs.extend(self.finding.iter().map(|uid| pair("finding", uid)));
        pairs
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Event, EventUid, Field, Timestamp, Value};

    use super::*;
    use crate::context::SessionFacts;
    use crate::detect::{
        Alert, Case, Correlator, DetectConfig, DetectFile, DetectLists, Grouper, Ruleset, Stage,
    };

    const RULES: &str = "\
title: Chain
id: chain
logsource: {product: magistrate}
detection: {s: {action: send}, condition: s}
level: high
chain: true
---
title: Read
id: read
logsource: {product: magistrate}
detection: {s: {action: read}, condition: s}
level: low
---
title: Sent
id: sent
logsource: {product: magistrate}
detection: {s: {action: send}, condition: s}
level: medium
---
title: Called
id: called
logsource: {product: magistrate}
detection: {s: {api.operation: span}, condition: s}
level: medium
---
title: Worse
id: worse
logsource: {product: magistrate}
detection: {s: {action: send, api.operation: worse}, condition: s}
level: critical
";

    struct Desk {
        rules: Ruleset,
        correlator: Correlator,
        grouper: Grouper,
        count: u8,
    }

    impl Desk {
        fn new() -> Self {
            let file = DetectFile {
                name: "a.yml".to_owned(),
                text: RULES.to_owned(),
            };
            let loaded = Ruleset::compile(&[file], &DetectLists::new());
            assert_eq!(loaded.faults, []);
            Self {
                rules: loaded.rules,
                correlator: Correlator::new(100),
                grouper: Grouper::default(),
                count: 0,
            }
        }

        /// What happens in session `s`, in the call `call`, of which the context knows that what
        /// the calls `read_by` brought was read before: titles and stages of the alerts.
        fn see(
            &mut self,
            (call, action, operation): (&str, &str, &str),
            read_by: &[&str],
        ) -> Vec<Alert> {
            self.count += 1;
            let time = Timestamp::from_micros(i64::from(self.count) * 1_000_000);
            let mut event = Event::new(Class::ApiActivity, 2, time);
            event.set_text(Field::SessionUid, "s");
            event.set_text(Field::EventCode, "tool_result");
            event.set_text(Field::ApiRequestUid, call);
            event.set_text(Field::Action, action);
            event.set_text(Field::ApiOperation, operation);
            let facts = SessionFacts {
                read_by: read_by.iter().map(|call| CallTag::of(call)).collect(),
                ..SessionFacts::default()
            };
            let case = Case {
                uid: Some(EventUid::from_bytes([self.count; 16])),
                facts: &facts,
                ..Case::alone(&event)
            };
            let hits = self.correlator.observe(&self.rules, case, time);
            let config = DetectConfig::default();
            self.grouper.take(&self.rules, &config, &hits, case, time)
        }
    }

    fn told(alerts: &[Alert]) -> Vec<(&str, Stage)> {
        let told = alerts.iter().map(|alert| {
            let title = alert.event.text(Field::FindingTitle).unwrap();
            (title, alert.stage)
        });
        told.collect()
    }

    fn evidence(alert: &Alert) -> String {
        let mut out = String::new();
        let value = alert.event.value(Field::Evidences).unwrap();
        alert.event.push_json(value, &mut out);
        out
    }

    #[test]
    fn a_chain_takes_in_the_alerts_of_its_steps() {
        let mut desk = Desk::new();
        let first = desk.see(("c1", "read", ""), &[]);
        assert_eq!(told(&first), [("Read", Stage::New)]);
        let alerts = desk.see(("c2", "send", ""), &["c1"]);
        assert_eq!(
            told(&alerts),
            [("Read", Stage::Folded), ("Chain", Stage::New)]
        );
        let finding = first[0].event.text(Field::FindingUid);
        let folded = &alerts[0].event;
        assert_eq!(folded.text(Field::FindingUid), finding);
        assert_eq!(folded.int(Field::StatusId), Some(5));
        assert_eq!(
            folded.value(Field::IsAlert),
            Some(&magistrate_event::Value::Bool(false))
        );
        let named = evidence(&alerts[1]);
        assert!(named.contains(finding.unwrap()), "{named}");
        assert!(named.contains(r#""title":"Read""#), "{named}");
        assert!(named.contains(r#""title":"Sent""#), "{named}");
        assert_eq!(desk.grouper.tally().folded, 1);
        assert_eq!(desk.grouper.open_groups(), 1);
        // Another event of a step's call comes after the chain.
        assert_eq!(desk.see(("c2", "", "span"), &[]), []);
        assert_eq!(desk.see(("c3", "send", ""), &["c1"]), []);
        let late = Timestamp::from_micros(9_000_000_000);
        let closed = desk.grouper.close(&desk.rules, late);
        assert_eq!(told(&closed), [("Chain", Stage::Closed)]);
        assert!(evidence(&closed[0]).contains("Called"));
    }

    #[test]
    fn the_alert_names_the_events_of_its_steps_and_begins_with_the_first() {
        let mut desk = Desk::new();
        // No rule looks at the second one; the third is no step.
        desk.see(("c1", "read", ""), &[]);
        desk.see(("c2", "look", ""), &[]);
        desk.see(("c3", "look", ""), &[]);
        let alerts = desk.see(("c4", "send", ""), &["c2", "c1"]);
        let chain = &alerts.last().unwrap().event;
        let mut named = String::new();
        chain.push_json(chain.value(Field::RelatedEvents).unwrap(), &mut named);
        let uid = |number: u8| EventUid::from_bytes([number; 16]).to_string();
        let expected = [1, 2, 4].map(|number| format!(r#"{{"uid":"{}"}}"#, uid(number)));
        assert_eq!(named, format!("[{}]", expected.join(",")));
        assert_eq!(chain.int(Field::RelatedEventsCount), Some(3));
        let first = Value::Time(Timestamp::from_micros(1_000_000));
        assert_eq!(chain.value(Field::FindingFirstSeen), Some(&first));
    }

    #[test]
    fn what_is_no_step_or_worse_keeps_its_alert() {
        let mut desk = Desk::new();
        desk.see(("c1", "read", ""), &[]);
        desk.see(("c2", "read", ""), &[]);
        // The alert counts a read that is no step.
        let alerts = desk.see(("c3", "send", "worse"), &["c1"]);
        assert_eq!(
            told(&alerts),
            [("Chain", Stage::New), ("Worse", Stage::New)]
        );
        let other = desk.see(("c4", "", "span"), &[]);
        assert_eq!(told(&other), [("Called", Stage::New)]);
    }

    #[test]
    fn a_chain_goes_on_after_a_restart() {
        let mut desk = Desk::new();
        desk.see(("c2", "send", ""), &["c1"]);
        let text = serde_json::to_string(&desk.grouper).unwrap();
        desk.grouper = serde_json::from_str(&text).unwrap();
        assert_eq!(desk.see(("c1", "read", ""), &[]), []);
        assert_eq!(desk.grouper.tally().folded, 1);
    }

    #[test]
    fn an_event_of_no_call_is_no_step() {
        let chain = Chain {
            calls: vec![CallTag::of("c1")],
            ..Chain::default()
        };
        let step = |call| Step { uid: "u", call };
        assert!(chain.has(step(CallTag::of("c1"))));
        assert!(!chain.has(step(CallTag::NONE)));
    }
}
