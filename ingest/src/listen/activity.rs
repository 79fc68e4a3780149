//! Knows when a connection has nothing more to give: half-sent headers, or too long a silence.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What a connection is doing.
#[derive(Debug, Clone, Copy)]
struct State {
    /// Requests that are being answered.
    open_requests: usize,
    /// When the last of them was answered, or the connection began.
    quiet_since: Instant,
    /// When the first byte after that came.
    partial_since: Option<Instant>,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No request has come yet.
    New,
    Http1,
    /// Bytes between requests are no headers: pings, settings, window updates.
    Http2,
}

/// The activity of one connection; clones share it.
#[derive(Clone)]
pub(super) struct Activity {
    state: Arc<Mutex<State>>,
}

/// How long each kind of silence may last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) header: Duration,
    pub(super) idle: Duration,
}

impl Activity {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            state: Arc::new(Mutex::new(State {
                open_requests: 0,
                quiet_since: now,
                partial_since: None,
                phase: Phase::New,
            })),
        }
    }

    /// Marks a request as open until the guard is dropped.
    pub(super) fn request(&self, version: http::Version) -> OpenRequest {
        self.with(|state| {
            state.open_requests += 1;
            state.partial_since = None;
            state.phase = if version == http::Version::HTTP_2 {
                Phase::Http2
            } else {
                Phase::Http1
            };
        });
        OpenRequest {
            activity: self.clone(),
        }
    }

    /// Returns when the patience with the connection is at an end.
    pub(super) async fn expired(&self, patience: Patience) {
        loop {
            let now = Instant::now();
            let deadline = self.with(|state| deadline(*state, patience));
            let Some(deadline) = deadline else {
                tokio::time::sleep(patience.header).await;
                continue;
            };
            if deadline <= now {
                return;
            }
            // Looks again before the deadline: bytes that come meanwhile may bring it forward.
            tokio::time::sleep_until(deadline.min(now + patience.header)).await;
        }
    }

    fn bytes_came(&self) {
        self.with(|state| {
            if state.open_requests == 0 && state.partial_since.is_none() {
                state.partial_since = Some(Instant::now());
            }
        });
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// When patience ends; `None` while a request is open.
fn deadline(state: State, patience: Patience) -> Option<Instant> {
    if state.open_requests > 0 {
        return None;
    }
    Some(match (state.phase, state.partial_since) {
        (Phase::New, _) => state.quiet_since + patience.header,
        (Phase::Http1, Some(since)) => since + patience.header,
        (Phase::Http1, None) | (Phase::Http2, _) => state.quiet_since + patience.idle,
    })
}

/// A request that is being answered.
pub(super) struct OpenRequest {
    activity: Activity,
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.activity.with(|state| {
            state.open_requests = state.open_requests.saturating_sub(1);
            state.quiet_since = Instant::now();
        });
    }
}

/// A stream that tells the activity when bytes come in.
pub(super) struct Watched<T> {
    stream: T,
    activity: Activity,
}

impl<T> Watched<T> {
    pub(super) const fn new(stream: T, activity: Activity) -> Self {
        Self { stream, activity }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.activity.bytes_came();
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        header: Duration::from_secs(10),
        idle: Duration::from_secs(120),
    };

    async fn seconds_until_expired(activity: &Activity) -> u64 {
        let start = Instant::now();
        activity.expired(PATIENCE).await;
        start.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_sends_no_request_has_the_time_of_a_header() {
        let activity = Activity::new();
        activity.bytes_came();
        assert_eq!(seconds_until_expired(&activity).await, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn between_requests_it_may_idle() {
        for version in [http::Version::HTTP_11, http::Version::HTTP_2] {
            let activity = Activity::new();
            drop(activity.request(version));
            assert_eq!(seconds_until_expired(&activity).await, 120);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_header_ends_http1_soon_and_http2_frames_do_not() {
        for (version, seconds) in [(http::Version::HTTP_11, 10), (http::Version::HTTP_2, 120)] {
            let activity = Activity::new();
            drop(activity.request(version));
            activity.bytes_came();
            assert_eq!(seconds_until_expired(&activity).await, seconds);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_request_is_never_idle() {
        let activity = Activity::new();
        let open = activity.request(http::Version::HTTP_11);
        let waiting = tokio::time::timeout(Duration::from_secs(3_600), activity.expired(PATIENCE));
        assert!(waiting.await.is_err());
        drop(open);
        assert_eq!(seconds_until_expired(&activity).await, 120);
    }
}
