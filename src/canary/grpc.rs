//! What the canary asks over gRPC, written by the numbers of the protos: `magistrate.judge.v1`
//! (judge/proto), and Envoy's ext_authz and ext_proc (envoyproxy/data-plane-api).
//!
//! Written by hand, so that what the judge reads is a message from outside and not its own.

use super::NAME;
use super::ask::Place;

const JUDGE: &str = "/magistrate.judge.v1.Judge/Judge";
const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";
const PROCESS: &str = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";
/// `Event.EVENT_REQUEST`.
const SENT: u64 = 1;
/// `BodySendMode` of ext_proc.
const BUFFERED: u64 = 2;
const DUPLEX: u64 = 4;
/// What one half of an exchange is called in `ProcessingRequest`: its head and its body.
const REQUEST: [u32; 2] = [2, 4];
const RESPONSE: [u32; 2] = [3, 5];

/// A message of protobuf.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn bytes(mut self, number: u32, bytes: &[u8]) -> Self {
        self.varint(u64::from(number) << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(self, number: u32, text: &str) -> Self {
        self.bytes(number, text.as_bytes())
    }

    fn message(self, number: u32, message: &Self) -> Self {
        self.bytes(number, &message.0)
    }

    fn number(mut self, number: u32, value: u64) -> Self {
        self.varint(u64::from(number) << 3);
        self.varint(value);
        self
    }

    /// Seven bits a byte, the lowest first.
    fn varint(&mut self, mut value: u64) {
        loop {
            let low = u8::try_from(value & 0x7f).unwrap_or_default();
            value >>= 7;
            if value == 0 {
                self.0.push(low);
                return;
            }
            self.0.push(low | 0x80);
        }
    }

    /// With the prefix of gRPC: not compressed, and its length.
    fn framed(&self) -> Vec<u8> {
        let len = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        [&[0], len.to_be_bytes().as_slice(), &self.0].concat()
    }
}

/// Calls with their bodies.
pub(super) fn questions(joined: &str, arguments: &str) -> [(Place, Vec<u8>); 4] {
    [
        (Place::Grpc(JUDGE), sent(joined, arguments).framed()),
        (Place::Grpc(CHECK), checked(joined).framed()),
        (Place::GrpcThrough(PROCESS), posted(joined)),
        (Place::Grpc(PROCESS), answered(joined)),
    ]
}

/// `JudgeRequest`.
fn sent(joined: &str, arguments: &str) -> Message {
    let session = Message::default().text(1, NAME).text(5, joined);
    let tool = Message::default().text(1, "note").text(3, arguments);
    let content = Message::default().text(1, joined);
    Message::default()
        .message(3, &session)
        .number(4, SENT)
        .message(6, &tool)
        .message(10, &content)
}

/// `CheckRequest`: `attributes.request.http`.
fn checked(joined: &str) -> Message {
    let session = Message::default()
        .text(1, "x-claude-code-session-id")
        .text(2, NAME);
    let http = Message::default()
        .text(2, "POST")
        .message(3, &session)
        .text(4, "/planted")
        .text(5, "canary.example")
        .text(6, "https")
        .text(11, joined);
    let request = Message::default().message(2, &http);
    let attributes = Message::default().message(4, &request);
    Message::default().message(1, &attributes)
}

/// An exchange whose request has a body; how its answer comes nobody asks.
fn posted(joined: &str) -> Vec<u8> {
    let head = Message::default().message(REQUEST[0], &asked("POST", false));
    let head = head.message(11, &Message::default().number(1, DUPLEX));
    let body = Message::default().message(REQUEST[1], &whole(joined));
    [head.framed(), body.framed()].concat()
}

/// An exchange whose response has a body.
fn answered(joined: &str) -> Vec<u8> {
    let asked = Message::default().message(REQUEST[0], &asked("GET", true));
    let asked = asked.message(11, &Message::default().number(2, BUFFERED));
    let status = headers(&[(":status", "200"), ("content-type", "text/plain")]);
    let head = Message::default().message(1, &status);
    let head = Message::default().message(RESPONSE[0], &head);
    let body = Message::default().message(RESPONSE[1], &whole(joined));
    [asked.framed(), head.framed(), body.framed()].concat()
}

/// `HttpHeaders` of a request.
fn asked(method: &str, is_all: bool) -> Message {
    let headers = headers(&[
        (":method", method),
        (":scheme", "https"),
        (":authority", "canary.example"),
        (":path", "/planted"),
        ("content-type", "text/plain"),
        ("x-claude-code-session-id", NAME),
    ]);
    let message = Message::default().message(1, &headers);
    message.number(3, u64::from(is_all))
}

/// `HeaderMap`, with raw values as Envoy sends them.
fn headers(all: &[(&str, &str)]) -> Message {
    all.iter().fold(Message::default(), |map, (name, value)| {
        map.message(1, &Message::default().text(1, name).text(3, value))
    })
}

/// `HttpBody`, and its end.
fn whole(text: &str) -> Message {
    Message::default().text(1, text).number(2, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_written_as_protobuf_writes_them() {
        // The examples of protobuf.dev/programming-guides/encoding.
        assert_eq!(Message::default().number(1, 150).0, [0x08, 0x96, 0x01]);
        let testing = Message::default().text(2, "testing");
        assert_eq!(testing.0, b"\x12\x07testing");
        let inner = Message::default().number(1, 150);
        let outer = Message::default().message(3, &inner);
        assert_eq!(outer.0, [0x1a, 0x03, 0x08, 0x96, 0x01]);
        assert_eq!(testing.framed(), b"\0\0\0\0\x09\x12\x07testing");
    }
}
