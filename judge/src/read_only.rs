//! After a downgrade a session may only read: what does more is blocked until the time is over.

use magistrate_enrich::SessionFacts;
use magistrate_event::{Event, Field, Occasion};

use crate::decision::{Decision, Match};

/// Its name in reasons.
const POLICY: &str = "magistrate.read_only";

/// A match where the session may only read and the action does more, or nobody knows what it does.
pub(crate) fn matched(facts: &SessionFacts, category: &str, event: &Event) -> Option<Match> {
    let until = facts.read_only_until?;
    (!only_reads(event)).then(|| Match {
        policy: POLICY.to_owned(),
        title: "The session may only read after an earlier verdict".to_owned(),
        category: category.to_owned(),
        tags: Vec::new(),
        decision: Decision::Block,
        message: "This session may only read for now.".to_owned(),
        redact: Vec::new(),
        matched: vec![("session.read_only".to_owned(), until.to_rfc3339())],
        counted: None,
    })
}

/// Whether an action changes nothing, wherever it is told: what comes back, and what reads by its
/// action and by its method.
fn only_reads(event: &Event) -> bool {
    let comes_back = [Occasion::Prompt, Occasion::Response, Occasion::ToolResult];
    let occasion = event.text(Field::EventCode);
    if comes_back.iter().any(|one| occasion == Some(one.name())) {
        return true;
    }
    let method = event.text(Field::HttpMethod);
    let reads_by_method = method.is_none_or(|method| matches!(method, "GET" | "HEAD" | "OPTIONS"));
    reads_by_method && event.text(Field::Action) == Some("read")
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};

    use super::*;

    fn reads(occasion: Occasion, action: Option<&str>, method: Option<&str>) -> bool {
        let mut event = Event::new(Class::ApiActivity, 0, Timestamp::default());
        if let Some(action) = action {
            event.set_text(Field::Action, action);
        }
        if let Some(method) = method {
            event.set_text(Field::HttpMethod, method);
        }
        event.set_text(Field::EventCode, occasion.name());
        only_reads(&event)
    }

    #[test]
    fn only_what_is_known_to_read_reads() {
        assert!(reads(Occasion::ToolCall, Some("read"), None));
        assert!(reads(Occasion::Request, Some("read"), Some("HEAD")));
        assert!(reads(Occasion::ToolResult, None, None));
        for (occasion, action, method) in [
            (Occasion::ToolCall, None, None),
            (Occasion::ToolCall, Some("other"), None),
            (Occasion::Request, None, Some("GET")),
            (Occasion::Request, Some("read"), Some("POST")),
            (Occasion::Download, Some("download"), Some("GET")),
        ] {
            assert!(!reads(occasion, action, method), "{occasion:?} {action:?}");
        }
    }
}
