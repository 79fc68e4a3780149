//! What the models are asked about a question, after the rules, and what their scores add.

use std::time::Instant;

use magistrate_event::Field;

use super::{Engine, Looked, Prepared};
use crate::decision::Decision;
use crate::orders::orders;
use crate::scores::{Asking, Said};

impl Engine {
    /// Begins to ask the models, who have until `until`. Nothing where there is nothing to ask: no
    /// text that can give orders, no call to hold against its task, or a policy that blocks anyhow.
    pub(crate) fn ask_models(&self, looked: &Looked, until: Instant) -> Option<Asking> {
        let models = self.models.as_deref()?;
        let is_blocked = |looked: &Looked| {
            let mut matches = looked.matches.iter();
            matches.any(|one| one.decision == Decision::Block)
        };
        if is_blocked(looked) {
            return None;
        }
        let event = looked.record.event();
        let orders = orders(event);
        let only_reads = event.text(Field::Action) == Some("read");
        let action = if only_reads {
            None
        } else {
            self.calls.action(event, &looked.facts)
        };
        if orders.is_none() && action.is_none() {
            return None;
        }
        let mut asking = Asking::begin(models, orders.as_ref(), &self.redactor, until);
        if let Some(action) = action {
            asking.drift(models.drift(&action));
        }
        Some(asking)
    }

    /// Asks the models and waits for them, until `until` at the latest.
    pub fn classify(&self, prepared: &Prepared, looked: &mut Looked, until: Instant) {
        if let Some(asking) = self.ask_models(looked, until) {
            self.weigh(prepared, looked, asking.wait());
        }
    }

    /// Shows the policies what the models said. Scores only add to what matched before.
    pub(crate) fn weigh(&self, prepared: &Prepared, looked: &mut Looked, said: Said) {
        let event = looked.record.event();
        let mut more = prepared.look(event, &looked.facts, &said.scores);
        more.retain(|one| {
            // What has been counted is not counted again.
            let is_counted = looked.limits.iter().any(|two| two.policy == one.policy);
            let is_there = looked.matches.iter().any(|two| two.policy == one.policy);
            !is_counted && !is_there
        });
        let limits = self.limits.settle(&mut more, prepared.received);
        looked.limits.extend(limits);
        looked.matches.extend(more);
        looked.said = said;
    }
}
