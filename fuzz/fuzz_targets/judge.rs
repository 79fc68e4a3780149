//! The judge's doors: any body gets an answer, and never one with a planted secret in an error.
#![no_main]

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use libfuzzer_sys::fuzz_target;
use magistrate_event::Identity;
use magistrate_fuzz::judge;
use magistrate_judge::{Caller, router};
use tower::ServiceExt;

const HOOK: &str = "/hooks/claude-code";
const INFERENCE: &str = "/hooks/inference";
/// The doors; the first byte says which.
const PATHS: [&str; 7] = [
    "/v1/judge",
    HOOK,
    "/v1/data/magistrate/decision",
    "/beta/litellm_basic_guardrail_api",
    "/mcp/judge",
    "/authz/envoy/a",
    INFERENCE,
];

struct Doors {
    runtime: tokio::runtime::Runtime,
    router: axum::Router,
}

static DOORS: LazyLock<Doors> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    Doors { runtime, router: router(judge()) }
});

fuzz_target!(|bytes: &[u8]| {
    let Some((door, body)) = bytes.split_first() else { return };
    let Some(path) = PATHS.get(usize::from(*door) % PATHS.len()) else { return };
    let caller = Caller::Known { identity: Identity::Anonymous, peer: None };
    let request = Request::post(*path)
        .header("host", "a.example")
        .header("content-type", "application/json")
        .extension(caller)
        .body(Body::from(body.to_vec()))
        .expect("the request is well formed");
    let doors = &*DOORS;
    let status = doors.runtime.block_on(async { doors.router.clone().oneshot(request).await }).expect("the doors answer").status();
    // The client of hooks takes every other status for consent.
    assert!(status == StatusCode::OK || *path != HOOK && status.is_client_error(), "{path}: {status}");
});
