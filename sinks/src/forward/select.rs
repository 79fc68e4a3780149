//! Decides which records a sink gets.

use magistrate_event::{Class, Event, Field};
use serde::{Deserialize, Serialize};

/// A kind of record that a sink can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// Findings: what was detected.
    Alert,
    /// Judged actions: what was decided.
    Verdict,
    /// Everything else that is an OCSF event.
    Event,
    /// OTLP metric points, which are not OCSF.
    Metric,
    /// OTLP spans, which are not OCSF.
    Span,
}

/// The product that verdict rows name: ours.
const OURSELVES: &str = "magistrate";

impl Wanted {
    /// What `event` is.
    pub fn of(event: &Event) -> Self {
        match event.class() {
            Class::Metric => Self::Metric,
            Class::Span => Self::Span,
            Class::DetectionFinding | Class::DataSecurityFinding => Self::Alert,
            Class::BaseEvent
            | Class::FileActivity
            | Class::ProcessActivity
            | Class::Authentication
            | Class::NetworkActivity
            | Class::HttpActivity
            | Class::DnsActivity
            | Class::ApplicationLifecycle
            | Class::ApiActivity
            | Class::ApplicationError => {
                if is_verdict(event) {
                    Self::Verdict
                } else {
                    Self::Event
                }
            }
        }
    }
}

/// A proxy's own decision (`action_id` of its line) is an event; only ours is a verdict.
fn is_verdict(event: &Event) -> bool {
    event.int(Field::ActionId).is_some() && event.text(Field::ProductName) == Some(OURSELVES)
}

#[cfg(test)]
mod tests {
    use magistrate_event::Timestamp;

    use super::*;

    #[test]
    fn a_proxys_decision_is_an_event_and_ours_a_verdict() {
        let mut event = Event::new(Class::HttpActivity, 3, Timestamp::default());
        event.set_int(Field::ActionId, 2);
        event.set_text(Field::ProductName, "squid");
        assert_eq!(Wanted::of(&event), Wanted::Event);
        event.set_text(Field::ProductName, "magistrate");
        assert_eq!(Wanted::of(&event), Wanted::Verdict);
        event.classify(Class::DetectionFinding, 1);
        assert_eq!(Wanted::of(&event), Wanted::Alert);
    }
}
