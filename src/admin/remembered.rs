//! Shows what is remembered of clients, as it was stored last.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use magistrate_enrich::{InventoryLine, PathSeen, coverage_row, inventory_row};
use magistrate_sinks::StateError;
use serde::Serialize;

use super::Admin;
use crate::store::ANALYSIS;

/// The matrix of the seven paths.
pub(crate) static COVERAGE: Remembered<PathSeen> = Remembered {
    place: "/api/v1/coverage",
    name: "coverage",
    read: |key, bytes| coverage_row(key, bytes).into_iter().collect(),
};
/// What the agent is extended with.
pub(crate) static INVENTORY: Remembered<InventoryLine> = Remembered {
    place: "/api/v1/inventory",
    name: "inventory",
    read: inventory_row,
};

/// Rows of one kind.
pub(crate) struct Remembered<T> {
    /// Where they are shown.
    pub(crate) place: &'static str,
    /// What whoever reads them has read.
    pub(super) name: &'static str,
    /// What a stored row says; nothing where it is of another kind.
    read: fn(&[u8], &[u8]) -> Vec<T>,
}

impl<T> Remembered<T> {
    /// All of them.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub(crate) fn rows(&self, state: &magistrate_sinks::State) -> Result<Vec<T>, StateError> {
        let mut found = Vec::new();
        state.rows(ANALYSIS, |key, bytes| found.extend((self.read)(key, bytes)))?;
        Ok(found)
    }
}

/// Their routes.
pub(super) fn routes() -> Router<Arc<Admin>> {
    Router::new()
        .route(
            COVERAGE.place,
            get(|admin: State<Arc<Admin>>| show(&COVERAGE, admin)),
        )
        .route(
            INVENTORY.place,
            get(|admin: State<Arc<Admin>>| show(&INVENTORY, admin)),
        )
}

async fn show<T: Serialize + 'static>(
    what: &'static Remembered<T>,
    State(admin): State<Arc<Admin>>,
) -> Response {
    let state = Arc::clone(&admin.shown.state);
    let read = tokio::task::spawn_blocking(move || {
        let rows = what.rows(&state).ok()?;
        serde_json::to_vec(&rows).ok()
    });
    match read.await.ok().flatten() {
        Some(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
