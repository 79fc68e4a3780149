//! `POST /beta/litellm_basic_guardrail_api`: LiteLLM's generic guardrail.
//!
//! What goes to a model is judged as a request, what comes back as a response, and each call of a
//! tool that the model answers with as that call.

mod input;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value as Json, json};

use self::input::Guarded;
use super::call::Call;
use super::fault::Fault;
use super::{Doors, json_response};
use crate::decision::{Carries, Carry, Decision};
use crate::inquiry::Door;
use crate::request::Request;
use crate::verdict::Verdict;

/// Where LiteLLM asks.
pub(super) const PATH: &str = "/beta/litellm_basic_guardrail_api";

/// Texts can be masked; an approval is a denial that names it.
const TEXTS: Door = Door {
    name: "litellm",
    carries: Carries {
        redact: Carry::Yes,
        downgrade: Carry::No,
        approval: Carry::Yes,
    },
};
/// Calls of tools cannot be changed.
const CALLS: Door = Door {
    name: "litellm",
    carries: Carries {
        redact: Carry::No,
        ..TEXTS.carries
    },
};

/// Answers one call.
pub(super) async fn answer(
    State(doors): State<Doors>,
    request: axum::extract::Request,
) -> Response {
    doors.answer(TEXTS, judged(&doors, request).await)
}

async fn judged(doors: &Doors, request: axum::extract::Request) -> Result<Response, Fault> {
    let Call { body, asker, .. } = Call::receive(doors, request).await?;
    let guarded = Guarded::read(&body)?;
    drop(body);
    let Guarded {
        texts,
        exchange,
        calls,
    } = guarded;
    let verdict = asker.ask(doors, asked(exchange), TEXTS).await?;
    if let Some(answer) = stopped(&verdict) {
        return Ok(json_response(answer.to_string()));
    }
    for call in calls {
        let verdict = asker.ask(doors, asked(call), CALLS).await?;
        if let Some(answer) = stopped(&verdict) {
            return Ok(json_response(answer.to_string()));
        }
    }
    let masked = |texts: &[String]| doors.judge.engine().mask(&json!(texts), &verdict);
    Ok(json_response(passed(&verdict, &texts, masked).to_string()))
}

fn asked(action: magistrate_event::Action) -> Request {
    Request {
        action,
        ..Request::default()
    }
}

/// The answer to what does not pass.
fn stopped(verdict: &Arc<Verdict>) -> Option<Json> {
    match verdict.decision {
        Decision::Allow | Decision::Redact => None,
        Decision::Downgrade | Decision::RequireApproval | Decision::Block => Some(blocked(verdict)),
    }
}

fn blocked(verdict: &Verdict) -> Json {
    json!({ "action": "BLOCKED", "blocked_reason": verdict.told() })
}

/// The answer to what passes: with `redact` as many texts as were sent, in their order. Where nothing
/// in one of them alone can be masked, it does not pass.
fn passed(
    verdict: &Verdict,
    texts: &[String],
    masked: impl FnOnce(&[String]) -> Option<Json>,
) -> Json {
    if verdict.decision != Decision::Redact {
        return json!({ "action": "NONE" });
    }
    match masked(texts) {
        Some(texts) => json!({ "action": "GUARDRAIL_INTERVENED", "texts": texts }),
        None => blocked(verdict),
    }
}
