//! What the doors do first: who calls, the body under limits, and the clock.

use std::sync::Arc;
use std::time::Instant;

use axum::http::request::Parts;
use bytes::Bytes;
use magistrate_event::Origin;

use super::fault::Fault;
use super::{Caller, Doors, body};
use crate::approvals::Step;
use crate::inquiry::{Door, Inquiry};
use crate::judge::Seat;
use crate::request::Request;
use crate::verdict::Verdict;

/// A call of somebody who may ask, received whole.
pub(super) struct Call {
    /// Its head.
    pub(super) head: Parts,
    /// Its body.
    pub(super) body: Bytes,
    /// Whoever waits for the answer.
    pub(super) asker: Asker,
}

/// Whoever waits for the answer; its seat is held until it is dropped.
pub(super) struct Asker {
    origin: Origin,
    body_hash: [u8; 32],
    since: Instant,
    _seat: Option<Seat>,
}

impl Call {
    /// Receives a call; what is left of one that is refused is thrown away.
    pub(super) async fn receive(
        doors: &Doors,
        request: axum::extract::Request,
    ) -> Result<Self, Fault> {
        let (head, payload) = request.into_parts();
        let origin = match who_asks(&head) {
            Ok(origin) => origin,
            Err(denied) => {
                body::throw_away(payload);
                return Err(denied);
            }
        };
        let mut seat = match doors.judge.seat() {
            Ok(seat) => seat,
            Err(overload) => {
                body::throw_away(payload);
                return Err(overload.into());
            }
        };
        let body = body::read(&doors.judge, &mut seat, &head.headers, payload).await?;
        let since = Instant::now();
        let asker = Asker {
            origin,
            body_hash: *blake3::hash(&body).as_bytes(),
            since,
            _seat: Some(seat),
        };
        Ok(Self { head, body, asker })
    }
}

/// Where the questions of a call come from, if its caller may ask.
pub(super) fn who_asks(head: &Parts) -> Result<Origin, Fault> {
    let nobody = || Fault::Denied("nobody said who calls".to_owned());
    match head.extensions.get::<Caller>() {
        Some(caller) => match caller.refusal() {
            Some(why) => Err(Fault::Denied(why.to_owned())),
            None => caller.origin().ok_or_else(nobody),
        },
        None => Err(nobody()),
    }
}

impl Asker {
    /// Whoever waits for the answer to a message that has been received just now, and whose bytes are
    /// charged to a seat that others hold.
    pub(super) fn now(origin: Origin) -> Self {
        Self {
            origin,
            // What has no id of its own is never the same question.
            body_hash: [0; 32],
            since: Instant::now(),
            _seat: None,
        }
    }

    /// Asks. The deadline counts from when the call was received, also of a second question.
    pub(super) async fn ask(
        &self,
        doors: &Doors,
        request: Request,
        door: Door,
    ) -> Result<Arc<Verdict>, Fault> {
        request.check()?;
        let inquiry = Inquiry {
            request,
            body_hash: self.body_hash,
            origin: self.origin.clone(),
            door,
            step: Step::First,
            since: self.since,
        };
        Ok(doors.judge(inquiry).await)
    }
}
