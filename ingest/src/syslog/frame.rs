//! Takes messages out of a TCP stream (RFC 6587).

use bytes::{Buf, Bytes, BytesMut};
use magistrate_event::Line;

/// A stream of messages, however the bytes arrive.
///
/// A message begins with a count and a space (octet counting), or it ends at LF, CR LF or NUL.
/// Which one is told for each message: digits, a space and `<` are a count. Without the `<` they
/// are a count too, unless an earlier message of the stream ended at a line's end.
#[derive(Debug)]
pub struct Frames {
    input: BytesMut,
    state: State,
    /// How the last message was framed.
    last: Framing,
    max_bytes: usize,
    /// How much of `input` holds no end of a line.
    searched: usize,
}

/// Why a stream cannot be read on: nobody can tell where its next message begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nonsense {
    /// A count of more than 10 digits or of more bytes than any message has.
    Count,
    /// Neither a count nor `<` follows a counted message.
    LostCount,
}

impl Nonsense {
    /// The word for metrics.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Count => "bad_count",
            Self::LostCount => "lost_count",
        }
    }
}

/// What part of the stream is being read.
#[derive(Debug)]
enum State {
    /// Between two messages.
    Between,
    /// Inside a message of `len` bytes.
    Counted { len: usize },
    /// After the part of an over-long counted message that is kept.
    Skipping { left: usize },
    /// Inside a message that ends at a line's end.
    Delimited,
    /// The same, when it is over the limit already: `head` is kept, `total` were seen.
    Overlong {
        head: Bytes,
        total: usize,
        after_cr: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Unknown,
    Counted,
    Delimited,
}

/// How the next message begins.
enum Start {
    /// The bytes so far do not tell.
    Open,
    Counted {
        header: usize,
        len: usize,
    },
    Delimited,
}

/// The most digits of a count.
const MAX_DIGITS: usize = 10;
/// The largest count that is believed; a larger one would swallow the rest of the stream.
const MAX_COUNT: usize = 16 << 20;

impl Frames {
    /// An empty stream whose messages are kept up to `max_bytes`.
    pub fn new(max_bytes: usize) -> Self {
        Self {
            input: BytesMut::new(),
            state: State::Between,
            last: Framing::Unknown,
            max_bytes,
            searched: 0,
        }
    }

    /// Where to append what was received.
    pub const fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// The next whole message; `None` when more bytes are needed. Empty messages are left out.
    ///
    /// # Errors
    /// When the stream makes no sense any more. It must not be read on.
    pub fn next_line(&mut self) -> Result<Option<Line>, Nonsense> {
        loop {
            let line = match &self.state {
                State::Between => {
                    if !self.begin()? {
                        return Ok(None);
                    }
                    continue;
                }
                State::Counted { len } => self.counted(*len),
                State::Skipping { left } => {
                    if !self.skip(*left) {
                        return Ok(None);
                    }
                    continue;
                }
                State::Delimited | State::Overlong { .. } => self.delimited(),
            };
            match line {
                Some(line) if line.bytes.is_empty() => {}
                line => return Ok(line),
            }
        }
    }

    /// The last message, when the stream ends without its end; a counted one is marked as cut.
    pub fn finish(mut self) -> Option<Line> {
        let line = match std::mem::replace(&mut self.state, State::Between) {
            State::Between | State::Delimited => {
                let rest = self.input.split().freeze();
                self.whole(without_cr(rest))
            }
            State::Counted { len } => Line {
                bytes: self.input.split().freeze(),
                cut_from_bytes: Some(len),
            },
            State::Skipping { .. } => return None,
            State::Overlong {
                head,
                total,
                after_cr,
            } => Line {
                bytes: head,
                cut_from_bytes: Some(total - usize::from(after_cr)),
            },
        };
        (!line.bytes.is_empty()).then_some(line)
    }

    /// Enters the next message; says whether it could.
    fn begin(&mut self) -> Result<bool, Nonsense> {
        let counted = self.last == Framing::Counted;
        let separators = self
            .input
            .iter()
            .take_while(|byte| matches!(byte, b'\n' | b'\r' | 0) || (counted && **byte == b' '))
            .count();
        self.input.advance(separators);
        match self.start()? {
            Start::Open => return Ok(false),
            Start::Counted { header, len } => {
                self.input.advance(header);
                self.state = State::Counted { len };
                self.last = Framing::Counted;
            }
            Start::Delimited => {
                self.state = State::Delimited;
                self.last = Framing::Delimited;
                self.searched = 0;
            }
        }
        Ok(true)
    }

    fn start(&self) -> Result<Start, Nonsense> {
        match self.input.first() {
            None => return Ok(Start::Open),
            Some(b'1'..=b'9') => {}
            Some(b'<') => return Ok(Start::Delimited),
            Some(_) => return self.not_counted(Nonsense::LostCount),
        }
        let digits = self
            .input
            .iter()
            .take(MAX_DIGITS + 1)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if digits > MAX_DIGITS {
            return self.not_counted(Nonsense::Count);
        }
        let after = self.input.get(digits..).unwrap_or_default();
        let sure = match after {
            [] => return Ok(Start::Open),
            [b' ', b'<', ..] => true,
            [b' '] if self.last == Framing::Delimited => return Ok(Start::Open),
            [b' ', ..] => false,
            _ => return self.not_counted(Nonsense::LostCount),
        };
        let len = self.input.iter().take(digits).fold(0_usize, |len, digit| {
            len.saturating_mul(10)
                .saturating_add(usize::from(digit - b'0'))
        });
        match (sure, len <= MAX_COUNT) {
            (true, false) => Err(Nonsense::Count),
            (false, false) => self.not_counted(Nonsense::Count),
            (false, true) if self.last == Framing::Delimited => Ok(Start::Delimited),
            (true | false, true) => Ok(Start::Counted {
                header: digits + 1,
                len,
            }),
        }
    }

    /// A stream that counts must go on counting; any other may begin a line with what it likes.
    const fn not_counted(&self, nonsense: Nonsense) -> Result<Start, Nonsense> {
        match self.last {
            Framing::Counted => Err(nonsense),
            Framing::Unknown | Framing::Delimited => Ok(Start::Delimited),
        }
    }

    fn counted(&mut self, len: usize) -> Option<Line> {
        let kept = len.min(self.max_bytes);
        if self.input.len() < kept {
            return None;
        }
        let bytes = self.input.split_to(kept).freeze();
        if kept < len {
            self.state = State::Skipping { left: len - kept };
            return Some(Line {
                bytes,
                cut_from_bytes: Some(len),
            });
        }
        self.state = State::Between;
        Some(Line {
            bytes: without_end(bytes),
            cut_from_bytes: None,
        })
    }

    /// Throws away up to `left` bytes; says whether that were all.
    fn skip(&mut self, left: usize) -> bool {
        let skipped = left.min(self.input.len());
        self.input.advance(skipped);
        if skipped < left {
            self.state = State::Skipping {
                left: left - skipped,
            };
            return false;
        }
        self.state = State::Between;
        true
    }

    fn delimited(&mut self) -> Option<Line> {
        let unsearched = self.input.get(self.searched..).unwrap_or_default();
        let Some(offset) = memchr::memchr2(b'\n', 0, unsearched) else {
            self.keep_beginning();
            return None;
        };
        let end = self.searched + offset;
        let rest = self.input.split_to(end).freeze();
        self.input.advance(1);
        self.searched = 0;
        let line = match std::mem::replace(&mut self.state, State::Between) {
            State::Overlong {
                head,
                total,
                after_cr,
            } => {
                let ends_with_cr = rest.last().map_or(after_cr, |last| *last == b'\r');
                Line {
                    bytes: head,
                    cut_from_bytes: Some(total + rest.len() - usize::from(ends_with_cr)),
                }
            }
            State::Between | State::Counted { .. } | State::Skipping { .. } | State::Delimited => {
                self.whole(without_cr(rest))
            }
        };
        Some(line)
    }

    /// Lets go of what an unfinished line has over the limit, so that memory stays bounded.
    fn keep_beginning(&mut self) {
        let seen = self.input.len();
        self.searched = seen;
        // One byte more may still turn out to be the CR before the end.
        let is_over = seen > self.max_bytes + 1;
        let ends_with_cr = self.input.last() == Some(&b'\r');
        match &mut self.state {
            State::Overlong {
                total, after_cr, ..
            } => {
                *total += seen;
                if seen > 0 {
                    *after_cr = ends_with_cr;
                }
            }
            State::Delimited if is_over => {
                self.state = State::Overlong {
                    head: Bytes::copy_from_slice(
                        self.input.get(..self.max_bytes).unwrap_or_default(),
                    ),
                    total: seen,
                    after_cr: ends_with_cr,
                };
            }
            State::Between | State::Counted { .. } | State::Skipping { .. } | State::Delimited => {
                return;
            }
        }
        self.input.clear();
        self.searched = 0;
    }

    /// A message that was received whole, cut where it is over the limit.
    fn whole(&self, bytes: Bytes) -> Line {
        cut(bytes, self.max_bytes)
    }
}

/// Keeps the first `max_bytes` of a message.
pub(super) fn cut(mut bytes: Bytes, max_bytes: usize) -> Line {
    let size = bytes.len();
    bytes.truncate(max_bytes);
    Line {
        cut_from_bytes: (bytes.len() < size).then_some(size),
        bytes,
    }
}

/// A message without the line ends and NULs that some senders put at its end and count.
pub(super) fn without_end(mut bytes: Bytes) -> Bytes {
    let ends = bytes
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b'\n' | b'\r' | 0))
        .count();
    bytes.truncate(bytes.len() - ends);
    bytes
}

fn without_cr(mut bytes: Bytes) -> Bytes {
    if bytes.last() == Some(&b'\r') {
        bytes.truncate(bytes.len() - 1);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Messages as `text` or `text…size`, then the fault.
    fn read(parts: &[&[u8]], max_bytes: usize) -> (Vec<String>, Option<Nonsense>) {
        let mut frames = Frames::new(max_bytes);
        let mut found = Vec::new();
        let mut show = |line: Line| {
            let text = String::from_utf8_lossy(&line.bytes).into_owned();
            found.push(match line.cut_from_bytes {
                Some(size) => format!("{text}…{size}"),
                None => text,
            });
        };
        for part in parts {
            frames.input().extend_from_slice(part);
            loop {
                match frames.next_line() {
                    Ok(Some(line)) => show(line),
                    Ok(None) => break,
                    Err(nonsense) => return (found, Some(nonsense)),
                }
            }
        }
        if let Some(line) = frames.finish() {
            show(line);
        }
        (found, None)
    }

    #[test]
    fn messages_come_out_of_every_framing() {
        let cases: [(&str, &[&str]); 17] = [
            ("", &[]),
            ("<1>a\n<2>b\n", &["<1>a", "<2>b"]),
            ("<1>a\r\n<2>b\0<3>c", &["<1>a", "<2>b", "<3>c"]),
            ("\n\n<1>a\n\r\n\0\n<2>b\n", &["<1>a", "<2>b"]),
            ("4 <1>a5 <2>bc", &["<1>a", "<2>bc"]),
            ("5 <1>a\n5 <2>b\n", &["<1>a", "<2>b"]),
            ("6 <1>a\nb4 <2>c", &["<1>a\nb", "<2>c"]),
            // A sender that does not count its trailing space, or ends counted messages with LF.
            ("4 <1>a 4 <2>b\n4 <3>c", &["<1>a", "<2>b", "<3>c"]),
            ("4 <1>a<2>b\n4 <3>c", &["<1>a", "<2>b", "<3>c"]),
            ("<1>a\n4 <2>b<3>c\n", &["<1>a", "<2>b", "<3>c"]),
            ("<1>a\n45 bottles\n", &["<1>a", "45 bottles"]),
            (
                "1767323045.678 1 192.0.2.7 x\n1767323046.1 y\n",
                &["1767323045.678 1 192.0.2.7 x", "1767323046.1 y"],
            ),
            ("12345678901 x\n", &["12345678901 x"]),
            ("1767323045 x\n", &["1767323045 x"]),
            ("{\"a\":1}\n{\"b\":2}", &["{\"a\":1}", "{\"b\":2}"]),
            ("7 {\"a\":1}7 {\"b\":2}", &["{\"a\":1}", "{\"b\":2}"]),
            ("9 <1>a", &["<1>a…9"]),
        ];
        for (stream, expected) in cases {
            let (found, nonsense) = read(&[stream.as_bytes()], 100);
            assert_eq!(found, expected, "{stream:?}");
            assert_eq!(nonsense, None, "{stream:?}");
        }
    }

    #[test]
    fn a_message_over_the_limit_is_cut_and_the_next_one_is_whole() {
        let cases: [(&str, &[&str]); 7] = [
            ("<1>abcdefgh\n<2>b\n", &["<1>ab…11", "<2>b"]),
            ("<1>ab\r\n<2>b\n", &["<1>ab", "<2>b"]),
            ("<1>abc\r\n<2>b\n", &["<1>ab…6", "<2>b"]),
            ("<1>abcdef", &["<1>ab…9"]),
            ("11 <1>abcdefgh4 <2>b", &["<1>ab…11", "<2>b"]),
            ("11 <1>abcde", &["<1>ab…11"]),
            ("5 <1>ab4 <2>b", &["<1>ab", "<2>b"]),
        ];
        for (stream, expected) in cases {
            assert_eq!(read(&[stream.as_bytes()], 5).0, expected, "{stream:?}");
        }
    }

    #[test]
    fn counts_that_make_no_sense_end_the_stream() {
        let cases = [
            ("4 <1>axyz", Nonsense::LostCount),
            ("4 <1>a7x", Nonsense::LostCount),
            ("4 <1>a12345678901 ", Nonsense::Count),
            ("9999999999 <1>a", Nonsense::Count),
            ("16777217 <1>a", Nonsense::Count),
            ("4 <1>a16777217 x", Nonsense::Count),
        ];
        for (stream, nonsense) in cases {
            assert_eq!(
                read(&[stream.as_bytes()], 100).1,
                Some(nonsense),
                "{stream:?}"
            );
        }
        assert_eq!(Nonsense::Count.reason(), "bad_count");
    }

    #[test]
    fn a_count_takes_no_memory_before_its_bytes_come() {
        let mut frames = Frames::new(1 << 20);
        frames.input().extend_from_slice(b"16777216 <1>a");
        assert_eq!(frames.next_line().unwrap().map(|line| line.bytes), None);
        assert!(frames.input().capacity() < 1_000);
    }

    #[test]
    fn a_line_without_an_end_takes_no_more_memory_than_the_limit() {
        let mut frames = Frames::new(1_000);
        for _ in 0..10_000 {
            frames.input().extend_from_slice(&[b'x'; 500]);
            assert!(frames.next_line().unwrap().is_none());
            assert!(frames.input().len() <= 1_001);
        }
        let line = frames.finish().unwrap();
        assert_eq!(
            (line.bytes.len(), line.cut_from_bytes),
            (1_000, Some(5_000_000))
        );
    }

    fn stream() -> impl Strategy<Value = String> {
        let pieces = [
            "<1>a",
            "\n",
            "\r\n",
            "\r",
            "\0",
            "4 ",
            "12 ",
            " ",
            "<",
            "7",
            "x",
            "99999999999 ",
            "<2>longer",
        ];
        proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..20)
            .prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_arrive(
            stream in stream(),
            cuts in proptest::collection::vec(0_usize..100, 0..6),
            max_bytes in 1_usize..12,
        ) {
            let bytes = stream.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let parts: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            let whole = read(&[bytes], max_bytes);
            prop_assert_eq!(&read(&parts, max_bytes), &whole);
            prop_assert_eq!(&read(&single, max_bytes), &whole);
        }

        #[test]
        fn any_messages_survive_both_framings(
            messages in proptest::collection::vec("<[0-9]{1,3}>[a-zé ]{0,20}[a-z]", 1..8),
        ) {
            let lines: String = messages.iter().map(|message| format!("{message}\n")).collect();
            prop_assert_eq!(&read(&[lines.as_bytes()], 100).0, &messages);
            let counted: String =
                messages.iter().map(|message| format!("{} {message}", message.len())).collect();
            prop_assert_eq!(&read(&[counted.as_bytes()], 100).0, &messages);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            read(&[&bytes], 20);
        }
    }
}
