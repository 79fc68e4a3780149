//! The console: pages for people, and the API behind them, on the admin listener.
//!
//! Nothing here is served to anybody who has not shown a token, but the page that asks for it. A
//! page is a file without a build step; it brings no data, asks the API for them, and can load
//! nothing from elsewhere.

mod approvals;
mod json;
mod page;
mod sign_in;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, Method};
use axum::routing::{get, post};
use magistrate_judge::Approvals;

pub use json::approval_json;
pub use page::{STYLE, WasWrong, sign_in as sign_in_page};
pub use sign_in::SIGN_IN;

use sign_in::SignIns;

/// Finds out whose a token is; none where nobody's.
pub type Who = Arc<dyn Fn(&str) -> Option<Person> + Send + Sync>;

/// Somebody who has shown a token; an extension of each request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person(pub String);

/// What the pages work with.
#[derive(Clone)]
pub struct Console {
    approvals: Arc<Approvals>,
    who: Who,
    sign_ins: Arc<SignIns>,
}

impl Console {
    /// A console over the judge's approvals.
    pub fn new(approvals: Arc<Approvals>, who: Who) -> Self {
        Self {
            approvals,
            who,
            sign_ins: Arc::default(),
        }
    }

    /// Who has signed in with a browser, by the cookie in `headers`. A request that changes something
    /// must show that a page of ours made it, since browsers send cookies whoever asks.
    pub fn signed_in(&self, method: &Method, headers: &HeaderMap) -> Option<Person> {
        let changes = method != Method::GET && method != Method::HEAD;
        if changes && !headers.contains_key(sign_in::OURS) {
            return None;
        }
        self.sign_ins.find(headers)
    }
}

/// Larger bodies are refused.
const MAX_BODY_BYTES: usize = 64 << 10;

/// Every route of the console; whoever serves it lets only a [`Person`] come in.
pub fn router(console: Console) -> Router {
    Router::new()
        .route("/", get(page::home))
        .route("/approvals", get(page::approvals))
        .route("/approvals/{id}", get(page::approvals))
        .route(page::STYLE, get(page::style))
        .route(page::SCRIPT, get(page::script))
        .route(sign_in::SIGN_IN, post(sign_in::sign_in))
        .route(sign_in::SIGN_OUT, post(sign_in::sign_out))
        .route("/api/v1/approvals", get(approvals::list))
        .route("/api/v1/approvals/{id}", get(approvals::show))
        .route("/api/v1/approvals/{id}/approve", post(approvals::approve))
        .route("/api/v1/approvals/{id}/deny", post(approvals::deny))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(console)
}

/// Whether the console serves `path`: those are all that a person may see who is no administrator.
pub fn serves(path: &str) -> bool {
    const PLACES: [&str; 2] = ["/approvals", "/api/v1/approvals"];
    let is_under = |place: &str| {
        let rest = path.strip_prefix(place);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    matches!(path, "/" | page::STYLE | page::SCRIPT | sign_in::SIGN_OUT)
        || PLACES.into_iter().any(is_under)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_places_are_served() {
        for path in [
            "/",
            "/approvals",
            "/approvals/x",
            "/api/v1/approvals/x/approve",
        ] {
            assert!(serves(path), "{path}");
        }
        for path in [
            "/metrics",
            "/approvalsx",
            "/api/v1/coverage",
            "/sign-in",
            "",
        ] {
            assert!(!serves(path), "{path}");
        }
    }
}
