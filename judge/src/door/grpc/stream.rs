//! Calls of gRPC in which both sides send many messages.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http_body::Frame;
use http_body_util::BodyExt as _;
use prost::Message;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::timeout;

use super::frame::{framed, next};
use super::{decoded, trailers};
use crate::door::fault::Fault;
use crate::judge::{Judge, Seat};

/// How long a message may take from its first byte to its last. Between messages there is no limit:
/// the exchange that they tell of may take as long as it likes.
const MESSAGE_TIME: Duration = Duration::from_secs(10);
/// Replies that wait for the connection.
const MAX_REPLIES: usize = 4;

/// The messages that come.
pub(crate) struct Messages {
    body: Body,
    came: BytesMut,
}

impl Messages {
    /// The messages in `body`.
    pub(crate) fn new(body: Body) -> Self {
        Self {
            body,
            came: BytesMut::new(),
        }
    }

    /// The next message, and the seat that its bytes are charged to; none when the other side has
    /// sent its last one.
    pub(crate) async fn next<M: Message + Default>(
        &mut self,
        judge: &Judge,
    ) -> Result<Option<(M, Seat)>, Fault> {
        if self.came.is_empty() && !self.more().await? {
            return Ok(None);
        }
        let mut seat = judge.seat()?;
        let whole = timeout(MESSAGE_TIME, self.whole(judge, &mut seat)).await;
        let message = whole.unwrap_or(Err(Fault::Slow))?;
        Ok(Some((decoded(message)?, seat)))
    }

    async fn whole(&mut self, judge: &Judge, seat: &mut Seat) -> Result<Bytes, Fault> {
        // What is still in the buffer was charged to nobody, or to a seat that has been given back.
        judge.charge(seat, self.came.len())?;
        loop {
            if let Some(message) = next(&mut self.came, judge.config().max_body_bytes)? {
                return Ok(message);
            }
            let before = self.came.len();
            if !self.more().await? {
                return Err(Fault::Cut);
            }
            judge.charge(seat, self.came.len() - before)?;
        }
    }

    /// Waits for more bytes; says whether there are any.
    async fn more(&mut self) -> Result<bool, Fault> {
        while let Some(frame) = self.body.frame().await {
            if let Ok(data) = frame.map_err(|_| Fault::Cut)?.into_data()
                && !data.is_empty()
            {
                self.came.extend_from_slice(&data);
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The replies of a call. Dropped before its end, it ends the call with an error: a proxy must never
/// take silence for consent.
pub(crate) struct Replies {
    frames: Sender<Frame<Bytes>>,
}

/// The body that the replies go out with.
struct Outgoing {
    frames: Receiver<Frame<Bytes>>,
    is_ended: bool,
}

/// A way to reply, and the body that the replies go out with.
pub(crate) fn channel() -> (Replies, Body) {
    let (sender, receiver) = mpsc::channel(MAX_REPLIES);
    let outgoing = Outgoing {
        frames: receiver,
        is_ended: false,
    };
    (Replies { frames: sender }, Body::new(outgoing))
}

impl Replies {
    /// Sends a reply; says whether the other side is still there, and reads.
    pub(crate) async fn send(&self, message: &impl Message) -> bool {
        let frame = Frame::data(framed(message));
        let sent = timeout(MESSAGE_TIME, self.frames.send(frame)).await;
        matches!(sent, Ok(Ok(())))
    }

    /// Ends the call.
    pub(crate) async fn end(self, outcome: Result<(), &Fault>) {
        // Whoever has gone needs no end.
        let end = Frame::<Bytes>::trailers(trailers(outcome));
        let end = self.frames.send(end);
        drop(timeout(MESSAGE_TIME, end).await);
    }
}

/// A call that was left without an end.
#[derive(Debug, thiserror::Error)]
#[error("the call was left without an end")]
struct Abandoned;

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = Abandoned;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Abandoned>>> {
        if self.is_ended {
            return Poll::Ready(None);
        }
        match ready!(self.frames.poll_recv(cx)) {
            Some(frame) => {
                self.is_ended = frame.is_trailers();
                Poll::Ready(Some(Ok(frame)))
            }
            None => {
                self.is_ended = true;
                Poll::Ready(Some(Err(Abandoned)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::*;

    #[tokio::test]
    async fn a_call_ends_with_trailers_or_with_an_error() {
        let (replies, mut body) = channel();
        replies.end(Err(&Fault::Slow)).await;
        let trailers: HeaderMap = body
            .frame()
            .await
            .unwrap()
            .unwrap()
            .into_trailers()
            .unwrap();
        assert_eq!(trailers["grpc-status"], "4");
        assert!(body.frame().await.is_none());
        let (replies, mut body) = channel();
        drop(replies);
        assert!(body.frame().await.unwrap().is_err(), "no end is no success");
    }
}
