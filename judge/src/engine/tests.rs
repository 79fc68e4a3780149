//! One question from its request to its verdict and rows.

use magistrate_enrich::{ContextConfig, DetectFile, DetectLists, Epoch, RedactKey};
use magistrate_event::{Field, SystemClock};

use magistrate_models::PoolSize;

use super::*;
use crate::config::Config;
use crate::decision::{Carries, Failure};
use crate::llm::{LlmConfig, Opinion};
use crate::profile::Profile;

const KEY: &str = concat!("AKIA", "Z7Q3N5XJ4K2WPLM6");
const POLICIES: &str = "
title: Upload to a sharing site
id: upload
logsource: {product: magistrate, category: action}
detection:
  s: {action: upload, destination.domain|endswith: .drop.example.com}
  condition: s
judge: {decision: block, category: data_movement, message: Not there.}
---
title: Mail to a free mailbox
id: mail
logsource: {product: magistrate, category: action}
detection:
  s: {action: send, destination.recipient_domain: gmail.com}
  condition: s
judge: {decision: require_approval, category: data_movement}
---
title: Credential in what leaves
id: credential
logsource: {product: magistrate}
detection:
  s: {content.findings: credential}
  condition: s
judge: {decision: redact, category: secrets, redact: [credential]}
---
title: Downgrade
id: downgrade
logsource: {product: magistrate, category: action}
detection:
  s: {tool.name: WebSearch}
  condition: s
judge: {decision: downgrade, category: containment}
";

fn engine() -> Engine {
    engine_with(None, Config::default())
}

fn engine_with(models: Option<Arc<InForce>>, config: Config) -> Engine {
    let file = DetectFile {
        name: "a.yml".to_owned(),
        text: POLICIES.to_owned(),
    };
    let (policies, notes) = Policies::compile(&[file], &DetectLists::new(), Profile::Native);
    assert_eq!(notes.faults, []);
    let key = RedactKey::from_bytes([7; 32]);
    Engine::new(Parts {
        redactor: Arc::new(Redactor::new(&key, Epoch(0)).unwrap()),
        uid_key: UidKey::new([7; 32]),
        policies,
        context: Context::new(&ContextConfig::default()),
        models,
        read_only: Duration::from_secs(60),
        postures: Postures::new(&config),
        clock: Arc::new(SystemClock),
        run: 1,
    })
}

fn judged_by(engine: &Engine, json: &str, carries: Carries) -> Judged {
    let (prepared, event) = engine.prepare(Inquiry::asked(json, carries));
    let looked = engine.look(&prepared, event);
    let ruled = engine.rule(&prepared, Some(looked), &[]);
    engine.conclude(&prepared, ruled, Moment::InTime)
}

fn judged(json: &str) -> Judged {
    judged_by(&engine(), json, Carries::ALL)
}

#[test]
fn the_strictest_policy_decides_and_every_reason_is_told() {
    let json = format!(
        r#"{{"request_id":"r1","deadline_ms":60000,"event":"upload","session":{{"id":"s1","user":"ana@corp.example"}},
        "destination":{{"url":"https://x.drop.example.com/u"}},"content":{{"text":"key {KEY}"}}}}"#
    );
    let Judged { verdict, rows } = judged(&json);
    assert_eq!(verdict.decision, Decision::Block);
    let reasons: Vec<_> = verdict
        .reasons
        .iter()
        .map(|one| one.policy.as_str())
        .collect();
    assert_eq!(reasons, ["upload", "credential"]);
    assert_eq!(
        verdict.told(),
        format!("Not there. (verdict {})", verdict.verdict_id)
    );
    assert_eq!((verdict.redacted, verdict.requested), (None, None));
    let [action, told] = rows.as_slice() else {
        panic!("{} rows", rows.len())
    };
    let text = |field| told.event().text(field).unwrap_or_default().to_owned();
    assert_eq!(text(Field::VerdictDecision), "block");
    assert_eq!(text(Field::VerdictEvent), action.uid().to_string());
    assert_eq!(text(Field::VerdictUid), verdict.verdict_id);
    assert_eq!(text(Field::UserEmail), "ana@corp.example");
    assert_eq!(told.event().int(Field::ActionId), Some(2));
    for row in &rows {
        assert!(!row.event().buffer().contains(KEY));
    }
}

#[test]
fn no_part_of_a_masked_address_stands_in_a_row_without_the_rest() {
    // Its last two labels, which are the domain, look like nothing.
    let domain = "9fbb42577bc786b210d4b3ef.XjHrgEniyXQHxrvf2hgk";
    let token = format!(
        "{}{}.{domain}",
        concat!("pa", "t."),
        "NoIKXZxpWSEeRIO4xwFYrZ"
    );
    let url: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let json =
        format!(r#"{{"deadline_ms":60000,"event":"request","destination":{{"url":"{url}"}}}}"#);
    let engine = engine();
    let told = |rows: &[Record]| -> String {
        let texts = rows.iter().map(|row| row.event().buffer().to_lowercase());
        texts.collect()
    };
    let looked_at = judged_by(&engine, &json, Carries::ALL);
    assert_eq!(looked_at.rows.len(), 2);
    assert!(!told(&looked_at.rows).contains("xjhrg"));
    let [_, verdict] = looked_at.rows.as_slice() else {
        panic!("two rows above")
    };
    let column = verdict.event().text(Field::DestinationDomain);
    assert!(column.unwrap().starts_with("[redacted:credential."));
    // By posture alone: nobody has looked at the address.
    let (prepared, _) = engine.prepare(Inquiry::asked(&json, Carries::ALL));
    let ruled = engine.rule(&prepared, None, &[Failure::Late]);
    let unseen = engine.conclude(&prepared, ruled, Moment::InTime);
    assert!(!told(&unseen.rows).contains("xjhrg"));
}

#[test]
fn masked_text_goes_back_without_tokens() {
    let json = format!(
        r#"{{"deadline_ms":60000,"event":"tool_call","tool":{{"name":"Bash","arguments":{{"command":"export K={KEY}"}}}}}}"#
    );
    let verdict = judged(&json).verdict;
    assert_eq!(verdict.decision, Decision::Redact);
    let arguments = verdict.redacted.unwrap().arguments.unwrap();
    let command = arguments["command"].as_str().unwrap();
    assert!(
        command.starts_with("export K=[redacted:credential."),
        "{command}"
    );
    assert_eq!(command.matches(':').count(), 1);
    let blocked = judged_by(&engine(), &json, Carries::ONLY_BLOCK).verdict;
    assert_eq!(
        (blocked.decision, blocked.requested),
        (Decision::Block, Some(Decision::Redact))
    );
}

#[test]
fn every_recipient_counts() {
    let json = |recipient: &str| {
        format!(r#"{{"event":"message_send","destination":{{"recipient":"{recipient}"}}}}"#)
    };
    let decision = |recipient| judged(&json(recipient)).verdict.decision;
    assert_eq!(decision("a@gmail.com"), Decision::RequireApproval);
    assert_eq!(decision("a@corp.example"), Decision::Allow);
    assert_eq!(
        decision("b@corp.example, A <a@gmail.com>"),
        Decision::RequireApproval
    );
}

#[test]
fn content_beyond_the_time_is_looked_at_in_part_and_the_posture_decides() {
    let json = |event: &str| {
        format!(
            r#"{{"deadline_ms":4,"event":"{event}","destination":{{"url":"https://a.example.com/"}},"action":"{}","content":{{"text":"{}"}}}}"#,
            if event == "upload" { "upload" } else { "read" },
            "word ".repeat(40_000)
        )
    };
    let upload = judged(&json("upload")).verdict;
    assert!(upload.partial);
    assert_eq!(upload.decision, Decision::Block);
    assert_eq!(upload.reasons[0].policy, "magistrate.partial");
    let read = judged(&json("request")).verdict;
    assert!(read.partial);
    assert_eq!(read.decision, Decision::Allow);
}

#[test]
fn without_a_look_the_posture_decides_and_a_retry_has_the_same_id() {
    let engine = engine();
    let json = r#"{"request_id":"r","action":"delete","event":"app_action"}"#;
    let late = |json| {
        let (prepared, _) = engine.prepare(Inquiry::asked(json, Carries::ALL));
        let ruled = engine.rule(&prepared, None, &[Failure::Late]);
        engine.conclude(&prepared, ruled, Moment::InTime)
    };
    let verdict = late(json).verdict;
    assert_eq!(verdict.decision, Decision::Block);
    assert!(verdict.degraded);
    assert_eq!(late(json).verdict.verdict_id, verdict.verdict_id);
    assert_eq!(late(json).rows.len(), 1);
    let other = late(r#"{"request_id":"r","action":"delete","event":"paste"}"#);
    assert_ne!(other.verdict.verdict_id, verdict.verdict_id);
}

#[test]
fn after_a_downgrade_the_session_may_only_read_and_no_other_session_is_touched() {
    let engine = engine();
    let ask = |json: &str| judged_by(&engine, json, Carries::ALL).verdict.decision;
    let call = |session: &str, tool: &str| {
        format!(
            r#"{{"deadline_ms":60000,"event":"tool_call","session":{{"id":"{session}"}},"tool":{{"name":"{tool}"}}}}"#
        )
    };
    assert_eq!(ask(&call("s1", "Write")), Decision::Allow);
    assert_eq!(ask(&call("s1", "WebSearch")), Decision::Downgrade);
    for tool in [
        "Write",
        "Bash",
        "mcp__crm__delete_customer",
        "mcp__crm__whatever",
    ] {
        assert_eq!(ask(&call("s1", tool)), Decision::Block, "{tool}");
        assert_eq!(ask(&call("s2", tool)), Decision::Allow, "{tool}");
    }
    assert_eq!(ask(&call("s1", "Read")), Decision::Allow);
}

#[test]
fn a_model_that_is_missing_is_answered_by_posture_and_asked_only_where_it_would_count() {
    let closed = "[category.model]\non_error = \"closed\"";
    for (config, expected) in [("", Decision::Allow), (closed, Decision::Block)] {
        let models = Arc::new(InForce::start(PoolSize::default()).unwrap());
        let engine = engine_with(Some(models), toml::from_str(config).unwrap());
        let ask = |json: &str| {
            let (prepared, event) = engine.prepare(Inquiry::asked(json, Carries::ALL));
            let mut looked = engine.look(&prepared, event);
            engine.classify(
                &prepared,
                &mut looked,
                Instant::now() + Duration::from_secs(9),
            );
            let ruled = engine.rule(&prepared, Some(looked), &[]);
            engine.conclude(&prepared, ruled, Moment::InTime).verdict
        };
        let brought = ask(r#"{"event":"tool_result","content":{"text":"a page"}}"#);
        assert_eq!(brought.decision, expected);
        assert_eq!(brought.reasons[0].policy, "magistrate.unjudged");
        assert!(brought.degraded && brought.scores.is_empty());
        // What a request asks a model is no reason to hold the request up.
        let asks = r#"{"event":"request","destination":{"url":"https://model.example/","method":"POST"},"content":{"text":"{\"messages\":[{\"role\":\"user\",\"content\":\"a page\"}]}"}}"#;
        for harmless in [
            asks,
            r#"{"event":"upload","content":{"text":"a page"}}"#,
            r#"{"event":"tool_result"}"#,
            r#"{"event":"tool_call","tool":{"name":"Write","arguments":{}}}"#,
        ] {
            assert!(!ask(harmless).degraded, "{harmless}");
        }
    }
}

#[test]
fn a_question_that_is_decided_twice_was_answered_by_the_stricter() {
    let engine = engine();
    let json = r#"{"action":"read","event":"tool_call","tool":{"name":"WebSearch"}}"#;
    let (prepared, event) = engine.prepare(Inquiry::asked(json, Carries::ALL));
    let looked = engine.look(&prepared, event);
    let ruled = engine.rule(&prepared, Some(looked), &[]);
    let judged = engine.conclude(&prepared, ruled, Moment::InTime);
    let ruled = engine.rule(&prepared, None, &[Failure::Unrecorded]);
    let posture = engine.conclude(&prepared, ruled, Moment::Unrecorded);
    let decisions = (judged.verdict.decision, posture.verdict.decision);
    assert_eq!(decisions, (Decision::Downgrade, Decision::Allow));
    assert_eq!(prepared.answered(), Some(Decision::Downgrade));
}

/// An engine with a language model that asks for `decision`.
fn engine_with_llm(decision: Decision) -> Engine {
    let config = LlmConfig {
        enabled: true,
        endpoint: "http://127.0.0.1:1/".to_owned(),
        model: "m".to_owned(),
        policies: vec!["credential".to_owned()],
        decision,
        ..LlmConfig::default()
    };
    engine().with_llm(Some(Arc::new(Llm::new(&config, None).unwrap())))
}

#[test]
fn whatever_a_language_model_says_loosens_nothing() {
    let opinion = |score| {
        Ok(Opinion {
            score,
            reason: "r".to_owned(),
        })
    };
    let questions = [
        r#"{"action":"read"}"#.to_owned(),
        format!(r#"{{"action":"send","content":{{"text":"{KEY}"}}}}"#),
        r#"{"event":"tool_call","tool":{"name":"WebSearch"}}"#.to_owned(),
        r#"{"action":"send","event":"message_send","destination":{"recipient":"a@gmail.com"}}"#
            .to_owned(),
    ];
    for own in [
        Decision::Downgrade,
        Decision::RequireApproval,
        Decision::Block,
    ] {
        let engine = engine_with_llm(own);
        for json in &questions {
            for heard in [
                opinion(0.0),
                opinion(1.0),
                Err(Trouble::Slow),
                Err(Trouble::Answer),
            ] {
                let (prepared, event) = engine.prepare(Inquiry::asked(json, Carries::ALL));
                let mut looked = engine.look(&prepared, event);
                let before = engine
                    .rule(&prepared, Some(looked.clone()), &[])
                    .ruling
                    .decision;
                engine.hear_llm(&prepared, &mut looked, heard.clone());
                let after = engine.rule(&prepared, Some(looked), &[]).ruling.decision;
                let posture = engine.posture(&prepared).on_error.decision();
                let expected = match &heard {
                    Ok(opinion) if opinion.score < 0.5 => before,
                    Ok(_) => before.max(own),
                    Err(_) => before.max(posture),
                };
                assert_eq!(after, expected, "{json} {heard:?}");
            }
        }
    }
}

#[test]
fn a_language_model_is_asked_about_the_redacted_action() {
    let engine = engine_with_llm(Decision::Block);
    let asked = |json: &str| {
        let (prepared, event) = engine.prepare(Inquiry::asked(json, Carries::ALL));
        let looked = engine.look(&prepared, event);
        let is_asked = engine.consult(&prepared, &looked).is_some();
        let llm = engine.llm.as_ref().unwrap();
        is_asked.then(|| llm.question(looked.event(), looked.facts()).unwrap())
    };
    let json = format!(
        r#"{{"action":"send","session":{{"user":"ana@corp.example","task":"write to bo with {KEY}"}},"content":{{"text":"key {KEY}"}}}}"#
    );
    let question = asked(&json).unwrap();
    assert!(question.contains("content: \"key ") && question.contains("redacted:credential"));
    assert!(
        !question.contains(KEY) && !question.contains("ana@"),
        "{question}"
    );
    assert_eq!(asked(r#"{"action":"send"}"#), None);
}
