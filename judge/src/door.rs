//! The doors: protocols that a question can come by, on one port.

mod answered;
mod approvals;
mod authz;
mod body;
mod call;
mod envoy;
mod fault;
mod grpc;
mod halves;
mod headers;
mod hooks;
mod icap;
mod inference;
mod insider;
mod json;
mod judge_v1;
mod litellm;
mod masking;
mod mcp;
mod opa;
mod openapi;
mod tool_uses;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use magistrate_event::{Identity, Origin, Source};

use self::fault::Fault;
pub use self::icap::{IcapLimits, serve_icap, serve_icap_within};
pub use self::insider::Insider;
use crate::inquiry::{Door, Inquiry};
use crate::judge::Judge;
use crate::signed::Signed;
use crate::verdict::Verdict;

/// Who calls; an extension of each request, set by whoever knows the tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// May ask.
    Known {
        /// Who it proved to be.
        identity: Identity,
        /// Its address.
        peer: Option<IpAddr>,
    },
    /// May not; the text says why.
    Denied(String),
    /// Nobody may, whatever he shows; the text says why.
    Closed(String),
}

impl Caller {
    /// Where its questions come from; none where it may not ask.
    fn origin(&self) -> Option<Origin> {
        match self {
            Self::Known { identity, peer } => Some(Origin {
                source: Source::Judge,
                peer: *peer,
                identity: identity.clone(),
            }),
            Self::Denied(_) | Self::Closed(_) => None,
        }
    }

    /// Why it may not ask, if so.
    fn refusal(&self) -> Option<&str> {
        match self {
            Self::Known { .. } => None,
            Self::Denied(why) | Self::Closed(why) => Some(why),
        }
    }
}

/// What every door works with.
#[derive(Clone)]
struct Doors {
    judge: Arc<Judge>,
    /// Who signs the hooks that come by these doors.
    signed: Arc<Signed>,
    /// Who hears the verdicts, where somebody inside the process asks.
    insider: Option<Insider>,
}

impl Doors {
    /// Doors for the network: the judge's own keys count.
    fn new(judge: Arc<Judge>) -> Self {
        let signed = Arc::clone(judge.signed());
        Self {
            judge,
            signed,
            insider: None,
        }
    }

    /// Doors for somebody inside the process: his own keys count, and no others.
    fn within(judge: Arc<Judge>, insider: Insider) -> Self {
        Self {
            judge,
            signed: Arc::clone(insider.signed()),
            insider: Some(insider),
        }
    }

    /// Judges; whoever hears verdicts hears this one.
    async fn judge(&self, inquiry: Inquiry) -> Arc<Verdict> {
        let verdict = self.judge.judge(inquiry).await;
        if let Some(insider) = &self.insider {
            insider.hears(&verdict);
        }
        verdict
    }

    /// The answer, or the fault that stands in its place, counted.
    fn answer(&self, door: Door, answer: Result<Response, Fault>) -> Response {
        answer.unwrap_or_else(|fault| {
            self.judge.metrics().refused(door.name, fault.reason());
            fault.into_response()
        })
    }
}

/// JSON, with status 200.
fn json_response(json: impl Into<Body>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, json.into()).into_response()
}

/// Whether the callers of the door at `path` show their token as `X-Api-Key`. Elsewhere that header
/// may be the judged request's own, and counts for nothing.
pub fn takes_api_key(path: &str) -> bool {
    path == litellm::PATH
}

/// All doors. A request without a [`Caller`] is refused.
pub fn router(judge: Arc<Judge>) -> Router {
    routes(Doors::new(judge))
}

/// The same doors for somebody inside the process, whose keys then count on no listener.
pub fn router_within(judge: Arc<Judge>, insider: Insider) -> Router {
    routes(Doors::within(judge, insider))
}

fn routes(doors: Doors) -> Router {
    Router::new()
        .route("/v1/judge", post(json::answer))
        .route("/v1/approvals/{id}", get(approvals::state))
        .route("/v1/openapi.json", get(openapi::show))
        .route("/hooks/claude-code", post(hooks::answer))
        .route("/hooks/inference", post(inference::answer))
        .route("/v1/data/magistrate/decision", post(opa::whole))
        .route("/v1/data/magistrate/decision/{*path}", post(opa::member))
        .route(litellm::PATH, post(litellm::answer))
        .route("/mcp/judge", post(mcp::answer))
        .route("/authz/nginx", any(authz::nginx))
        .route("/authz/forward-auth", any(authz::forward_auth))
        .route(authz::ENVOY_PREFIX, any(authz::envoy))
        .route("/authz/envoy/", any(authz::envoy))
        .route("/authz/envoy/{*path}", any(authz::envoy))
        .route(judge_v1::PATH, post(judge_v1::answer))
        .route(envoy::check::PATH, post(envoy::check::answer))
        .route(envoy::process::PATH, post(envoy::process::answer))
        .with_state(doors)
}
