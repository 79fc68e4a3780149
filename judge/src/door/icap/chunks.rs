//! Takes the chunks of a body apart (RFC 9112 section 7.1, with ICAP's `ieof`). Values to values: it
//! is fed what has come.

use bytes::{Buf as _, Bytes, BytesMut};

use super::refusal::Refusal;

/// Longer lines before a chunk, extensions included, are refused.
const MAX_LINE_BYTES: usize = 1024;
/// Trailers, which are thrown away, come to no more.
const MAX_TRAILER_BYTES: usize = 8 << 10;

/// Where a chunked body stands.
#[derive(Debug)]
pub(super) struct Chunks {
    state: State,
    trailer_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The line with a chunk's size.
    Size,
    /// So many bytes of a chunk are still to come.
    Data(usize),
    /// The end of line behind a chunk.
    AfterData,
    /// Trailers, up to an empty line.
    Trailers(End),
    /// All of it has come.
    Ended(End),
}

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// What was announced is there: of a preview there may be more.
    Zero,
    /// `ieof`: the preview was all of it.
    Whole,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Bytes of the body.
    Data(Bytes),
    /// Nothing any more.
    End(End),
    /// It cannot be told before more has come.
    More,
}

impl Chunks {
    /// A body of which nothing has come.
    pub(super) const fn new() -> Self {
        Self {
            state: State::Size,
            trailer_bytes: 0,
        }
    }

    /// Takes the next piece out of what has come.
    pub(super) fn next(&mut self, input: &mut BytesMut) -> Result<Piece, Refusal> {
        loop {
            self.state = match self.state {
                State::Size => match line(input)? {
                    Some(line) => size(&line)?,
                    None => return Ok(Piece::More),
                },
                State::Data(left) => {
                    let data = input.split_to(left.min(input.len())).freeze();
                    if data.is_empty() {
                        return Ok(Piece::More);
                    }
                    self.state = match left - data.len() {
                        0 => State::AfterData,
                        left => State::Data(left),
                    };
                    return Ok(Piece::Data(data));
                }
                State::AfterData => match input.get(..2) {
                    Some(b"\r\n") => {
                        input.advance(2);
                        State::Size
                    }
                    Some(_) => return Err(Refusal::Bad("a chunk is longer than its size")),
                    None => return Ok(Piece::More),
                },
                State::Trailers(end) => match line(input)? {
                    Some(line) if line.is_empty() => State::Ended(end),
                    Some(line) => {
                        self.trailer_bytes += line.len();
                        if self.trailer_bytes > MAX_TRAILER_BYTES {
                            return Err(Refusal::Bad("the trailers are too large"));
                        }
                        State::Trailers(end)
                    }
                    None => return Ok(Piece::More),
                },
                State::Ended(end) => return Ok(Piece::End(end)),
            };
        }
    }
}

/// The next line without its end; none while it is not there whole.
fn line(input: &mut BytesMut) -> Result<Option<Bytes>, Refusal> {
    let looked_at = input.get(..MAX_LINE_BYTES.min(input.len()));
    let end = looked_at.and_then(|bytes| bytes.iter().position(|byte| *byte == b'\n'));
    let Some(end) = end else {
        if input.len() >= MAX_LINE_BYTES {
            return Err(Refusal::Bad("a line of the body is too long"));
        }
        return Ok(None);
    };
    let mut line = input.split_to(end + 1);
    line.truncate(end);
    if line.last() != Some(&b'\r') {
        return Err(Refusal::Bad("a line of the body ends without a return"));
    }
    line.truncate(end - 1);
    Ok(Some(line.freeze()))
}

/// The state behind the line with a chunk's size and its extensions.
fn size(line: &[u8]) -> Result<State, Refusal> {
    const NONE: Refusal = Refusal::Bad("the size of a chunk is none");
    let text = std::str::from_utf8(line).map_err(|_| NONE)?;
    let mut parts = text.split(';').map(str::trim);
    let digits = parts.next().unwrap_or_default();
    let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let size = usize::from_str_radix(digits, 16).ok().filter(|_| is_hex);
    let is_whole = parts.any(|extension| extension.eq_ignore_ascii_case("ieof"));
    match (size.ok_or(NONE)?, is_whole) {
        (0, true) => Ok(State::Trailers(End::Whole)),
        (0, false) => Ok(State::Trailers(End::Zero)),
        (_, true) => Err(Refusal::Bad("`ieof` stands before the end")),
        (size, false) => Ok(State::Data(size)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All of a body that comes in pieces of `step` bytes, how it ended, and what is left.
    fn all(bytes: &[u8], step: usize) -> Result<(Vec<u8>, Option<End>, usize), Refusal> {
        let (mut chunks, mut input) = (Chunks::new(), BytesMut::new());
        let mut body = Vec::new();
        let mut coming = bytes.chunks(step.max(1));
        loop {
            match chunks.next(&mut input)? {
                Piece::Data(data) => body.extend_from_slice(&data),
                Piece::End(end) => {
                    let left = input.len() + coming.map(<[u8]>::len).sum::<usize>();
                    return Ok((body, Some(end), left));
                }
                Piece::More => match coming.next() {
                    Some(more) => input.extend_from_slice(more),
                    None => return Ok((body, None, 0)),
                },
            }
        }
    }

    #[test]
    fn a_body_is_put_together_and_what_follows_stays() {
        for (bytes, body, end, left) in [
            ("0\r\n\r\n", "", Some(End::Zero), 0),
            ("5\r\nhello\r\n0\r\n\r\nNEXT", "hello", Some(End::Zero), 4),
            (
                "2\r\nhe\r\n3;x=y\r\nllo\r\n0; ieof\r\n\r\n",
                "hello",
                Some(End::Whole),
                0,
            ),
            (
                "A\r\n0123456789\r\n0\r\nt: 1\r\n\r\n",
                "0123456789",
                Some(End::Zero),
                0,
            ),
            ("5\r\nhel", "hel", None, 0),
        ] {
            for step in [1, 2, 3, 100] {
                let read = all(bytes.as_bytes(), step).unwrap();
                assert_eq!(read, (body.as_bytes().to_vec(), end, left), "{bytes:?}");
            }
        }
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let long = format!("{}\r\n", "0".repeat(MAX_LINE_BYTES));
        let trailers = format!("0\r\n{}", "a: 1234567\r\n".repeat(1000));
        for bytes in [
            "\r\n",
            "g\r\n",
            "-1\r\n",
            "+5\r\nhello",
            "0x5\r\nhello",
            "5 5\r\nhello",
            "5\nhello",
            "5\r\nhello!\r\n",
            "5; ieof\r\nhello\r\n",
            "fffffffffffffffff\r\n",
            long.as_str(),
            trailers.as_str(),
        ] {
            assert!(all(bytes.as_bytes(), 7).is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_alike_however_they_come(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'1'), Just(b'0'), Just(b';'), any::<u8>()], 0..60),
            step in 1_usize..9,
        ) {
            prop_assert_eq!(all(&bytes, step), all(&bytes, 1000));
        }
    }
}
