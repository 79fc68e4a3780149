//! The doors: protocols that a question can come by, on one port.

mod approvals;
mod body;
mod fault;
mod hooks;
mod json;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use magistrate_event::{Identity, Origin, Source};

use crate::judge::Judge;

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
            Self::Denied(_) => None,
        }
    }
}

/// What every door works with.
#[derive(Clone)]
struct Doors {
    judge: Arc<Judge>,
}

/// All doors that speak HTTP. A request without a [`Caller`] is refused.
pub fn router(judge: Arc<Judge>) -> Router {
    Router::new()
        .route("/v1/judge", post(json::answer))
        .route("/v1/approvals/{id}", get(approvals::state))
        .route("/hooks/claude-code", post(hooks::answer))
        .with_state(Doors { judge })
}
