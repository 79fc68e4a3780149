//! Whether it is asked, what its word counts for, and every way to fail.

use magistrate_event::{Class, Field, Timestamp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

fn config() -> LlmConfig {
    LlmConfig {
        enabled: true,
        kind: LlmKind::OpenAi,
        endpoint: "http://127.0.0.1:1/".to_owned(),
        model: "m".to_owned(),
        categories: vec!["model".to_owned()],
        policies: vec!["p".to_owned()],
        grey_low: 0.4,
        grey_high: 0.8,
        ..LlmConfig::default()
    }
}

fn matched(policy: &str, decision: Decision) -> Match {
    Match {
        policy: policy.to_owned(),
        ..said(String::new(), String::new(), decision)
    }
}

#[test]
fn it_is_asked_in_the_grey_and_only_there() {
    let llm = Llm::new(&config(), None).unwrap();
    let scores = |injection, scope_drift| ModelScores {
        injection,
        scope_drift,
        ..ModelScores::NONE
    };
    let asked = |scores: ModelScores, matches: &[Match]| llm.is_for("model", matches, &scores);
    for (injection, drift, expected) in [
        (Some(0.39), None, false),
        (Some(0.4), None, true),
        (Some(0.8), None, true),
        (Some(0.81), None, false),
        (Some(0.1), Some(0.5), true),
        (None, None, false),
    ] {
        assert_eq!(asked(scores(injection, drift), &[]), expected);
    }
    let clear = scores(Some(0.0), None);
    assert!(asked(clear, &[matched("p", Decision::Downgrade)]));
    assert!(!asked(clear, &[matched("q", Decision::Downgrade)]));
    let grey = scores(Some(0.5), None);
    assert!(!llm.is_for("browsing", &[], &grey));
    for settled in [Decision::RequireApproval, Decision::Block] {
        assert!(!asked(grey, &[matched("q", settled)]));
    }
}

#[test]
fn only_a_harmful_opinion_asks_for_anything() {
    let llm = Llm::new(&config(), None).unwrap();
    for (score, decision) in [
        (0.0, Decision::Allow),
        (0.69, Decision::Allow),
        (0.7, Decision::RequireApproval),
        (1.0, Decision::RequireApproval),
    ] {
        let reason = "it says so".to_owned();
        let finding = llm.finding("model", &Opinion { score, reason });
        assert_eq!(finding.decision, decision);
        let told: Vec<_> = finding
            .matched
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(told, ["score", "reason", "model"]);
    }
}

#[test]
fn every_question_has_a_boundary_of_its_own() {
    let llm = Llm::new(&config(), None).unwrap();
    let mut event = Event::new(Class::ApiActivity, 1, Timestamp::default());
    event.set_text(Field::ContentText, "a page");
    let ask = || llm.question(&event, &SessionFacts::UNKNOWN).unwrap();
    assert_ne!(ask(), ask());
}

/// A peer that answers each connection with one of `answers`, in their order, and then hangs up.
async fn peer(answers: Vec<String>) -> (LlmConfig, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/v1", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let mut heads = Vec::new();
        for answer in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut read = vec![0; 1 << 16];
            let length = socket.read(&mut read).await.unwrap();
            heads.push(String::from_utf8_lossy(&read[..length]).into_owned());
            // Whoever asks may have gone.
            let _ = socket.write_all(answer.as_bytes()).await;
        }
        heads
    });
    let config = LlmConfig {
        endpoint,
        breaker_failures: 2,
        ..config()
    };
    (config, serving)
}

fn http(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

fn good() -> String {
    let body = r#"{"choices":[{"message":{"content":"{\"score\":0.9,\"reason\":\"r\"}"}}]}"#;
    http("200 OK", body)
}

#[tokio::test]
async fn every_way_to_fail_has_a_name_and_the_breaker_hears_of_the_peers() {
    let redirect = "HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let endless = http("200 OK", &"a".repeat((64 << 10) + 1));
    let (config, serving) = peer(vec![
        good(),
        http("200 OK", r#"{"choices":[{"message":{"content":"fine"}}]}"#),
        http("200 OK", r#"{"choices":[{"message":{"content":"fine"}}]}"#),
        http("500 x", ""),
        good(),
        redirect.to_owned(),
        endless,
    ])
    .await;
    let key = ["made", "up"].join("-");
    let llm = Arc::new(Llm::new(&config, Some(key.as_bytes())).unwrap());
    let mut found = Vec::new();
    for _ in 0..8 {
        let asked = Arc::clone(&llm).ask(Some("q".to_owned())).await;
        found.push(asked.map(|opinion| opinion.score));
    }
    assert_eq!(
        found,
        [
            Ok(0.9),
            Err(Trouble::Answer),
            Err(Trouble::Answer),
            Err(Trouble::Status(500)),
            Ok(0.9),
            Err(Trouble::Status(307)),
            Err(Trouble::Garbled),
            Err(Trouble::Open),
        ]
    );
    let heads = serving.await.unwrap();
    assert!(
        heads[0].contains("authorization: Bearer made-up"),
        "{}",
        heads[0]
    );
    assert_eq!(
        Arc::clone(&llm).ask(None).await,
        Err(Trouble::Internal),
        "what cannot be asked is no call"
    );
}

#[tokio::test]
async fn budget_and_calls_at_once_have_their_end() {
    let (config, _serving) = peer(vec![good(), good()]).await;
    let config = LlmConfig {
        calls_per_minute: 1,
        max_calls: 1,
        ..config
    };
    let llm = Arc::new(Llm::new(&config, None).unwrap());
    let held = llm.calls.try_acquire().unwrap();
    let ask = || Arc::clone(&llm).ask(Some("q".to_owned()));
    assert_eq!(ask().await, Err(Trouble::Busy));
    drop(held);
    assert!(ask().await.is_ok());
    assert_eq!(ask().await, Err(Trouble::Budget));
}

#[tokio::test]
async fn a_peer_that_says_nothing_or_is_not_there_ends_by_itself() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/", listener.local_addr().unwrap());
    let config = LlmConfig {
        endpoint,
        timeout_ms: 50,
        ..config()
    };
    let ask =
        |config: &LlmConfig| Arc::new(Llm::new(config, None).unwrap()).ask(Some("q".to_owned()));
    assert_eq!(ask(&config).await, Err(Trouble::Slow));
    drop(listener);
    let patient = LlmConfig {
        timeout_ms: 20_000,
        ..config
    };
    assert_eq!(ask(&patient).await, Err(Trouble::Unreachable));
}
