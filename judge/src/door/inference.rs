//! `POST /hooks/inference`: Anthropic's inference hooks, asked before each inference of an organization.
//!
//! A status other than 200, or another action than `allow` and `deny`, leaves the decision to what the
//! organization set for failures, which lets pass by default. So what cannot be judged is denied with
//! 200; only calls that Anthropic has not signed are refused.

mod input;
mod output;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use magistrate_event::{Identity, Origin, Source};

use self::input::{Asked, Prompt};
use super::authz::asked::one;
use super::call::Asker;
use super::fault::Fault;
use super::{Caller, Doors, body, json_response};
use crate::decision::{Carries, Carry, Decision};
use crate::inquiry::Door;
use crate::request::Request;
use crate::signed::Shown;
use crate::webhook_key::Stamp;

/// An answer allows or denies; an approval is a denial that names it.
const DOOR: Door = Door {
    name: "inference_hook",
    carries: Carries {
        redact: Carry::No,
        downgrade: Carry::No,
        approval: Carry::Yes,
    },
};

/// Answers one call.
pub(super) async fn answer(
    State(doors): State<Doors>,
    request: axum::extract::Request,
) -> Response {
    let (head, payload) = request.into_parts();
    match judged(&doors, &head, payload).await {
        Ok(answer) => json_response(answer),
        Err(fault) => {
            doors.judge.metrics().refused(DOOR.name, fault.reason());
            match fault {
                Fault::Denied(_) => fault.into_response(),
                Fault::Malformed(_)
                | Fault::Unsupported(_)
                | Fault::TooLarge { .. }
                | Fault::Slow
                | Fault::Cut
                | Fault::Closed(_)
                | Fault::Overload(_) => json_response(output::unjudged(&fault)),
            }
        }
    }
}

async fn judged(doors: &Doors, head: &Parts, payload: Body) -> Result<String, Fault> {
    let mut seat = match doors.judge.seat() {
        Ok(seat) => seat,
        Err(overload) => {
            body::throw_away(payload);
            return Err(overload.into());
        }
    };
    let bytes = body::read(&doors.judge, &mut seat, &head.headers, payload).await?;
    let (origin, id) = who_asks(doors, head, &bytes)?;
    let asked = Asked::read(&bytes)?;
    drop(bytes);
    let Asked::Prompt(Prompt { actions }) = asked else {
        return Ok(output::no_opinion());
    };
    let asker = Asker::now(origin);
    let mut last = None;
    for (number, action) in actions.into_iter().enumerate() {
        let request = Request {
            // The sender's second try gets the same answer.
            request_id: id.as_ref().map(|id| format!("{id}.{number}")),
            action,
            ..Request::default()
        };
        let verdict = asker.ask(doors, request, DOOR).await?;
        if verdict.decision != Decision::Allow {
            return Ok(output::denied(&verdict));
        }
        last = Some(verdict);
    }
    let verdict = last.ok_or_else(|| Fault::Malformed("there is nothing to judge".to_owned()))?;
    Ok(output::allowed(&verdict))
}

/// Where a call comes from, and its id: Anthropic has signed it, or it is the call with which an
/// administrator tries the address before there is a secret.
fn who_asks(doors: &Doors, head: &Parts, body: &Bytes) -> Result<(Origin, Option<String>), Fault> {
    let caller = head.extensions.get::<Caller>();
    let signed = &doors.signed;
    if !signed.has_keys() && input::is_test(body) {
        let origin = caller.and_then(Caller::origin);
        let nobody = || Fault::Denied("nobody said who calls".to_owned());
        return Ok((origin.ok_or_else(nobody)?, None));
    }
    let denied = |why: String| Fault::Denied(why);
    let header = |name| needed(&head.headers, name).map_err(denied);
    let (id, seconds) = (header("webhook-id")?, header("webhook-timestamp")?);
    let signatures = header("webhook-signature")?;
    let seconds = seconds.parse();
    let seconds = seconds.map_err(|_| denied("`webhook-timestamp` is no number".to_owned()))?;
    let shown = Shown {
        stamp: Stamp { id: &id, seconds },
        signatures: &signatures,
    };
    let now = doors.judge.engine().now_seconds();
    let admitted = signed.admit(shown, body, now);
    admitted.map_err(|unsigned| denied(unsigned.to_string()))?;
    let peer = match caller {
        Some(Caller::Known { peer, .. }) => *peer,
        Some(Caller::Closed(why)) => return Err(Fault::Closed(why.clone())),
        Some(Caller::Denied(_)) | None => None,
    };
    let origin = Origin {
        source: Source::Judge,
        peer,
        // What it signed it proved; a token is not asked for beside it.
        identity: Identity::Token(signed.signer().to_owned()),
    };
    Ok((origin, Some(id)))
}

fn needed(headers: &HeaderMap, name: &str) -> Result<String, String> {
    let value = one(headers, name).map_err(|fault| fault.to_string())?;
    let value = value.filter(|value| !value.is_empty());
    value.ok_or_else(|| format!("header `{name}` is missing: the call is not signed"))
}

#[cfg(test)]
mod tests;
