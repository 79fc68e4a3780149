//! One slow or greedy sender costs the door little.

use std::time::Duration;

use crate::support::{JSON, PROTOBUF, Setup};
use magistrate_ingest::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn short(limits: Limits) -> Setup {
    let short = Duration::from_millis(100);
    Setup {
        limits: Limits {
            header_timeout: short,
            body_timeout: short,
            ..limits
        },
        ..Setup::default()
    }
}

/// Reads until the door closes the connection.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes));
    drop(read.await.expect("the door kept the connection open"));
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn half_a_header_ends_the_connection() {
    let door = short(Limits::default()).open().await;
    for start in [
        "",
        "P",
        "PRI * HT",
        "POST /v1/logs HTTP/1.1\r\nHost: t\r\nX-Slow: 1",
    ] {
        let mut stream = TcpStream::connect(door.address).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        until_closed(&mut stream).await;
    }
}

#[tokio::test]
async fn a_body_that_stalls_is_timed_out_and_said_so() {
    let door = short(Limits::default()).open().await;
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    let head = format!("POST /v1/logs HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n{JSON}\r\n{{");
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = until_closed(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(door.seen().is_empty());
}

#[tokio::test]
async fn an_idle_connection_is_kept_for_its_time_and_then_closed() {
    let door = short(Limits {
        idle_timeout: Duration::from_millis(300),
        ..Limits::default()
    })
    .open()
    .await;
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    let request =
        format!("POST /v1/logs HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n{PROTOBUF}\r\n");
    let mut buffer = vec![0; 4_096];
    for _ in 0..2 {
        stream.write_all(request.as_bytes()).await.unwrap();
        let len = stream.read(&mut buffer).await.unwrap();
        assert!(buffer[..len].starts_with(b"HTTP/1.1 200"));
    }
    assert_eq!(until_closed(&mut stream).await, "");
}

#[tokio::test]
async fn headers_over_the_limits_are_refused() {
    let door = Setup::default().open().await;
    let many = "X-Many: 1\r\n".repeat(101);
    assert_eq!(
        door.post("/v1/logs", &format!("{JSON}{many}"), b"")
            .await
            .status,
        431
    );
    let long = format!("X-Long: {}\r\n", "x".repeat(80 << 10));
    assert_eq!(
        door.post("/v1/logs", &format!("{JSON}{long}"), b"")
            .await
            .status,
        431
    );
}

#[tokio::test]
async fn a_peer_has_so_many_connections_and_no_more() {
    let door = Setup {
        limits: Limits {
            max_connections_per_peer: 2,
            ..Limits::default()
        },
        ..Setup::default()
    }
    .open()
    .await;
    let first = TcpStream::connect(door.address).await.unwrap();
    let _second = TcpStream::connect(door.address).await.unwrap();
    let mut third = TcpStream::connect(door.address).await.unwrap();
    until_closed(&mut third).await;
    let reason =
        r#"connections_refused_total{listener="otlp_http",reason="connections_per_peer"} 1"#;
    assert!(door.metrics().contains(reason), "{}", door.metrics());
    drop(first);
    while !door
        .metrics()
        .contains("connections{listener=\"otlp_http\"} 1")
    {
        tokio::task::yield_now().await;
    }
    assert_eq!(door.post("/v1/logs", PROTOBUF, b"").await.status, 200);
}

#[tokio::test]
async fn bodies_over_the_shared_budget_are_told_to_come_again() {
    let door = Setup {
        limits: Limits {
            max_body_bytes: 1_000,
            max_in_flight_bytes: 1_500,
            ..Limits::default()
        },
        ..Setup::default()
    }
    .open()
    .await;
    let mut hold = door.intake.hold();
    hold.grow_to(1_000).unwrap();
    let answer = door.post("/v1/logs", PROTOBUF, &[b' '; 501]).await;
    assert_eq!(answer.status, 503);
    assert!(answer.head.contains("retry-after: 1"));
    drop(hold);
    assert_eq!(
        door.post("/v1/logs", PROTOBUF, &[b' '; 501]).await.status,
        200
    );
}
