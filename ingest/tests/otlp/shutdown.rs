//! A door that is told to close finishes what it has begun, and nothing more.

use std::sync::mpsc;
use std::time::Duration;

use crate::support::{PROTOBUF, Setup};
use magistrate_event::Receipt;
use magistrate_ingest::Limits;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

#[tokio::test]
async fn an_open_request_is_answered_and_new_connections_are_not_taken() {
    let (release, held) = mpsc::channel::<()>();
    let (began, begun) = tokio::sync::oneshot::channel();
    let mut began = Some(began);
    let door = Setup {
        pipeline: Box::new(move |_| {
            if let Some(began) = began.take() {
                began.send(()).unwrap();
            }
            held.recv().unwrap();
            Some(Ok(Receipt::default()))
        }),
        ..Setup::default()
    }
    .open()
    .await;
    let (answer, ()) = tokio::join!(door.post("/v1/logs", PROTOBUF, b""), async {
        begun.await.unwrap();
        door.shutdown.cancel();
        while TcpStream::connect(door.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        release.send(()).unwrap();
    });
    assert_eq!(answer.status, 200);
    door.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn silent_and_stuck_connections_do_not_hold_up_the_end() {
    let door = Setup {
        limits: Limits {
            drain_timeout: Duration::from_millis(200),
            ..Limits::default()
        },
        ..Setup::default()
    }
    .open()
    .await;
    let _silent = TcpStream::connect(door.address).await.unwrap();
    let mut stuck = TcpStream::connect(door.address).await.unwrap();
    let head = format!("POST /v1/logs HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n{PROTOBUF}\r\n");
    stuck.write_all(head.as_bytes()).await.unwrap();
    door.shutdown.cancel();
    let served = tokio::time::timeout(Duration::from_secs(5), door.served).await;
    served.expect("still serving").unwrap().unwrap();
    assert_eq!(door.intake.used_bytes(), 0);
}
