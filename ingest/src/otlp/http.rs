//! OTLP/HTTP: from a request to its answer (OTLP specification 1.11.0, "OTLP/HTTP").

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use magistrate_event::{Origin, Source};

use super::body::{self, Sender};
use super::fault::Fault;
use super::inflate::Coding;
use super::rejected::Rejected;
use super::respond::{self, Answer};
use super::take::{Encoding, Received, take};
use super::{Door, Signal};
use crate::auth::admit;
use crate::listen::Peer;

/// Answers one request in the encoding that it came in.
pub(super) async fn answer(door: &Door, request: Request<Incoming>) -> Answer {
    let (head, mut body) = request.into_parts();
    let encoding = encoding(&head.headers);
    let peer = head.extensions.get::<Peer>();
    let certificate = peer.and_then(|peer| peer.certificate.as_deref());
    let identity = match admit(door.tokens.as_deref(), &head.headers, certificate) {
        Ok(identity) => identity,
        Err(denied) => {
            door.metrics.auth_failure(Source::OtlpHttp);
            body::throw_away(body, Sender::Stranger, &door.limits);
            return failure(encoding, &denied.into());
        }
    };
    let origin = Origin {
        source: Source::OtlpHttp,
        peer: peer.and_then(|peer| peer.address),
        identity,
    };
    match export(door, &head, encoding, origin, &mut body).await {
        Ok((signal, rejected)) => success(encoding.unwrap_or(Encoding::Json), signal, &rejected),
        Err(fault) => {
            body::throw_away(body, Sender::Known, &door.limits);
            failure(encoding, &fault)
        }
    }
}

async fn export(
    door: &Door,
    head: &http::request::Parts,
    encoding: Option<Encoding>,
    origin: Origin,
    body: &mut Incoming,
) -> Result<(Signal, Rejected), Fault> {
    let signal = signal(head.uri.path()).ok_or(Fault::NoPath)?;
    if head.method != Method::POST {
        return Err(Fault::Method);
    }
    let encoding = encoding.ok_or(Fault::MediaType)?;
    let coding = Coding::of_content(&head.headers).ok_or(Fault::Coding)?;
    let mut hold = door.intake.hold();
    let bytes = body::read(
        body,
        door.limits.max_body_bytes,
        body::declared_bytes(&head.headers),
        &door.limits,
        &mut hold,
    )
    .await?;
    let received = Received {
        signal,
        encoding,
        coding,
        bytes,
        hold,
    };
    let rejected = take(door, origin, received).await?;
    Ok((signal, rejected))
}

/// The signal of a path; a prefix before it is allowed, as is a slash after it.
fn signal(path: &str) -> Option<Signal> {
    let path = path.strip_suffix('/').unwrap_or(path);
    [
        ("/v1/logs", Signal::Logs),
        ("/v1/metrics", Signal::Metrics),
        ("/v1/traces", Signal::Traces),
    ]
    .into_iter()
    .find_map(|(end, signal)| path.ends_with(end).then_some(signal))
}

/// The encoding that `Content-Type` names, its parameters left aside.
fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let value = headers.get(CONTENT_TYPE)?.as_bytes();
    let media_type = value.split(|byte| *byte == b';').next()?.trim_ascii();
    [
        (&b"application/x-protobuf"[..], Encoding::Protobuf),
        (b"application/protobuf", Encoding::Protobuf),
        (b"application/json", Encoding::Json),
    ]
    .into_iter()
    .find_map(|(known, encoding)| media_type.eq_ignore_ascii_case(known).then_some(encoding))
}

fn success(encoding: Encoding, signal: Signal, rejected: &Rejected) -> Answer {
    let body = match encoding {
        Encoding::Protobuf => respond::success_protobuf(signal, rejected),
        Encoding::Json => respond::success_json(signal, rejected),
    };
    Answer {
        response: response(encoding, body),
        code: 200,
        refused: None,
    }
}

/// A fault's answer; JSON when the request's encoding is not known.
fn failure(encoding: Option<Encoding>, fault: &Fault) -> Answer {
    let encoding = encoding.unwrap_or(Encoding::Json);
    let body = match encoding {
        Encoding::Protobuf => respond::status_protobuf(fault),
        Encoding::Json => respond::status_json(fault),
    };
    let mut response = response(encoding, body);
    *response.status_mut() = fault.http_status();
    let headers = response.headers_mut();
    if let Some(retry_after) = fault.retry_after() {
        headers.insert(RETRY_AFTER, respond::whole_seconds(retry_after).into());
    }
    if matches!(fault, Fault::Method) {
        headers.insert(ALLOW, HeaderValue::from_static("POST"));
    }
    if matches!(fault, Fault::Denied(_)) {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    Answer {
        code: response.status().as_u16(),
        response,
        refused: Some(fault.reason()),
    }
}

fn response(encoding: Encoding, body: Vec<u8>) -> Response<respond::Body> {
    let media_type = match encoding {
        Encoding::Protobuf => "application/x-protobuf",
        Encoding::Json => "application/json",
    };
    let mut response = Response::new(Full::new(Bytes::from(body)).boxed_unsync());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_known_by_its_end() {
        for (path, expected) in [
            ("/v1/logs", Some(Signal::Logs)),
            ("/v1/metrics/", Some(Signal::Metrics)),
            ("/prefix/of/mine/v1/traces", Some(Signal::Traces)),
            ("/v1/logs/x", None),
            ("/xv1/logs", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(signal(path), expected, "{path}");
        }
    }

    #[test]
    fn a_media_type_is_known_whatever_its_parameters() {
        for (value, expected) in [
            ("application/json", Some(Encoding::Json)),
            ("Application/JSON; charset=utf-8", Some(Encoding::Json)),
            ("application/x-protobuf", Some(Encoding::Protobuf)),
            ("application/protobuf", Some(Encoding::Protobuf)),
            ("text/json", None),
            ("application/jsonx", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(value));
            assert_eq!(encoding(&headers), expected, "{value}");
        }
        assert_eq!(encoding(&HeaderMap::new()), None);
    }
}
