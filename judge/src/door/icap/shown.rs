//! The HTTP message that a request of ICAP shows, before its body.

use bytes::Bytes;

use super::head::Modify;
use super::http;
use crate::door::authz::asked::one;
use crate::door::fault::Fault;
use crate::door::halves::Half;
use crate::door::halves::kind::Kind;
use crate::door::halves::subject::{Answered, Subject};

/// A message without its body.
pub(super) struct Shown {
    /// Its head as it came.
    pub(super) head: Bytes,
    /// What is judged.
    pub(super) subject: Subject,
    /// What its body is.
    pub(super) kind: Kind,
}

impl Shown {
    /// Reads the heads that came.
    pub(super) fn read(modify: Modify, heads: &Bytes, max_headers: usize) -> Result<Self, Fault> {
        let (request, response) = modify.parts.split(heads);
        let missing = || Fault::Malformed("the head of the judged message is missing".to_owned());
        match modify.half {
            Half::Request => {
                let head = request.ok_or_else(missing)?;
                Ok(Self {
                    head: heads.slice_ref(head),
                    subject: Subject::Request(http::request(head, max_headers)?),
                    kind: Kind::Text,
                })
            }
            Half::Response => {
                let head = response.ok_or_else(missing)?;
                let (status, headers) = http::response(head, max_headers)?;
                // The address was judged with the request; what is left to know is the session.
                let session = match request {
                    Some(request) => {
                        let headers = http::request_headers(request, max_headers)?;
                        one(&headers, "x-claude-code-session-id")?
                    }
                    None => None,
                };
                let answered = Answered::new(session, &status.to_string(), &headers);
                Ok(Self {
                    head: heads.slice_ref(head),
                    subject: Subject::Response(answered),
                    kind: Kind::of(&headers),
                })
            }
        }
    }

    /// Whether the judge has any use for its body.
    pub(super) fn is_read(&self) -> bool {
        self.subject.is_readable() && self.kind != Kind::Media
    }
}
