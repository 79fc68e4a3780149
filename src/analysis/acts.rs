//! What was done lately, for what is heard of late: a batch that its sender had to send again arrives
//! after later ones, and what the session read in it counts for what it did after that.

use std::collections::{HashMap, VecDeque};

use magistrate_enrich::{Case, Hit, SessionFacts, SessionKey};
use magistrate_event::{Class, Event, Field, Record, Timestamp};

/// Acts that are remembered of one session.
const MAX_OF_SESSION: usize = 16;
/// What the acts of all may take, in bytes.
const MAX_BYTES: usize = 8 << 20;
/// So long after its receipt an act is remembered, in microseconds.
const KEPT_MICROS: i64 = 300_000_000;

/// What was done, as it was looked at.
pub(super) struct Act {
    number: u64,
    pub(super) record: Record,
    knew: Knew,
    /// Ids of the rules that matched.
    rules: Vec<String>,
}

/// What was known of what the session had read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
struct Knew {
    untrusted: bool,
    sensitive: bool,
    copied: bool,
}

impl Knew {
    const fn of(facts: &SessionFacts) -> Self {
        Self {
            untrusted: !facts.untrusted_from.is_empty(),
            sensitive: !facts.sensitive_from.is_empty(),
            copied: !facts.copied_from.is_empty(),
        }
    }

    const fn is_all(self) -> bool {
        self.untrusted && self.sensitive && self.copied
    }

    const fn has_less_than(self, other: Self) -> bool {
        !self.untrusted && other.untrusted
            || !self.sensitive && other.sensitive
            || !self.copied && other.copied
    }
}

impl Act {
    /// Whether `facts` say more against it than what was known; that is known from now on.
    pub(super) const fn learns(&mut self, facts: &SessionFacts) -> bool {
        let knows = Knew::of(facts);
        let is_more = self.knew.has_less_than(knows);
        if is_more {
            self.knew = knows;
        }
        is_more
    }

    /// The act as rules look at it, and what is known of it now.
    pub(super) fn case<'a>(&'a self, facts: &'a SessionFacts) -> Case<'a> {
        Case {
            uid: Some(self.record.uid()),
            facts,
            ..Case::alone(self.record.event())
        }
    }

    /// Leaves those of `hits` whose rules did not match before.
    pub(super) fn leave_new(&mut self, hits: &mut Vec<Hit>) {
        hits.retain(|hit| !self.rules.contains(&hit.rule.id));
        self.rules
            .extend(hits.iter().map(|hit| hit.rule.id.clone()));
    }
}

/// The acts of all sessions.
#[derive(Default)]
pub(super) struct Acts {
    of: HashMap<SessionKey, VecDeque<Act>>,
    /// All of them as they came.
    order: VecDeque<Place>,
    count: u64,
    bytes: usize,
}

/// Where an act is.
struct Place {
    received: Timestamp,
    session: SessionKey,
    number: u64,
    bytes: usize,
}

impl Acts {
    /// Remembers `record`, if it is an act, with what was known of it and what it matched.
    pub(super) fn remember(&mut self, record: &Record, facts: &SessionFacts, hits: &[Hit]) {
        let event = record.event();
        let knew = Knew::of(facts);
        if !is_act(event) || knew.is_all() {
            return;
        }
        let Some(session) = SessionKey::of(event) else {
            return;
        };
        self.forget(record.received());
        self.count += 1;
        let acts = self.of.entry(session).or_default();
        if acts.len() >= MAX_OF_SESSION {
            acts.pop_front();
        }
        acts.push_back(Act {
            number: self.count,
            record: record.clone(),
            knew,
            rules: hits.iter().map(|hit| hit.rule.id.clone()).collect(),
        });
        let bytes = size(event);
        self.bytes += bytes;
        self.order.push_back(Place {
            received: record.received(),
            session,
            number: self.count,
            bytes,
        });
    }

    /// The acts of the session of `event` that happened after it. What a tool gave back comes in spans
    /// alone, which are sent apart from the logs.
    pub(super) fn after(&mut self, event: &Event) -> impl Iterator<Item = &mut Act> {
        let is_of_logs = event.class() != Class::Span;
        let tells = is_of_logs || event.value(Field::SpanEvents).is_some();
        let tells = tells && !self.of.is_empty();
        let session = tells.then(|| SessionKey::of(event)).flatten();
        let acts = session.and_then(|session| self.of.get_mut(&session));
        let time = event.time();
        let acts = acts.into_iter().flatten();
        acts.filter(move |act| act.record.event().time() > time && !act.knew.is_all())
    }

    /// Forgets what is too old at `now`, or too much.
    fn forget(&mut self, now: Timestamp) {
        while let Some(place) = self.order.front() {
            let age = now.as_micros().saturating_sub(place.received.as_micros());
            if age < KEPT_MICROS && self.bytes < MAX_BYTES {
                return;
            }
            if let Some(acts) = self.of.get_mut(&place.session) {
                if acts.front().is_some_and(|act| act.number == place.number) {
                    acts.pop_front();
                }
                if acts.is_empty() {
                    self.of.remove(&place.session);
                }
            }
            self.bytes = self.bytes.saturating_sub(place.bytes);
            self.order.pop_front();
        }
    }
}

/// About what an event takes.
fn size(event: &Event) -> usize {
    const REST: usize = 2_048;
    let long = [Field::ToolArguments, Field::ContentText];
    let long = long.iter().filter_map(|field| event.text(*field));
    REST + long.map(str::len).sum::<usize>()
}

/// Whether something may go out by it: spans tell of calls that logs tell of, too.
fn is_act(event: &Event) -> bool {
    let goes_somewhere = event.text(Field::UrlHostname).is_some();
    let action = event.text(Field::Action);
    event.class() != Class::Span && action.is_some_and(|action| action != "read" || goes_somewhere)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use magistrate_enrich::{Epoch, RedactKey, Redactor};
    use magistrate_event::{EventUid, Value};

    use super::*;

    static REDACTOR: LazyLock<Redactor> = LazyLock::new(|| {
        let key = RedactKey::from_bytes([7; 32]);
        Redactor::new(&key, Epoch::default()).unwrap()
    });

    fn record(session: &str, action: &str, (time, received): (i64, i64)) -> Record {
        let second = |number: i64| Timestamp::from_micros(number * 1_000_000);
        let mut event = Event::new(Class::ApiActivity, 1, second(time));
        event.set_text(Field::SessionUid, session);
        event.set_text(Field::Action, action);
        let (redacted, _) = REDACTOR.redact(event);
        Record::new(EventUid::from_bytes([1; 16]), second(received), redacted)
    }

    fn read(from: &str) -> SessionFacts {
        SessionFacts {
            untrusted_from: vec![from.to_owned()],
            ..SessionFacts::UNKNOWN
        }
    }

    fn times(acts: &mut Acts, event: &Event) -> Vec<i64> {
        let after = acts.after(event);
        after
            .map(|act| act.record.event().time().as_micros() / 1_000_000)
            .collect()
    }

    #[test]
    fn acts_of_the_session_after_an_event_are_found() {
        let mut acts = Acts::default();
        for (session, action, time) in [("a", "send", 5), ("a", "read", 6), ("b", "send", 7)] {
            acts.remember(
                &record(session, action, (time, 10)),
                &SessionFacts::UNKNOWN,
                &[],
            );
        }
        let late = record("a", "read", (4, 11));
        assert_eq!(times(&mut acts, late.event()), [5]);
        let in_order = record("a", "read", (5, 11));
        assert!(times(&mut acts, in_order.event()).is_empty());
    }

    #[test]
    fn a_span_that_tells_what_a_tool_gave_back_counts_by_its_own_time() {
        let mut acts = Acts::default();
        acts.remember(&record("a", "send", (5, 10)), &SessionFacts::UNKNOWN, &[]);
        let span = |time: i64, has_output: bool| {
            let mut event = Event::new(Class::Span, 1, Timestamp::from_micros(time * 1_000_000));
            event.set_text(Field::SessionUid, "a");
            if has_output {
                event.set(Field::SpanEvents, Value::List(Vec::new()));
            }
            event
        };
        assert_eq!(times(&mut acts, &span(4, true)), [5]);
        assert!(times(&mut acts, &span(4, false)).is_empty());
        assert!(times(&mut acts, &span(6, true)).is_empty());
    }

    #[test]
    fn an_act_learns_once() {
        let mut acts = Acts::default();
        acts.remember(&record("a", "send", (5, 10)), &SessionFacts::UNKNOWN, &[]);
        let late = record("a", "read", (4, 11));
        let act = acts.after(late.event()).next().unwrap();
        assert!(!act.learns(&SessionFacts::UNKNOWN));
        assert!(act.learns(&read("page:a.example")));
        assert!(!act.learns(&read("page:b.example")));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut acts = Acts::default();
        for number in 0..40 {
            acts.remember(
                &record("a", "send", (number, 10)),
                &SessionFacts::UNKNOWN,
                &[],
            );
        }
        let first = record("a", "read", (-1, 10));
        assert_eq!(times(&mut acts, first.event()).len(), MAX_OF_SESSION);
        for number in 0..2 * MAX_BYTES / 2_048 {
            let session = number.to_string();
            acts.remember(
                &record(&session, "send", (1, 10)),
                &SessionFacts::UNKNOWN,
                &[],
            );
        }
        assert!(acts.bytes <= MAX_BYTES + 2_048 && acts.of.len() <= MAX_BYTES / 2_048 + 1);
        acts.remember(
            &record("z", "send", (1, 1_000)),
            &SessionFacts::UNKNOWN,
            &[],
        );
        assert_eq!((acts.of.len(), acts.order.len()), (1, 1));
    }
}
