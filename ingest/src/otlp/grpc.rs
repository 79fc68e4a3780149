//! OTLP/gRPC: unary calls, framed and answered by hand, so that every limit is one of ours.
//!
//! The message is passed on as bytes and never decoded here. What tonic's server would do is a
//! page of framing (gRPC over HTTP/2, "Length-Prefixed-Message"); doing it here gives gRPC the
//! limits on windows, ratios, time and memory that HTTP has.

use std::convert::Infallible;

use bytes::{BufMut as _, Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use magistrate_event::{Origin, Source};
use tonic::Status;

use super::body::{self, Sender};
use super::fault::Fault;
use super::inflate::Coding;
use super::rejected::Rejected;
use super::respond::{self, Answer};
use super::take::{Encoding, Received, take};
use super::{Door, Signal};
use crate::auth::admit;
use crate::listen::Peer;

/// The flag and the length before each message.
const PREFIX_BYTES: usize = 5;
const GRPC_ENCODING: &str = "grpc-encoding";
const GRPC_ACCEPT_ENCODING: &str = "grpc-accept-encoding";

/// What a call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Export(Signal),
    /// `grpc.health.v1.Health/Check`.
    Health,
}

/// Whether a request is gRPC.
pub(super) fn speaks(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

/// Answers one call.
pub(super) async fn answer(door: &Door, request: Request<Incoming>) -> Answer {
    let (head, mut body) = request.into_parts();
    let peer = head.extensions.get::<Peer>();
    let certificate = peer.and_then(|peer| peer.certificate.as_deref());
    let identity = match admit(door.tokens.as_deref(), &head.headers, certificate) {
        Ok(identity) => identity,
        Err(denied) => {
            door.metrics.auth_failure(Source::OtlpGrpc);
            body::throw_away(body, Sender::Stranger, &door.limits);
            return failure(&denied.into());
        }
    };
    let origin = Origin {
        source: Source::OtlpGrpc,
        peer: peer.and_then(|peer| peer.address),
        identity,
    };
    match call(door, &head, origin, &mut body).await {
        Ok(message) => success(&message),
        Err(fault) => {
            body::throw_away(body, Sender::Known, &door.limits);
            failure(&fault)
        }
    }
}

async fn call(
    door: &Door,
    head: &http::request::Parts,
    origin: Origin,
    body: &mut Incoming,
) -> Result<Vec<u8>, Fault> {
    if head.method != Method::POST {
        return Err(Fault::Method);
    }
    if !known_subtype(&head.headers) {
        return Err(Fault::GrpcMediaType);
    }
    let signal = match called(head.uri.path()).ok_or(Fault::NoCall)? {
        // HealthCheckResponse { status: SERVING }.
        Call::Health => return Ok(vec![0x08, 0x01]),
        Call::Export(signal) => signal,
    };
    let coding = Coding::of(&head.headers, GRPC_ENCODING).ok_or(Fault::Coding)?;
    let mut hold = door.intake.hold();
    let max_bytes = door.limits.max_body_bytes;
    let framed = body::read(
        body,
        max_bytes.saturating_add(PREFIX_BYTES),
        body::declared_bytes(&head.headers),
        &door.limits,
        &mut hold,
    )
    .await
    .map_err(|fault| {
        // The limit is the message's; what stands before it is not the sender's to count.
        if matches!(fault, Fault::TooLarge { .. }) {
            Fault::TooLarge { max_bytes }
        } else {
            fault
        }
    })?;
    let (packed, bytes) = unframe(framed, max_bytes)?;
    let coding = coding_of(packed, coding)?;
    let received = Received {
        signal,
        encoding: Encoding::Protobuf,
        coding,
        bytes,
        hold,
    };
    let rejected: Rejected = take(door, origin, received).await?;
    Ok(respond::success_protobuf(signal, &rejected))
}

/// How the message is packed, when the call's headers name `coding`.
const fn coding_of(packed: Packed, coding: Coding) -> Result<Coding, Fault> {
    match (packed, coding) {
        (Packed::No, _) => Ok(Coding::Identity),
        (Packed::Yes, Coding::Identity) => Err(Fault::NoEncoding),
        (Packed::Yes, named) => Ok(named),
    }
}

/// `application/grpc` and `application/grpc+proto` are served; gRPC-Web and others are not.
fn known_subtype(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| {
        let subtype = value.as_bytes().split(|byte| *byte == b';').next();
        matches!(
            subtype.map(<[u8]>::trim_ascii),
            Some(b"application/grpc" | b"application/grpc+proto")
        )
    })
}

fn called(path: &str) -> Option<Call> {
    match path {
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => {
            Some(Call::Export(Signal::Logs))
        }
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => {
            Some(Call::Export(Signal::Metrics))
        }
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => {
            Some(Call::Export(Signal::Traces))
        }
        "/grpc.health.v1.Health/Check" => Some(Call::Health),
        _ => None,
    }
}

/// The flag of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packed {
    Yes,
    No,
}

/// The one message of a unary call.
fn unframe(mut framed: Bytes, max_bytes: usize) -> Result<(Packed, Bytes), Fault> {
    let Some((&[flag, a, b, c, d], _)) = framed.split_first_chunk::<PREFIX_BYTES>() else {
        return Err(Fault::Frame("no message came"));
    };
    let packed = match flag {
        0 => Packed::No,
        1 => Packed::Yes,
        _ => return Err(Fault::Frame("its flag is neither 0 nor 1")),
    };
    let len = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if len > max_bytes {
        return Err(Fault::TooLarge { max_bytes });
    }
    let message = framed.split_off(PREFIX_BYTES);
    match message.len().cmp(&len) {
        std::cmp::Ordering::Less => Err(Fault::Cut),
        std::cmp::Ordering::Equal => Ok((packed, message)),
        std::cmp::Ordering::Greater => Err(Fault::Frame("more than one came")),
    }
}

fn success(message: &[u8]) -> Answer {
    let mut framed = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.put_slice(message);
    let mut trailers = HeaderMap::new();
    trailers.insert(Status::GRPC_STATUS, HeaderValue::from_static("0"));
    let body = Full::new(framed.freeze())
        .with_trailers(async move { Some(Ok::<_, Infallible>(trailers)) })
        .boxed_unsync();
    let mut response = Response::new(body);
    head(response.headers_mut());
    Answer {
        response,
        code: 0,
        refused: None,
    }
}

/// An answer of trailers alone; the details hold the whole status, with its `RetryInfo`.
fn failure(fault: &Fault) -> Answer {
    let code = fault.grpc_code();
    let details = Bytes::from(respond::status_protobuf(fault));
    let status = Status::with_details(code, fault.to_string(), details);
    let mut response = Response::new(Full::new(Bytes::new()).boxed_unsync());
    if status.add_header(response.headers_mut()).is_err() {
        response
            .headers_mut()
            .insert(Status::GRPC_STATUS, HeaderValue::from_static("2"));
    }
    head(response.headers_mut());
    Answer {
        response,
        code: u16::try_from(code as i32).unwrap_or(u16::MAX),
        refused: Some(fault.reason()),
    }
}

fn head(headers: &mut HeaderMap) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(
        GRPC_ACCEPT_ENCODING,
        HeaderValue::from_static("identity,gzip,zstd,deflate"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(bytes: &[u8]) -> Result<(Packed, Bytes), Fault> {
        unframe(Bytes::copy_from_slice(bytes), 10)
    }

    #[test]
    fn one_whole_message_is_taken() {
        assert_eq!(
            framed(&[0, 0, 0, 0, 0]).unwrap(),
            (Packed::No, Bytes::new())
        );
        let (packed, message) = framed(&[1, 0, 0, 0, 2, 7, 8]).unwrap();
        assert_eq!((packed, &message[..]), (Packed::Yes, &[7, 8][..]));
    }

    #[test]
    fn anything_else_is_a_fault_of_its_own() {
        for (bytes, expected) in [
            (&[][..], "no message came"),
            (&[0, 0, 0, 0], "no message came"),
            (&[2, 0, 0, 0, 0], "flag"),
            (&[0, 0, 0, 0, 2, 7], "ended before"),
            (&[0, 0, 0, 0, 1, 7, 0], "more than one"),
            (&[0, 0, 0, 0, 11], "over the limit"),
            (&[0, 255, 255, 255, 255], "over the limit"),
        ] {
            let message = framed(bytes).unwrap_err().to_string();
            assert!(message.contains(expected), "{bytes:?}: {message}");
        }
    }

    #[test]
    fn a_message_flagged_as_compressed_needs_the_name_of_how() {
        assert!(matches!(
            coding_of(Packed::No, Coding::Gzip),
            Ok(Coding::Identity)
        ));
        assert!(matches!(
            coding_of(Packed::Yes, Coding::Gzip),
            Ok(Coding::Gzip)
        ));
        let fault = coding_of(Packed::Yes, Coding::Identity).unwrap_err();
        assert_eq!(fault.grpc_code(), tonic::Code::Internal);
        assert_eq!(Fault::GrpcMediaType.to_string().matches("grpc").count(), 2);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_a_fault(bytes in prop::collection::vec(any::<u8>(), 0..32)) {
            drop(framed(&bytes));
        }
    }
}
