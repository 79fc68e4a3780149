//! Exchanges as Envoy tells them, and as it should not.

use bytes::Bytes;
use magistrate_event::{Identity, Source};

use super::message::{
    HttpBody, HttpHeaders, HttpTrailers, Mutation, Part, ProcessingResponse, ProtocolConfig, Reply,
};
use super::*;
use crate::config::Config;
use crate::door::envoy::header::{Header, HeaderMap as Headers};
use crate::judge::tests::judge;

const KEY: &str = concat!("AKIA", "Z7Q3N5XJ4K2WPLM6");
const NONE: i32 = 0;
const STREAMED: i32 = 1;
const BUFFERED: i32 = 2;
const PARTIAL: i32 = 3;
const DUPLEX: i32 = 4;

fn doors(max_body_bytes: usize) -> Doors {
    let config = Config {
        max_body_bytes,
        // Machines that build and test at once are slow.
        deadline_ms: 60_000,
        ..Config::default()
    };
    Doors::new(judge(config).0)
}

fn origin() -> Origin {
    Origin {
        source: Source::Judge,
        peer: None,
        identity: Identity::Anonymous,
    }
}

/// The head of a request without a body.
fn got() -> Part {
    let head = [
        (":method", "GET"),
        (":authority", "a.example"),
        (":path", "/"),
    ];
    Part::RequestHeaders(headers(&head, true))
}

fn told(part: Part, request: i32, response: i32) -> ProcessingRequest {
    ProcessingRequest {
        part: Some(part),
        protocol_config: Some(ProtocolConfig {
            request_body_mode: request,
            response_body_mode: response,
        }),
    }
}

fn headers(all: &[(&str, &str)], end_of_stream: bool) -> HttpHeaders {
    let headers = all.iter().map(|(name, value)| Header {
        key: (*name).to_owned(),
        value: String::new(),
        raw_value: value.as_bytes().to_vec(),
    });
    HttpHeaders {
        headers: Some(Headers {
            headers: headers.collect(),
        }),
        end_of_stream,
    }
}

/// A message that is sent: the policies of the tests mask it.
fn sending(end_of_stream: bool) -> Part {
    let path = "/gmail/v1/users/me/messages/send";
    Part::RequestHeaders(headers(
        &[
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", "gmail.googleapis.com"),
            (":path", path),
            ("content-length", "99"),
        ],
        end_of_stream,
    ))
}

fn answered(kind: &str) -> Part {
    let all = [(":status", "200"), ("content-type", kind)];
    Part::ResponseHeaders(headers(&all, false))
}

fn body(text: &str, end_of_stream: bool) -> HttpBody {
    HttpBody {
        body: Bytes::copy_from_slice(text.as_bytes()),
        end_of_stream,
    }
}

struct Told<'a> {
    exchange: Exchange<'a>,
    modes: (i32, i32),
}

impl<'a> Told<'a> {
    fn new(doors: &'a Doors, request: i32, response: i32) -> Self {
        Self {
            exchange: Exchange::new(doors, origin()),
            modes: (request, response),
        }
    }

    async fn tell(&mut self, doors: &Doors, part: Part) -> Result<Vec<Reply>, String> {
        let message = told(part, self.modes.0, self.modes.1);
        let seat = doors.judge.seat().unwrap();
        let replies = self.exchange.answer(message, seat).await;
        let replies = replies.map_err(|fault| fault.to_string())?;
        let replies = replies.into_iter();
        Ok(replies
            .map(|reply: ProcessingResponse| reply.reply.unwrap())
            .collect())
    }
}

fn mutation(reply: &Reply) -> Option<&Mutation> {
    let (Reply::RequestBody(answer) | Reply::ResponseBody(answer)) = reply else {
        panic!("no reply to a body: {reply:?}");
    };
    let mutation = answer.response.as_ref()?.body_mutation.as_ref()?;
    mutation.mutation.as_ref()
}

#[tokio::test]
async fn what_comes_out_of_order_is_refused() {
    let doors = doors(1 << 20);
    for (part, expected) in [
        (Part::RequestBody(body("a", true)), "before its headers"),
        (
            Part::RequestTrailers(HttpTrailers {}),
            "before their headers",
        ),
        (answered("text/plain"), "without its request"),
        (
            Part::RequestHeaders(headers(&[(":method", "GET")], true)),
            "`host` is missing",
        ),
    ] {
        let mut told = Told::new(&doors, BUFFERED, BUFFERED);
        let fault = told.tell(&doors, part).await.unwrap_err();
        assert!(fault.contains(expected), "{fault}");
    }
    let silent = ProcessingRequest {
        part: Some(sending(true)),
        protocol_config: None,
    };
    let mut exchange = Exchange::new(&doors, origin());
    let fault = exchange.answer(silent, doors.judge.seat().unwrap()).await;
    assert!(matches!(fault, Err(Fault::Unsupported(_))));
    let nothing = ProcessingRequest {
        part: None,
        ..told(sending(true), BUFFERED, BUFFERED)
    };
    let fault = exchange.answer(nothing, doors.judge.seat().unwrap()).await;
    assert!(matches!(fault, Err(Fault::Malformed(_))));
}

#[tokio::test]
async fn a_buffered_body_is_masked_and_its_length_told() {
    let doors = doors(1 << 20);
    let mut told = Told::new(&doors, BUFFERED, NONE);
    let head = told.tell(&doors, sending(false)).await.unwrap();
    assert!(matches!(head.as_slice(), [Reply::RequestHeaders(_)]));
    let text = format!("the key is {KEY}");
    let part = Part::RequestBody(body(&text, true));
    let replies = told.tell(&doors, part).await.unwrap();
    let Some(Mutation::Body(masked)) = mutation(&replies[0]) else {
        panic!("nothing is masked");
    };
    assert!(masked.starts_with(b"the key is [redacted:"));
    let Reply::RequestBody(answer) = &replies[0] else {
        panic!("no body");
    };
    let common = answer.response.as_ref().unwrap();
    let set = &common.header_mutation.as_ref().unwrap().set_headers;
    let length = set.iter().filter_map(|one| one.header.as_ref());
    let mut length = length.filter(|header| header.key == "content-length");
    let expected = masked.len().to_string();
    assert_eq!(length.next().unwrap().bytes(), expected.as_bytes());
}

#[tokio::test]
async fn a_part_of_a_body_cannot_be_masked() {
    let doors = doors(1 << 20);
    let mut told = Told::new(&doors, PARTIAL, NONE);
    told.tell(&doors, sending(false)).await.unwrap();
    let part = Part::RequestBody(body(&format!("the key is {KEY}"), false));
    let replies = told.tell(&doors, part).await.unwrap();
    assert!(matches!(replies.as_slice(), [Reply::Immediate(_)]));
    assert!(told.exchange.is_stopped());
}

#[tokio::test]
async fn a_head_that_goes_on_before_its_body_is_judged_alone() {
    let doors = doors(1 << 20);
    let mut told = Told::new(&doors, STREAMED, NONE);
    let replies = told.tell(&doors, sending(false)).await.unwrap();
    // What is sent is masked, which a head cannot be.
    assert!(matches!(replies.as_slice(), [Reply::Immediate(_)]));
}

#[tokio::test]
async fn a_duplex_exchange_waits_whole_and_ends_with_its_trailers() {
    let doors = doors(1 << 20);
    let mut told = Told::new(&doors, DUPLEX, DUPLEX);
    assert_eq!(told.tell(&doors, sending(false)).await.unwrap(), []);
    let (begun, rest) = KEY.split_at(4);
    for piece in [format!("the key is {begun}").as_str(), rest] {
        let part = Part::RequestBody(body(piece, false));
        assert_eq!(told.tell(&doors, part).await.unwrap(), []);
    }
    let part = Part::RequestTrailers(HttpTrailers {});
    let replies = told.tell(&doors, part).await.unwrap();
    let [Reply::RequestHeaders(_), piece, Reply::RequestTrailers(_)] = replies.as_slice() else {
        panic!("{replies:?}");
    };
    let Some(Mutation::Streamed(streamed)) = mutation(piece) else {
        panic!("no piece");
    };
    assert!(streamed.body.starts_with(b"the key is [redacted:") && !streamed.end_of_stream);
    // Pictures go on piece by piece.
    let head = told.tell(&doors, answered("image/png")).await.unwrap();
    assert!(matches!(head.as_slice(), [Reply::ResponseHeaders(_)]));
    let part = Part::ResponseBody(body("png", true));
    let replies = told.tell(&doors, part).await.unwrap();
    let Some(Mutation::Streamed(streamed)) = mutation(&replies[0]) else {
        panic!("no piece");
    };
    assert!(streamed.body == "png" && streamed.end_of_stream);
}

#[tokio::test]
async fn a_streamed_answer_is_held_back_and_bounded() {
    let doors = doors(8);
    let mut told = Told::new(&doors, NONE, STREAMED);
    told.tell(&doors, got()).await.unwrap();
    told.tell(&doors, answered("text/plain")).await.unwrap();
    let first = told.tell(&doors, Part::ResponseBody(body("hello", false)));
    let first = first.await.unwrap();
    assert_eq!(mutation(&first[0]), Some(&Mutation::Clear(true)));
    assert!(told.exchange.due().is_some(), "it must come to an end");
    let trailers = told.tell(&doors, Part::ResponseTrailers(HttpTrailers {}));
    assert!(trailers.await.unwrap_err().contains("trailers"));
    let mut told = Told::new(&doors, NONE, STREAMED);
    told.tell(&doors, got()).await.unwrap();
    told.tell(&doors, answered("text/plain")).await.unwrap();
    for (piece, ends, expected) in [
        ("hello", false, Mutation::Clear(true)),
        ("!", true, Mutation::Body("hello!".into())),
    ] {
        let part = Part::ResponseBody(body(piece, ends));
        let replies = told.tell(&doors, part).await.unwrap();
        assert_eq!(mutation(&replies[0]), Some(&expected));
    }
    let mut told = Told::new(&doors, DUPLEX, NONE);
    told.tell(&doors, sending(false)).await.unwrap();
    told.tell(&doors, Part::RequestBody(body("12345678", false)))
        .await
        .unwrap();
    let fault = told.tell(&doors, Part::RequestBody(body("9", true))).await;
    assert!(fault.unwrap_err().contains("larger than 8"));
}
