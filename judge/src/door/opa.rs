//! `POST /v1/data/magistrate/decision`: the data API of Open Policy Agent, for whatever has a plugin
//! for it (OPA REST API, "Get a Document (with Input)").

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use magistrate_event::Action;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::call::Call;
use super::fault::Fault;
use super::{Doors, json_response};
use crate::decision::{Carries, Decision};
use crate::inquiry::Door;
use crate::misfit::misfit;
use crate::request::Request;
use crate::verdict::Verdict;

/// Who looks at `allow` alone lets pass only what passes unchanged; who reads on carries out the rest.
const DOOR: Door = Door {
    name: "opa",
    carries: Carries::ALL,
};

/// The body of a call.
#[derive(Deserialize)]
struct Query<'a> {
    #[serde(borrow)]
    input: &'a RawValue,
}

/// Answers with the whole decision.
pub(super) async fn whole(State(doors): State<Doors>, request: axum::extract::Request) -> Response {
    answer(&doors, request, "").await
}

/// Answers with one member of the decision, such as `allow`.
pub(super) async fn member(
    State(doors): State<Doors>,
    Path(path): Path<String>,
    request: axum::extract::Request,
) -> Response {
    answer(&doors, request, &path).await
}

async fn answer(doors: &Doors, request: axum::extract::Request, path: &str) -> Response {
    match judged(doors, request, path).await {
        Ok(json) => json_response(json.to_string()),
        Err(fault) => {
            doors.judge.metrics().refused(DOOR.name, fault.reason());
            let body = json!({ "code": code(&fault), "message": fault.to_string() });
            (fault.status(), json_response(body.to_string())).into_response()
        }
    }
}

async fn judged(doors: &Doors, request: axum::extract::Request, path: &str) -> Result<Json, Fault> {
    let Call { body, asker, .. } = Call::receive(doors, request).await?;
    let query: Query<'_> = serde_json::from_slice(&body)
        .map_err(|error| Fault::Malformed(format!("cannot read `input`: {}", misfit(&error))))?;
    let request = Request::read(query.input.get().as_bytes())?;
    if request.action == Action::default() {
        // The input of some other plugin: nothing in it is known, and nothing known is stopped.
        let message = "`input` has no member of a judge request";
        return Err(Fault::Malformed(message.to_owned()));
    }
    drop(body);
    let verdict = asker.ask_all(doors, request, DOOR).await?;
    let document = document(&verdict)?;
    Ok(match at(&document, path) {
        Some(result) => json!({ "decision_id": verdict.verdict_id, "result": result }),
        // What is undefined has no result.
        None => json!({ "decision_id": verdict.verdict_id }),
    })
}

/// The verdict, whether it passes as it is, and what to tell the agent.
fn document(verdict: &Verdict) -> Result<Json, Fault> {
    let mut document =
        serde_json::to_value(verdict).map_err(|error| Fault::Malformed(error.to_string()))?;
    if let Some(members) = document.as_object_mut() {
        let passes = verdict.decision == Decision::Allow;
        members.insert("allow".to_owned(), passes.into());
        members.insert("message".to_owned(), verdict.told().into());
    }
    Ok(document)
}

/// What lies in `document` at a path of names.
fn at<'a>(document: &'a Json, path: &str) -> Option<&'a Json> {
    let mut names = path.split('/').filter(|name| !name.is_empty());
    names.try_fold(document, |inner, name| match inner.as_array() {
        Some(items) => items.get(name.parse::<usize>().ok()?),
        None => inner.get(name),
    })
}

/// OPA's own names of faults.
const fn code(fault: &Fault) -> &'static str {
    match fault {
        Fault::Denied(_) | Fault::Closed(_) => "unauthorized",
        Fault::Overload(_) => "too_many_requests",
        Fault::Malformed(_)
        | Fault::Unsupported(_)
        | Fault::TooLarge { .. }
        | Fault::Slow
        | Fault::Cut => "invalid_parameter",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_into_the_document() {
        let document = json!({ "allow": false, "reasons": [{ "policy": "a" }] });
        for (path, expected) in [
            ("", Some(document.clone())),
            ("allow", Some(json!(false))),
            ("reasons/0/policy", Some(json!("a"))),
            ("reasons/1", None),
            ("reasons/x", None),
            ("allow/x", None),
            ("no", None),
        ] {
            assert_eq!(at(&document, path), expected.as_ref(), "{path}");
        }
    }
}
