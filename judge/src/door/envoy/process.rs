//! `envoy.service.ext_proc.v3.ExternalProcessor/Process`: requests and responses on their way through
//! Envoy, with their bodies. One call is one exchange.
//!
//! Envoy takes a call that ends well for consent to all that follows, so a call ends well only where
//! Envoy has nothing more to say, or has been told to stop.

mod exchange;
mod message;
mod mode;
mod reply;
mod waiting;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use magistrate_event::Origin;
use tokio::time::timeout_at;

use self::exchange::Exchange;
use self::message::ProcessingRequest;
use crate::door::call::who_asks;
use crate::door::fault::Fault;
use crate::door::grpc::{self, Messages, Replies};
use crate::door::{Doors, body};

/// Where the call goes.
pub(in crate::door) const PATH: &str = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";

/// Its name in rows and metrics.
const NAME: &str = "ext_proc";

/// Answers one call.
pub(in crate::door) async fn answer(
    State(doors): State<Doors>,
    request: axum::extract::Request,
) -> Response {
    let (head, payload) = request.into_parts();
    let origin = who_asks(&head).and_then(|origin| {
        let is_grpc = grpc::speaks(&head.headers);
        let other = Fault::Unsupported("content type is not application/grpc");
        if is_grpc { Ok(origin) } else { Err(other) }
    });
    let origin = match origin {
        Ok(origin) => origin,
        Err(fault) => {
            doors.judge.metrics().refused(NAME, fault.reason());
            body::throw_away(payload);
            return grpc::failure(&fault);
        }
    };
    let (replies, body) = grpc::channel();
    tokio::spawn(process(doors, origin, Messages::new(payload), replies));
    grpc::response(body, HeaderMap::new())
}

async fn process(doors: Doors, origin: Origin, mut messages: Messages, replies: Replies) {
    let outcome = exchange(&doors, origin, &mut messages, &replies).await;
    if let Err(fault) = &outcome {
        doors.judge.metrics().refused(NAME, fault.reason());
    }
    replies.end(outcome.as_ref().map(|&()| ())).await;
}

async fn exchange(
    doors: &Doors,
    origin: Origin,
    messages: &mut Messages,
    replies: &Replies,
) -> Result<(), Fault> {
    let place = doors.judge.exchange_place();
    let mut exchange = Exchange::new(doors, origin);
    let _place = match place {
        Ok(place) => place,
        Err(overload) => return refuse(overload.into(), replies).await,
    };
    loop {
        let next = messages.next::<ProcessingRequest>(&doors.judge);
        let next = match exchange.due() {
            Some(due) => timeout_at(due.into(), next).await,
            None => Ok(next.await),
        };
        let (message, seat) = match next.unwrap_or(Err(Fault::Slow)) {
            Ok(Some(message)) => message,
            Ok(None) => return Ok(()),
            Err(fault @ (Fault::TooLarge { .. } | Fault::Overload(_) | Fault::Slow)) => {
                return refuse(fault, replies).await;
            }
            Err(fault) => return Err(fault),
        };
        match exchange.answer(message, seat).await {
            Ok(answers) => {
                for answer in &answers {
                    if !replies.send(answer).await {
                        return Ok(());
                    }
                }
            }
            Err(fault @ Fault::Unsupported(_)) => return Err(fault),
            Err(fault) => return refuse(fault, replies).await,
        }
        if exchange.is_stopped() {
            return Ok(());
        }
    }
}

/// Stops the exchange for what is wrong with it: an error would be Envoy's failure mode, which may be
/// open.
async fn refuse(fault: Fault, replies: &Replies) -> Result<(), Fault> {
    if replies.send(&reply::refuse(&fault)).await {
        return Err(fault);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
