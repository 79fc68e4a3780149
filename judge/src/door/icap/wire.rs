//! Reads and writes a connection of ICAP, each step under a limit of time and of bytes.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{timeout, timeout_at};

use super::chunks::{Chunks, Piece};
use super::refusal::Refusal;

/// How much is read at once.
const READ_BYTES: usize = 16 << 10;
/// So much is sent before it is looked whether the client reads.
const WRITE_BYTES: usize = 64 << 10;
/// How long a client may take to read so much.
const WRITE_TIME: Duration = Duration::from_secs(30);

/// One connection.
pub(super) struct Wire<S> {
    stream: S,
    input: BytesMut,
}

/// Why a connection ends early.
#[derive(Debug)]
pub(super) enum Broken {
    /// The client has gone, or reads no more.
    Gone,
    /// It is told why.
    Refused(Refusal),
}

impl From<Refusal> for Broken {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// A connection of which nothing has been read.
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            input: BytesMut::new(),
        }
    }

    /// Waits until something has come; false where the client has ended it.
    pub(super) async fn wakes(&mut self, idle: Duration) -> bool {
        if !self.input.is_empty() {
            return true;
        }
        self.fill(Instant::now() + idle).await.is_ok()
    }

    /// The head of the next request, its empty line included.
    pub(super) async fn head(&mut self, max_bytes: usize, due: Instant) -> Result<Bytes, Broken> {
        let mut looked_at = 0;
        loop {
            // Some clients end a body with a line more.
            while self.input.starts_with(b"\r\n") {
                drop(self.input.split_to(2));
            }
            let from = usize::min(looked_at, self.input.len());
            let rest = self.input.get(from..).unwrap_or_default();
            if let Some(at) = rest.windows(4).position(|four| four == b"\r\n\r\n") {
                return Ok(self.input.split_to(from + at + 4).freeze());
            }
            if self.input.len() >= max_bytes {
                return Err(Refusal::Bad("the head is too large").into());
            }
            looked_at = self.input.len().saturating_sub(3);
            self.fill(due).await?;
        }
    }

    /// The next `len` bytes.
    pub(super) async fn take(&mut self, len: usize, due: Instant) -> Result<Bytes, Broken> {
        while self.input.len() < len {
            self.fill(due).await?;
        }
        Ok(self.input.split_to(len).freeze())
    }

    /// The next piece of a chunked body; never [`Piece::More`].
    pub(super) async fn piece(
        &mut self,
        chunks: &mut Chunks,
        due: Instant,
    ) -> Result<Piece, Broken> {
        loop {
            match chunks.next(&mut self.input)? {
                Piece::More => self.fill(due).await?,
                piece @ (Piece::Data(_) | Piece::End(_)) => return Ok(piece),
            }
        }
    }

    /// Sends all of it.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        for piece in bytes.chunks(WRITE_BYTES) {
            match timeout(WRITE_TIME, self.stream.write_all(piece)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Err(Broken::Gone),
            }
        }
        match timeout(WRITE_TIME, self.stream.flush()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Broken::Gone),
        }
    }

    /// Says that nothing more comes.
    pub(super) async fn end(mut self) {
        // A client that has gone needs no goodbye.
        drop(timeout(WRITE_TIME, self.stream.shutdown()).await);
    }

    async fn fill(&mut self, due: Instant) -> Result<(), Broken> {
        self.input.reserve(READ_BYTES);
        let read = self.stream.read_buf(&mut self.input);
        match timeout_at(due.into(), read).await {
            Ok(Ok(0) | Err(_)) => Err(Broken::Gone),
            Ok(Ok(_)) => Ok(()),
            Err(_) => Err(Refusal::Slow.into()),
        }
    }
}
