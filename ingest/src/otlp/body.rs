//! Reads a request's body under limits of size, memory and time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::Body;
use http_body_util::BodyExt as _;
use tokio::time::Instant;

use super::fault::Fault;
use crate::config::Limits;
use crate::intake::Hold;

/// What is allocated at most before bytes have come: a declared length is only a claim.
const MAX_TRUSTED_BYTES: usize = 256 << 10;
/// For each byte that has come so many are believed, so that most bodies are moved once.
const TRUSTED_PER_BYTE: usize = 8;
/// How long what is left of a refused body is read and thrown away, so that the sender, which is
/// still writing, sees the answer instead of a reset connection (RFC 9112 section 9.6).
const LINGER: Duration = Duration::from_secs(2);
/// How much of it, when the sender is not known.
const STRANGER_LINGER_BYTES: usize = 1 << 20;

/// The size that the headers declare.
pub(super) fn declared_bytes(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads the whole body, at most `max_bytes`; its bytes are charged to `hold` as they come.
pub(super) async fn read<B>(
    body: &mut B,
    max_bytes: usize,
    declared: Option<u64>,
    limits: &Limits,
    hold: &mut Hold,
) -> Result<Bytes, Fault>
where
    B: Body<Data = Bytes> + Unpin,
{
    let too_large = Fault::TooLarge { max_bytes };
    let declared_bytes = usize::try_from(declared.unwrap_or(0)).unwrap_or(usize::MAX);
    if declared_bytes > max_bytes {
        return Err(too_large);
    }
    let start = Instant::now();
    let mut read = Parts::default();
    loop {
        let deadline = start + limits.body_timeout + earned(read.len_bytes(), limits);
        let frame = match tokio::time::timeout_at(deadline, body.frame()).await {
            Err(_) => return Err(Fault::Slow),
            Ok(None) => return Ok(read.into_bytes()),
            Ok(Some(Err(_))) => return Err(Fault::Cut),
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let len_bytes = read.len_bytes() + data.len();
        if len_bytes > max_bytes {
            return Err(too_large);
        }
        hold.grow_to(len_bytes)?;
        read.push(data, declared_bytes);
    }
}

/// The time that bytes which have come give their sender for the rest.
fn earned(bytes: usize, limits: &Limits) -> Duration {
    let seconds = bytes / limits.min_body_bytes_per_second.max(1);
    Duration::from_secs(seconds as u64)
}

/// Whose body is thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    Known,
    Stranger,
}

/// Goes on reading a refused body in the background for a short while, keeping nothing.
pub(super) fn throw_away<B>(mut body: B, sender: Sender, limits: &Limits)
where
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Send,
{
    if body.is_end_stream() {
        return;
    }
    let mut left_bytes = match sender {
        Sender::Known => limits.max_body_bytes.saturating_mul(2),
        Sender::Stranger => STRANGER_LINGER_BYTES,
    };
    tokio::spawn(tokio::time::timeout(LINGER, async move {
        while let Some(Ok(frame)) = body.frame().await {
            let len = frame.data_ref().map_or(0, Bytes::len);
            let Some(left) = left_bytes.checked_sub(len) else {
                break;
            };
            left_bytes = left;
        }
    }));
}

/// The pieces of a body: one piece stays as it came, more are put together.
#[derive(Default)]
struct Parts {
    first: Bytes,
    joined: BytesMut,
}

impl Parts {
    fn len_bytes(&self) -> usize {
        self.first.len() + self.joined.len()
    }

    fn push(&mut self, data: Bytes, declared_bytes: usize) {
        if self.len_bytes() == 0 {
            self.first = data;
            return;
        }
        let first = std::mem::take(&mut self.first);
        let len_bytes = self.joined.len() + first.len() + data.len();
        if len_bytes > self.joined.capacity() {
            let trusted = MAX_TRUSTED_BYTES.max(len_bytes.saturating_mul(TRUSTED_PER_BYTE));
            let room = declared_bytes.min(trusted).max(len_bytes);
            self.joined.reserve(room - self.joined.len());
        }
        self.joined.extend_from_slice(&first);
        self.joined.extend_from_slice(&data);
    }

    fn into_bytes(self) -> Bytes {
        if self.joined.is_empty() {
            self.first
        } else {
            self.joined.freeze()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Intake, IntakeLimits};
    use http_body::Frame;
    use http_body_util::StreamBody;
    use magistrate_event::Refusal;
    use std::convert::Infallible;

    fn limits() -> Limits {
        Limits {
            body_timeout: Duration::from_secs(10),
            min_body_bytes_per_second: 100,
            ..Limits::default()
        }
    }

    /// A body of `pieces` of 100 bytes, one each `every`.
    fn body(pieces: usize, every: Duration) -> impl Body<Data = Bytes, Error = Infallible> + Unpin {
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            for _ in 0..pieces {
                tokio::time::sleep(every).await;
                let piece = Frame::data(Bytes::from_static(&[7; 100]));
                if sender.send(Ok(piece)).await.is_err() {
                    return;
                }
            }
        });
        StreamBody::new(tokio_stream(receiver))
    }

    fn tokio_stream<T: Send>(
        mut receiver: tokio::sync::mpsc::Receiver<T>,
    ) -> impl futures_core::Stream<Item = T> + Unpin {
        futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx))
    }

    async fn outcome(pieces: usize, every: Duration, max_bytes: usize) -> Result<usize, Fault> {
        let (intake, _pipeline) = Intake::new(IntakeLimits {
            max_bytes: 5_000,
            ..IntakeLimits::default()
        });
        let mut hold = intake.hold();
        let mut body = body(pieces, every);
        let read = read(&mut body, max_bytes, None, &limits(), &mut hold).await?;
        assert_eq!(hold.bytes(), read.len());
        Ok(read.len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_in_pieces_is_put_together() {
        for pieces in [0, 1, 2, 40] {
            let read = outcome(pieces, Duration::ZERO, 4_000).await;
            assert_eq!(read.unwrap(), pieces * 100);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_over_the_limit_is_refused_while_it_comes() {
        let fault = outcome(41, Duration::ZERO, 4_000).await.unwrap_err();
        assert!(matches!(fault, Fault::TooLarge { max_bytes: 4_000 }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_over_the_budget_is_refused_as_busy() {
        let fault = outcome(51, Duration::ZERO, 10_000).await.unwrap_err();
        assert!(matches!(fault, Fault::Refused(Refusal::Busy { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_given_up() {
        let steady = outcome(40, Duration::from_secs(1), 4_000).await;
        assert_eq!(steady.unwrap(), 4_000);
        let fault = outcome(40, Duration::from_secs(2), 4_000)
            .await
            .unwrap_err();
        assert!(matches!(fault, Fault::Slow));
        let fault = outcome(1, Duration::from_secs(11), 4_000)
            .await
            .unwrap_err();
        assert!(matches!(fault, Fault::Slow));
    }
}
