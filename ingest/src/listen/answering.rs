//! A response's body that keeps its request open while both sides talk.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};

use super::activity::OpenRequest;

/// A body, and the request that it answers. A call that both sides talk in for minutes is no idle
/// connection; one whose answer is there whole is, if its peer does not read it.
pub(super) struct Answering<B> {
    body: B,
    _open: Option<OpenRequest>,
}

impl<B: Body> Answering<B> {
    pub(super) fn new(body: B, open: OpenRequest) -> Self {
        let is_whole = body.size_hint().exact().is_some();
        Self {
            body,
            _open: (!is_whole).then_some(open),
        }
    }
}

impl<B: Body + Unpin> Body for Answering<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
