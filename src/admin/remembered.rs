//! Shows the coverage matrix as it was stored last.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use magistrate_enrich::{PathSeen, coverage_row};
use magistrate_sinks::StateError;

use super::Admin;
use crate::store::ANALYSIS;

/// Where it is shown.
pub(crate) const COVERAGE: &str = "/api/v1/coverage";

/// The route of the coverage.
pub(super) fn routes() -> Router<Arc<Admin>> {
    Router::new().route(COVERAGE, get(coverage))
}

async fn coverage(State(admin): State<Arc<Admin>>) -> Response {
    let state = Arc::clone(&admin.shown.state);
    let read = tokio::task::spawn_blocking(move || rows(&state)).await;
    let body = read
        .ok()
        .and_then(Result::ok)
        .and_then(|rows| serde_json::to_vec(&rows).ok());
    match body {
        Some(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The rows of the matrix.
///
/// # Errors
/// When the state cannot be read.
pub(crate) fn rows(state: &magistrate_sinks::State) -> Result<Vec<PathSeen>, StateError> {
    let mut found = Vec::new();
    state.rows(ANALYSIS, |key, bytes| {
        found.extend(coverage_row(key, bytes))
    })?;
    Ok(found)
}
