//! `magistrate.judge.v1.Judge/Judge`: the question and the answer of `POST /v1/judge` over gRPC.

mod input;
mod message;
mod output;

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;

use self::message::{JudgeRequest, JudgeResponse};
use super::Doors;
use super::fault::Fault;
use super::grpc::{self, Unary};
use crate::decision::Carries;
use crate::inquiry::Door;

/// Where the call goes.
pub(super) const PATH: &str = "/magistrate.judge.v1.Judge/Judge";

/// The caller enforces the verdict itself: it can carry everything.
const DOOR: Door = Door {
    name: "grpc",
    carries: Carries::ALL,
};

/// Answers one call.
pub(super) async fn answer(
    State(doors): State<Doors>,
    request: axum::extract::Request,
) -> Response {
    let answer = judged(&doors, request).await;
    grpc::answer(&doors, DOOR, answer)
}

async fn judged(doors: &Doors, request: axum::extract::Request) -> Result<JudgeResponse, Fault> {
    let call: Unary<JudgeRequest> = Unary::receive(doors, request).await?;
    let asked = call.message.deadline_ms.map(Duration::from_millis);
    let deadline = call.deadline(doors, asked);
    let mut request = input::request(call.message)?;
    request.deadline = deadline.or(request.deadline);
    let verdict = call.asker.ask_all(doors, request, DOOR).await?;
    Ok(output::response(&verdict))
}
