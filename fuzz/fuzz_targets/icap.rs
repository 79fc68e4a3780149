//! The judge's door for ICAP: any bytes, in pieces of any size, come to an end, and all that is answered is ICAP.
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::http::HeaderMap;
use libfuzzer_sys::fuzz_target;
use magistrate_event::Identity;
use magistrate_fuzz::judge;
use magistrate_judge::{Caller, IcapLimits, Judge, serve_icap};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

const LIMITS: IcapLimits = IcapLimits {
    header_time: Duration::from_secs(1),
    idle_time: Duration::from_secs(1),
    max_header_bytes: 4096,
    max_headers: 32,
    max_connections: 9,
};

struct Door {
    runtime: tokio::runtime::Runtime,
    judge: Arc<Judge>,
}

static DOOR: LazyLock<Door> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    Door { runtime, judge: judge() }
});

fuzz_target!(|bytes: &[u8]| {
    let Some((step, bytes)) = bytes.split_first() else { return };
    let door = &*DOOR;
    let (mut client, served) = duplex(1 << 16);
    let admit = |_: &HeaderMap| Caller::Known { identity: Identity::Anonymous, peer: None };
    let serve = serve_icap(served, Arc::clone(&door.judge), (admit, LIMITS), std::future::pending());
    let talk = async {
        for piece in bytes.chunks(usize::from(*step).max(1)) {
            // What is refused is not read to its end.
            if client.write_all(piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(client.shutdown().await);
        let mut answer = Vec::new();
        drop(client.read_to_end(&mut answer).await);
        answer
    };
    let ((), answer) = door.runtime.block_on(async { tokio::join!(serve, talk) });
    assert!(answer.is_empty() || answer.starts_with(b"ICAP/1.0 "), "{}", String::from_utf8_lossy(&answer));
});
