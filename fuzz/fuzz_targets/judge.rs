//! The judge's doors: any body gets an answer, and never one with a planted secret in an error.
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use libfuzzer_sys::fuzz_target;
use magistrate_enrich::{Context, ContextConfig, Epoch, RedactKey, Redactor, UidKey, shipped_lists, shipped_policies};
use magistrate_event::{Identity, Record, SystemClock};
use magistrate_judge::{
    ApprovalParts, ApprovalStore, Approvals, Audit, AuditLog, Caller, Config, Engine, Judge, Kept, Metrics, Parts,
    Policies, Postures, Profile, StoreChange, router,
};
use tower::ServiceExt;

const HOOK: &str = "/hooks/claude-code";
/// The doors; the first byte says which.
const PATHS: [&str; 6] = [
    "/v1/judge",
    HOOK,
    "/v1/data/magistrate/decision",
    "/beta/litellm_basic_guardrail_api",
    "/mcp/judge",
    "/authz/envoy/a",
];

/// Keeps nothing, at once.
struct Nowhere;

impl AuditLog for Nowhere {
    fn keep(&self, _: Vec<Record>, _: Audit) -> Kept {
        Box::pin(async { Ok(()) })
    }
}

impl ApprovalStore for Nowhere {
    fn keep(&self, _: Vec<StoreChange>) -> Kept {
        Box::pin(async { Ok(()) })
    }
}

struct Doors {
    runtime: tokio::runtime::Runtime,
    router: axum::Router,
}

static DOORS: LazyLock<Doors> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let (policies, _) = Policies::compile(&shipped_policies(), &shipped_lists(), Profile::Native);
    let config = Config::default();
    let redactor = Redactor::new(&RedactKey::from_bytes([7; 32]), Epoch(0)).expect("the shipped rules compile");
    let redactor = Arc::new(redactor);
    let engine = Engine::new(Parts {
        redactor: Arc::clone(&redactor),
        uid_key: UidKey::new([7; 32]),
        policies,
        context: Context::new(&ContextConfig::default()),
        models: None,
        read_only: Duration::from_secs(60),
        postures: Postures::new(&config),
        clock: Arc::new(SystemClock),
        run: 1,
    });
    let audit: Arc<dyn AuditLog> = Arc::new(Nowhere);
    let parts = ApprovalParts {
        store: Arc::new(Nowhere),
        audit: Arc::clone(&audit),
        redactor,
        uid_key: UidKey::new([7; 32]),
        clock: Arc::new(SystemClock),
        config: config.approvals.clone(),
        judge_url: String::new(),
        console_url: String::new(),
        rehearser: "rehearser",
    };
    let kept = (audit, Arc::new(Approvals::open(parts, [])));
    let judge = Judge::new(engine, kept, Metrics::default(), config, 1).expect("threads start");
    Doors { runtime, router: router(Arc::new(judge)) }
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
