//! What of a message's body has come and has not gone on.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};

use super::chunks::{Chunks, End, Piece};
use super::refusal::Refusal;
use super::reply;
use super::wire::{Broken, Wire};
use crate::door::Doors;
use crate::door::fault::Fault;
use crate::judge::{Overload, Seat};

/// More than was asked for (`Preview` of OPTIONS) by far.
const MAX_PREVIEW_BYTES: usize = 64 << 10;

/// A body on its way in.
pub(super) struct Incoming {
    chunks: Chunks,
    /// What has come.
    pub(super) held: BytesMut,
    stage: Stage,
    seat: Seat,
}

/// How much of it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Its first bytes are coming, and the client waits for an answer to them.
    Preview,
    /// They have come.
    Previewed,
    /// All of it is coming.
    Coming,
    /// All of it has come.
    Ended,
}

/// Why no more of a body is taken.
pub(super) enum Stop {
    /// The connection is of no use.
    Broken(Broken),
    /// The message is not judged.
    Fault(Fault),
}

impl From<Broken> for Stop {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<Overload> for Stop {
    fn from(overload: Overload) -> Self {
        Self::Fault(overload.into())
    }
}

impl Incoming {
    /// A body of which nothing has come; its bytes are charged to `seat`.
    pub(super) fn new(mut seat: Seat, has_preview: bool) -> Self {
        // The next piece may be long in coming: the place of a call goes to another.
        seat.rise();
        Self {
            chunks: Chunks::new(),
            held: BytesMut::new(),
            stage: if has_preview {
                Stage::Preview
            } else {
                Stage::Coming
            },
            seat,
        }
    }

    /// Whether all of it has come.
    pub(super) fn is_whole(&self) -> bool {
        self.stage == Stage::Ended
    }

    /// Whether the client waits for an answer before it sends more.
    pub(super) fn is_awaited(&self) -> bool {
        self.stage == Stage::Previewed
    }

    /// Holds back one more piece; false when nothing more comes for now.
    pub(super) async fn more<S>(
        &mut self,
        wire: &mut Wire<S>,
        doors: &Doors,
        due: Instant,
    ) -> Result<bool, Stop>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match self.next(wire, due).await? {
            Some(data) => {
                doors.judge.charge(&mut self.seat, data.len())?;
                self.held.extend_from_slice(&data);
                if self.stage == Stage::Preview && self.held.len() > MAX_PREVIEW_BYTES {
                    let refusal = Refusal::Bad("the preview is larger than was asked for");
                    return Err(Broken::from(refusal).into());
                }
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// The next piece, which nobody holds; none when nothing more comes for now.
    pub(super) async fn next<S>(
        &mut self,
        wire: &mut Wire<S>,
        due: Instant,
    ) -> Result<Option<Bytes>, Broken>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if matches!(self.stage, Stage::Previewed | Stage::Ended) {
            return Ok(None);
        }
        match wire.piece(&mut self.chunks, due).await? {
            Piece::Data(data) => Ok(Some(data)),
            Piece::End(End::Zero) if self.stage == Stage::Preview => {
                self.stage = Stage::Previewed;
                Ok(None)
            }
            Piece::End(End::Zero | End::Whole) | Piece::More => {
                self.stage = Stage::Ended;
                Ok(None)
            }
        }
    }

    /// Lets the client send what is left, where it waits for that.
    pub(super) async fn ask_for_rest<S>(&mut self, wire: &mut Wire<S>) -> Result<(), Broken>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.stage == Stage::Previewed {
            wire.send(reply::CONTINUE).await?;
            self.chunks = Chunks::new();
            self.stage = Stage::Coming;
        }
        Ok(())
    }

    /// Gives up what goes on, and what that was charged to.
    pub(super) fn release(&mut self, len: usize) -> Bytes {
        let released = self.held.split_to(len.min(self.held.len())).freeze();
        self.seat.keep(self.held.len());
        released
    }
}
