//! `POST /hooks/claude-code`: HTTP hooks of Claude Code.
//!
//! The client lets a tool run when the answer is no 200 or no exact shape, so that every answer is
//! 200, also to a stranger, to nonsense and under overload. The door only ever tightens: it never
//! answers `allow`, since that would skip the question to the user.

mod input;
mod output;

use std::time::Instant;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value as Json;

use self::input::{Call, Hook};
use super::fault::Fault;
use super::{Caller, Doors, body};
use crate::inquiry::{Door, Inquiry};
use crate::request::Request;

/// The door's name in rows and metrics.
const NAME: &str = "claude_code_hook";

/// Answers one call.
pub(super) async fn answer(
    State(doors): State<Doors>,
    request: axum::extract::Request,
) -> Response {
    let (head, payload) = request.into_parts();
    let caller = head.extensions.get::<Caller>().cloned();
    let answer = hook(&doors, caller, &head.headers, payload).await;
    let json = [(header::CONTENT_TYPE, "application/json")];
    (json, answer.to_string()).into_response()
}

async fn hook(
    doors: &Doors,
    caller: Option<Caller>,
    headers: &HeaderMap,
    payload: axum::body::Body,
) -> Json {
    let refused = |hook: Option<Hook>, fault: &Fault| {
        doors.judge.metrics().refused(NAME, fault.reason());
        output::refusal(hook, fault)
    };
    let mut seat = match doors.judge.seat() {
        Ok(seat) => seat,
        Err(overload) => {
            body::throw_away(payload);
            return refused(input::named_in(headers), &overload.into());
        }
    };
    let bytes = match body::read(&doors.judge, &mut seat, headers, payload).await {
        Ok(bytes) => bytes,
        Err(fault) => return refused(input::named_in(headers), &fault),
    };
    let since = Instant::now();
    let named = input::named_in(headers).or_else(|| input::name_of(&bytes));
    if let Some(why) = caller.as_ref().and_then(Caller::refusal) {
        return refused(named, &Fault::Denied(why.to_owned()));
    }
    let origin = caller.as_ref().and_then(Caller::origin);
    let Some(origin) = origin else {
        return refused(named, &Fault::Denied("nobody said who calls".to_owned()));
    };
    let call = match Call::read(&bytes) {
        Ok(call) => call,
        Err(fault) => return refused(named, &fault),
    };
    let Call {
        hook,
        action,
        response,
    } = call;
    let Some(hook) = hook else {
        return output::no_opinion();
    };
    let request = Request {
        request_id: None,
        deadline: None,
        action,
    };
    if let Err(error) = request.check() {
        return refused(Some(hook), &error.into());
    }
    let inquiry = Inquiry {
        request,
        body_hash: *blake3::hash(&bytes).as_bytes(),
        origin,
        door: Door {
            name: NAME,
            carries: hook.carries(),
        },
        step: hook.step(),
        since,
    };
    let verdict = doors.judge(inquiry).await;
    output::answer(
        hook,
        &verdict,
        || {
            let response = response.as_ref()?;
            doors.judge.engine().mask(response, &verdict)
        },
        response.as_ref(),
    )
}
