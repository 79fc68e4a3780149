//! Takes what `magistrate replay` reads while this instance holds the folder.

use std::sync::{Arc, Weak};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use magistrate_event::Refusal;
use magistrate_ingest::Intake;

use super::Admin;
use crate::dead_letter::{DeadLetter, DeadLetters};
use crate::replay::{take, wire};

/// Where replayed records go.
pub(crate) struct Door {
    /// Gone when the program stops, so that a slow caller does not hold it.
    pub(crate) intake: Weak<Intake>,
    /// Where what could not be read goes.
    pub(crate) dead_letters: DeadLetters,
}

/// The routes of the replay.
pub(super) fn routes() -> Router<Arc<Admin>> {
    Router::new()
        .route(&format!("{}{{kind}}", wire::PAYLOADS), post(payload))
        .route(wire::LETTERS, post(letter))
        .layer(DefaultBodyLimit::max(wire::MAX_PAYLOAD_BYTES))
}

async fn payload(
    State(admin): State<Arc<Admin>>,
    Path(kind): Path<String>,
    body: Bytes,
) -> Response {
    let Some(kind) = wire::Kind::named(&kind) else {
        return (StatusCode::NOT_FOUND, "no such kind of payload\n").into_response();
    };
    let Some(payload) = wire::decode(kind, body) else {
        let message = "body: a line is shorter than its length says\n";
        return (StatusCode::BAD_REQUEST, message).into_response();
    };
    let outcome = match admin.replay.intake.upgrade() {
        Some(intake) => take(&intake, payload).await,
        None => Err(Refusal::Closed),
    };
    match outcome {
        Ok(taken) => json(&taken),
        Err(refusal) => refused(&refusal),
    }
}

async fn letter(State(admin): State<Arc<Admin>>, body: Bytes) -> Response {
    let letter: DeadLetter = match serde_json::from_slice(&body) {
        Ok(letter) => letter,
        Err(error) => {
            return (StatusCode::BAD_REQUEST, format!("body: {error}\n")).into_response();
        }
    };
    match admin.replay.dead_letters.try_put(letter) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            let message = format!("cannot keep a dead letter: {error:#}\n");
            (StatusCode::INSUFFICIENT_STORAGE, message).into_response()
        }
    }
}

fn json(taken: &wire::Taken) -> Response {
    match serde_json::to_vec(taken) {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn refused(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::Malformed(_) => StatusCode::BAD_REQUEST,
        Refusal::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Unavailable { .. } | Refusal::Closed => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut response = (status, format!("{refusal}\n")).into_response();
    if let Some(wait) = refusal.retry_after() {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, wait.as_secs().max(1).into());
    }
    response
}
