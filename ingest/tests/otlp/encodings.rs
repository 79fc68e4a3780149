//! Each form of OTLP/HTTP is taken on each port, and answered in its own.

use crate::support::{Door, JSON, PROTOBUF, Setup, gzip, logs, logs_json, records_json};
use magistrate_event::{Payload, Receipt, Rejection, Source};
use magistrate_ingest::Listener;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use prost::Message as _;

async fn door(listener: Listener) -> Door {
    Setup {
        listener,
        ..Setup::default()
    }
    .open()
    .await
}

#[tokio::test]
async fn both_ports_take_protobuf_and_json_and_answer_in_kind() {
    for listener in [Listener::OtlpGrpc, Listener::OtlpHttp] {
        let door = door(listener).await;
        let answer = door
            .post("/v1/logs", PROTOBUF, &logs(&["a"]).encode_to_vec())
            .await;
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b""[..]));
        assert!(answer.head.contains("content-type: application/x-protobuf"));
        let answer = door
            .post("/v1/logs", JSON, logs_json(&["b"]).as_bytes())
            .await;
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"{}"[..]));
        assert_eq!(door.event_names(), ["a", "b"]);
        let seen = door.seen();
        assert!(seen.iter().all(|raw| raw.origin.source == Source::OtlpHttp));
        assert_eq!(seen[0].origin.peer, Some(door.address.ip()));
    }
}

#[tokio::test]
async fn each_signal_arrives_as_itself_under_any_prefix() {
    let door = door(Listener::OtlpHttp).await;
    for path in ["/v1/logs", "/v1/metrics", "/some/prefix/v1/traces"] {
        assert_eq!(door.post(path, PROTOBUF, b"").await.status, 200);
    }
    let kinds: Vec<&str> = door
        .seen()
        .iter()
        .map(|raw| match raw.payload {
            Payload::OtlpLogs(_) => "logs",
            Payload::OtlpMetrics(_) => "metrics",
            Payload::OtlpTraces(_) => "traces",
            Payload::Syslog(_) => "syslog",
        })
        .collect();
    assert_eq!(kinds, ["logs", "metrics", "traces"]);
}

#[tokio::test]
async fn every_coding_is_inflated_whole() {
    let door = door(Listener::OtlpHttp).await;
    let (first, second) = (logs(&["a"]).encode_to_vec(), logs(&["b"]).encode_to_vec());
    let mut members = gzip(&first);
    members.extend(gzip(&second));
    let both = [first, second].concat();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut zlib, &both).unwrap();
    for (coding, body) in [
        ("gzip", members),
        ("zstd", zstd::encode_all(both.as_slice(), 3).unwrap()),
        ("deflate", zlib.finish().unwrap()),
        ("identity", both),
    ] {
        let headers = format!("{PROTOBUF}Content-Encoding: {coding}\r\n");
        assert_eq!(door.post("/v1/logs", &headers, &body).await.status, 200);
    }
    assert_eq!(door.event_names(), ["a", "b"].repeat(4));
}

#[tokio::test]
async fn a_large_packed_json_body_goes_the_same_way() {
    let door = door(Listener::OtlpHttp).await;
    let names: Vec<String> = (0..20_000_u64)
        .map(|at| format!("event-{}", at.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let body = gzip(logs_json(&names).as_bytes());
    assert!(body.len() > 64 << 10);
    let headers = format!("{JSON}Content-Encoding: gzip\r\n");
    assert_eq!(door.post("/v1/logs", &headers, &body).await.status, 200);
    assert_eq!(door.event_names(), names);
    assert_eq!(door.intake.used_bytes(), 0);
}

#[tokio::test]
async fn a_chunked_body_is_taken() {
    let door = door(Listener::OtlpHttp).await;
    let json = logs_json(&["a"]);
    let (left, right) = json.split_at(10);
    let body = format!("a\r\n{left}\r\n{:x}\r\n{right}\r\n0\r\n\r\n", right.len());
    let head = format!("POST /v1/logs HTTP/1.1\r\nTransfer-Encoding: chunked\r\n{JSON}");
    assert_eq!(door.send(&head, body.as_bytes()).await.status, 200);
    assert_eq!(door.event_names(), ["a"]);
}

#[tokio::test]
async fn what_was_left_out_here_and_in_the_pipeline_is_counted_together() {
    let receipt = Receipt {
        accepted: 1,
        rejected: vec![Rejection {
            index: 1,
            records: 1,
            reason: "depth",
            message: "nested too deep".to_owned(),
        }],
        ..Receipt::default()
    };
    let door = Setup::answering(Ok(receipt)).open().await;
    let body = records_json(r#"{"timeUnixNano":"soon"},{"eventName":"a"},{"eventName":"b"}"#);
    let answer = door.post("/v1/logs", JSON, body.as_bytes()).await;
    assert_eq!(answer.status, 200);
    let partial = &answer.json()["partialSuccess"];
    assert_eq!(partial["rejectedLogRecords"], "2");
    assert_eq!(
        partial["errorMessage"],
        "record 0: field `timeUnixNano`: expected a whole number within its range; \
         record 2: nested too deep"
    );
    let answer = door
        .post("/v1/logs", PROTOBUF, &logs(&["a", "b"]).encode_to_vec())
        .await;
    let response = ExportLogsServiceResponse::decode(answer.body.as_slice()).unwrap();
    assert_eq!(response.partial_success.unwrap().rejected_log_records, 1);
    let metrics = door.metrics();
    for line in [
        r#"rejected_records_total{source="otlp_http",reason="range"} 1"#,
        r#"rejected_records_total{source="otlp_http",reason="depth"} 2"#,
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
}
