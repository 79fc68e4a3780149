//! One exchange: what has come of it, what is asked about it, and what is replied.

use std::time::Instant;

use axum::http::header::CONTENT_LENGTH;
use bytes::Bytes;
use magistrate_event::Origin;

use super::NAME;
use super::message::{HttpBody, HttpHeaders, Part, ProcessingRequest, ProcessingResponse};
use super::mode::{Mode, Modes};
use super::reply::{self, Head};
use super::waiting::{Waiting, told};
use crate::door::Doors;
use crate::door::authz::asked::{Asked, Place};
use crate::door::authz::headers_of;
use crate::door::fault::Fault;
use crate::door::halves::Half;
use crate::door::halves::judged::{Client, Judged, Outcome, Released};
use crate::door::halves::kind::Kind;
use crate::door::halves::subject::{Answered, Subject};
use crate::judge::Seat;
use crate::verdict::Verdict;

/// One request and its response.
pub(super) struct Exchange<'a> {
    judged: Judged<'a>,
    modes: Option<Modes>,
    /// Whose session it is; the outer none before the request has come.
    session: Option<Option<String>>,
    request: Side,
    response: Side,
    is_stopped: bool,
}

/// Where one half of the exchange stands.
#[derive(Debug)]
enum Side {
    /// Nothing of it has come.
    New,
    /// Its body is waited for.
    Waiting(Box<Waiting>),
    /// It goes on, whatever comes of it.
    Settled(Mode),
}

/// What follows a piece of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// More of it, or trailers.
    More,
    /// Trailers, which have come.
    Trailers,
    /// Nothing.
    End,
}

type Replies = Vec<ProcessingResponse>;

impl<'a> Exchange<'a> {
    /// An exchange of which nothing has come.
    pub(super) fn new(doors: &'a Doors, origin: Origin) -> Self {
        Self {
            judged: Judged {
                doors,
                origin,
                name: NAME,
                client: Client::default(),
            },
            modes: None,
            session: None,
            request: Side::New,
            response: Side::New,
            is_stopped: false,
        }
    }

    /// Whether Envoy was told to stop: nothing follows that counts.
    pub(super) const fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// When more must have come of a body that is held back.
    pub(super) fn due(&self) -> Option<Instant> {
        let sides = [&self.request, &self.response].into_iter();
        let due = sides.filter_map(|side| match side {
            Side::Waiting(waiting) => waiting.due(),
            Side::New | Side::Settled(_) => None,
        });
        due.min()
    }

    /// What is replied to a message whose bytes are charged to `seat`.
    ///
    /// # Errors
    /// When it cannot be judged: the exchange must not go on.
    pub(super) async fn answer(
        &mut self,
        message: ProcessingRequest,
        seat: Seat,
    ) -> Result<Replies, Fault> {
        let modes = match self.modes {
            Some(modes) => modes,
            None => *self
                .modes
                .insert(Modes::of(message.protocol_config.as_ref())?),
        };
        match message.part {
            Some(Part::RequestHeaders(head)) => self.request_head(&head, modes).await,
            Some(Part::ResponseHeaders(head)) => self.response_head(&head, modes).await,
            Some(Part::RequestBody(body)) => self.body(Half::Request, body, seat).await,
            Some(Part::ResponseBody(body)) => self.body(Half::Response, body, seat).await,
            Some(Part::RequestTrailers(_)) => self.trailers(Half::Request).await,
            Some(Part::ResponseTrailers(_)) => self.trailers(Half::Response).await,
            None => Err(malformed("a message tells nothing of the exchange")),
        }
    }

    async fn request_head(&mut self, head: &HttpHeaders, modes: Modes) -> Result<Replies, Fault> {
        let headers = head.headers.clone().unwrap_or_default();
        let plain = headers.plain();
        let place = Place {
            method: headers.text(":method").unwrap_or_default(),
            scheme: headers.text(":scheme"),
            host: headers.text(":authority").unwrap_or_default(),
            path: headers.text(":path").unwrap_or_default(),
        };
        let asked = Asked::at(place, &plain)?;
        self.session = Some(asked.session().map(str::to_owned));
        let mut reply = Head {
            removes_accept_encoding: modes.response != Mode::None,
            ..Head::default()
        };
        let subject = Subject::Request(asked);
        let has_body = !head.end_of_stream && modes.request != Mode::None;
        let outcome = match (has_body, modes.request) {
            (false, _) => Some(self.judged.whole(subject.clone(), None).await?),
            // The head goes on before the body has come.
            (true, Mode::Streamed) => Some(self.judged.head(subject.clone()).await?),
            (true, _) => None,
        };
        match outcome {
            Some(Outcome::Stop(verdict)) => return Ok(self.stop(&verdict)),
            Some(Outcome::Pass(verdict) | Outcome::Replace(verdict, _)) => {
                reply.set = headers_of(&verdict);
            }
            None => {}
        }
        if !has_body {
            self.request = Side::Settled(modes.request);
            return Ok(vec![reply::head(Half::Request, reply)]);
        }
        let mut waiting = Waiting::new(Half::Request, modes.request, subject, reply.clone());
        waiting.has_length = plain.contains_key(CONTENT_LENGTH);
        Ok(self.wait(waiting, reply))
    }

    async fn response_head(&mut self, head: &HttpHeaders, modes: Modes) -> Result<Replies, Fault> {
        let Some(session) = self.session.clone() else {
            return Err(malformed(
                "a response came without its request: set request_header_mode to SEND",
            ));
        };
        let headers = head.headers.clone().unwrap_or_default();
        let plain = headers.plain();
        let status = headers.text(":status").unwrap_or_default();
        let answered = Answered::new(session, status, &plain);
        let mut reply = Head::default();
        let kind = Kind::of(&plain);
        let has_body = !head.end_of_stream && modes.response != Mode::None;
        if !has_body || answered.is_packed || kind == Kind::Media {
            if has_body {
                reply.modes = modes.without_response();
            }
            self.response = Side::Settled(modes.response);
            if has_body && kind != Kind::Media {
                // What nobody can read is judged for what is known of it.
                let outcome = self.judged.whole(Subject::Response(answered), None);
                if let Outcome::Stop(verdict) = outcome.await? {
                    return Ok(self.stop(&verdict));
                }
            }
            return Ok(vec![reply::head(Half::Response, reply)]);
        }
        let is_events = kind == Kind::Events;
        let mode = match modes.response {
            // Whole it would only come when all is over.
            Mode::Buffered | Mode::BufferedPartial if is_events => {
                reply.modes = Some(modes.with_response(Mode::Streamed));
                Mode::Streamed
            }
            mode @ (Mode::None
            | Mode::Streamed
            | Mode::Buffered
            | Mode::BufferedPartial
            | Mode::Duplex) => mode,
        };
        let subject = Subject::Response(answered);
        let mut waiting = Waiting::new(Half::Response, mode, subject, reply.clone());
        waiting.has_length = plain.contains_key(CONTENT_LENGTH);
        waiting.is_events = is_events;
        Ok(self.wait(waiting, reply))
    }

    /// Waits for a body; its head goes on, unless it waits, too.
    fn wait(&mut self, waiting: Waiting, head: Head) -> Replies {
        let half = waiting.half;
        let replies = match &waiting.head {
            Some(_) => Vec::new(),
            None => vec![reply::head(half, head)],
        };
        *self.side(half) = Side::Waiting(Box::new(waiting));
        replies
    }

    async fn body(&mut self, half: Half, body: HttpBody, seat: Seat) -> Result<Replies, Fault> {
        let mut waiting = match std::mem::replace(self.side(half), Side::New) {
            Side::New => return Err(malformed("a body came before its headers")),
            Side::Settled(mode) => {
                *self.side(half) = Side::Settled(mode);
                return Ok(match mode {
                    Mode::Duplex => reply::pieces(half, body.body, body.end_of_stream),
                    Mode::None | Mode::Streamed | Mode::Buffered | Mode::BufferedPartial => {
                        vec![reply::pass(half, Vec::new())]
                    }
                });
            }
            Side::Waiting(waiting) => waiting,
        };
        match waiting.mode {
            Mode::None | Mode::Buffered => self.buffered(*waiting, body.body, true).await,
            Mode::BufferedPartial => {
                let is_whole = body.end_of_stream;
                self.buffered(*waiting, body.body, is_whole).await
            }
            Mode::Streamed | Mode::Duplex => {
                waiting.hold(self.judged.doors, &body.body, seat)?;
                if body.end_of_stream {
                    return self.finish(*waiting, Then::End).await;
                }
                self.gather(waiting).await
            }
        }
    }

    /// Judges a body that has come in one message.
    async fn buffered(
        &mut self,
        waiting: Waiting,
        body: Bytes,
        is_whole: bool,
    ) -> Result<Replies, Fault> {
        let half = waiting.half;
        let outcome = self
            .judged
            .whole(waiting.subject, Some((body.as_ref(), is_whole)));
        let outcome = outcome.await?;
        *self.side(half) = Side::Settled(waiting.mode);
        let told = |verdict: &Verdict| told(half, verdict);
        Ok(match outcome {
            Outcome::Pass(verdict) => vec![reply::pass(half, told(&verdict))],
            Outcome::Replace(verdict, text) => {
                // Elsewhere Envoy takes the length away.
                let has_length = waiting.has_length && waiting.mode == Mode::Buffered;
                vec![reply::replace(half, told(&verdict), (text, has_length))]
            }
            Outcome::Stop(verdict) => self.stop(&verdict),
        })
    }

    /// Holds back what has come; of events some may go on.
    async fn gather(&mut self, mut waiting: Box<Waiting>) -> Result<Replies, Fault> {
        let mut released = Bytes::new();
        if waiting.is_due() {
            released = match self.released(&mut waiting, false).await? {
                Ok(bytes) => bytes,
                Err(stop) => return Ok(stop),
            };
            waiting.pace.looked(waiting.held.len());
        }
        let replies = go_on(&mut waiting, released, Then::More);
        let half = waiting.half;
        *self.side(half) = Side::Waiting(waiting);
        Ok(replies)
    }

    /// Judges all that is left of a body that came in pieces.
    async fn finish(&mut self, mut waiting: Waiting, then: Then) -> Result<Replies, Fault> {
        let released = if waiting.is_events {
            match self.released(&mut waiting, true).await? {
                Ok(bytes) => bytes,
                Err(stop) => return Ok(stop),
            }
        } else {
            let body = waiting.held.split().freeze();
            let subject = waiting.subject.clone();
            match self
                .judged
                .whole(subject, Some((body.as_ref(), true)))
                .await?
            {
                Outcome::Pass(verdict) => {
                    waiting.tell(&verdict);
                    body
                }
                Outcome::Replace(verdict, text) => {
                    waiting.tell(&verdict);
                    text
                }
                Outcome::Stop(verdict) => return Ok(self.stop(&verdict)),
            }
        };
        *self.side(waiting.half) = Side::Settled(waiting.mode);
        Ok(go_on(&mut waiting, released, then))
    }

    /// What goes on of the events that are held back, or what stops the exchange.
    async fn released(
        &mut self,
        waiting: &mut Waiting,
        is_last: bool,
    ) -> Result<Result<Bytes, Replies>, Fault> {
        let subject = waiting.subject.clone();
        let events = self.judged.events(subject, &waiting.held, is_last);
        let released = match events.await? {
            Released::Bytes(len) => waiting.release(len),
            Released::Masked(len, events) => {
                waiting.release(len);
                events
            }
            // Its limit is that of every body.
            Released::Waits => return Ok(Ok(Bytes::new())),
            Released::Stop(verdict) => return Ok(Err(self.stop(&verdict))),
        };
        waiting.check_events()?;
        Ok(Ok(released))
    }

    async fn trailers(&mut self, half: Half) -> Result<Replies, Fault> {
        let trailers = reply::trailers(half);
        let waiting = match std::mem::replace(self.side(half), Side::New) {
            Side::New => return Err(malformed("trailers came before their headers")),
            Side::Settled(mode) => {
                *self.side(half) = Side::Settled(mode);
                return Ok(vec![trailers]);
            }
            Side::Waiting(waiting) => *waiting,
        };
        let mut replies = match waiting.mode {
            Mode::Duplex => self.finish(waiting, Then::Trailers).await?,
            // No reply to trailers can take along what was held back.
            Mode::Streamed if !waiting.held.is_empty() => {
                return Err(malformed(
                    "a streamed body that ends in trailers cannot be held back; use FULL_DUPLEX_STREAMED",
                ));
            }
            Mode::None | Mode::Streamed | Mode::Buffered | Mode::BufferedPartial => {
                let outcome = self.judged.whole(waiting.subject, None).await?;
                *self.side(half) = Side::Settled(waiting.mode);
                match outcome {
                    Outcome::Stop(verdict) => self.stop(&verdict),
                    Outcome::Pass(_) | Outcome::Replace(_, _) => Vec::new(),
                }
            }
        };
        if !self.is_stopped {
            replies.push(trailers);
        }
        Ok(replies)
    }

    fn stop(&mut self, verdict: &Verdict) -> Replies {
        self.is_stopped = true;
        vec![reply::stop(verdict)]
    }

    const fn side(&mut self, half: Half) -> &mut Side {
        match half {
            Half::Request => &mut self.request,
            Half::Response => &mut self.response,
        }
    }
}

/// Replies with what goes on of a body that comes in pieces, behind its head.
fn go_on(waiting: &mut Waiting, released: Bytes, then: Then) -> Replies {
    let half = waiting.half;
    if waiting.mode != Mode::Duplex {
        return vec![reply::release(half, released)];
    }
    let goes_on = then != Then::More || !released.is_empty();
    let head = waiting.head.take_if(|_| goes_on);
    let head = head.map(|head| reply::head(half, head));
    let pieces = reply::pieces(half, released, then == Then::End);
    head.into_iter().chain(pieces).collect()
}

fn malformed(what: &str) -> Fault {
    Fault::Malformed(what.to_owned())
}
