//! `/authz/…`: sub-requests by which proxies ask whether a request may pass: nginx `auth_request`,
//! forward-auth of Traefik and Caddy, Envoy's ext_authz over HTTP.
//!
//! 200 lets pass, every other status does not. Each proxy has a path of its own, so that no header
//! of the judged request can stand in for one that its proxy would have set.

pub(super) mod asked;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use self::asked::Asked;
use super::Doors;
use super::call::Call;
use super::fault::Fault;
use crate::decision::{Carries, Carry, Decision};
use crate::inquiry::Door;
use crate::verdict::Verdict;

/// What Envoy puts before the judged path (`path_prefix`).
pub(super) const ENVOY_PREFIX: &str = "/authz/envoy";

/// What a status can carry: an approval is a denial with its address.
pub(super) const CARRIES: Carries = Carries {
    redact: Carry::No,
    downgrade: Carry::No,
    approval: Carry::Yes,
};
const NGINX: Door = Door {
    name: "nginx",
    carries: CARRIES,
};
const FORWARD_AUTH: Door = Door {
    name: "forward_auth",
    carries: CARRIES,
};
const ENVOY: Door = Door {
    name: "envoy_http",
    carries: CARRIES,
};
/// A reason in a header is cut here.
const MAX_HEADER_CHARS: usize = 512;

/// nginx `auth_request`.
pub(super) async fn nginx(State(doors): State<Doors>, request: axum::extract::Request) -> Response {
    let read = |head: &Parts, _: &Bytes| Asked::of_nginx(head);
    doors.answer(NGINX, judged(&doors, request, NGINX, read).await)
}

/// Traefik and Caddy.
pub(super) async fn forward_auth(
    State(doors): State<Doors>,
    request: axum::extract::Request,
) -> Response {
    let read = |head: &Parts, _: &Bytes| Asked::of_forward_auth(head);
    let answer = judged(&doors, request, FORWARD_AUTH, read).await;
    doors.answer(FORWARD_AUTH, answer)
}

/// Envoy's ext_authz over HTTP.
pub(super) async fn envoy(State(doors): State<Doors>, request: axum::extract::Request) -> Response {
    let read = |head: &Parts, body: &Bytes| Asked::of_envoy(head, body);
    doors.answer(ENVOY, judged(&doors, request, ENVOY, read).await)
}

async fn judged(
    doors: &Doors,
    request: axum::extract::Request,
    door: Door,
    read: impl FnOnce(&Parts, &Bytes) -> Result<Asked, Fault>,
) -> Result<Response, Fault> {
    let Call { head, body, asker } = Call::receive(doors, request).await?;
    let asked = read(&head, &body)?;
    drop(body);
    let verdict = asker.ask(doors, asked.into_request(), door).await?;
    Ok(response(&verdict))
}

fn response(verdict: &Arc<Verdict>) -> Response {
    let mut response = match verdict.decision {
        Decision::Allow => StatusCode::OK.into_response(),
        Decision::Redact | Decision::Downgrade | Decision::RequireApproval | Decision::Block => {
            (StatusCode::FORBIDDEN, format!("{}\n", verdict.told())).into_response()
        }
    };
    for (name, value) in headers_of(verdict) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The headers that tell a verdict: names and values of one line.
pub(super) fn headers_of(verdict: &Verdict) -> Vec<(&'static str, String)> {
    let is_stopped = verdict.decision != Decision::Allow;
    let page = verdict.approval.as_ref().map(|ticket| ticket.page.as_str());
    let wait = verdict.retry_after_seconds().map(|wait| wait.to_string());
    let all = [
        ("x-magistrate-verdict", Some(verdict.verdict_id.as_str())),
        ("x-magistrate-decision", Some(verdict.decision.name())),
        (
            "x-magistrate-reason",
            is_stopped.then_some(verdict.message.as_str()),
        ),
        ("x-magistrate-approval", page),
        ("retry-after", wait.as_deref().filter(|_| is_stopped)),
    ];
    let told = all
        .into_iter()
        .filter_map(|(name, text)| Some((name, text?)));
    told.map(|(name, text)| (name, line(text))).collect()
}

/// A text as the value of a header: one line of ASCII.
fn line(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_graphic() || c == ' ';
    let chars = text.chars().take(MAX_HEADER_CHARS);
    chars.map(|c| if is_plain(c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_in_a_header_is_one_short_line_of_ascii() {
        assert_eq!(line("a b\r\nx: y"), "a b??x: y");
        assert_eq!(line("für"), "f?r");
        assert_eq!(line(&"x".repeat(2000)).len(), 512);
    }
}
