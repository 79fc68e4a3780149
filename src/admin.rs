//! The admin listener: health and metrics, without a token on loopback, and what commands ask of a
//! running instance, with one.

mod coverage;
mod replay;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use crate::canary::output;
use crate::config::Config;
use crate::keys;

pub(crate) use coverage::{COVERAGE, rows as coverage_rows};
pub(crate) use replay::Door as ReplayDoor;

/// The media type of OpenMetrics text.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the admin pages show, and to whom.
pub(crate) struct Shown {
    /// Everything that is counted.
    pub(crate) registry: Registry,
    /// Brings the gauges up to date before they are shown.
    pub(crate) refresh: Box<dyn Fn() + Send + Sync>,
    /// Holds the canary, which looks at the page of metrics last.
    pub(crate) path: Arc<crate::path::Path>,
    /// Where what is remembered is kept.
    pub(crate) state: Arc<magistrate_sinks::State>,
    /// The bearer token that callers must show; on loopback only for more than a look.
    pub(crate) token: String,
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

fn token_file(config: &Config, folder: &Path) -> PathBuf {
    let configured = config.auth.admin_token.clone();
    configured.unwrap_or_else(|| folder.join("admin.token"))
}

fn hex(key: [u8; 32]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Serves the admin pages until `shutdown`.
///
/// # Errors
/// When the listener fails.
pub(crate) async fn serve(
    listener: tokio::net::TcpListener,
    admin: Arc<Admin>,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .merge(replay::routes())
        .merge(coverage::routes())
        .layer(middleware::from_fn_with_state(Arc::clone(&admin), guard))
        .with_state(admin)
        .into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, router)
        .with_graceful_shutdown(shutdown.cancelled_owned())
        .await
}

async fn readyz(State(admin): State<Arc<Admin>>) -> Response {
    if admin.ready.load(Ordering::Acquire) {
        (StatusCode::OK, "ready\n").into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response()
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

/// What a loopback caller may see without a token.
const OPEN_ON_LOOPBACK: [&str; 3] = ["/livez", "/readyz", "/metrics"];

/// Lets a loopback caller look; everything else needs the token.
async fn guard(
    State(admin): State<Arc<Admin>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let shown = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let is_open = peer.ip().is_loopback() && OPEN_ON_LOOPBACK.contains(&request.uri().path());
    if is_open || shown.is_some_and(|shown| is_same(shown, &admin.shown.token)) {
        next.run(request).await
    } else {
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
        (
            StatusCode::UNAUTHORIZED,
            challenge,
            "the admin token is missing or wrong\n",
        )
            .into_response()
    }
}

/// Compares in time that depends on the lengths only.
fn is_same(a: &str, b: &str) -> bool {
    use subtle::ConstantTimeEq as _;
    a.as_bytes().ct_eq(b.as_bytes()).into()
}
