//! Which events brought something in, by their calls: alerts of chains name them later.

use std::collections::{HashMap, VecDeque};

use magistrate_event::{Class, Event, EventUid, Field};

use crate::context::CallTag;

/// Calls that are remembered, of all sessions; beyond it the oldest is forgotten, and not named.
const MAX_CALLS: usize = 16_384;

/// An event that brought something in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bringing {
    pub(super) uid: EventUid,
    pub(super) call: CallTag,
    /// When it happened, in microseconds.
    pub(super) at: i64,
}

/// A session and a call.
type Key = (CallTag, CallTag);

/// The first event of each call that brought something in.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Brought {
    of: HashMap<Key, Bringing>,
    order: VecDeque<Key>,
}

impl Brought {
    /// Remembers `event` where it is the first of its call that may bring something in.
    pub(super) fn note(&mut self, event: &Event, uid: Option<EventUid>) {
        let is_result = event.text(Field::EventCode) == Some("tool_result");
        let call = event.text(Field::ApiRequestUid);
        let call = call.filter(|_| is_result || event.class() == Class::Span);
        let (Some(call), Some(session), Some(uid)) = (call, event.text(Field::SessionUid), uid)
        else {
            return;
        };
        let call = CallTag::of(call);
        let key = (CallTag::of(session), call);
        if self.of.contains_key(&key) {
            return;
        }
        if self.order.len() >= MAX_CALLS
            && let Some(oldest) = self.order.pop_front()
        {
            self.of.remove(&oldest);
        }
        self.order.push_back(key);
        let at = event.time().as_micros();
        self.of.insert(key, Bringing { uid, call, at });
    }

    /// What is remembered of `calls` of `session`, by time.
    pub(super) fn by(&self, session: &str, calls: &[CallTag]) -> Vec<Bringing> {
        let session = CallTag::of(session);
        let found = calls
            .iter()
            .filter_map(|call| self.of.get(&(session, *call)));
        let mut found: Vec<Bringing> = found.copied().collect();
        found.sort_by_key(|one| one.at);
        found
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::Timestamp;

    use super::*;

    #[test]
    fn calls_without_number_are_forgotten() {
        let mut brought = Brought::default();
        for number in 0..MAX_CALLS + 10 {
            let mut event = Event::new(Class::ApiActivity, 1, Timestamp::default());
            event.set_text(Field::SessionUid, "s");
            event.set_text(Field::EventCode, "tool_result");
            event.set_text(Field::ApiRequestUid, &number.to_string());
            brought.note(&event, Some(EventUid::from_bytes([1; 16])));
        }
        assert!(brought.of.len() <= MAX_CALLS && brought.order.len() <= MAX_CALLS);
        assert_eq!(brought.by("s", &[CallTag::of("0")]), []);
        let last = CallTag::of(&(MAX_CALLS + 9).to_string());
        assert_eq!(brought.by("s", &[last]).len(), 1);
    }
}
