//! The API of approvals: list, one, approve, deny. Only here is anything decided.

use std::time::{Duration, Instant};

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use magistrate_event::EventUid;
use magistrate_judge::{Approval, Choice, DecideError, NotOpen, State as Stage};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use url::form_urlencoded;

use crate::json::approval_json;
use crate::{Console, Person};

/// Nobody may wait longer for a change of the list.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// A list has at most so many.
const MAX_LISTED: usize = 500;

/// What of the list is asked for: `?state=open&after=7&wait_ms=25000`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Query {
    only_open: bool,
    /// The version of the list that the caller has.
    after: Option<u64>,
    wait: Duration,
}

/// Lists approvals, the newest first; waits for a change where the caller has the list as it is.
pub(super) async fn list(State(console): State<Console>, uri: Uri) -> Response {
    let query = query_of(uri.query().unwrap_or_default());
    let approvals = &console.approvals;
    if query.after == Some(approvals.version()) {
        let until = Instant::now() + query.wait;
        approvals.changed_since(approvals.version(), until).await;
    }
    // The version first: what changes in between is told the next time.
    let version = approvals.version();
    let is_open = |one: &Approval| matches!(one.state, Stage::Pending | Stage::Approved);
    let all = approvals.list();
    let open = all.iter().filter(|one| is_open(one)).count();
    let shown = all.iter().filter(|one| !query.only_open || is_open(one));
    let shown: Vec<Json> = shown
        .take(MAX_LISTED)
        .map(|one| approval_json(one, &approvals.page(one.id)))
        .collect();
    answer(
        StatusCode::OK,
        &json!({ "version": version, "open": open, "approvals": shown }),
    )
}

/// Shows one.
pub(super) async fn show(State(console): State<Console>, Path(id): Path<String>) -> Response {
    let found = id.parse().ok().and_then(|id| console.approvals.get(id));
    match found {
        Some(approval) => shown(&console, &approval),
        None => refused(&NotOpen::Unknown),
    }
}

/// A person says yes.
pub(super) async fn approve(
    state: State<Console>,
    person: Extension<Person>,
    id: Path<String>,
    body: Bytes,
) -> Response {
    decide(&state, &person.0, (&id, Choice::Approve), &body).await
}

/// A person says no.
pub(super) async fn deny(
    state: State<Console>,
    person: Extension<Person>,
    id: Path<String>,
    body: Bytes,
) -> Response {
    decide(&state, &person.0, (&id, Choice::Deny), &body).await
}

/// The body of a decision; it may be empty.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Said {
    comment: Option<String>,
}

async fn decide(
    console: &Console,
    person: &Person,
    (id, choice): (&str, Choice),
    body: &[u8],
) -> Response {
    let said = if body.trim_ascii().is_empty() {
        Ok(Said::default())
    } else {
        serde_json::from_slice::<Said>(body)
    };
    let said = match said {
        Ok(said) => said,
        Err(error) => {
            return fault(
                StatusCode::BAD_REQUEST,
                &format!("cannot read body: {error}"),
            );
        }
    };
    let Ok(id) = id.parse::<EventUid>() else {
        return refused(&NotOpen::Unknown);
    };
    let comment = said.comment.as_deref();
    let decided = console.approvals.decide(id, &person.0, choice, comment);
    match decided.await {
        Ok(approval) => shown(console, &approval),
        Err(DecideError::NotOpen(why)) => refused(&why),
        Err(DecideError::Store(error)) => {
            fault(StatusCode::SERVICE_UNAVAILABLE, &error.to_string())
        }
    }
}

fn shown(console: &Console, approval: &Approval) -> Response {
    let page = console.approvals.page(approval.id);
    answer(StatusCode::OK, &approval_json(approval, &page))
}

fn refused(why: &NotOpen) -> Response {
    let status = match why {
        NotOpen::Unknown => StatusCode::NOT_FOUND,
        NotOpen::Over { .. } | NotOpen::SamePerson => StatusCode::CONFLICT,
    };
    fault(status, &why.to_string())
}

fn fault(status: StatusCode, message: &str) -> Response {
    answer(status, &json!({ "error": message }))
}

fn answer(status: StatusCode, body: &Json) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body.to_string()).into_response()
}

fn query_of(text: &str) -> Query {
    let mut query = Query::default();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        match name.as_ref() {
            "state" => query.only_open = value == "open",
            "after" => query.after = value.parse().ok(),
            "wait_ms" => {
                let wait = Duration::from_millis(value.parse().unwrap_or(0));
                query.wait = wait.min(MAX_WAIT);
            }
            _ => {}
        }
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_read() {
        assert_eq!(query_of("x=1&wait_ms=no"), Query::default());
        assert_eq!(
            query_of("state=open&after=7&wait_ms=90000"),
            Query {
                only_open: true,
                after: Some(7),
                wait: MAX_WAIT
            }
        );
    }
}
