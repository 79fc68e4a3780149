//! `POST /v1/judge`: a request in JSON, a verdict in JSON. Status 200 for every verdict.

use std::time::Instant;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::fault::Fault;
use super::{Caller, Doors, body};
use crate::approvals::Step;
use crate::decision::Carries;
use crate::inquiry::{Door, Inquiry};
use crate::request::Request;

/// The caller enforces the verdict itself: it can carry everything.
const DOOR: Door = Door {
    name: "http",
    carries: Carries::ALL,
};

/// Answers one call.
pub(super) async fn answer(
    State(doors): State<Doors>,
    request: axum::extract::Request,
) -> Response {
    match judged(&doors, request).await {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(fault) => {
            doors.judge.metrics().refused(DOOR.name, fault.reason());
            fault.into_response()
        }
    }
}

async fn judged(doors: &Doors, request: axum::extract::Request) -> Result<Vec<u8>, Fault> {
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
    let bytes = body::read(&doors.judge, &mut seat, &head.headers, payload).await?;
    let since = Instant::now();
    let inquiry = Inquiry {
        request: Request::read(&bytes)?,
        body_hash: *blake3::hash(&bytes).as_bytes(),
        origin,
        door: DOOR,
        step: Step::First,
        since,
    };
    drop(bytes);
    let verdict = doors.judge.judge(inquiry).await;
    serde_json::to_vec(verdict.as_ref()).map_err(|error| Fault::Malformed(error.to_string()))
}
