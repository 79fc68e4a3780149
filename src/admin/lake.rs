//! Has the lake write what it holds, for a command that reads its files.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use magistrate_console::Person;
use magistrate_ingest::Peer;
use serde::{Deserialize, Serialize};

use super::Admin;
use super::reads::{Reader, unrecorded};

/// Where it is asked for.
pub(crate) const CLOSE: &str = "/api/v1/lake/close";

/// So long a caller waits; a lake that lags further goes on all the same.
const PATIENCE: Duration = Duration::from_secs(30);

/// The route.
pub(super) fn routes() -> Router<Arc<Admin>> {
    Router::new().route(CLOSE, post(close))
}

/// What the lake is to be read for, as a caller says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct For {
    /// Such as `session s1`.
    pub(crate) reads: String,
}

/// Answers when everything that was acknowledged before is in closed files, and when it is written
/// down what the caller is about to read there.
async fn close(
    State(admin): State<Arc<Admin>>,
    Extension(peer): Extension<Peer>,
    Extension(person): Extension<Person>,
    body: Bytes,
) -> Response {
    let what = match serde_json::from_slice::<Option<For>>(&body) {
        Ok(told) => told.map_or_else(|| "lake".to_owned(), |told| told.reads),
        Err(_) if body.is_empty() => "lake".to_owned(),
        Err(_) => return StatusCode::BAD_REQUEST.into_response(),
    };
    if let Err(error) = admin
        .shown
        .reads
        .keep(
            &Reader {
                person,
                from: peer.address,
            },
            &what,
        )
        .await
    {
        return unrecorded(&error);
    }
    match tokio::time::timeout(PATIENCE, admin.shown.closing.close()).await {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => {
            let message = "the lake has stopped; the log says why\n";
            (StatusCode::SERVICE_UNAVAILABLE, message).into_response()
        }
        Err(_) => {
            let message = "the lake lags behind; what came last is not in it yet\n";
            (StatusCode::SERVICE_UNAVAILABLE, message).into_response()
        }
    }
}
