//! Connections as clients hold them, and as they should not.

use magistrate_event::Identity;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::*;
use crate::config::Config;
use crate::judge::tests::judge;

const KEY: &str = concat!("AKIA", "Z7Q3N5XJ4K2WPLM6");
const LIMITS: IcapLimits = IcapLimits {
    header_time: Duration::from_secs(10),
    idle_time: Duration::from_secs(60),
    max_header_bytes: 4096,
    max_headers: 20,
    max_connections: 7,
};
/// A message that is sent: the policies of the tests mask it.
const SENDING: &str = "POST https://gmail.googleapis.com/gmail/v1/users/me/messages/send HTTP/1.1\r\nContent-Length: 99\r\nX-Kept: a\r\nX-Kept: b\r\n\r\n";
const GETTING: &str = "GET http://a.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n";

fn known() -> Caller {
    Caller::Known {
        identity: Identity::Anonymous,
        peer: None,
    }
}

/// The client's end of a connection that is served.
fn connect(max_body_bytes: usize, caller: Caller) -> DuplexStream {
    let config = Config {
        max_body_bytes,
        // Machines that build and test at once are slow.
        deadline_ms: 60_000,
        ..Config::default()
    };
    let (ours, theirs) = duplex(1 << 20);
    let judge = judge(config).0;
    tokio::spawn(async move {
        let admit = |_: &HeaderMap| caller.clone();
        serve_icap(theirs, judge, (admit, LIMITS), std::future::pending()).await;
    });
    ours
}

/// Everything that is answered to what is said, after which the client says no more.
async fn said(bytes: &[u8]) -> String {
    let mut client = connect(1 << 20, known());
    client.write_all(bytes).await.unwrap();
    client.shutdown().await.unwrap();
    rest(&mut client).await
}

async fn rest(client: &mut DuplexStream) -> String {
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// What is answered until it ends in `end`.
async fn until(client: &mut DuplexStream, end: &str) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(end.as_bytes()) {
        answer.push(client.read_u8().await.unwrap());
    }
    String::from_utf8(answer).unwrap()
}

fn chunked(body: &str) -> String {
    if body.is_empty() {
        return String::new();
    }
    format!("{:x}\r\n{body}\r\n", body.len())
}

fn reqmod(http: &str, body: Option<&str>, more: &str) -> String {
    let part = if body.is_some() {
        "req-body"
    } else {
        "null-body"
    };
    let body = body.map(|body| format!("{}0\r\n\r\n", chunked(body)));
    format!(
        "REQMOD icap://h/reqmod ICAP/1.0\r\nHost: h\r\n{more}Encapsulated: req-hdr=0, {part}={}\r\n\r\n{http}{}",
        http.len(),
        body.unwrap_or_default()
    )
}

fn respmod(head: &str, body: &str, more: &str) -> String {
    format!(
        "RESPMOD icap://h/respmod ICAP/1.0\r\nHost: h\r\n{more}Encapsulated: req-hdr=0, res-hdr={}, res-body={}\r\n\r\n{GETTING}{head}{body}",
        GETTING.len(),
        GETTING.len() + head.len(),
    )
}

#[tokio::test]
async fn options_tell_the_tag_and_requests_follow_one_another() {
    let options = "OPTIONS icap://h/respmod ICAP/1.0\r\nHost: h\r\n\r\n";
    let both = format!("{options}\r\n{}", reqmod(GETTING, None, "Allow: 204\r\n"));
    let answer = said(both.as_bytes()).await;
    assert!(
        answer.starts_with("ICAP/1.0 200 OK\r\nISTag: \""),
        "{answer}"
    );
    for line in [
        "Methods: RESPMOD",
        "Allow: 204",
        "Preview: 4096",
        "Max-Connections: 7",
        "Encapsulated: null-body=0",
    ] {
        assert!(
            answer.contains(&format!("\r\n{line}\r\n")),
            "{line}: {answer}"
        );
    }
    let (_, second) = answer.split_once("\r\n\r\n").unwrap();
    assert!(second.starts_with("ICAP/1.0 204 "), "{answer}");
    let tag = answer.split('"').nth(1).unwrap();
    assert!(tag.len() <= 30 && second.contains(tag));
}

#[tokio::test]
async fn what_passes_is_given_back_whole_where_nothing_else_is_allowed() {
    let answer = said(reqmod(GETTING, Some("hello"), "").as_bytes()).await;
    let expected = format!(
        "Encapsulated: req-hdr=0, req-body={}\r\n\r\n{GETTING}5\r\nhello\r\n0\r\n\r\n",
        GETTING.len()
    );
    assert!(answer.ends_with(&expected), "{answer}");
    let answer = said(reqmod(GETTING, None, "").as_bytes()).await;
    let expected = format!(
        "Encapsulated: req-hdr=0, null-body={}\r\n\r\n{GETTING}",
        GETTING.len()
    );
    assert!(answer.ends_with(&expected), "{answer}");
}

#[tokio::test]
async fn a_body_is_masked_and_the_rest_of_its_head_stays() {
    let text = format!("the key is {KEY}");
    let answer = said(reqmod(SENDING, Some(&text), "Allow: 204\r\n").as_bytes()).await;
    assert!(answer.starts_with("ICAP/1.0 200 OK\r\n"), "{answer}");
    assert!(answer.contains("the key is [redacted:") && !answer.contains(KEY));
    assert!(
        answer.contains("X-Kept: a\r\nX-Kept: b\r\nContent-Length: "),
        "{answer}"
    );
    assert!(!answer.contains("Content-Length: 99"));
}

#[tokio::test]
async fn a_purchase_waits_for_a_person() {
    let buying = "POST https://api.stripe.com/v1/charges HTTP/1.1\r\nHost: api.stripe.com\r\n\r\n";
    let answer = said(reqmod(buying, Some("amount=1"), "Allow: 204\r\n").as_bytes()).await;
    assert!(
        answer.contains("Encapsulated: res-hdr=0, res-body="),
        "{answer}"
    );
    assert!(
        answer.contains("\r\n\r\nHTTP/1.1 403 Forbidden\r\n"),
        "{answer}"
    );
    assert!(
        answer.contains("x-magistrate-approval: http://console/approvals/"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_preview_is_answered_before_the_rest_or_asks_for_it() {
    let mut client = connect(1 << 20, known());
    let part = "Preview: 4\r\n";
    // A picture passes by its first bytes, without `Allow: 204`.
    let picture = respmod(
        "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n",
        "4\r\n\x01PNG\r\n0\r\n\r\n",
        part,
    );
    client.write_all(picture.as_bytes()).await.unwrap();
    assert!(
        until(&mut client, "\r\n\r\n")
            .await
            .starts_with("ICAP/1.0 204 ")
    );
    // Text is wanted whole.
    let text = respmod(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n",
        "4\r\nhell\r\n0\r\n\r\n",
        part,
    );
    client.write_all(text.as_bytes()).await.unwrap();
    assert_eq!(
        until(&mut client, "\r\n\r\n").await,
        "ICAP/1.0 100 Continue\r\n\r\n"
    );
    client.write_all(b"1\r\no\r\n0\r\n\r\n").await.unwrap();
    let answer = until(&mut client, "0\r\n\r\n").await;
    assert!(
        answer.ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        "{answer}"
    );
    // What fits the preview is not asked for again.
    let text = respmod(
        "HTTP/1.1 200 OK\r\n\r\n",
        "4\r\nhell\r\n0; ieof\r\n\r\n",
        part,
    );
    client.write_all(text.as_bytes()).await.unwrap();
    let answer = until(&mut client, "\r\n\r\n").await;
    assert!(
        answer.starts_with("ICAP/1.0 200 ") || answer.starts_with("ICAP/1.0 204 "),
        "{answer}"
    );
}

#[tokio::test]
async fn a_body_over_the_limit_is_judged_in_part_and_follows() {
    let mut client = connect(8, known());
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n";
    let body = "6\r\nhello \r\n6\r\nworld!\r\n0\r\n\r\n";
    client
        .write_all(respmod(head, body, "").as_bytes())
        .await
        .unwrap();
    client.shutdown().await.unwrap();
    let answer = rest(&mut client).await;
    assert!(answer.contains(head), "{answer}");
    assert!(
        answer.ends_with("c\r\nhello world!\r\n0\r\n\r\n"),
        "{answer}"
    );
    // A part cannot be masked.
    let mut client = connect(8, known());
    let text = format!("the key is {KEY}");
    client
        .write_all(reqmod(SENDING, Some(&text), "").as_bytes())
        .await
        .unwrap();
    client.shutdown().await.unwrap();
    let answer = rest(&mut client).await;
    assert!(answer.contains("HTTP/1.1 403 "), "{answer}");
}

#[tokio::test]
async fn events_go_on_behind_what_has_come() {
    let mut client = connect(1 << 20, known());
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\n";
    let event = |number: usize| format!("data: {number} {}\n\n", "word ".repeat(20));
    let first: String = (0..200).map(event).collect();
    client
        .write_all(respmod(head, &chunked(&first), "").as_bytes())
        .await
        .unwrap();
    let opening = until(
        &mut client,
        "\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
    )
    .await;
    assert!(opening.starts_with("ICAP/1.0 200 OK\r\n"), "{opening}");
    let last = event(200);
    client
        .write_all(format!("{}0\r\n\r\n", chunked(&last)).as_bytes())
        .await
        .unwrap();
    client.shutdown().await.unwrap();
    let answer = rest(&mut client).await;
    assert!(answer.ends_with("0\r\n\r\n"));
    assert!(answer.contains("data: 0 word") && answer.contains("data: 200 word"));
}

#[tokio::test]
async fn what_is_wrong_with_the_message_stops_it_and_what_is_wrong_with_icap_is_an_error() {
    for (http, status) in [
        (
            "GET http://ok.example@evil.example/ HTTP/1.1\r\n\r\n",
            "400",
        ),
        ("nonsense\r\n\r\n", "400"),
        ("GET /x HTTP/1.1\r\n\r\n", "400"),
    ] {
        let answer = said(reqmod(http, None, "Allow: 204\r\n").as_bytes()).await;
        assert!(
            answer.starts_with("ICAP/1.0 200 OK\r\n"),
            "{http}: {answer}"
        );
        assert!(
            answer.contains(&format!("\r\n\r\nHTTP/1.1 {status} ")),
            "{http}: {answer}"
        );
    }
    let long = format!("OPTIONS /reqmod ICAP/1.0\r\nX: {}", "x".repeat(5000));
    for (bytes, status) in [
        ("GET / HTTP/1.1\r\n\r\n", "505"),
        ("OPTIONS icap://h/other ICAP/1.0\r\n\r\n", "404"),
        (
            "RESPMOD icap://h/reqmod ICAP/1.0\r\nEncapsulated: res-hdr=0, res-body=9\r\n\r\n",
            "405",
        ),
        (
            "REQMOD icap://h/reqmod ICAP/1.0\r\nEncapsulated: req-hdr=0, req-body=4\r\n\r\nabcdzz\r\n",
            "200",
        ),
        (long.as_str(), "400"),
    ] {
        let answer = said(bytes.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("ICAP/1.0 {status} ")),
            "{bytes}: {answer}"
        );
    }
    let broken = reqmod(GETTING, None, "").replace("null-body", "req-body") + "zz\r\n";
    let answer = said(broken.as_bytes()).await;
    assert!(
        answer.starts_with("ICAP/1.0 400 ") && answer.contains("Connection: close"),
        "{answer}"
    );
    // A message that ends early gets no answer: nobody waits for one.
    let cut = reqmod(GETTING, Some("hello"), "");
    for len in [10, 60, cut.len() - 3] {
        assert_eq!(said(&cut.as_bytes()[..len]).await, "", "{len}");
    }
}

#[tokio::test]
async fn a_stranger_may_ask_what_there_is_and_nothing_else() {
    let mut client = connect(1 << 20, Caller::Denied("no token".to_owned()));
    let both = format!(
        "OPTIONS /reqmod ICAP/1.0\r\n\r\n{}",
        reqmod(GETTING, None, "")
    );
    client.write_all(both.as_bytes()).await.unwrap();
    client.shutdown().await.unwrap();
    let answer = rest(&mut client).await;
    assert!(
        answer.starts_with("ICAP/1.0 200 ") && answer.contains("ICAP/1.0 401 "),
        "{answer}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_and_an_idle_connection_are_ended() {
    let mut client = connect(1 << 20, known());
    client.write_all(b"OPTIONS /reqmod").await.unwrap();
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("ICAP/1.0 408 "), "{answer}");
    let mut client = connect(1 << 20, known());
    assert_eq!(rest(&mut client).await, "");
}
