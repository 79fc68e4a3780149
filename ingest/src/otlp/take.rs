//! The steps that every body takes from its bytes to the queue's answer, whatever the protocol.

use bytes::Bytes;
use magistrate_event::{Origin, Source};

use super::fault::Fault;
use super::inflate::{Coding, InflateError, inflate};
use super::rejected::Rejected;
use super::{Door, Signal, json};
use crate::intake::Hold;
use crate::metrics::Stage;

/// Larger packed bodies are inflated off the threads that serve connections.
const MAX_INLINE_PACKED_BYTES: usize = 32 << 10;
/// Larger JSON bodies are converted there.
const MAX_INLINE_JSON_BYTES: usize = 128 << 10;

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Protobuf,
    Json,
}

/// A body as it was read.
pub(super) struct Received {
    pub(super) signal: Signal,
    pub(super) encoding: Encoding,
    pub(super) coding: Coding,
    pub(super) bytes: Bytes,
    /// What its bytes are charged to.
    pub(super) hold: Hold,
}

/// Inflates, converts and submits a body; says which records were not taken.
pub(super) async fn take(
    door: &Door,
    origin: Origin,
    received: Received,
) -> Result<Rejected, Fault> {
    let source = origin.source;
    let (signal, encoding) = (received.signal, received.encoding);
    door.metrics
        .received(source, Stage::Wire, received.bytes.len());
    let (plain, hold) = unpacked(door, received).await?;
    door.metrics
        .received(source, Stage::Decompressed, plain.len());
    let (request, mut rejected, hold) = match encoding {
        Encoding::Protobuf => (plain, Rejected::default(), hold),
        Encoding::Json => converted(door, signal, plain, hold).await?,
    };
    let raw = door.intake.stamp(origin, signal.payload(request));
    let answered = tokio::time::timeout(
        door.limits.answer_timeout,
        door.intake.submit_held(raw, hold),
    );
    let receipt = answered.await.map_err(|_| Fault::NoAnswer {
        retry_after: door.limits.retry_after,
    })??;
    rejected.merge(receipt.rejected);
    report(door, source, &rejected);
    Ok(rejected)
}

fn report(door: &Door, source: Source, rejected: &Rejected) {
    for (reason, records) in rejected.by_reason() {
        door.metrics.rejected(source, reason, *records);
    }
}

async fn unpacked(door: &Door, received: Received) -> Result<(Bytes, Hold), Fault> {
    let Received {
        coding,
        bytes,
        hold,
        ..
    } = received;
    if coding == Coding::Identity {
        return Ok((bytes, hold));
    }
    let max_bytes = door.limits.max_body_bytes;
    if bytes.len() <= MAX_INLINE_PACKED_BYTES {
        return unpack(coding, bytes, max_bytes, hold);
    }
    heavy(door, move || unpack(coding, bytes, max_bytes, hold)).await
}

/// Inflates; afterwards `hold` is charged for the plain body alone.
fn unpack(
    coding: Coding,
    packed: Bytes,
    max_bytes: usize,
    mut hold: Hold,
) -> Result<(Bytes, Hold), Fault> {
    let packed_bytes = packed.len();
    let plain = inflate(coding, &packed, max_bytes, |bytes| {
        hold.grow_to(packed_bytes + bytes)
    })
    .map_err(|error| match error {
        InflateError::Bomb => Fault::Bomb { max_bytes },
        InflateError::Corrupt => Fault::Corrupt(coding),
        InflateError::Refused(refusal) => Fault::Refused(refusal),
    })?;
    drop(packed);
    hold.shrink_to(plain.capacity());
    Ok((Bytes::from(plain), hold))
}

async fn converted(
    door: &Door,
    signal: Signal,
    plain: Bytes,
    hold: Hold,
) -> Result<(Bytes, Rejected, Hold), Fault> {
    let max_bytes = door.limits.max_body_bytes;
    if plain.len() <= MAX_INLINE_JSON_BYTES {
        return convert(signal, plain, max_bytes, hold);
    }
    heavy(door, move || convert(signal, plain, max_bytes, hold)).await
}

/// Converts JSON; afterwards `hold` is charged for the protobuf form alone.
fn convert(
    signal: Signal,
    plain: Bytes,
    max_bytes: usize,
    mut hold: Hold,
) -> Result<(Bytes, Rejected, Hold), Fault> {
    // The protobuf form is about half as large; the rest is settled when its size is known.
    let held_bytes = plain.len();
    hold.grow_to(held_bytes + held_bytes / 2)?;
    let converted = json::to_protobuf(signal, &plain, max_bytes)?;
    hold.grow_to(held_bytes.saturating_add(converted.body.len()))?;
    drop(plain);
    let request = Bytes::from(converted.body);
    hold.shrink_to(request.len());
    Ok((request, converted.rejected, hold))
}

/// Runs `work` on the pool for long computations, as many at a time as there are cores.
async fn heavy<T: Send + 'static>(
    door: &Door,
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let _permit = door.heavy.acquire().await.map_err(|_| Fault::Stopped)?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Fault::Stopped)?
}
