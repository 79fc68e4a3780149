//! gRPC on the port of the doors: framed by hand, so that a call has the limits of every other door.
//!
//! What a gRPC server would do is a page of framing (gRPC over HTTP/2, "Length-Prefixed-Message").
//! Messages are not compressed: proxies and plugins that ask a judge do not compress either.

mod frame;
mod stream;
mod timeout;

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use prost::Message;
use tonic::{Code, Status};

pub(super) use self::frame::framed;
pub(super) use self::stream::{Messages, Replies, channel};
use super::Doors;
use super::call::{Asker, Call};
use super::fault::Fault;
use crate::inquiry::Door;

/// The status that tells a fault.
const fn code(fault: &Fault) -> Code {
    match fault {
        Fault::Denied(_) | Fault::Closed(_) => Code::Unauthenticated,
        Fault::Malformed(_) | Fault::Cut => Code::InvalidArgument,
        Fault::Unsupported(_) => Code::Unimplemented,
        Fault::TooLarge { .. } | Fault::Overload(_) => Code::ResourceExhausted,
        Fault::Slow => Code::DeadlineExceeded,
    }
}

/// A unary call of somebody who may ask, received whole.
pub(super) struct Unary<M> {
    /// What was sent.
    pub(super) message: M,
    timeout: Option<Duration>,
    /// Whoever waits for the answer.
    pub(super) asker: Asker,
}

impl<M: Message + Default> Unary<M> {
    /// Receives a call.
    pub(super) async fn receive(
        doors: &Doors,
        request: axum::extract::Request,
    ) -> Result<Self, Fault> {
        let Call { head, body, asker } = Call::receive(doors, request).await?;
        if !speaks(&head.headers) {
            return Err(Fault::Unsupported("content type is not application/grpc"));
        }
        let message = frame::only(body, doors.judge.config().max_body_bytes)?;
        Ok(Self {
            message: decoded(message)?,
            timeout: timeout::of(&head.headers),
            asker,
        })
    }
}

impl<M> Unary<M> {
    /// How long the answer may take: what is asked for, else what is configured, and never longer than
    /// the caller waits.
    pub(super) fn deadline(&self, doors: &Doors, asked: Option<Duration>) -> Option<Duration> {
        let timeout = self.timeout?;
        let usual = Duration::from_millis(doors.judge.config().deadline_ms);
        Some(asked.unwrap_or(usual).min(timeout))
    }
}

/// Reads a message.
pub(super) fn decoded<M: Message + Default>(bytes: Bytes) -> Result<M, Fault> {
    M::decode(bytes).map_err(|error| Fault::Malformed(error.to_string()))
}

/// Whether a request is gRPC: `application/grpc` and `application/grpc+proto`; gRPC-Web is not.
pub(super) fn speaks(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| {
        let kind = value.as_bytes().split(|byte| *byte == b';').next();
        matches!(
            kind.map(<[u8]>::trim_ascii),
            Some(b"application/grpc" | b"application/grpc+proto")
        )
    })
}

/// The answer to a unary call, or the status that stands in its place, counted.
pub(super) fn answer<M: Message>(doors: &Doors, door: Door, answer: Result<M, Fault>) -> Response {
    match answer {
        Ok(message) => success(&message),
        Err(fault) => {
            doors.judge.metrics().refused(door.name, fault.reason());
            failure(&fault)
        }
    }
}

fn success(message: &impl Message) -> Response {
    let trailers = trailers(Ok(()));
    let body = Full::new(framed(message));
    let body = body.with_trailers(async move { Some(Ok::<_, Infallible>(trailers)) });
    response(Body::new(body), HeaderMap::new())
}

/// An answer of trailers alone.
pub(super) fn failure(fault: &Fault) -> Response {
    response(Body::empty(), trailers(Err(fault)))
}

/// An answer with this body.
pub(super) fn response(body: Body, headers: HeaderMap) -> Response {
    let kind = [(CONTENT_TYPE, "application/grpc")];
    (StatusCode::OK, kind, headers, body).into_response()
}

/// What a call ends with.
pub(super) fn trailers(outcome: Result<(), &Fault>) -> HeaderMap {
    let status = match outcome {
        Ok(()) => Status::new(Code::Ok, ""),
        Err(fault) => Status::new(code(fault), fault.to_string()),
    };
    let mut trailers = HeaderMap::new();
    if status.add_header(&mut trailers).is_err() {
        // Only details could be no header, and there are none.
        let unknown = HeaderValue::from(Code::Unknown as i32);
        trailers.insert(Status::GRPC_STATUS, unknown);
    }
    trailers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_of_ascii() {
        let fault = Fault::Malformed("50 % f\u{fc}r a\r\nx: y".to_owned());
        let trailers = trailers(Err(&fault));
        assert_eq!(trailers["grpc-status"], "3");
        let told = trailers["grpc-message"].to_str().unwrap();
        assert!(
            told.contains("f%C3%BCr") && told.contains("%0D%0A"),
            "{told}"
        );
        assert_eq!(super::trailers(Ok(()))["grpc-status"], "0");
    }

    #[test]
    fn only_protobuf_is_spoken() {
        for (kind, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto; a=b", true),
            ("application/grpc-web", false),
            ("application/grpc+json", false),
            ("application/json", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            assert_eq!(speaks(&headers), expected, "{kind}");
        }
    }
}
