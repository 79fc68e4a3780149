//! `POST /v1/judge`: a request in JSON, a verdict in JSON. Status 200 for every verdict.

use axum::extract::State;
use axum::response::Response;

use super::call::Call;
use super::fault::Fault;
use super::{Doors, json_response};
use crate::decision::Carries;
use crate::inquiry::Door;
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
    doors.answer(DOOR, judged(&doors, request).await)
}

async fn judged(doors: &Doors, request: axum::extract::Request) -> Result<Response, Fault> {
    let Call { body, asker, .. } = Call::receive(doors, request).await?;
    let request = Request::read(&body)?;
    drop(body);
    let verdict = asker.ask_all(doors, request, DOOR).await?;
    let json = serde_json::to_vec(verdict.as_ref());
    json.map(json_response)
        .map_err(|error| Fault::Malformed(error.to_string()))
}
