//! The admin listener: health and metrics, without a token on loopback, what commands ask of a
//! running instance, and the console for people, with one.

mod guard;
mod lake;
mod reads;
mod remembered;
mod replay;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use magistrate_console::Console;
use magistrate_ingest::Tokens;
use magistrate_judge::Approvals;
use prometheus_client::registry::Registry;

use crate::canary::output;
use crate::config::Config;
use crate::consume::Closing;
use crate::keys;
use crate::store::{ANALYSIS, LAKE};

pub(crate) use guard::Doorkeeper;
pub(crate) use lake::{CLOSE, For};
pub(crate) use reads::Reads;
pub(crate) use remembered::{COVERAGE, INVENTORY, Remembered};
pub(crate) use replay::Door as ReplayDoor;

/// The media type of OpenMetrics text.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the admin pages show, and to whom.
pub(crate) struct Shown {
    /// Everything that is counted.
    pub(crate) registry: Registry,
    /// Brings the gauges up to date before they are shown.
    pub(crate) refresh: Box<dyn Fn() + Send + Sync>,
    /// Consumers of the queue that cannot go on, each with the reason.
    pub(crate) stalled: Box<dyn Fn() -> Vec<(String, String)> + Send + Sync>,
    /// Holds the canary, which looks at the page of metrics last.
    pub(crate) path: Arc<crate::path::Path>,
    /// Where what is remembered is kept.
    pub(crate) state: Arc<magistrate_sinks::State>,
    /// Has the lake write what it holds.
    pub(crate) closing: Closing,
    /// Who may do what.
    pub(crate) doorkeeper: Arc<Doorkeeper>,
    /// The pages for people.
    pub(crate) console: Console,
    /// Writes down who reads.
    pub(crate) reads: Reads,
}

/// What the admin pages work with.
pub(crate) struct Admin {
    /// What is shown.
    pub(crate) shown: Shown,
    /// Takes what is replayed.
    pub(crate) replay: ReplayDoor,
    /// Whether all listeners accept.
    pub(crate) ready: AtomicBool,
}

/// Reads the admin token, or makes one at the first start and tells where it is.
///
/// # Errors
/// When the file cannot be read or written.
pub(crate) fn token(config: &Config, folder: &Path) -> anyhow::Result<String> {
    let file = token_file(config, folder);
    if !file.exists() {
        tracing::info!(file = %file.display(), "made an admin token");
    }
    Ok(hex(keys::read_or_make(&file)?))
}

/// Reads the admin token that a running instance has made.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn existing_token(config: &Config, folder: &Path) -> anyhow::Result<String> {
    keys::read_existing(&token_file(config, folder)).map(hex)
}

/// Who may do what: `token` is the administrator's.
///
/// # Errors
/// When a file of tokens cannot be used.
pub(crate) fn doorkeeper(config: &Config, token: String) -> anyhow::Result<Doorkeeper> {
    let open = |file: &Option<PathBuf>| file.as_deref().map(Tokens::open).transpose();
    Ok(Doorkeeper {
        admin: token,
        approvers: open(&config.auth.approver_tokens)?,
        judge: open(&config.auth.judge_tokens)?,
    })
}

/// The pages for people, who are whom `doorkeeper` knows.
pub(crate) fn console(approvals: &Arc<Approvals>, doorkeeper: &Arc<Doorkeeper>) -> Console {
    let doorkeeper = Arc::clone(doorkeeper);
    let who = move |token: &str| doorkeeper.who(token);
    Console::new(Arc::clone(approvals), Arc::new(who))
}

/// Where the administrator's token is.
pub(crate) fn token_file(config: &Config, folder: &Path) -> PathBuf {
    let configured = config.auth.admin_token.clone();
    configured.unwrap_or_else(|| folder.join("admin.token"))
}

fn hex(key: [u8; 32]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The admin pages.
pub(crate) fn router(admin: Arc<Admin>) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .merge(replay::routes())
        .merge(remembered::routes())
        .merge(lake::routes())
        .with_state(Arc::clone(&admin))
        .merge(magistrate_console::router(admin.shown.console.clone()))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&admin),
            reads::note,
        ))
        .layer(middleware::from_fn_with_state(admin, guard::guard))
}

async fn readyz(State(admin): State<Arc<Admin>>) -> Response {
    let mut stalled = (admin.shown.stalled)().into_iter();
    // A sink's peer is no matter of this instance: `magistrate_queue_consumer_stalled` tells.
    let own = stalled.find(|(name, _)| [LAKE, ANALYSIS].contains(&name.as_str()));
    match own {
        Some((name, why)) => {
            let message = format!("not ready: {name} cannot go on: {why}\n");
            (StatusCode::SERVICE_UNAVAILABLE, message).into_response()
        }
        None if admin.ready.load(Ordering::Acquire) => (StatusCode::OK, "ready\n").into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response(),
    }
}

async fn metrics(State(admin): State<Arc<Admin>>) -> Response {
    (admin.shown.refresh)();
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &admin.shown.registry) {
        Ok(()) if !permits(&admin, &text) => {
            let message = "withheld: a planted secret was found in the metrics\n";
            (StatusCode::SERVICE_UNAVAILABLE, message).into_response()
        }
        Ok(()) => ([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn permits(admin: &Admin, page: &str) -> bool {
    let canary = &admin.shown.path.canary;
    canary.permits_any(output::METRICS, page.as_bytes())
}
