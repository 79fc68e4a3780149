//! Folds the alerts of a chain's steps into the alert of the chain.

use std::sync::Arc;

use magistrate_event::{Event, Field};

use super::{Alert, Grouper, Matching, alert_of};
use crate::detect::Ruleset;
use crate::detect::alert::Stage;
use crate::detect::sigma::Hit;

impl Grouper {
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
        let mut alerts = Vec::new();
        for rule in steps {
            if let Some(group) = self.take_out(&rule.id, session) {
                chain.fold(&rule, Some(&group.uid));
                alerts.push(alert_of(&rule, &group, Stage::Folded));
            }
        }
        if let Some(group) = self.group(&hit.rule.id, session) {
            group.chain = Some(chain);
        }
        alerts
    }
}
