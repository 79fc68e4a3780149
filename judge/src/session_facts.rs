//! What a verdict tells of its session's context: what is known, by the names of rules.

use std::collections::BTreeMap;

use magistrate_enrich::{SessionFacts, scheduled_task};
use magistrate_event::{Event, Field};
use serde_json::{Value as Json, json};

/// These facts of the action that is `event`. The task is the caller's word, where it has one: the
/// judge's callers rank above telemetry.
pub(crate) fn with_task_of(mut facts: SessionFacts, event: &Event) -> SessionFacts {
    if let Some(task) = event.text(Field::SessionTask) {
        facts.task = Some(task.to_owned());
        let scheduled = scheduled_task(task).map(str::to_owned);
        facts.scheduled = facts.scheduled.or(scheduled);
    }
    facts
}

/// What `facts` know; a session of which nothing is known tells nothing.
pub(crate) fn told(facts: &SessionFacts) -> BTreeMap<&'static str, Json> {
    let flag = |flag: bool| flag.then_some(Json::Bool(true));
    let list = |texts: &[String]| (!texts.is_empty()).then(|| json!(texts));
    let until = facts.read_only_until.map(|until| until.to_rfc3339());
    let known = [
        ("session.task", facts.task.as_ref().map(|task| json!(task))),
        (
            "session.trigger",
            facts.scheduled.as_ref().map(|_| json!("scheduled")),
        ),
        (
            "session.scheduled_task",
            facts
                .scheduled
                .as_ref()
                .filter(|name| !name.is_empty())
                .map(|name| json!(name)),
        ),
        ("session.untrusted_from", list(&facts.untrusted_from)),
        ("session.sensitive_from", list(&facts.sensitive_from)),
        (
            "session.destination_new",
            facts.destination_new.map(Json::Bool),
        ),
        (
            "session.destination_new_to_user",
            facts.destination_new_to_user.map(Json::Bool),
        ),
        (
            "session.destination_new_to_server",
            facts.destination_new_to_server.map(Json::Bool),
        ),
        ("session.outside_grant", facts.outside_grant.map(Json::Bool)),
        ("session.ladder_from", facts.ladder_from.map(Json::from)),
        (
            "session.retried_refused",
            facts.retried_refused.map(|how| Json::from(how.name())),
        ),
        ("session.read_only", until.map(Json::from)),
        ("flow.copied_from", list(&facts.copied_from)),
        ("flow.copied_untrusted", flag(facts.copied_untrusted)),
        ("flow.copied_sensitive", flag(facts.copied_sensitive)),
    ];
    known
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}
