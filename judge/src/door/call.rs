//! What the HTTP doors do first: who calls, the body under limits, and the clock.

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

/// Whoever waits for the answer, on a seat of its own until it is dropped.
pub(super) struct Asker {
    origin: Origin,
    body_hash: [u8; 32],
    since: Instant,
    _seat: Seat,
}

impl Call {
    /// Receives a call; what is left of one that is refused is thrown away.
    pub(super) async fn receive(
        doors: &Doors,
        request: axum::extract::Request,
    ) -> Result<Self, Fault> {
        let (head, payload) = request.into_parts();
        let origin = match head.extensions.get::<Caller>() {
            Some(Caller::Denied(why)) => {
                body::throw_away(payload);
                return Err(Fault::Denied(why.clone()));
            }
            Some(caller) => caller.origin(),
            None => None,
        };
        let Some(origin) = origin else {
            return Err(Fault::Denied("nobody said who calls".to_owned()));
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
            _seat: seat,
        };
        Ok(Self { head, body, asker })
    }
}

impl Asker {
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
        Ok(doors.judge.judge(inquiry).await)
    }
}
