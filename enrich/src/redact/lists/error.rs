//! Says why a list cannot be used.

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Its section in the configuration is faulty.
    #[error("cannot use list `{name}`: {fault}")]
    Config {
        /// The list's name.
        name: String,
        /// What is wrong and what to write.
        fault: &'static str,
    },
    /// Two lists have the same name.
    #[error("cannot use list `{0}`: another list has the same name")]
    Twice(String),
    /// Its file is faulty.
    #[error("cannot load list `{name}` from `{file}`")]
    File {
        /// The list's name.
        name: String,
        /// The file.
        file: String,
        /// What is wrong with it.
        #[source]
        source: FileError,
    },
}

/// What is wrong with the file of a list.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read it")]
    Read(#[source] std::io::Error),
    /// A line of it is faulty.
    #[error("line {line}: {fault}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong. Never tells what a cell holds.
        fault: FileFault,
    },
}

/// What is wrong with a line of a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// Bytes that are no text.
    #[error("not UTF-8")]
    NotUtf8,
    /// The file ends inside quotes.
    #[error("a quoted cell is never closed")]
    OpenQuote,
    /// `"a"b`.
    #[error("text after a quoted cell")]
    TextAfterQuote,
    /// `a"b"`.
    #[error("a quote inside a cell that is not quoted")]
    QuoteInCell,
    /// Cells are missing or too many.
    #[error("{found} cells where the header has {wanted}")]
    Width {
        /// In this line.
        found: usize,
        /// In the header.
        wanted: usize,
    },
    /// A record is too long.
    #[error("a record of more than {0} bytes")]
    LongRecord(usize),
    /// A cell is too long to be a name or a number.
    #[error("a cell of more than {0} bytes; name other columns")]
    LongCell(usize),
    /// The file is too long.
    #[error("the file has more than {0} bytes")]
    LongFile(u64),
    /// All lists together are too long.
    #[error("more than {0} cells in all lists")]
    TooMany(usize),
    /// A column is missing.
    #[error("no column `{column}`; the header has `{columns}`")]
    Column {
        /// The one that is asked for.
        column: String,
        /// Those that there are.
        columns: String,
    },
    /// No cell is long enough.
    #[error("no cell of {0} letters or more; lower `min_length` or name other columns")]
    Empty(usize),
}
