//! Writes answers of ICAP (RFC 3507 sections 4.3 to 4.10).

use bytes::{BufMut as _, Bytes, BytesMut};

use super::Then;
use super::refusal::Refusal;
use crate::door::authz::headers_of;
use crate::door::fault::Fault;
use crate::door::halves::Half;
use crate::verdict::Verdict;

/// So much of a body the client is asked to show first: most bodies are no longer.
const PREVIEW_BYTES: usize = 4096;
/// So long a client may keep what it knows of the service; `ISTag` tells it sooner.
const OPTIONS_SECONDS: u32 = 300;

/// The client may send what is left of a body.
pub(super) const CONTINUE: &[u8] = b"ICAP/1.0 100 Continue\r\n\r\n";
/// The end of a body that is sent in pieces.
pub(super) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// What every answer says: which policies are in force, and whether the connection ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// The policies' tag.
    pub(super) tag: String,
    /// Whether this is the last answer.
    pub(super) closes: bool,
}

/// What a message is sent on as: the half that it was, or the answer that stands in a request's place.
pub(super) struct Message {
    pub(super) half: Half,
    pub(super) head: Bytes,
    pub(super) body: Option<Bytes>,
}

impl Frame {
    /// What follows the answer.
    pub(super) const fn then(&self) -> Then {
        if self.closes { Then::End } else { Then::Next }
    }

    fn start(&self, (code, phrase): (u16, &str), more: &str) -> BytesMut {
        let close = if self.closes {
            "Connection: close\r\n"
        } else {
            ""
        };
        let text = format!(
            "ICAP/1.0 {code} {phrase}\r\nISTag: \"{}\"\r\nServer: magistrate\r\n{close}{more}\r\n",
            self.tag
        );
        BytesMut::from(text.as_bytes())
    }

    /// What the service can.
    pub(super) fn options(&self, service: Half, max_connections: usize) -> BytesMut {
        let method = match service {
            Half::Request => "REQMOD",
            Half::Response => "RESPMOD",
        };
        let more = format!(
            "Methods: {method}\r\nService: magistrate\r\nMax-Connections: {max_connections}\r\n\
             Options-TTL: {OPTIONS_SECONDS}\r\nAllow: 204\r\nPreview: {PREVIEW_BYTES}\r\n\
             Transfer-Preview: *\r\nEncapsulated: null-body=0\r\n"
        );
        self.start((200, "OK"), &more)
    }

    /// The message goes on as it is.
    pub(super) fn unchanged(&self) -> BytesMut {
        self.start((204, "No Modifications Needed"), "")
    }

    /// This goes on.
    pub(super) fn message(&self, message: &Message) -> BytesMut {
        let mut answer = self.opening(message.half, &message.head, message.body.is_some());
        if let Some(body) = &message.body {
            put_chunk(&mut answer, body);
            answer.put_slice(LAST_CHUNK);
        }
        answer
    }

    /// This head goes on, and a body that follows in pieces if there is one.
    pub(super) fn opening(&self, half: Half, head: &[u8], has_body: bool) -> BytesMut {
        let (name, body) = match half {
            Half::Request => ("req-hdr", "req-body"),
            Half::Response => ("res-hdr", "res-body"),
        };
        let body = if has_body { body } else { "null-body" };
        let more = format!("Encapsulated: {name}=0, {body}={}\r\n", head.len());
        let mut answer = self.start((200, "OK"), &more);
        answer.put_slice(head);
        answer
    }

    /// The request is not served.
    pub(super) fn refusal(&self, refusal: &Refusal) -> BytesMut {
        let asks = if matches!(refusal, Refusal::Denied(_)) {
            "WWW-Authenticate: Bearer\r\n"
        } else {
            ""
        };
        let why = format!("{refusal}\n");
        let more = format!(
            "{asks}Encapsulated: null-body=0\r\nX-Magistrate-Reason: {}\r\n",
            why.trim_end()
        );
        self.start(refusal.status(), &more)
    }
}

/// One chunk of a body; none is no chunk, which would end it.
pub(super) fn put_chunk(answer: &mut BytesMut, bytes: &[u8]) {
    if !bytes.is_empty() {
        answer.put_slice(format!("{:x}\r\n", bytes.len()).as_bytes());
        answer.put_slice(bytes);
        answer.put_slice(b"\r\n");
    }
}

/// The answer that the client's user gets in the place of what was stopped.
pub(super) fn stopped(verdict: &Verdict) -> Message {
    instead(
        "403 Forbidden",
        &headers_of(verdict),
        format!("{}\n", verdict.told()),
    )
}

/// The same where there is no verdict: an error of ICAP would be the client's bypass, which may let
/// pass.
pub(super) fn faulty(fault: &Fault) -> Message {
    instead(&fault.status().to_string(), &[], format!("{fault}\n"))
}

fn instead(status: &str, headers: &[(&'static str, String)], body: String) -> Message {
    let mut head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    Message {
        half: Half::Response,
        head: head.into(),
        body: Some(body.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(closes: bool) -> Frame {
        Frame {
            tag: "t".to_owned(),
            closes,
        }
    }

    fn text(answer: &[u8]) -> &str {
        std::str::from_utf8(answer).unwrap()
    }

    #[test]
    fn every_answer_tells_the_tag() {
        let fault = Fault::TooLarge { max_bytes: 1 };
        for answer in [
            frame(true).options(Half::Request, 7),
            frame(true).unchanged(),
            frame(true).message(&faulty(&fault)),
            frame(true).refusal(&Refusal::Unknown),
        ] {
            let answer = text(&answer);
            assert!(answer.contains("\r\nISTag: \"t\"\r\n"), "{answer}");
            assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
        }
    }

    #[test]
    fn a_message_is_cut_into_its_parts() {
        let message = Message {
            half: Half::Request,
            head: Bytes::from_static(b"HEAD"),
            body: Some(Bytes::from_static(b"0123456789abcdef")),
        };
        let answer = frame(false).message(&message);
        let expected =
            "Encapsulated: req-hdr=0, req-body=4\r\n\r\nHEAD10\r\n0123456789abcdef\r\n0\r\n\r\n";
        assert!(text(&answer).ends_with(expected), "{answer:?}");
        let empty = Message {
            body: Some(Bytes::new()),
            ..message
        };
        assert!(text(&frame(false).message(&empty)).ends_with("HEAD0\r\n\r\n"));
    }

    #[test]
    fn a_stranger_is_asked_for_a_token() {
        let refusal = Refusal::Denied("no token".to_owned());
        let answer = frame(true).refusal(&refusal);
        assert!(text(&answer).starts_with("ICAP/1.0 401 "));
        assert!(text(&answer).contains("WWW-Authenticate: Bearer"));
    }
}
