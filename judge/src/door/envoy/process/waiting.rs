//! What of a body has come and has not gone on.

use std::time::{Duration, Instant};

use axum::http::header::CONTENT_ENCODING;
use bytes::{Bytes, BytesMut};
use magistrate_event::{Action, Occasion};

use super::mode::Mode;
use super::reply::{Half, Head};
use crate::door::Doors;
use crate::door::authz::asked::{Asked, Place, one};
use crate::door::authz::headers_of;
use crate::door::envoy::header::HeaderMap;
use crate::door::fault::Fault;
use crate::judge::Seat;
use crate::request::Request;
use crate::verdict::Verdict;

/// A body that is waited for.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) half: Half,
    pub(super) mode: Mode,
    pub(super) subject: Subject,
    /// Whether the head told how long the body is.
    pub(super) has_length: bool,
    /// The reply to the head, where that waits, too.
    pub(super) head: Option<Head>,
    /// Whether it is a stream of events, of which parts go on before the end.
    pub(super) is_events: bool,
    /// What has come.
    pub(super) held: BytesMut,
    since: Option<Instant>,
    seat: Option<Seat>,
}

/// How long a body may take that is held back until it is there whole: others need the memory.
const HELD_TIME: Duration = Duration::from_secs(60);

/// What is judged together with the body.
#[derive(Debug, Clone)]
pub(super) enum Subject {
    Request(Asked),
    Response(Answered),
}

/// The head of a response.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    session: Option<String>,
    status: String,
    media_type: Option<String>,
    /// Whether its body is compressed.
    pub(super) is_packed: bool,
}

impl Waiting {
    /// A body of which nothing has come, and the reply to its head.
    pub(super) fn new(half: Half, mode: Mode, subject: Subject, head: Head) -> Self {
        Self {
            half,
            mode,
            subject,
            has_length: false,
            head: (mode == Mode::Duplex).then_some(head),
            is_events: false,
            held: BytesMut::new(),
            since: None,
            seat: None,
        }
    }

    /// Holds a piece back, under the limit of every body. Its bytes stay charged; the place of a call
    /// goes to another, since the next piece may be long in coming.
    pub(super) fn hold(
        &mut self,
        doors: &Doors,
        piece: &Bytes,
        mut seat: Seat,
    ) -> Result<(), Fault> {
        let max_bytes = doors.judge.config().max_body_bytes;
        if self.held.len() + piece.len() > max_bytes {
            return Err(Fault::TooLarge { max_bytes });
        }
        match &mut self.seat {
            Some(held) => doors.judge.charge(held, piece.len())?,
            None => {
                seat.rise();
                self.seat = Some(seat);
            }
        }
        self.held.extend_from_slice(piece);
        self.since.get_or_insert_with(Instant::now);
        Ok(())
    }

    /// Tells the verdict in the head, where that waits, too.
    pub(super) fn tell(&mut self, verdict: &Verdict) {
        if let Some(head) = &mut self.head {
            head.set = told(self.half, verdict);
        }
    }

    /// When the rest of it must have come.
    pub(super) fn due(&self) -> Option<Instant> {
        let since = self.since.filter(|_| !self.is_events)?;
        Some(since + HELD_TIME)
    }

    /// Gives up what goes on, and what it was charged to once nothing is left.
    pub(super) fn release(&mut self, len: usize) -> Bytes {
        let released = self.held.split_to(len.min(self.held.len())).freeze();
        if self.held.is_empty() {
            self.seat = None;
        }
        released
    }
}

/// The headers that tell whoever is next of a verdict: the application, not the agent.
pub(super) fn told(half: Half, verdict: &Verdict) -> Vec<(&'static str, String)> {
    match half {
        Half::Request => headers_of(verdict),
        Half::Response => Vec::new(),
    }
}

impl Subject {
    /// The request of these headers; `plain` are those that are no pseudo-headers.
    pub(super) fn asked(
        headers: &HeaderMap,
        plain: &axum::http::HeaderMap,
    ) -> Result<Asked, Fault> {
        let place = Place {
            method: headers.text(":method").unwrap_or_default(),
            scheme: headers.text(":scheme"),
            host: headers.text(":authority").unwrap_or_default(),
            path: headers.text(":path").unwrap_or_default(),
        };
        Asked::at(place, plain)
    }

    /// Whether its body can be read.
    pub(super) const fn is_readable(&self) -> bool {
        match self {
            Self::Request(asked) => asked.is_readable(),
            Self::Response(answered) => !answered.is_packed,
        }
    }

    /// Where a request goes: what a policy masks there cannot be masked on its way.
    pub(super) fn url(&self) -> Option<&str> {
        match self {
            Self::Request(asked) => Some(asked.url()),
            Self::Response(_) => None,
        }
    }

    /// The question about it.
    pub(super) fn question(self, body: Option<(&[u8], bool)>) -> Request {
        match self {
            Self::Request(mut asked) => {
                if let Some((body, is_whole)) = body {
                    asked.add_body(body, is_whole);
                }
                asked.into_request()
            }
            Self::Response(answered) => answered.into_request(body),
        }
    }
}

impl Answered {
    /// The response of these headers, in the session of its request.
    pub(super) fn new(
        session: Option<String>,
        headers: &HeaderMap,
        plain: &axum::http::HeaderMap,
    ) -> Self {
        Self {
            session,
            status: headers.text(":status").unwrap_or_default().to_owned(),
            // Of two nobody knows which one counts.
            media_type: one(plain, "content-type").unwrap_or_default(),
            is_packed: plain.contains_key(CONTENT_ENCODING),
        }
    }

    /// What was asked has been judged before; now it is about what came back.
    fn into_request(self, body: Option<(&[u8], bool)>) -> Request {
        let mut action = Action {
            occasion: Some(Occasion::Response),
            told: vec![("status_code".to_owned(), self.status)],
            ..Action::default()
        };
        action.session.id = self.session;
        action.content.media_type = self.media_type;
        let body = body.filter(|(body, _)| !body.is_empty() && !self.is_packed);
        if let Some((body, is_whole)) = body {
            action.content.text = Some(String::from_utf8_lossy(body).into_owned());
            action.content.truncated = Some(!is_whole);
        }
        Request {
            action,
            ..Request::default()
        }
    }
}
