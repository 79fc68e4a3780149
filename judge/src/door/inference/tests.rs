//! Calls as Anthropic makes them, and as others would.

use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::http::{Request as HttpRequest, StatusCode};
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

use crate::config::Config;
use crate::door::{Caller, Insider, router, router_within};
use crate::judge::Judge;
use crate::judge::tests::judge;
use crate::signed::Signed;
use crate::webhook_key::{Stamp, WebhookKey};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn doors() -> (Router, Arc<Judge>) {
    let config = Config {
        max_body_bytes: 100_000,
        // Machines that build and test at once are slow.
        deadline_ms: 60_000,
        ..Config::default()
    };
    let judge = judge(config).0;
    (router(Arc::clone(&judge)), judge)
}

fn prompt(text: &str, application: &str) -> String {
    let content = json!([{ "type": "text", "text": text }]);
    json!({
        "type": "prompt",
        "request_id": "r",
        "source": { "application": application },
        "messages": [{ "role": "user", "content": content }],
    })
    .to_string()
}

/// A signed call, a few seconds from now.
fn signed(judge: &Judge, id: &str, body: &str, away: i64) -> HttpRequest<axum::body::Body> {
    let key = WebhookKey::read(SECRET).unwrap();
    signed_with(&key, judge, (id, body), away)
}

fn signed_with(
    key: &WebhookKey,
    judge: &Judge,
    (id, body): (&str, &str),
    away: i64,
) -> HttpRequest<axum::body::Body> {
    let seconds = judge.engine().now_seconds() + away;
    let stamp = Stamp { id, seconds };
    unsigned(body, Caller::Denied("no token".to_owned()), |request| {
        request
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", key.sign(stamp, body.as_bytes()))
    })
}

fn unsigned(
    body: &str,
    caller: Caller,
    add: impl FnOnce(axum::http::request::Builder) -> axum::http::request::Builder,
) -> HttpRequest<axum::body::Body> {
    let request = HttpRequest::post("/hooks/inference").extension(caller);
    add(request).body(body.to_owned().into()).unwrap()
}

async fn told(doors: &Router, request: HttpRequest<axum::body::Body>) -> (StatusCode, Json) {
    let answer = doors.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 1 << 16).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn a_signed_call_needs_no_token_and_counts_once() {
    let (doors, judge) = doors();
    judge
        .signed()
        .set_keys(vec![WebhookKey::read(SECRET).unwrap()]);
    let body = prompt("hello", "claude-ai");
    let (status, first) = told(&doors, signed(&judge, "a", &body, 0)).await;
    assert_eq!(
        (status, &first["action"]),
        (StatusCode::OK, &json!("allow"))
    );
    let (_, retry) = told(&doors, signed(&judge, "a", &body, 1)).await;
    assert_eq!(retry, first, "a second try is answered alike");
    let other = prompt("other", "claude-ai");
    let (status, _) = told(&doors, signed(&judge, "a", &other, 0)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (status, _) = told(&doors, signed(&judge, "b", &body, -301)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let mut changed = signed(&judge, "c", &body, 0);
    *changed.body_mut() = other.into();
    assert_eq!(told(&doors, changed).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_signed_and_cannot_be_judged_is_denied_with_200() {
    let (doors, judge) = doors();
    judge
        .signed()
        .set_keys(vec![WebhookKey::read(SECRET).unwrap()]);
    let deep = format!(
        "{{\"type\":\"prompt\",\"messages\":{}{}}}",
        "[".repeat(5000),
        "]".repeat(5000)
    );
    for (number, body) in ["", "{", "[]", "{\"type\":\"prompt\"}", deep.as_str()]
        .iter()
        .enumerate()
    {
        let (status, answer) = told(&doors, signed(&judge, &number.to_string(), body, 0)).await;
        assert_eq!(
            (status, &answer["action"]),
            (StatusCode::OK, &json!("deny")),
            "{answer}"
        );
        assert!(
            answer["deny_reason"]
                .as_str()
                .unwrap()
                .contains("could not judge")
        );
    }
    let (status, answer) = told(&doors, signed(&judge, "large", &"x".repeat(100_001), 0)).await;
    assert_eq!(
        (status, &answer["action"]),
        (StatusCode::OK, &json!("deny"))
    );
    let (status, answer) = told(&doors, signed(&judge, "later", "{\"type\":\"later\"}", 0)).await;
    assert_eq!(
        (status, answer),
        (StatusCode::OK, json!({ "action": "allow" }))
    );
}

#[tokio::test]
async fn a_signature_opens_no_door_that_is_closed_to_everybody() {
    let (doors, judge) = doors();
    judge
        .signed()
        .set_keys(vec![WebhookKey::read(SECRET).unwrap()]);
    let mut call = signed(&judge, "a", &prompt("hello", "claude-ai"), 0);
    let closed = Caller::Closed("the judge has stopped".to_owned());
    call.extensions_mut().insert(closed);
    let (status, answer) = told(&doors, call).await;
    // A status other than 200 would let the inference be made.
    assert_eq!(
        (status, &answer["action"]),
        (StatusCode::OK, &json!("deny"))
    );
    assert!(answer.to_string().contains("has stopped"), "{answer}");
}

#[tokio::test]
async fn a_key_of_one_router_signs_nothing_at_another() {
    let (network, judge) = doors();
    judge
        .signed()
        .set_keys(vec![WebhookKey::read(SECRET).unwrap()]);
    let key = WebhookKey::from_bytes(&[7; 32]).unwrap();
    let own = Arc::new(Signed::by("rehearser"));
    own.set_keys(vec![key.clone()]);
    let insider = Insider::new(own);
    let inside = router_within(Arc::clone(&judge), insider.clone());
    let body = prompt("hello", "claude-ai");
    let call = |id: &str, key: &WebhookKey| signed_with(key, &judge, (id, &body), 0);
    assert_eq!(told(&inside, call("a", &key)).await.0, StatusCode::OK);
    let status = told(&network, call("b", &key)).await.0;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let theirs = WebhookKey::read(SECRET).unwrap();
    let status = told(&inside, call("c", &theirs)).await.0;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(told(&network, call("d", &theirs)).await.0, StatusCode::OK);
    let heard = insider.take_heard();
    assert_eq!(heard.len(), 1, "the verdict on its own question alone");
    assert!(insider.take_heard().is_empty());
}

#[tokio::test]
async fn only_the_test_call_is_not_signed_and_only_before_there_is_a_secret() {
    let (doors, judge) = doors();
    let known = Caller::Known {
        identity: magistrate_event::Identity::Anonymous,
        peer: None,
    };
    let test = prompt("hello", "config-test");
    let call = |body: &str, caller: &Caller| unsigned(body, caller.clone(), |request| request);
    assert_eq!(told(&doors, call(&test, &known)).await.0, StatusCode::OK);
    let real = prompt("hello", "claude-ai");
    assert_eq!(
        told(&doors, call(&real, &known)).await.0,
        StatusCode::UNAUTHORIZED
    );
    let stranger = Caller::Denied("no token".to_owned());
    assert_eq!(
        told(&doors, call(&test, &stranger)).await.0,
        StatusCode::UNAUTHORIZED
    );
    judge
        .signed()
        .set_keys(vec![WebhookKey::read(SECRET).unwrap()]);
    assert_eq!(
        told(&doors, call(&test, &known)).await.0,
        StatusCode::UNAUTHORIZED
    );
}
