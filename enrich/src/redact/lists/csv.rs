//! Reads CSV strictly (RFC 4180), record by record, in bounded memory.

use std::io::{BufRead, Read as _};

use super::error::{FileError, FileFault};

/// A record of a list of customers is short.
const MAX_RECORD_BYTES: usize = 64 * 1024;

/// Reads records.
pub(crate) struct Reader<R> {
    file: R,
    /// The line on which the last record ended, from 1.
    line: usize,
    bytes: Vec<u8>,
    cells: Vec<String>,
    /// Cells of the first record, as many as all must have.
    width: Option<usize>,
}

impl<R: BufRead> Reader<R> {
    pub(crate) const fn new(file: R) -> Self {
        Self {
            file,
            line: 0,
            bytes: Vec::new(),
            cells: Vec::new(),
            width: None,
        }
    }

    /// The next record that is not empty; `None` at the end.
    ///
    /// # Errors
    /// When the file cannot be read, or the record is no CSV, is too long, or has more or fewer
    /// cells than the first.
    pub(crate) fn record(&mut self) -> Result<Option<&[String]>, FileError> {
        loop {
            if !self.read_record()? {
                return Ok(None);
            }
            let text =
                std::str::from_utf8(&self.bytes).map_err(|_| self.at_line(FileFault::NotUtf8))?;
            let text = if self.width.is_none() {
                text.trim_start_matches('\u{feff}')
            } else {
                text
            };
            let text = text.trim_end_matches(['\n', '\r']);
            if text.is_empty() {
                continue;
            }
            split(text, &mut self.cells).map_err(|fault| FileError::Line {
                line: self.line,
                fault,
            })?;
            break;
        }
        let (found, wanted) = (
            self.cells.len(),
            *self.width.get_or_insert(self.cells.len()),
        );
        if found != wanted {
            return Err(self.at_line(FileFault::Width { found, wanted }));
        }
        Ok(Some(&self.cells))
    }

    /// `fault`, in the line that was read last.
    pub(crate) const fn at_line(&self, fault: FileFault) -> FileError {
        FileError::Line {
            line: self.line,
            fault,
        }
    }

    /// Reads lines until every quote is closed.
    fn read_record(&mut self) -> Result<bool, FileError> {
        self.bytes.clear();
        let mut quotes = 0;
        loop {
            let from = self.bytes.len();
            let mut limited = self
                .file
                .by_ref()
                .take((MAX_RECORD_BYTES - from) as u64 + 1);
            let read = limited
                .read_until(b'\n', &mut self.bytes)
                .map_err(FileError::Read)?;
            self.line += usize::from(read > 0);
            if self.bytes.len() > MAX_RECORD_BYTES {
                return Err(self.at_line(FileFault::LongRecord(MAX_RECORD_BYTES)));
            }
            let line = self.bytes.get(from..).unwrap_or_default();
            quotes += memchr::memchr_iter(b'"', line).count();
            match (read, quotes % 2) {
                (0, 1) => return Err(self.at_line(FileFault::OpenQuote)),
                (_, 0) => return Ok(read > 0 || from > 0),
                (_, _) => {}
            }
        }
    }
}

/// The cells of one record.
fn split(text: &str, cells: &mut Vec<String>) -> Result<(), FileFault> {
    cells.clear();
    let mut rest = text;
    loop {
        let (cell, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_cell(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (cell, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                if cell.contains('"') {
                    return Err(FileFault::QuoteInCell);
                }
                (cell.to_owned(), after)
            }
        };
        cells.push(cell);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(()),
            None => return Err(FileFault::TextAfterQuote),
        }
    }
}

/// The cell whose opening quote was read, and what follows its closing one.
fn quoted_cell(text: &str) -> Result<(String, &str), FileFault> {
    let mut cell = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"').ok_or(FileFault::OpenQuote)?;
        cell.push_str(part);
        match after.strip_prefix('"') {
            Some(next) => {
                cell.push('"');
                rest = next;
            }
            None => return Ok((cell, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<Vec<Vec<String>>, String> {
        let mut reader = Reader::new(text);
        let mut records = Vec::new();
        while let Some(cells) = reader.record().map_err(|error| error.to_string())? {
            records.push(cells.to_vec());
        }
        Ok(records)
    }

    #[test]
    fn records_are_read_as_the_standard_says() {
        let text = "\u{feff}name,note\r\n\"Neil, Ana\",\"said \"\"no\"\"\r\ntwice\"\r\n\n,\nx,y";
        let records = read(text.as_bytes()).unwrap();
        assert_eq!(
            records,
            [
                ["name", "note"],
                ["Neil, Ana", "said \"no\"\r\ntwice"],
                ["", ""],
                ["x", "y"]
            ]
        );
        assert_eq!(read(b"").unwrap(), Vec::<Vec<String>>::new());
    }

    #[test]
    fn faults_name_their_line() {
        let long = format!("a\n\"{}", "x".repeat(70_000));
        for (text, wanted) in [
            (&b"a,b\n1\n"[..], "line 2: 1 cells where the header has 2"),
            (b"a\n\"x\ny", "line 3: a quoted cell is never closed"),
            (
                b"a\nx\"y\"\n",
                "line 2: a quote inside a cell that is not quoted",
            ),
            (b"a\n\"x\"y\n", "line 2: text after a quoted cell"),
            (b"a\n\xff\n", "line 2: not UTF-8"),
            (long.as_bytes(), "line 2: a record of more than 65536 bytes"),
        ] {
            assert_eq!(read(text).unwrap_err(), wanted);
        }
    }
}
