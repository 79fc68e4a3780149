//! `GET /v1/approvals/{id}?wait_ms=N`: what became of an approval. Nobody decides here.

use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::fault::Fault;
use super::{Caller, Doors};
use crate::approvals::{self, Approval};

/// The door's name in metrics.
const NAME: &str = "approvals";
/// Nobody may wait longer.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// Tells the state, at the latest when the caller no longer waits.
pub(super) async fn state(
    State(doors): State<Doors>,
    caller: Option<Extension<Caller>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Response {
    let fault = match caller {
        Some(Extension(caller)) => caller.refusal().map(str::to_owned),
        None => Some("nobody said who calls".to_owned()),
    };
    if let Some(why) = fault {
        doors.judge.metrics().refused(NAME, "denied");
        return Fault::Denied(why).into_response();
    }
    let wait = wait_of(uri.query().unwrap_or_default());
    // One that waits holds nothing but its place.
    let _place = match doors.judge.waiting_place() {
        Ok(place) => place,
        Err(overload) => {
            doors.judge.metrics().refused(NAME, "overload");
            return Fault::from(overload).into_response();
        }
    };
    let found = match id.parse() {
        Ok(id) => {
            let approvals = doors.judge.approvals();
            approvals.decided(id, Instant::now() + wait).await
        }
        Err(_) => None,
    };
    match found {
        Some(approval) => (
            [(header::CONTENT_TYPE, "application/json")],
            told(&approval).to_string(),
        )
            .into_response(),
        None => {
            let body = json!({ "error": "no such approval" }).to_string();
            let kind = [(header::CONTENT_TYPE, "application/json")];
            (StatusCode::NOT_FOUND, kind, body).into_response()
        }
    }
}

/// An approval that is used up is over for whoever would use it.
fn told(approval: &Approval) -> serde_json::Value {
    let is_used = approval.state == approvals::State::Used;
    let state = if is_used {
        approvals::State::Expired
    } else {
        approval.state
    };
    let mut told = json!({
        "id": approval.id.to_string(),
        "state": state.name(),
        "expires_at": approval.expires.to_rfc3339(),
    });
    if let Some(members) = told.as_object_mut().filter(|_| is_used) {
        members.insert("used".to_owned(), true.into());
    }
    told
}

fn wait_of(query: &str) -> Duration {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut waits = pairs.filter(|(name, _)| *name == "wait_ms");
    let millis = waits.next().and_then(|(_, value)| value.parse().ok());
    Duration::from_millis(millis.unwrap_or(0)).min(MAX_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_bounded() {
        for (query, millis) in [
            ("", 0),
            ("wait_ms=20", 20),
            ("a=b&wait_ms=20&c", 20),
            ("wait_ms=-1", 0),
            ("wait_ms=99999999", 60_000),
        ] {
            assert_eq!(wait_of(query), Duration::from_millis(millis), "{query}");
        }
    }
}
