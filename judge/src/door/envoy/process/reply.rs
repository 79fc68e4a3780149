//! Writes replies to Envoy's messages.

use axum::http::StatusCode;
use axum::http::header::ACCEPT_ENCODING;
use bytes::Bytes;

use super::message::{
    BodyMutation, CommonResponse, Continue, HeaderMutation, ImmediateResponse, Mutation,
    ProcessingMode, ProcessingResponse, Reply, StreamedBody, TrailersResponse,
};
use super::mode::Modes;
use crate::door::authz::headers_of;
use crate::door::envoy::header::SetHeader;
use crate::door::fault::Fault;
use crate::door::halves::Half;
use crate::verdict::Verdict;

/// Larger pieces Envoy would rather not have (`FULL_DUPLEX_STREAMED`).
const MAX_PIECE_BYTES: usize = 64 << 10;

/// What becomes of headers.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Head {
    /// The verdict, for whoever is next.
    pub(super) set: Vec<(&'static str, String)>,
    /// The response could not be read otherwise.
    pub(super) removes_accept_encoding: bool,
    /// For this exchange alone.
    pub(super) modes: Option<Modes>,
}

/// The headers go on.
pub(super) fn head(half: Half, head: Head) -> ProcessingResponse {
    let common = CommonResponse {
        header_mutation: mutation(head.set, head.removes_accept_encoding),
        body_mutation: None,
    };
    let answer = Continue {
        response: Some(common),
    };
    let modes = head.modes.map(|modes| ProcessingMode {
        request_body_mode: modes.request as i32,
        response_body_mode: modes.response as i32,
    });
    ProcessingResponse {
        reply: Some(match half {
            Half::Request => Reply::RequestHeaders(answer),
            Half::Response => Reply::ResponseHeaders(answer),
        }),
        mode_override: modes,
    }
}

fn mutation(
    set: Vec<(&'static str, String)>,
    removes_accept_encoding: bool,
) -> Option<HeaderMutation> {
    let set = set.into_iter();
    let mutation = HeaderMutation {
        set_headers: set
            .map(|(name, value)| SetHeader::raw(name, value))
            .collect(),
        remove_headers: if removes_accept_encoding {
            vec![ACCEPT_ENCODING.as_str().to_owned()]
        } else {
            Vec::new()
        },
    };
    let is_nothing = mutation.set_headers.is_empty() && mutation.remove_headers.is_empty();
    (!is_nothing).then_some(mutation)
}

/// A body, or a piece of it, goes on as it is.
pub(super) fn pass(half: Half, set: Vec<(&'static str, String)>) -> ProcessingResponse {
    body(half, mutation(set, false), None)
}

/// Something else goes on in the place of a body that was buffered whole.
pub(super) fn replace(
    half: Half,
    mut set: Vec<(&'static str, String)>,
    (text, has_length): (Bytes, bool),
) -> ProcessingResponse {
    if has_length {
        set.push(("content-length", text.len().to_string()));
    }
    body(half, mutation(set, false), Some(Mutation::Body(text)))
}

/// What goes on in the place of a piece; nothing while it is held back.
pub(super) fn release(half: Half, released: Bytes) -> ProcessingResponse {
    let mutation = if released.is_empty() {
        Mutation::Clear(true)
    } else {
        Mutation::Body(released)
    };
    body(half, None, Some(mutation))
}

/// Pieces that go on where pieces and replies are not paired.
pub(super) fn pieces(half: Half, mut released: Bytes, is_last: bool) -> Vec<ProcessingResponse> {
    let mut replies = Vec::new();
    loop {
        let piece = released.split_to(released.len().min(MAX_PIECE_BYTES));
        let end_of_stream = is_last && released.is_empty();
        if piece.is_empty() && !end_of_stream {
            return replies;
        }
        let streamed = StreamedBody {
            body: piece,
            end_of_stream,
        };
        replies.push(body(half, None, Some(Mutation::Streamed(streamed))));
        if released.is_empty() {
            return replies;
        }
    }
}

fn body(
    half: Half,
    header_mutation: Option<HeaderMutation>,
    mutation: Option<Mutation>,
) -> ProcessingResponse {
    let answer = Continue {
        response: Some(CommonResponse {
            header_mutation,
            body_mutation: mutation.map(|mutation| BodyMutation {
                mutation: Some(mutation),
            }),
        }),
    };
    of(match half {
        Half::Request => Reply::RequestBody(answer),
        Half::Response => Reply::ResponseBody(answer),
    })
}

/// Trailers go on.
pub(super) fn trailers(half: Half) -> ProcessingResponse {
    of(match half {
        Half::Request => Reply::RequestTrailers(TrailersResponse {}),
        Half::Response => Reply::ResponseTrailers(TrailersResponse {}),
    })
}

/// Nothing goes on: Envoy answers its client with this, or breaks off what it has begun.
pub(super) fn stop(verdict: &Verdict) -> ProcessingResponse {
    let headers = headers_of(verdict);
    immediate(
        StatusCode::FORBIDDEN,
        headers,
        (format!("{}\n", verdict.told()), "magistrate"),
    )
}

/// The same where there is no verdict.
pub(super) fn refuse(fault: &Fault) -> ProcessingResponse {
    immediate(
        fault.status(),
        Vec::new(),
        (format!("{fault}\n"), fault.reason()),
    )
}

fn immediate(
    status: StatusCode,
    headers: Vec<(&'static str, String)>,
    (body, details): (String, &str),
) -> ProcessingResponse {
    of(Reply::Immediate(ImmediateResponse {
        status: Some(status.into()),
        headers: mutation(headers, false),
        body: body.into_bytes(),
        details: details.to_owned(),
    }))
}

const fn of(reply: Reply) -> ProcessingResponse {
    ProcessingResponse {
        reply: Some(reply),
        mode_override: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(released: usize, is_last: bool) -> Vec<(usize, bool)> {
        let replies = pieces(Half::Request, vec![0; released].into(), is_last);
        let streamed = replies.into_iter().map(|reply| {
            let Some(Reply::RequestBody(answer)) = reply.reply else {
                panic!("no body");
            };
            match answer.response.unwrap().body_mutation.unwrap().mutation {
                Some(Mutation::Streamed(one)) => (one.body.len(), one.end_of_stream),
                _ => panic!("no piece"),
            }
        });
        streamed.collect()
    }

    #[test]
    fn pieces_are_bounded_and_only_the_last_ends() {
        assert_eq!(ends(0, false), []);
        assert_eq!(ends(0, true), [(0, true)]);
        assert_eq!(ends(65_536, true), [(65_536, true)]);
        assert_eq!(ends(65_537, true), [(65_536, false), (1, true)]);
        assert_eq!(ends(65_537, false), [(65_536, false), (1, false)]);
    }
}
