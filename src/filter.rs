//! `magistrate redact`: the redactor as a filter over text.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};

use anyhow::Context as _;
use magistrate_enrich::{Census, Redactor, StreamRedactor};
use magistrate_event::Finding;

use crate::check;
use crate::cli::RedactArguments;
use crate::exit::{Failure, Outcome};
use crate::store;

/// Bytes read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Reads text, writes it masked, or lists what would be masked.
pub(crate) fn command(arguments: &RedactArguments) -> Outcome {
    let config = check::sound(&arguments.place)?;
    let redactor =
        store::open_redactor(&config).map_err(|error| Failure::Usage(format!("{error:#}")))?;
    let input: Box<dyn Read> = if arguments.file.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(&arguments.file)
            .with_context(|| format!("cannot open `{}`", arguments.file.display()))
            .map_err(|error| Failure::Usage(format!("{error:#}")))?;
        Box::new(file)
    };
    let mut output = io::BufWriter::new(io::stdout().lock());
    filter(&redactor, input, &mut output, arguments)?;
    output.flush()?;
    Ok(())
}

/// Streams `input` through the redactor in bounded memory.
fn filter(
    redactor: &Redactor,
    mut input: Box<dyn Read>,
    output: &mut impl Write,
    arguments: &RedactArguments,
) -> io::Result<()> {
    let mut stream = StreamRedactor::new(redactor);
    let mut show = Show::new(output, arguments);
    let (mut chunk, mut text, mut findings) = (vec![0; CHUNK_BYTES], String::new(), Vec::new());
    loop {
        let read = input.read(&mut chunk)?;
        let bytes = chunk.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        if arguments.findings {
            show.lines.read(bytes);
            show.suspicious.read(bytes);
        }
        stream.push(bytes, &mut text, &mut findings);
        show.next(&mut text, &mut findings)?;
    }
    stream.finish(&mut text, &mut findings);
    show.next(&mut text, &mut findings)?;
    show.census()
}

/// Writes the masked text, or what was found in it.
struct Show<'a, W> {
    output: &'a mut W,
    arguments: &'a RedactArguments,
    lines: Lines,
    suspicious: Suspicious,
}

/// How many suspicious characters of a class there are, as `--json` shows it.
#[derive(serde::Serialize)]
struct Counted {
    kind: String,
    count: u32,
}

/// One finding as `--json` shows it.
#[derive(serde::Serialize)]
struct Listed<'a> {
    line: u64,
    column: usize,
    #[serde(flatten)]
    finding: &'a Finding,
}

impl<'a, W: Write> Show<'a, W> {
    fn new(output: &'a mut W, arguments: &'a RedactArguments) -> Self {
        Self {
            output,
            arguments,
            lines: Lines::new(),
            suspicious: Suspicious::default(),
        }
    }

    fn next(&mut self, text: &mut String, findings: &mut Vec<Finding>) -> io::Result<()> {
        if self.arguments.findings {
            for finding in findings.iter() {
                self.list(finding)?;
            }
        } else {
            self.output.write_all(text.as_bytes())?;
        }
        text.clear();
        findings.clear();
        Ok(())
    }

    /// Lists what hides something from the eye, which nothing is masked for: a count a class.
    fn census(&mut self) -> io::Result<()> {
        if !self.arguments.findings {
            return Ok(());
        }
        let counts = self.suspicious.finish();
        for (class, count) in counts.classes().filter(|(_, count)| *count > 0) {
            let kind = format!("content.suspicious_characters.{class}");
            if self.arguments.json {
                serde_json::to_writer(&mut *self.output, &Counted { kind, count })?;
                writeln!(self.output)?;
            } else {
                writeln!(self.output, "{count:>8} times {kind}")?;
            }
        }
        Ok(())
    }

    fn list(&mut self, finding: &Finding) -> io::Result<()> {
        let (line, column) = self.lines.place(finding.place.start);
        if self.arguments.json {
            let listed = Listed {
                line,
                column,
                finding,
            };
            serde_json::to_writer(&mut *self.output, &listed)?;
            return writeln!(self.output);
        }
        let Finding {
            kind,
            rule,
            confidence,
            layer,
            place,
        } = finding;
        let layer = if layer.is_empty() { "plain" } else { layer };
        writeln!(
            self.output,
            "{line:>8}:{column:<6} {:>10}..{:<10} {confidence:>3} %  {kind:<32} {rule:<28} {layer}",
            place.start, place.end
        )
    }
}

/// Counts suspicious characters line by line.
#[derive(Default)]
struct Suspicious {
    counts: Census,
    /// The line whose end has not come.
    held: Vec<u8>,
}

impl Suspicious {
    fn read(&mut self, bytes: &[u8]) {
        let old_len = self.held.len();
        self.held.extend_from_slice(bytes);
        let lines = bytes.iter().rposition(|&byte| byte == b'\n');
        let lines = lines.map(|end| old_len + end);
        let lines = lines.or((self.held.len() > MAX_LAG_BYTES).then_some(self.held.len() - 1));
        if let Some(end) = lines {
            let rest = self.held.split_off(end + 1);
            self.counts.add(&String::from_utf8_lossy(&self.held));
            self.held = rest;
        }
    }

    fn finish(&mut self) -> Census {
        self.counts.add(&String::from_utf8_lossy(&self.held));
        self.held.clear();
        self.counts
    }
}

/// How far findings may lag behind what was read, in bytes: more than a stream holds.
const MAX_LAG_BYTES: usize = 4 * 1024 * 1024;

/// Knows in which line an offset lies, for offsets that go up.
struct Lines {
    /// Ends of lines that are still to be passed.
    ends: VecDeque<usize>,
    read: usize,
    line: u64,
    line_start: usize,
}

impl Lines {
    const fn new() -> Self {
        Self {
            ends: VecDeque::new(),
            read: 0,
            line: 1,
            line_start: 0,
        }
    }

    fn read(&mut self, bytes: &[u8]) {
        let ends = memchr::memchr_iter(b'\n', bytes);
        self.ends.extend(ends.map(|end| self.read + end));
        self.read += bytes.len();
        self.pass(self.read.saturating_sub(MAX_LAG_BYTES));
    }

    /// The line and the byte in it, both counted from 1.
    fn place(&mut self, offset: usize) -> (u64, usize) {
        self.pass(offset);
        (self.line, offset.saturating_sub(self.line_start) + 1)
    }

    fn pass(&mut self, offset: usize) {
        while self.ends.front().is_some_and(|&end| end < offset) {
            self.line_start = self.ends.pop_front().map_or(0, |end| end + 1);
            self.line += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_has_a_line_and_a_column() {
        let mut lines = Lines::new();
        lines.read(b"one\ntw");
        lines.read(b"o\n\nfour");
        let places = [0, 2, 3, 4, 6, 8, 9, 12];
        assert_eq!(
            places.map(|offset| lines.place(offset)),
            [
                (1, 1),
                (1, 3),
                (1, 4),
                (2, 1),
                (2, 3),
                (3, 1),
                (4, 1),
                (4, 4)
            ]
        );
    }

    #[test]
    fn suspicious_characters_are_counted_over_reads() {
        let mut suspicious = Suspicious::default();
        for part in "a\u{200b}b\nc\u{202e}d".as_bytes().chunks(3) {
            suspicious.read(part);
        }
        let counts = suspicious.finish();
        assert_eq!((counts.zero_width, counts.bidi_controls), (1, 1));
    }

    #[test]
    fn lines_far_behind_are_forgotten() {
        let mut lines = Lines::new();
        for _ in 0..100 {
            lines.read(&[b'\n'; CHUNK_BYTES]);
        }
        assert!(lines.ends.len() <= MAX_LAG_BYTES);
        let last = 100 * CHUNK_BYTES - 1;
        assert_eq!(lines.place(last), (100 * CHUNK_BYTES as u64, 1));
    }
}
