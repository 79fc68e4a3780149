//! One message that is shown: its body is read as far as it is judged, and what goes on is sent back.

use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};

use super::head::Modify;
use super::incoming::{Incoming, Stop};
use super::reply::{self, Frame, Message};
use super::shown::Shown;
use super::wire::{Broken, Wire};
use super::{IcapLimits, Then, http};
use crate::door::fault::Fault;
use crate::door::halves::judged::{Judged, Outcome, Released};
use crate::door::halves::kind::Kind;
use crate::door::halves::pace::Pace;
use crate::door::halves::{HELD_TIME, Half, events};

/// One message, and whoever shows it.
pub(super) struct Exchange<'a, S> {
    pub(super) wire: &'a mut Wire<S>,
    pub(super) judged: Judged<'a>,
    pub(super) frame: Frame,
    pub(super) modify: Modify,
    pub(super) limits: IcapLimits,
    /// Whether something of the answer has gone out: nothing else can be said any more.
    pub(super) has_begun: bool,
}

/// What becomes of a body that nobody waits for any more: so much of it is read, so that the client,
/// which is still writing, reads the answer.
const LINGER_BYTES: usize = 32 << 20;
/// So long.
const LINGER: std::time::Duration = std::time::Duration::from_secs(2);

type Done = Result<Then, Stop>;

impl<S: AsyncRead + AsyncWrite + Unpin> Exchange<'_, S> {
    /// Reads, judges, answers.
    pub(super) async fn run(mut self, due: Instant) -> Result<Then, Broken> {
        let heads = self.wire.take(self.modify.parts.heads_len, due).await?;
        let mut body = None;
        match self.judge(&heads, &mut body).await {
            Ok(then) => Ok(then),
            Err(Stop::Broken(_)) if self.has_begun => Err(Broken::Gone),
            Err(Stop::Broken(broken)) => Err(broken),
            Err(Stop::Fault(fault)) => {
                let metrics = self.judged.doors.judge.metrics();
                metrics.refused(self.judged.name, fault.reason());
                if self.has_begun {
                    return Err(Broken::Gone);
                }
                self.instead(reply::faulty(&fault), body.as_mut()).await
            }
        }
    }

    async fn judge(&mut self, heads: &Bytes, body: &mut Option<Incoming>) -> Done {
        let judge = Arc::clone(&self.judged.doors.judge);
        let _place = judge.exchange_place()?;
        let seat = judge.seat()?;
        if self.modify.parts.has_body {
            *body = Some(Incoming::new(seat, self.modify.has_preview));
        }
        let shown = Shown::read(self.modify, heads, self.limits.max_headers);
        let shown = shown.map_err(Stop::Fault)?;
        let Some(body) = body else {
            return self.without_body(shown).await;
        };
        if !shown.is_read() {
            return self.unread(shown, body).await;
        }
        if shown.kind == Kind::Events {
            return self.events(shown, body).await;
        }
        self.whole(shown, body).await
    }

    /// A message that has no body. A response without one says nothing that the request did not.
    async fn without_body(&mut self, shown: Shown) -> Done {
        if self.modify.half == Half::Request {
            let outcome = self.judged.whole(shown.subject.clone(), None).await;
            if let Outcome::Stop(verdict) = outcome.map_err(Stop::Fault)? {
                return Ok(self.instead(reply::stopped(&verdict), None).await?);
            }
        }
        self.pass(&shown, None).await
    }

    /// A body that nobody can read, or that is a picture: the message is judged for what is known of it.
    async fn unread(&mut self, shown: Shown, body: &mut Incoming) -> Done {
        self.preview(body, Instant::now() + HELD_TIME).await?;
        if shown.kind != Kind::Media {
            let outcome = self.judged.whole(shown.subject.clone(), None).await;
            if let Outcome::Stop(verdict) = outcome.map_err(Stop::Fault)? {
                return Ok(self.instead(reply::stopped(&verdict), Some(body)).await?);
            }
        }
        self.pass(&shown, Some(body)).await
    }

    /// A body that is held back until it is there whole, or until it is too large: then what has come
    /// is judged as a part, and the rest follows it.
    async fn whole(&mut self, shown: Shown, body: &mut Incoming) -> Done {
        let due = Instant::now() + HELD_TIME;
        self.preview(body, due).await?;
        body.ask_for_rest(self.wire).await?;
        let max_bytes = self.judged.doors.judge.config().max_body_bytes;
        while body.held.len() <= max_bytes && self.more(body, due).await? {}
        let outcome = self.judged.whole(
            shown.subject.clone(),
            Some((body.held.as_ref(), body.is_whole())),
        );
        match outcome.await.map_err(Stop::Fault)? {
            Outcome::Pass(_) => self.pass(&shown, Some(body)).await,
            Outcome::Replace(_, text) => {
                let message = Message {
                    half: self.modify.half,
                    head: http::changed(&shown.head, Some(text.len())),
                    body: Some(text),
                };
                self.wire.send(&self.frame.message(&message)).await?;
                Ok(self.frame.then())
            }
            Outcome::Stop(verdict) => {
                Ok(self.instead(reply::stopped(&verdict), Some(body)).await?)
            }
        }
    }

    /// A stream of events: they go on some behind what has come, each part judged.
    async fn events(&mut self, shown: Shown, body: &mut Incoming) -> Done {
        let max_body_bytes = self.judged.doors.judge.config().max_body_bytes;
        let mut pace = Pace::default();
        loop {
            let due = Instant::now() + self.limits.idle_time;
            if !self.more(body, due).await? {
                body.ask_for_rest(self.wire).await?;
            }
            let is_last = body.is_whole();
            if !is_last && !pace.is_due(body.held.len()) {
                continue;
            }
            let released = self
                .judged
                .events(shown.subject.clone(), &body.held, is_last);
            let mut max_bytes = events::MAX_HELD_BYTES;
            let released = match released.await.map_err(Stop::Fault)? {
                Released::Bytes(_) if is_last && !self.has_begun => {
                    return self.pass(&shown, Some(body)).await;
                }
                Released::Bytes(len) => body.release(len),
                Released::Masked(len, events) => {
                    body.release(len);
                    events
                }
                Released::Waits => {
                    max_bytes = max_body_bytes;
                    Bytes::new()
                }
                Released::Stop(_) if self.has_begun => return Err(Broken::Gone.into()),
                Released::Stop(verdict) => {
                    return Ok(self.instead(reply::stopped(&verdict), Some(body)).await?);
                }
            };
            if is_last || !released.is_empty() {
                let head = http::changed(&shown.head, None);
                self.open(&head).await?;
            }
            self.send_piece(&released).await?;
            if is_last {
                self.wire.send(reply::LAST_CHUNK).await?;
                return Ok(self.frame.then());
            }
            pace.looked(body.held.len());
            if body.held.len() > max_bytes {
                return Err(Stop::Fault(Fault::TooLarge { max_bytes }));
            }
        }
    }

    /// Sends the head of a message whose body follows in pieces, once.
    async fn open(&mut self, head: &[u8]) -> Result<(), Broken> {
        if self.has_begun {
            return Ok(());
        }
        self.has_begun = true;
        let opening = self.frame.opening(self.modify.half, head, true);
        self.wire.send(&opening).await
    }

    /// The message goes on as it is.
    async fn pass(&mut self, shown: &Shown, body: Option<&mut Incoming>) -> Done {
        let is_awaited = body.as_ref().is_some_and(|body| body.is_awaited());
        if self.modify.allows_204 || is_awaited {
            self.wire.send(&self.frame.unchanged()).await?;
            return Ok(self.rest(body).await?);
        }
        let Some(body) = body else {
            let opening = self.frame.opening(self.modify.half, &shown.head, false);
            self.wire.send(&opening).await?;
            return Ok(self.frame.then());
        };
        body.ask_for_rest(self.wire).await?;
        self.open(&shown.head).await?;
        let held = body.release(usize::MAX);
        self.send_piece(&held).await?;
        loop {
            let due = Instant::now() + self.limits.idle_time;
            match body.next(self.wire, due).await? {
                Some(piece) => self.send_piece(&piece).await?,
                None => break,
            }
        }
        self.wire.send(reply::LAST_CHUNK).await?;
        Ok(self.frame.then())
    }

    /// Something else goes back in the place of what was shown.
    async fn instead(
        &mut self,
        message: Message,
        body: Option<&mut Incoming>,
    ) -> Result<Then, Broken> {
        self.wire.send(&self.frame.message(&message)).await?;
        self.rest(body).await
    }

    /// Reads what is left of a body that nobody wants any more.
    async fn rest(&mut self, body: Option<&mut Incoming>) -> Result<Then, Broken> {
        let Some(body) = body.filter(|body| !body.is_awaited()) else {
            return Ok(self.frame.then());
        };
        let due = Instant::now() + LINGER;
        let mut left_bytes = LINGER_BYTES;
        while let Ok(next) = body.next(self.wire, due).await {
            let Some(piece) = next else {
                return Ok(if body.is_awaited() {
                    Then::End
                } else {
                    self.frame.then()
                });
            };
            match left_bytes.checked_sub(piece.len()) {
                Some(left) => left_bytes = left,
                None => break,
            }
        }
        Ok(Then::End)
    }

    /// Holds back what the client shows first, where it shows a part first.
    async fn preview(&mut self, body: &mut Incoming, due: Instant) -> Result<(), Stop> {
        if self.modify.has_preview {
            while self.more(body, due).await? {}
        }
        Ok(())
    }

    async fn more(&mut self, body: &mut Incoming, due: Instant) -> Result<bool, Stop> {
        body.more(self.wire, self.judged.doors, due).await
    }

    async fn send_piece(&mut self, piece: &[u8]) -> Result<(), Broken> {
        if piece.is_empty() {
            return Ok(());
        }
        let mut chunk = BytesMut::with_capacity(piece.len() + 16);
        reply::put_chunk(&mut chunk, piece);
        self.wire.send(&chunk).await
    }
}
