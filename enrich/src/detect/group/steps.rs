//! The steps of a chain: their events stand in its alert, and their own alerts are folded into it.

use std::sync::Arc;

use magistrate_event::{Event, Field};

use super::brought::Bringing;
use super::{Alert, Grouper, Matching, alert_of};
use crate::context::CallTag;
use crate::detect::Ruleset;
use crate::detect::alert::{Group, MAX_RELATED, Stage};
use crate::detect::sigma::Hit;

const MICROS: i64 = 1_000_000;

impl Grouper {
    /// The events that brought what the context says of the event of a chain's rule.
    pub(super) fn steps_of(&self, hit: &Hit, matching: &Matching<'_>) -> Vec<Bringing> {
        let session = matching.case.event.text(Field::SessionUid);
        match session.filter(|_| hit.rule.is_chain) {
            Some(session) => self.brought.by(session, &matching.case.facts.read_by),
            None => Vec::new(),
        }
    }

    /// Takes a match into the alert of a chain that is open in its session, where it is a step of
    /// that and no worse; says whether it did.
    pub(super) fn fold(&mut self, hit: &Hit, matching: &Matching<'_>) -> bool {
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
    pub(super) fn absorb(&mut self, rules: &Ruleset, hit: &Hit, event: &Event) -> Vec<Alert> {
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
        let (mut alerts, mut folded) = (Vec::new(), Vec::new());
        for rule in steps {
            if let Some(group) = self.take_out(&rule.id, session) {
                chain.fold(&rule, Some(&group.uid));
                alerts.push(alert_of(&rule, &group, Stage::Folded));
                folded.push(group);
            }
        }
        if let Some(group) = self.group(&hit.rule.id, session) {
            group.chain = Some(chain);
            for one in folded.iter().rev() {
                let calls = one.calls.iter().copied();
                let calls = calls.chain(std::iter::repeat(CallTag::NONE));
                let named = one.events.iter().cloned().zip(calls);
                name_first(group, named.collect());
                group.first = group.first.min(one.first);
            }
        }
        alerts
    }
}

/// Adds what `hit` is about to its group, and the `steps` that it rests on ahead of that.
pub(super) fn add(group: &mut Group, hit: &Hit, matching: &Matching<'_>, steps: &[Bringing]) {
    let named = hit.correlated.iter().flat_map(|one| &one.events);
    let named = named.filter(|uid| **uid != matching.name);
    let named = named.map(|uid| (uid, CallTag::NONE));
    for (uid, call) in named.chain([(&matching.name, matching.call)]) {
        if group.events.len() < MAX_RELATED && !group.events.contains(uid) {
            group.events.push(uid.clone());
            group.calls.push(call);
        }
    }
    let named = steps.iter().map(|one| (one.uid.to_string(), one.call));
    name_first(group, named.collect());
    let began = steps.iter().map(|one| one.at).min();
    group.first = group.first.min(began.unwrap_or(i64::MAX));
    // A correlation remembers seconds.
    if let Some(correlated) = &hit.correlated
        && correlated.first < group.first.div_euclid(MICROS)
    {
        group.first = correlated.first.saturating_mul(MICROS);
    }
    if let Some(chain) = &mut group.chain {
        chain.extend(hit, matching.step(), &matching.case.facts.read_by);
    }
}

/// Names events ahead of those that are named already, as far as there is room.
fn name_first(group: &mut Group, mut named: Vec<(String, CallTag)>) {
    named.retain(|(uid, _)| !group.events.contains(uid));
    named.truncate(MAX_RELATED.saturating_sub(group.events.len()));
    let (uids, calls): (Vec<_>, Vec<_>) = named.into_iter().unzip();
    // Alerts of before calls were noted have none.
    group.calls.resize(group.events.len(), CallTag::NONE);
    group.events.splice(0..0, uids);
    group.calls.splice(0..0, calls);
}
