//! Has the lake write what it holds, for a command that reads its files.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::Admin;

/// Where it is asked for.
pub(crate) const CLOSE: &str = "/api/v1/lake/close";

/// So long a caller waits; a lake that lags further goes on all the same.
const PATIENCE: Duration = Duration::from_secs(30);

/// The route.
pub(super) fn routes() -> Router<Arc<Admin>> {
    Router::new().route(CLOSE, post(close))
}

/// Answers when everything that was acknowledged before is in closed files.
async fn close(State(admin): State<Arc<Admin>>) -> Response {
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
