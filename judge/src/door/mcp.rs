//! `POST /mcp/judge`: one message of the Model Context Protocol, on its way between a client and a
//! server (specifications 2025-11-25 and 2026-07-28). The answer is the verdict, and what to send
//! instead of the message where it may not pass as it is.

mod input;
mod output;

use axum::extract::State;
use axum::response::Response;

use self::input::Message;
use super::call::Call;
use super::fault::Fault;
use super::{Doors, json_response};
use crate::decision::Carries;
use crate::inquiry::Door;
use crate::request::Request;

/// Whoever passes messages on enforces the verdict itself: it can carry everything.
const DOOR: Door = Door {
    name: "mcp",
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
    let Call { head, body, asker } = Call::receive(doors, request).await?;
    let message = Message::read(&body, &head.headers)?;
    drop(body);
    let Message { action, envelope } = message;
    let request = Request {
        action,
        ..Request::default()
    };
    let verdict = asker.ask(doors, request, DOOR).await?;
    let mask = |json: &serde_json::Value| doors.judge.engine().mask(json, &verdict);
    let answer = output::answer(&envelope, &verdict, mask)?;
    Ok(json_response(answer.to_string()))
}
