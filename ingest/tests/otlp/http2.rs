//! Floods that only HTTP/2 knows, written frame by frame.

use std::time::Duration;

use crate::support::{PROTOBUF, Setup};
use magistrate_ingest::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
const ENHANCE_YOUR_CALM: u32 = 11;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The preface, and this client's settings.
fn hello() -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    bytes
}

/// The header block of a POST to /v1/logs (RFC 7541 appendix A).
fn block() -> Vec<u8> {
    let mut block = vec![0x83, 0x86, 0x04, 8];
    block.extend(b"/v1/logs");
    block.extend([0x01, 4]);
    block.extend(b"test");
    block
}

/// The error code with which the door says goodbye; `None` when it just closes.
async fn goodbye(mut stream: TcpStream) -> Option<u32> {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut bytes));
    drop(read.await.expect("the door kept the connection open"));
    let mut rest = bytes.as_slice();
    while let Some((head, more)) = rest.split_at_checked(9) {
        let len = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let (payload, more) = more.split_at_checked(len)?;
        if head[3] == GOAWAY {
            return Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
        }
        rest = more;
    }
    None
}

async fn flood(bytes: &[u8]) -> Option<u32> {
    let door = Setup::default().open().await;
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    drop(stream.write_all(bytes).await);
    let code = goodbye(stream).await;
    // Others are served as before.
    assert_eq!(door.post("/v1/logs", PROTOBUF, b"").await.status, 200);
    assert!(door.seen().len() == 1);
    code
}

#[tokio::test]
async fn a_peer_that_opens_and_resets_streams_is_cut_off() {
    let mut bytes = hello();
    for at in 0..1_000 {
        let stream = 2 * at + 1;
        bytes.extend(frame(HEADERS, END_HEADERS, stream, &block()));
        bytes.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
    }
    assert_eq!(flood(&bytes).await, Some(ENHANCE_YOUR_CALM));
}

#[tokio::test]
async fn headers_that_never_end_are_cut_off() {
    let mut bytes = hello();
    bytes.extend(frame(HEADERS, 0, 1, &block()));
    // A literal header that is never indexed, again and again.
    let mut piece = vec![0x10, 1, b'x', 127, 0x81, 0x7d];
    piece.extend(vec![b'y'; 127 + 1 + (0x7d << 7)]);
    piece.truncate(10_000);
    for _ in 0..1_000 {
        bytes.extend(frame(CONTINUATION, 0, 1, &piece));
    }
    assert!(flood(&bytes).await.is_none_or(|code| code != 0));
}

#[tokio::test]
async fn a_connection_that_sends_half_a_request_is_closed_in_time() {
    let door = Setup {
        limits: Limits {
            header_timeout: Duration::from_millis(100),
            ..Limits::default()
        },
        ..Setup::default()
    }
    .open()
    .await;
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    let mut bytes = hello();
    bytes.extend(frame(HEADERS, 0, 1, &block()));
    stream.write_all(&bytes).await.unwrap();
    goodbye(stream).await;
}
