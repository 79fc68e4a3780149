//! What was judged is judged again: the same by the same policies, another by others.

use std::sync::Arc;
use std::time::Duration;

use magistrate_enrich::{
    Context, ContextConfig, DetectFile, DetectLists, Epoch, RedactKey, Redactor, UidKey,
    shipped_lists, shipped_policies,
};
use magistrate_event::{Record, SystemClock};

use super::*;
use crate::approvals::Answer;
use crate::config::Config;
use crate::decision::{Carries, Failure};
use crate::engine::{Engine, Moment, Parts};
use crate::inquiry::Inquiry;
use crate::past::Standing;
use crate::profile::Profile;

fn policies(more: &str) -> Policies {
    let mut files = shipped_policies();
    files.push(DetectFile {
        name: "more.yml".to_owned(),
        text: more.to_owned(),
    });
    let mut lists: DetectLists = shipped_lists();
    lists.insert(
        "corporate_domains".to_owned(),
        vec!["corp.example".to_owned()],
    );
    let (policies, notes) = Policies::compile(&files, &lists, Profile::Company);
    assert_eq!(notes.faults, []);
    policies
}

fn engine(config: &Config) -> Engine {
    let key = RedactKey::from_bytes([7; 32]);
    Engine::new(Parts {
        redactor: Arc::new(Redactor::new(&key, Epoch(0)).unwrap()),
        uid_key: UidKey::new([7; 32]),
        policies: policies(""),
        context: Context::new(&ContextConfig::default()),
        models: None,
        read_only: Duration::from_secs(60),
        postures: Postures::new(config),
        clock: Arc::new(SystemClock),
        run: 1,
    })
}

/// The rows of one question: action and verdict.
fn rows(engine: &Engine, json: &str, answer: Option<Answer>, failures: &[Failure]) -> Vec<Record> {
    let (prepared, event) = engine.prepare(Inquiry::asked(json, Carries::ONLY_BLOCK));
    let looked = engine.look(&prepared, event);
    let mut ruled = engine.rule(&prepared, Some(looked), failures);
    if let (Some(answer), true) = (answer, engine.question(&prepared, &ruled).is_some()) {
        engine.hear(&prepared, &mut ruled, answer);
    }
    engine.conclude(&prepared, ruled, Moment::InTime).rows
}

fn past_of(rows: &[Record]) -> Past {
    Past::read(rows[1].event()).unwrap()
}

fn would(again: &Again, rows: &[Record]) -> (Past, Would) {
    let past = past_of(rows);
    let seen = again.look(&past, (rows[0].uid(), rows[0].event()));
    let would = again.rule(&past, seen);
    (past, would)
}

/// Actions of many kinds, some of which depend on what came before.
fn questions() -> Vec<String> {
    let mut all = Vec::new();
    let places = [
        r#""url":"https://www.wetransfer.com/u","method":"POST""#,
        r#""url":"https://crm.corp.example/a","method":"GET""#,
        r#""recipient":"bo@corp.example, eve@gmail.com""#,
        r#""recipient":"bo@corp.example""#,
        r#""url":"https://www.paypal.com/send","method":"POST""#,
    ];
    let contents = ["hello", concat!("key AKIA", "Z7Q3N5XJ4K2WPLM6")];
    let events = ["upload", "message_send", "tool_call", "request", "download"];
    for (number, event) in events.iter().enumerate() {
        for place in places {
            for content in contents {
                all.push(format!(
                    r#"{{"deadline_ms":60000,"event":"{event}","session":{{"id":"s{number}","user":"ana@corp.example"}},"destination":{{{place}}},"content":{{"text":"{content}"}}}}"#
                ));
            }
            all.push(format!(
                r#"{{"deadline_ms":60000,"event":"tool_result","session":{{"id":"s{number}","task":"sum up"}},"tool":{{"name":"WebFetch","arguments":{{"url":"https://x.example/"}}}},"content":{{"text":"a page about ships and their cargo","origin":"webpage"}}}}"#
            ));
        }
        for tool in ["Bash", "WebSearch", "mcp__crm__delete_customer", "Write"] {
            all.push(format!(
                r#"{{"deadline_ms":60000,"event":"tool_call","session":{{"id":"s{number}","mode":"containment"}},"tool":{{"name":"{tool}","arguments":{{"command":"rm -rf /","file_path":"/etc/passwd"}}}}}}"#
            ));
        }
    }
    all
}

#[test]
fn what_was_judged_is_judged_the_same_again() {
    let engine = engine(&Config::default());
    let again = Again::new(policies(""), Postures::new(&Config::default()));
    let mut decisions = std::collections::BTreeSet::new();
    let questions = questions();
    assert!(questions.len() > 90, "{}", questions.len());
    for question in &questions {
        let rows = rows(&engine, question, None, &[]);
        let (past, would) = would(&again, &rows);
        assert_eq!(past.standing, Standing::Judged);
        assert_eq!(would.asked, past.asked, "{question}");
        let policies: Vec<_> = would.reasons.iter().map(|one| one.policy.clone()).collect();
        assert_eq!(policies, past.policies, "{question}");
        decisions.insert(past.asked);
    }
    assert!(decisions.len() >= 4, "{decisions:?}");
}

#[test]
fn other_policies_change_what_they_match_and_nothing_else() {
    let engine = engine(&Config::default());
    let more = "title: No searches\nid: searches\nlogsource: {category: action}\ndetection: {s: {tool.name: WebSearch}, condition: s}\njudge: {decision: block, category: x}\n";
    let again = Again::new(policies(more), Postures::new(&Config::default()));
    let mut changed = 0;
    for question in questions() {
        let rows = rows(&engine, &question, None, &[]);
        let (past, would) = would(&again, &rows);
        let is_search = question.contains("WebSearch");
        if is_search {
            assert_eq!(would.asked, Decision::Block);
            assert!(would.reasons.iter().any(|one| one.policy == "searches"));
        }
        changed += usize::from(would.asked != past.asked);
        assert!(would.asked == past.asked || is_search, "{question}");
    }
    assert!(changed > 0);
}

#[test]
fn rate_limits_count_the_same_again() {
    let more = "title: Searches\nid: searches\nlogsource: {category: action}\ndetection: {s: {tool.name: WebSearch}, condition: s}\njudge: {decision: block, category: x, limit: {count: 3, timespan: 1h, group-by: [session.id]}}\n";
    let engine = engine(&Config::default());
    engine.set_policies(policies(more));
    let again = Again::new(policies(more), Postures::new(&Config::default()));
    let mut decisions = Vec::new();
    for number in 0..10 {
        let question = format!(
            r#"{{"deadline_ms":60000,"event":"tool_call","session":{{"id":"s{}"}},"tool":{{"name":"WebSearch","arguments":{{}}}}}}"#,
            number % 2
        );
        let rows = rows(&engine, &question, None, &[]);
        let (past, would) = would(&again, &rows);
        assert_eq!(would.asked, past.asked, "{number}");
        decisions.push(past.asked);
    }
    let blocked = decisions.iter().map(|one| *one == Decision::Block);
    let expected = (0..10).map(|number| number >= 6);
    assert!(blocked.eq(expected), "{decisions:?}");
}

#[test]
fn words_of_people_and_what_failed_count_again() {
    let config: Config = toml::from_str("[category.reading]\non_error = \"closed\"").unwrap();
    let engine = engine(&config);
    let again = Again::new(policies(""), Postures::new(&config));
    let ask = r#"{"deadline_ms":60000,"event":"app_action","action":"purchase","session":{"id":"s"},"app":{"id":"shop"}}"#;
    let id = EventUid::from_bytes([9; 16]);
    for (answer, expected) in [
        (Answer::Approved(id), Decision::Allow),
        (Answer::Denied(id), Decision::Block),
        (Answer::Full, Decision::Block),
        (Answer::Unasked, Decision::Block),
    ] {
        let rows = rows(&engine, ask, Some(answer), &[]);
        let (past, would) = would(&again, &rows);
        assert!(past.heard.is_some(), "{past:?}");
        assert_eq!((past.asked, would.asked), (expected, expected));
    }
    let read = r#"{"deadline_ms":60000,"event":"tool_call","tool":{"name":"Read","arguments":{"file_path":"/a"}}}"#;
    let half = rows(&engine, read, None, &[Failure::Unjudged]);
    let (past, would) = would(&again, &half);
    assert_eq!(
        (past.asked, would.asked),
        (Decision::Block, Decision::Block)
    );
    let late = rows(&engine, read, None, &[Failure::Late]);
    assert_eq!(past_of(&late).standing, Standing::ByPosture);
    assert_eq!(Past::read(half[0].event()), None, "an action is no verdict");
}
