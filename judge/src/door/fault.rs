//! Why a call gets no verdict, and how the HTTP doors say so.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::judge::Overload;
use crate::request::RequestError;

/// Why a call gets no verdict: it is about the call, never about the content.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// Nobody that may ask.
    #[error("{0}")]
    Denied(String),
    /// Somebody that may ask, but nobody is answered.
    #[error("{0}")]
    Closed(String),
    /// No request.
    #[error("{0}")]
    Malformed(String),
    /// Asked in a way that is not served.
    #[error("{0}")]
    Unsupported(&'static str),
    /// Too large.
    #[error("body is larger than {max_bytes} bytes")]
    TooLarge {
        /// The limit.
        max_bytes: usize,
    },
    /// Too slow.
    #[error("body came too slowly")]
    Slow,
    /// The caller went while it was being read.
    #[error("body ended early")]
    Cut,
    /// Too much at once.
    #[error(transparent)]
    Overload(#[from] Overload),
}

impl From<RequestError> for Fault {
    fn from(error: RequestError) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl Fault {
    /// Its name in metrics.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Denied(_) | Self::Closed(_) => "denied",
            Self::Malformed(_) => "malformed",
            Self::Unsupported(_) => "unsupported",
            Self::TooLarge { .. } => "too_large",
            Self::Slow => "slow",
            Self::Cut => "cut",
            Self::Overload(_) => "overload",
        }
    }

    /// Its status.
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::Denied(_) | Self::Closed(_) => StatusCode::UNAUTHORIZED,
            Self::Malformed(_) | Self::Cut => StatusCode::BAD_REQUEST,
            Self::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Overload(_) => StatusCode::TOO_MANY_REQUESTS,
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.to_string() }).to_string();
        let kind = [(header::CONTENT_TYPE, "application/json")];
        let mut response = (self.status(), kind, body).into_response();
        let headers = response.headers_mut();
        if matches!(self, Self::Denied(_)) {
            headers.insert(
                header::WWW_AUTHENTICATE,
                header::HeaderValue::from_static("Bearer"),
            );
        }
        if matches!(self, Self::Overload(_)) {
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        response
    }
}
