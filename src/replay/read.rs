//! Cuts an opened file into payloads that walk the path one by one.

use std::io::{self, BufRead, BufReader, Read};

use magistrate_event::{Line, Payload};
use magistrate_ingest::from_json;

use super::detect;
use crate::cli::Format;

/// The same limit as the OTLP doors have.
const MAX_REQUEST_BYTES: usize = 64 * 1024 * 1024;
/// A longer line is cut, kept and marked.
const MAX_LINE_BYTES: usize = 1024 * 1024;
/// Lines that walk together, and how many bytes they may have when the last one comes.
const MAX_LINES: usize = 1000;
const MAX_LINES_BYTES: usize = 4 * 1024 * 1024;

/// One payload, or why there is none.
pub(crate) enum Piece {
    /// Ready for the path, with how many records were left out of it already.
    Payload { payload: Payload, rejected: u64 },
    /// Text that could not be read, for the dead letters.
    Text { message: String, text: Vec<u8> },
    /// Bytes that could not be read.
    Unreadable(String),
}

/// Reads `reader` to its end and gives each piece to `take` until that returns false. An empty file
/// has no piece.
///
/// # Errors
/// When reading fails.
pub(crate) fn pieces(
    reader: Box<dyn Read>,
    format: Option<Format>,
    take: &mut dyn FnMut(Piece) -> bool,
) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(256 * 1024, reader);
    let start = reader.fill_buf()?;
    if start.is_empty() {
        return Ok(());
    }
    let format = format.or_else(|| detect::detect(start));
    match format {
        Some(Format::OtlpJson) => documents(reader, take),
        Some(Format::OtlpLogs) => request(reader, Payload::OtlpLogs, take),
        Some(Format::OtlpMetrics) => request(reader, Payload::OtlpMetrics, take),
        Some(Format::OtlpTraces) => request(reader, Payload::OtlpTraces, take),
        Some(Format::Lines) => lines(reader, take),
        None => {
            take(Piece::Unreadable(
                "holds no known format; name one with --format".to_owned(),
            ));
            Ok(())
        }
    }
}

fn request(
    reader: impl Read,
    payload: fn(bytes::Bytes) -> Payload,
    take: &mut dyn FnMut(Piece) -> bool,
) -> io::Result<()> {
    let mut body = Vec::new();
    reader
        .take(MAX_REQUEST_BYTES as u64 + 1)
        .read_to_end(&mut body)?;
    if body.len() > MAX_REQUEST_BYTES {
        let message = format!("request is over {MAX_REQUEST_BYTES} bytes");
        take(Piece::Unreadable(message));
    } else {
        take(Piece::Payload {
            payload: payload(body.into()),
            rejected: 0,
        });
    }
    Ok(())
}

/// OTLP/JSON: one request a line, or one request that fills the file.
fn documents(mut reader: impl BufRead, take: &mut dyn FnMut(Piece) -> bool) -> io::Result<()> {
    let mut is_first = true;
    loop {
        let mut text = Vec::new();
        let limit = MAX_REQUEST_BYTES as u64 + 1;
        if reader.by_ref().take(limit).read_until(b'\n', &mut text)? == 0 {
            return Ok(());
        }
        let mut piece = piece_of_json(&text);
        if is_first && !matches!(piece, Piece::Payload { .. }) {
            // No request ends on the first line: the whole file must be one.
            reader.by_ref().take(limit).read_to_end(&mut text)?;
            piece = piece_of_json(&text);
        }
        is_first = false;
        if !text.trim_ascii().is_empty() && !take(piece) {
            return Ok(());
        }
    }
}

fn piece_of_json(text: &[u8]) -> Piece {
    if text.len() > MAX_REQUEST_BYTES {
        return Piece::Unreadable(format!("request is over {MAX_REQUEST_BYTES} bytes"));
    }
    let Some(signal) = detect::json_signal(text) else {
        let message = "names none of resourceLogs, resourceMetrics, resourceSpans".to_owned();
        return Piece::Text {
            message,
            text: text.to_owned(),
        };
    };
    match from_json(signal, text, MAX_REQUEST_BYTES) {
        Ok(request) => {
            let payload = signal.payload(request.request.into());
            Piece::Payload {
                payload,
                rejected: request.rejected,
            }
        }
        Err(error) => Piece::Text {
            message: error.to_string(),
            text: text.to_owned(),
        },
    }
}

/// Lines as syslog carries them, many to a payload.
fn lines(mut reader: impl BufRead, take: &mut dyn FnMut(Piece) -> bool) -> io::Result<()> {
    loop {
        let (mut batch, mut bytes, mut is_end) = (Vec::new(), 0, false);
        while !is_end && batch.len() < MAX_LINES && bytes < MAX_LINES_BYTES {
            match line(&mut reader)? {
                Some(line) if line.bytes.is_empty() => {}
                Some(line) => {
                    bytes += line.bytes.len();
                    batch.push(line);
                }
                None => is_end = true,
            }
        }
        let piece = Piece::Payload {
            payload: Payload::Syslog(batch),
            rejected: 0,
        };
        if !take(piece) || is_end {
            return Ok(());
        }
    }
}

/// The next line without its end; `None` at the end of the file.
fn line(reader: &mut impl BufRead) -> io::Result<Option<Line>> {
    let mut bytes = Vec::new();
    if reader
        .by_ref()
        .take(MAX_LINE_BYTES as u64)
        .read_until(b'\n', &mut bytes)?
        == 0
    {
        return Ok(None);
    }
    let mut size = bytes.len();
    if bytes.last() != Some(&b'\n') {
        size += reader.skip_until(b'\n')?;
    }
    let cut_from_bytes = (size > bytes.len()).then_some(size);
    while matches!(bytes.last(), Some(b'\n' | b'\r')) {
        bytes.pop();
    }
    Ok(Some(Line {
        bytes: bytes.into(),
        cut_from_bytes,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(bytes: &'static [u8], format: Option<Format>) -> usize {
        let mut count = 0;
        let mut take = |_piece| {
            count += 1;
            true
        };
        pieces(Box::new(bytes), format, &mut take).unwrap();
        count
    }

    #[test]
    fn an_empty_file_has_no_piece_whatever_its_format() {
        assert_eq!(count(b"", None), 0);
        assert_eq!(count(b"", Some(Format::OtlpLogs)), 0);
        assert_eq!(count(b"", Some(Format::OtlpJson)), 0);
        assert_eq!(count(b"", Some(Format::Lines)), 0);
        assert_eq!(count(b"a line\n", None), 1);
        assert_eq!(count(&[0, 1, 2, 255], None), 1, "one that tells so");
    }
}
