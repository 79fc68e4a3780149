//! `envoy.service.auth.v3.Authorization/Check`: whether a request may pass (ext_authz over gRPC).
//!
//! What is wrong with the judged request is a denial with the status that the HTTP door would answer:
//! a gRPC error would be Envoy's failure mode, which may be open. Only a call that is none, or of
//! nobody who may ask, is an error.

mod message;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use self::message::{
    CheckRequest, CheckResponse, Denied, HttpRequest, HttpResponse, Passed, Status,
};
use super::header::SetHeader;
use crate::decision::Decision;
use crate::door::Doors;
use crate::door::authz::asked::{Asked, PARTIAL, Place, one};
use crate::door::authz::{CARRIES, headers_of};
use crate::door::fault::Fault;
use crate::door::grpc::{self, Unary};
use crate::door::headers::plain;
use crate::inquiry::Door;
use crate::verdict::Verdict;

/// Where the call goes.
pub(in crate::door) const PATH: &str = "/envoy.service.auth.v3.Authorization/Check";

/// It can carry no more than the HTTP door: an answer cannot change a body.
const DOOR: Door = Door {
    name: "envoy_grpc",
    carries: CARRIES,
};

/// Answers one call.
pub(in crate::door) async fn answer(
    State(doors): State<Doors>,
    request: axum::extract::Request,
) -> Response {
    let answer = match judged(&doors, request).await {
        Err(fault) if is_about_the_judged(&fault) => {
            doors.judge.metrics().refused(DOOR.name, fault.reason());
            Ok(denied(fault.status(), Vec::new(), format!("{fault}\n")))
        }
        other => other,
    };
    grpc::answer(&doors, DOOR, answer)
}

const fn is_about_the_judged(fault: &Fault) -> bool {
    match fault {
        Fault::Malformed(_) | Fault::TooLarge { .. } | Fault::Overload(_) => true,
        Fault::Denied(_) | Fault::Closed(_) | Fault::Unsupported(_) | Fault::Slow | Fault::Cut => {
            false
        }
    }
}

async fn judged(doors: &Doors, request: axum::extract::Request) -> Result<CheckResponse, Fault> {
    let call: Unary<CheckRequest> = Unary::receive(doors, request).await?;
    let deadline = call.deadline(doors, None);
    let attributes = call.message.attributes.unwrap_or_default();
    let http = attributes.request.and_then(|request| request.http);
    let Some(http) = http else {
        let message = "the attributes of an HTTP request are missing";
        return Err(Fault::Malformed(message.to_owned()));
    };
    let mut request = asked(&http)?.into_request();
    drop(http);
    request.deadline = deadline;
    let verdict = call.asker.ask(doors, request, DOOR).await?;
    Ok(response(&verdict))
}

/// The judged request.
fn asked(http: &HttpRequest) -> Result<Asked, Fault> {
    let headers = match &http.header_map {
        Some(map) => map.plain(),
        None => {
            let headers = http.headers.iter();
            plain(headers.map(|(name, value)| (name.as_str(), value.as_bytes())))
        }
    };
    let place = Place {
        method: &http.method,
        scheme: Some(http.scheme.as_str()).filter(|scheme| !scheme.is_empty()),
        host: &http.host,
        path: &http.path,
    };
    let mut asked = Asked::at(place, &headers)?;
    let is_partial = one(&headers, PARTIAL)?;
    let body = if http.raw_body.is_empty() {
        http.body.as_bytes()
    } else {
        &http.raw_body
    };
    asked.add_body(body, is_partial.as_deref() != Some("true"));
    Ok(asked)
}

fn response(verdict: &Verdict) -> CheckResponse {
    let headers = headers_of(verdict).into_iter();
    let headers = headers.map(|(name, value)| SetHeader::text(name, value));
    match verdict.decision {
        Decision::Allow => CheckResponse {
            status: Some(Status::default()),
            http_response: Some(HttpResponse::Passed(Passed {
                headers: headers.collect(),
            })),
        },
        Decision::Redact | Decision::Downgrade | Decision::RequireApproval | Decision::Block => {
            denied(
                StatusCode::FORBIDDEN,
                headers.collect(),
                format!("{}\n", verdict.told()),
            )
        }
    }
}

fn denied(status: StatusCode, headers: Vec<SetHeader>, body: String) -> CheckResponse {
    CheckResponse {
        status: Some(Status {
            code: tonic::Code::PermissionDenied as i32,
            message: body.trim_end().to_owned(),
        }),
        http_response: Some(HttpResponse::Denied(Denied {
            status: Some(status.into()),
            headers,
            body,
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::super::header::{Header, HeaderMap};
    use super::*;

    fn http(host: &str, path: &str) -> HttpRequest {
        HttpRequest {
            method: "PUT".to_owned(),
            host: host.to_owned(),
            path: path.to_owned(),
            scheme: "http".to_owned(),
            ..HttpRequest::default()
        }
    }

    #[test]
    fn a_request_is_told_by_its_attributes() {
        let mut one = http("a.example:8443", "/x?y=1");
        one.headers = [
            (":path", "/other"),
            ("x-forwarded-proto", "https"),
            ("x-claude-code-session-id", "s"),
            (PARTIAL, "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        one.raw_body = b"text \xc3".to_vec();
        let action = asked(&one).unwrap().into_request().action;
        assert_eq!(
            action.destination.url.as_deref(),
            Some("https://a.example:8443/x?y=1")
        );
        assert_eq!(action.destination.method.as_deref(), Some("PUT"));
        assert_eq!(action.session.id.as_deref(), Some("s"));
        assert_eq!(action.content.text.as_deref(), Some("text \u{fffd}"));
        assert_eq!(action.content.truncated, Some(true));
        one.headers.clear();
        let action = asked(&one).unwrap().into_request().action;
        assert_eq!(
            action.destination.url.as_deref(),
            Some("http://a.example:8443/x?y=1")
        );
        assert_eq!(action.content.truncated, Some(false));
    }

    #[test]
    fn what_is_left_open_is_refused() {
        for (host, path, expected) in [
            ("", "/", "`host` is missing"),
            ("ok.example@evil.example", "/", "host"),
            ("a.example", "https://evil.example/", "path"),
        ] {
            let told = asked(&http(host, path)).unwrap_err().to_string();
            assert!(told.contains(expected), "{host} {path}: {told}");
        }
        let mut nameless = http("a.example", "/");
        nameless.method.clear();
        assert!(asked(&nameless).is_err());
        let mut twice = http("a.example", "/");
        let header = |value: &str| Header {
            key: "x-claude-code-session-id".to_owned(),
            raw_value: value.as_bytes().to_vec(),
            ..Header::default()
        };
        twice.header_map = Some(HeaderMap {
            headers: vec![header("a"), header("b")],
        });
        let told = asked(&twice).unwrap_err().to_string();
        assert!(told.contains("there twice"), "{told}");
    }
}
