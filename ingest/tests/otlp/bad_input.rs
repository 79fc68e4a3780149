//! Bad input has a clear status in the right encoding, at once and in little memory.

use std::time::{Duration, Instant};

use crate::support::{JSON, PROTOBUF, Setup, gzip, logs, logs_json, records_json};
use magistrate_event::{Receipt, Refusal};
use magistrate_ingest::Limits;
use proptest::prelude::*;
use prost::Message as _;
use tonic::Code;

#[tokio::test]
async fn paths_methods_types_and_codings_that_are_not_served() {
    let door = Setup::default().open().await;
    for (head, status, code) in [
        (format!("POST /v1/nothing HTTP/1.1\r\n{JSON}"), 404, 5),
        (format!("GET /v1/logs HTTP/1.1\r\n{JSON}"), 405, 3),
        (format!("PUT /v1/logs HTTP/1.1\r\n{JSON}"), 405, 3),
        ("POST /v1/logs HTTP/1.1\r\n".to_owned(), 415, 3),
        (
            "POST /v1/logs HTTP/1.1\r\nContent-Type: text/plain\r\n".to_owned(),
            415,
            3,
        ),
        (
            format!("POST /v1/logs HTTP/1.1\r\n{JSON}Content-Encoding: br\r\n"),
            415,
            12,
        ),
        (
            format!("POST /v1/logs HTTP/1.1\r\n{JSON}Content-Encoding: gzip, zstd\r\n"),
            415,
            12,
        ),
    ] {
        let answer = door
            .send(&format!("{head}Content-Length: 2\r\n"), b"{}")
            .await;
        assert_eq!(answer.status, status, "{head}");
        assert_eq!(answer.json()["code"], code, "{head}");
        assert_eq!(answer.head.contains("allow: post"), status == 405);
    }
    assert!(door.seen().is_empty());
}

#[tokio::test]
async fn json_that_cannot_be_read_is_told_where() {
    let door = Setup::default().open().await;
    for (body, expected) in [
        (
            &b"{\"resourceLogs\":[}"[..],
            "expected a value at byte 17 (line 1, column 18)",
        ),
        (b"", "text ends too early at byte 0"),
        (b"{}{}", "expected the end at byte 2"),
        (
            b"{\"resourceLogs\":5}",
            "field `resourceLogs`: expected an array",
        ),
        (b"\xff\xfe{}", "expected a value at byte 0"),
    ] {
        let answer = door.post("/v1/logs", JSON, body).await;
        assert_eq!(answer.status, 400);
        let status = answer.json();
        let message = status["message"].as_str().unwrap();
        assert!(message.contains(expected), "{message}");
    }
}

#[tokio::test]
async fn packed_bodies_that_are_cut_or_damaged_are_refused_in_their_encoding() {
    let door = Setup::default().open().await;
    let packed = gzip(&logs(&["a"; 100]).encode_to_vec());
    for (coding, body) in [
        ("gzip", &packed[..packed.len() / 2]),
        ("gzip", b"no gzip"),
        ("zstd", &packed),
        ("deflate", &packed),
    ] {
        let headers = format!("{PROTOBUF}Content-Encoding: {coding}\r\n");
        let answer = door.post("/v1/logs", &headers, body).await;
        assert_eq!(answer.status, 400);
        let status = answer.rpc_status();
        assert_eq!(status.code, Code::InvalidArgument as i32);
        assert_eq!(
            status.message,
            format!("cannot decompress body as {coding}")
        );
    }
    assert!(door.seen().is_empty());
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused_before_or_while_they_come() {
    let door = Setup::small().open().await;
    let over = vec![b' '; (1 << 20) + 1];
    let answer = door.post("/v1/logs", PROTOBUF, &over).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.rpc_status().code, Code::ResourceExhausted as i32);
    let head = format!("POST /v1/logs HTTP/1.1\r\nTransfer-Encoding: chunked\r\n{JSON}");
    let mut chunked = format!("{:x}\r\n", over.len()).into_bytes();
    chunked.extend(&over);
    let answer = door.send(&head, &chunked).await;
    assert_eq!((answer.status, &answer.json()["code"]), (413, &8.into()));
    assert_eq!(door.intake.used_bytes(), 0);
}

#[tokio::test]
async fn one_byte_over_64_mib_is_refused_on_its_declaration_alone() {
    let door = Setup::default().open().await;
    let head = format!(
        "POST /v1/logs HTTP/1.1\r\nContent-Length: {}\r\n{JSON}",
        (64 << 20) + 1
    );
    assert_eq!(door.send(&head, b"").await.status, 413);
}

#[tokio::test]
async fn bombs_of_every_coding_are_refused_fast() {
    let door = Setup::small().open().await;
    let zeros = vec![0; 32 << 20];
    let mut nested = gzip(&zeros[..1 << 20]);
    nested = nested.repeat(20);
    for (coding, bomb) in [
        ("gzip", gzip(&zeros)),
        ("gzip", nested),
        ("zstd", zstd::encode_all(zeros.as_slice(), 3).unwrap()),
    ] {
        let headers = format!("{JSON}Content-Encoding: {coding}\r\n");
        let start = Instant::now();
        let answer = door.post("/v1/logs", &headers, &bomb).await;
        assert_eq!(answer.status, 413, "{coding}");
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{:?}",
            start.elapsed()
        );
    }
    assert_eq!(door.intake.used_bytes(), 0);
}

#[tokio::test]
async fn a_nesting_bomb_costs_only_its_record() {
    let door = Setup::default().open().await;
    for depth in [100, 10_000, 1_000_000] {
        let bomb = format!(
            r#"{{"body":{}{}}}"#,
            r#"{"arrayValue":{"values":["#.repeat(depth),
            "]}}".repeat(depth)
        );
        let body = records_json(&format!(r#"{bomb},{{"eventName":"good"}}"#));
        let answer = door.post("/v1/logs", JSON, body.as_bytes()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["partialSuccess"]["rejectedLogRecords"], "1");
    }
    assert_eq!(door.event_names(), ["good"; 3]);
}

#[tokio::test]
async fn what_the_pipeline_refuses_has_its_status() {
    let retry_after = Duration::from_millis(2_500);
    let reason = "disk is full".to_owned();
    for (refusal, status, code, retry) in [
        (
            Refusal::Malformed("message 3: cut".to_owned()),
            400,
            Code::InvalidArgument,
            None,
        ),
        (
            Refusal::Busy { retry_after },
            503,
            Code::Unavailable,
            Some("3"),
        ),
        (
            Refusal::Unavailable {
                reason,
                retry_after,
            },
            503,
            Code::Unavailable,
            Some("3"),
        ),
        (Refusal::Closed, 503, Code::Unavailable, Some("1")),
    ] {
        let message = refusal.to_string();
        let door = Setup::answering(Err(refusal)).open().await;
        let answer = door.post("/v1/logs", PROTOBUF, b"").await;
        assert_eq!(answer.status, status);
        let rpc = answer.rpc_status();
        assert_eq!((rpc.code, rpc.message), (code as i32, message));
        assert_eq!(rpc.details.len(), usize::from(retry.is_some()));
        let header = retry.map(|seconds| format!("retry-after: {seconds}\r\n"));
        assert!(
            header.is_none_or(|header| answer.head.contains(&header)),
            "{}",
            answer.head
        );
        assert_eq!(answer.head.contains("retry-after"), retry.is_some());
    }
}

#[tokio::test]
async fn a_pipeline_that_drops_or_forgets_a_batch_is_unavailable() {
    let mut kept = Vec::new();
    let mut setup = Setup {
        limits: Limits {
            answer_timeout: Duration::from_millis(50),
            ..Limits::default()
        },
        ..Setup::default()
    };
    setup.pipeline = Box::new(move |raw| {
        kept.push(raw.arrival);
        None
    });
    let door = setup.open().await;
    assert_eq!(door.post("/v1/logs", PROTOBUF, b"").await.status, 503);
}

#[tokio::test]
async fn a_sender_that_leaves_mid_body_stores_nothing() {
    let door = Setup::default().open().await;
    let head = format!("POST /v1/logs HTTP/1.1\r\nContent-Length: 1000\r\n{JSON}Host: t\r\n\r\n{{");
    let mut stream = tokio::net::TcpStream::connect(door.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes())
        .await
        .unwrap();
    drop(stream);
    let answer = door
        .post("/v1/logs", JSON, logs_json(&["after"]).as_bytes())
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(door.event_names(), ["after"]);
}

#[test]
fn any_body_is_answered() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let door = runtime.block_on(Setup::answering(Ok(Receipt::default())).open());
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        r#"[\{\}\[\]":,a-z0-9\\]{0,200}"#.prop_map(String::into_bytes),
    ];
    let kind = prop::sample::select(vec![JSON, PROTOBUF]);
    let coding = prop::sample::select(vec!["identity", "gzip", "zstd", "deflate"]);
    let path = prop::sample::select(vec!["/v1/logs", "/v1/metrics", "/v1/traces"]);
    proptest!(ProptestConfig::with_cases(200), |(body in body, kind in kind, coding in coding, path in path)| {
        let headers = format!("{kind}Content-Encoding: {coding}\r\n");
        let answer = runtime.block_on(door.post(path, &headers, &body));
        prop_assert!(matches!(answer.status, 200 | 400), "{}", answer.status);
    });
}
