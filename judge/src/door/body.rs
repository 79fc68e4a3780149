//! Reads the body of a call under limits of size, memory and time.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use super::fault::Fault;
use crate::judge::{Judge, Seat};

/// How long a body may take. A caller that waits for a verdict sends at once.
const BODY_TIME: Duration = Duration::from_secs(10);
/// What is allocated before bytes have come: a declared length is only a claim.
const MAX_TRUSTED_BYTES: usize = 64 << 10;

/// How long what is left of a refused body is read and thrown away, so that the sender, which is
/// still writing, sees the answer instead of a reset connection (RFC 9112 section 9.6).
const LINGER: Duration = Duration::from_secs(2);
/// How much of it.
const LINGER_BYTES: usize = 32 << 20;

/// Reads the whole body, and charges its bytes to `seat`; what is left of one that is refused is
/// thrown away.
pub(super) async fn read(
    judge: &Judge,
    seat: &mut Seat,
    headers: &HeaderMap,
    mut body: Body,
) -> Result<Bytes, Fault> {
    let whole = read_from(judge, seat, headers, &mut body).await;
    if whole.is_err() {
        throw_away(body);
    }
    whole
}

/// Goes on reading a refused body in the background for a short while, keeping nothing.
pub(super) fn throw_away(mut body: Body) {
    tokio::spawn(timeout(LINGER, async move {
        let mut left_bytes = LINGER_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let len = frame.data_ref().map_or(0, Bytes::len);
            let Some(left) = left_bytes.checked_sub(len) else {
                break;
            };
            left_bytes = left;
        }
    }));
}

async fn read_from(
    judge: &Judge,
    seat: &mut Seat,
    headers: &HeaderMap,
    body: &mut Body,
) -> Result<Bytes, Fault> {
    let max_bytes = judge.config().max_body_bytes;
    let declared = headers.get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > max_bytes) {
        return Err(Fault::TooLarge { max_bytes });
    }
    let whole = collect(judge, seat, body, declared.unwrap_or(0), max_bytes);
    timeout(BODY_TIME, whole).await.unwrap_or(Err(Fault::Slow))
}

async fn collect(
    judge: &Judge,
    seat: &mut Seat,
    body: &mut Body,
    declared: usize,
    max_bytes: usize,
) -> Result<Bytes, Fault> {
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Fault::Cut)?.into_data() else {
            continue;
        };
        if first.len() + joined.len() + data.len() > max_bytes {
            return Err(Fault::TooLarge { max_bytes });
        }
        judge.charge(seat, data.len())?;
        if first.is_empty() && joined.is_empty() {
            first = data;
            continue;
        }
        if joined.is_empty() {
            joined.reserve(
                declared
                    .min(MAX_TRUSTED_BYTES)
                    .max(first.len() + data.len()),
            );
            joined.extend_from_slice(&std::mem::take(&mut first));
        }
        joined.extend_from_slice(&data);
    }
    Ok(if joined.is_empty() {
        first
    } else {
        joined.freeze()
    })
}
