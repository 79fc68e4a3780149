//! What is judged of an HTTP exchange: one half of it, a request or a response.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use magistrate_event::{Action, Occasion};

use crate::door::authz::asked::{Asked, no_text, one};
use crate::request::Request;

/// One half of an exchange.
#[derive(Debug, Clone)]
pub(in crate::door) enum Subject {
    Request(Asked),
    Response(Answered),
}

/// The head of a response.
#[derive(Debug, Clone)]
pub(in crate::door) struct Answered {
    session: Option<String>,
    status: String,
    media_type: Option<String>,
    /// Whether its body is compressed.
    pub(in crate::door) is_packed: bool,
}

impl Subject {
    /// Whether its body can be read.
    pub(in crate::door) const fn is_readable(&self) -> bool {
        match self {
            Self::Request(asked) => asked.is_readable(),
            Self::Response(answered) => !answered.is_packed,
        }
    }

    /// Where a request goes: what a policy masks there cannot be masked on its way.
    pub(in crate::door) fn url(&self) -> Option<&str> {
        match self {
            Self::Request(asked) => Some(asked.url()),
            Self::Response(_) => None,
        }
    }

    /// The question about it.
    pub(in crate::door) fn question(self, body: Option<(&[u8], bool)>) -> Request {
        match self {
            Self::Request(mut asked) => {
                if let Some((body, is_whole)) = body {
                    asked.add_body(body, is_whole);
                }
                asked.into_request()
            }
            Self::Response(answered) => answered.into_request(body),
        }
    }
}

impl Answered {
    /// The response of these headers, in the session of its request.
    pub(in crate::door) fn new(session: Option<String>, status: &str, headers: &HeaderMap) -> Self {
        Self {
            session,
            status: status.to_owned(),
            // Of two nobody knows which one counts.
            media_type: one(headers, "content-type").unwrap_or_default(),
            is_packed: headers.contains_key(CONTENT_ENCODING),
        }
    }

    /// What was asked has been judged before; now it is about what came back.
    fn into_request(self, body: Option<(&[u8], bool)>) -> Request {
        let mut action = Action {
            occasion: Some(Occasion::Response),
            told: vec![("status_code".to_owned(), self.status)],
            ..Action::default()
        };
        action.session.id = self.session;
        action.content.media_type = self.media_type;
        let body = body.filter(|(body, _)| !body.is_empty() && !self.is_packed);
        if let Some((body, is_whole)) = body {
            action.content.text = Some(String::from_utf8_lossy(body).into_owned());
            action.content.bytes = no_text(body);
            action.content.truncated = Some(!is_whole);
        }
        Request {
            action,
            ..Request::default()
        }
    }
}
