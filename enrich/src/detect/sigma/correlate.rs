//! Runs correlations: takes what matched an event into account, and says which of them fire.
//!
//! They mean what rsigma's own engine makes of them, and a test holds them to it. That engine keeps
//! some kilobytes for each group and all of it must be written out at once; of agents' traffic, where
//! each session is a group in a dozen correlations, it made most of the cost.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::correlation::{Parent, Values};
use super::fire::fires;
use super::memory::{Entry, GroupKey, Memory, When, Window};
use super::{Compiled, Correlated, Hit, Match};
use crate::detect::view::View;

/// Ids of events that an alert of a correlation can name.
const MAX_NAMED_EVENTS: usize = 32;
/// Correlations that look at correlations that look at correlations, and so on, at most.
const MAX_DEPTH: usize = 10;

/// The state of all correlations.
#[derive(Debug)]
pub(in crate::detect) struct Correlations {
    memory: Memory,
}

/// What fires, and the group in which it does.
struct Fired {
    correlation: usize,
    told: Vec<(String, String)>,
}

impl Correlations {
    /// No events seen yet.
    pub(in crate::detect) fn new(max_groups: usize) -> Self {
        Self {
            memory: Memory::new(max_groups),
        }
    }

    /// Takes what matched one event into account; returns the correlations that fire on it.
    pub(in crate::detect) fn observe(
        &mut self,
        rules: &Compiled,
        view: &View<'_>,
        matches: &[Match],
        at: When,
    ) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut fired = Vec::new();
        let ids = matches
            .iter()
            .filter_map(|one| one.header.rule_id.as_deref());
        for watch in ids.filter_map(|id| rules.watched.get(id)).flatten() {
            let Some(correlation) = rules.correlations.get(watch.correlation) else {
                continue;
            };
            if let Some((values, entry)) = correlation.entry(watch, view, at) {
                let group = (watch.correlation, &values);
                fired.extend(self.add(rules, group, entry, at.seconds, &mut hits));
            }
        }
        let uid = view.uid().map(|uid| *uid.as_bytes()).unwrap_or_default();
        for _ in 0..MAX_DEPTH {
            if fired.is_empty() {
                break;
            }
            fired = self.pass_on(rules, &fired, (uid, at), &mut hits);
        }
        hits
    }

    /// Lets those correlations know that look at the ones that have fired.
    fn pass_on(
        &mut self,
        rules: &Compiled,
        fired: &[Fired],
        (uid, at): ([u8; 16], When),
        hits: &mut Vec<Hit>,
    ) -> Vec<Fired> {
        let mut next = Vec::new();
        let mut seen: Vec<Parent> = Vec::new();
        for one in fired {
            let child = rules.correlations.get(one.correlation);
            for parent in child.into_iter().flat_map(|child| &child.parents) {
                let Some(correlation) = rules.correlations.get(parent.correlation) else {
                    continue;
                };
                if seen.contains(parent) {
                    continue;
                }
                seen.push(*parent);
                let values = correlation.values_of(&one.told);
                // A correlation has no field of which there could be a sum.
                let entry = correlation.counts_events().then_some(Entry {
                    at: at.seconds,
                    uid,
                    input: parent.input,
                    value: correlation.place(at),
                });
                let group = (parent.correlation, &values);
                next.extend(self.add(rules, group, entry, at.seconds, hits));
            }
        }
        next
    }

    /// Adds `entry` to a group, and says whether that fires.
    fn add(
        &mut self,
        rules: &Compiled,
        (position, values): (usize, &Values),
        entry: Option<Entry>,
        at: i64,
        hits: &mut Vec<Hit>,
    ) -> Option<Fired> {
        let correlation = rules.correlations.get(position)?;
        let rule = &correlation.rule;
        let key = correlation.key(values);
        let group = self.memory.group(key, at);
        if group.open(rule, at) == Window::Over {
            return None;
        }
        if let Some(entry) = entry {
            group.add(rule, entry);
        }
        let value = fires(rule, group);
        let value = value.filter(|_| group.may_alert(at, correlation.quiet_secs()));
        let fired = value.map(|value| (value, group.uids(MAX_NAMED_EVENTS), group.first()));
        if fired.is_some() && correlation.resets() {
            group.reset();
        }
        if group.is_empty() {
            self.memory.forget(key);
        }
        let (value, events, first) = fired?;
        let told = correlation.told(values);
        hits.push(Hit {
            rule: Arc::clone(rules.rule(rule.id.as_deref()?)?),
            matched: Vec::new(),
            correlated: Some(Correlated {
                group: told.clone(),
                value,
                window_secs: rule.timespan_secs,
                first: first.unwrap_or(at),
                events: events.iter().map(ToString::to_string).collect(),
            }),
            answers: Vec::new(),
        });
        Some(Fired {
            correlation: position,
            told,
        })
    }

    /// How many groups are remembered.
    pub(in crate::detect) fn groups(&self) -> usize {
        self.memory.len()
    }

    /// Gives `take` what has changed since this was asked last: the key of a group and its bytes, none
    /// for one that is no more.
    pub(in crate::detect) fn changes(&mut self, mut take: impl FnMut([u8; 16], Option<Vec<u8>>)) {
        self.memory
            .changes(|key, bytes| take(*key.as_bytes(), bytes));
    }

    /// Takes back what [`Correlations::changes`] gave; says whether it could be read.
    pub(in crate::detect) fn restore(&mut self, key: [u8; 16], bytes: &[u8]) -> bool {
        self.memory.restore(GroupKey::from_bytes(key), bytes)
    }
}
