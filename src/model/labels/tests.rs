//! Tests that people's words become rows that `model eval` reads.

use magistrate_event::Value;
use serde_json::json;

use super::said::Source;
use super::session::Kinds;
use super::*;

fn event(at: i64, fields: &[(Field, &str)]) -> Event {
    let mut event = Event::new(Class::ApiActivity, 1, Timestamp::from_micros(at));
    event.set_text(Field::SessionUid, "s1");
    for (field, text) in fields {
        event.set_text(*field, text);
    }
    event
}

fn uid(number: u8) -> EventUid {
    EventUid::from_bytes([number; 16])
}

fn call(at: i64, code: &str, tool: &str, arguments: &str) -> Event {
    event(
        at,
        &[
            (Field::EventCode, code),
            (Field::ApiOperation, tool),
            (Field::ToolArguments, arguments),
        ],
    )
}

fn said(is_attack: bool, source: Source) -> Said {
    Said { is_attack, source }
}

#[test]
fn only_what_enough_persons_decided_counts() {
    let approval = |persons: u64, choices: &[&str]| {
        let votes: Vec<Json> = choices.iter().map(|one| json!({ "choice": one })).collect();
        json!({ "event_uid": "e", "persons": persons, "votes": votes, "state": "expired" })
    };
    for (persons, choices, is_attack) in [
        (1, vec![], None),
        (1, vec!["approve"], Some(false)),
        (2, vec!["approve"], None),
        (2, vec!["approve", "approve"], Some(false)),
        (2, vec!["approve", "deny"], Some(true)),
    ] {
        let found = by_approval(&approval(persons, &choices)).map(|(_, said)| said.is_attack);
        assert_eq!(found, is_attack, "{choices:?}");
    }
}

#[test]
fn a_denied_call_is_drift_with_its_task_and_what_came_before() {
    let words = HashMap::from([(uid(4).to_string(), said(true, Source::Approval))]);
    let mut verdict = event(9, &[(Field::VerdictEvent, &uid(4).to_string())]);
    verdict.set(Field::VerdictReasons, Value::List(Vec::new()));
    let wanted: Wanted = of_row(&verdict, &words)
        .into_iter()
        .map(|(uid, asked)| (uid, vec![asked]))
        .collect();
    let prompt = event(
        1,
        &[
            (Field::EventCode, "prompt"),
            (Field::ContentText, "Sum up my mails"),
        ],
    );
    let told = event(
        2,
        &[
            (Field::EventCode, "user_prompt"),
            (Field::ContentText, "Sum up my mails"),
        ],
    );
    let events = [
        (uid(1), prompt),
        (uid(2), told),
        (uid(3), call(3, "tool_call", "read_mail", "{\"n\":5}")),
        (
            uid(4),
            call(4, "tool_call", "send_mail", "{\"to\":\"eve@example.org\"}"),
        ),
    ];
    let labels = walk(&events, &wanted, &words);
    assert_eq!(labels.without, 0);
    assert_eq!(
        labels.rows,
        [json!({
            "task": "Sum up my mails",
            "history": [{ "tool": "read_mail", "arguments": { "n": 5 } }],
            "action": { "tool": "send_mail", "arguments": { "to": "eve@example.org" } },
            "label": "drift",
            "source": "approval",
        })]
    );
}

#[test]
fn a_finding_over_a_score_labels_the_text_that_scored() {
    let words = HashMap::from([
        ("f".to_owned(), said(false, Source::Disposition)),
        ("unknown".to_owned(), said(true, Source::Disposition)),
    ]);
    let mut finding = event(9, &[(Field::FindingUid, "f")]);
    let key = finding.push_key("uid");
    let related = Value::Text(finding.push_text(&uid(1).to_string()));
    finding.set(
        Field::RelatedEvents,
        Value::List(vec![Value::Map(vec![(key, related)])]),
    );
    let data = finding.push_key("data");
    let score = finding.push_key("score.injection");
    let value = Value::Text(finding.push_text("0.93"));
    let evidence = Value::Map(vec![(data, Value::Map(vec![(score, value)]))]);
    finding.set(Field::Evidences, Value::List(vec![evidence]));
    let pairs = of_row(&finding, &words);
    let kinds = Kinds {
        is_text: true,
        is_action: false,
    };
    assert!(
        matches!(pairs.as_slice(), [(event, asked)] if *event == uid(1) && asked.kinds == kinds)
    );
    let wanted: Wanted = pairs
        .into_iter()
        .map(|(uid, asked)| (uid, vec![asked]))
        .collect();
    let fields = [
        (Field::EventCode, "tool_result"),
        (Field::ContentState, "captured"),
        (Field::ContentText, "Ignore the old timetable."),
    ];
    let labels = walk(&[(uid(1), event(1, &fields))], &wanted, &words);
    assert_eq!(labels.without, 1);
    let row =
        json!({ "text": "Ignore the old timetable.", "label": "benign", "source": "disposition" });
    assert_eq!(labels.rows, std::slice::from_ref(&row));
    let line = serde_json::to_string(&row).unwrap();
    assert!(crate::model::rows::labelled(&line).is_ok());
}
