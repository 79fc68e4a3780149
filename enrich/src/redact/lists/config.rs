//! The elements of `[redact] lists`: which columns of which file are looked for.

use std::path::PathBuf;

use serde::Deserialize;

use super::error::{FileError, ListError};
use crate::redact::marker::{MAX_KIND_LEN, is_kind};

/// A list whose cells are masked wherever they stand in a text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListConfig {
    /// Names the list in findings: 1 to 32 of a-z, 0-9, dash and underscore.
    pub name: String,
    /// CSV with a header, comma-separated, UTF-8. Read at start; only keyed hashes are kept.
    pub file: PathBuf,
    /// Columns whose cells are looked for, each for itself.
    pub columns: Vec<String>,
    /// Cells with fewer letters and digits are not looked for. From 3 to 100, default 5.
    #[serde(default = "default_min_length")]
    pub min_length: usize,
    /// What findings are called. Default: `customer.` and the list's name; `personal.name` for
    /// names of people.
    pub kind: Option<String>,
}

const fn default_min_length() -> usize {
    5
}

const MAX_NAME_LEN: usize = 32;

impl ListConfig {
    /// What findings are called.
    pub(crate) fn kind(&self) -> String {
        let usual = || format!("customer.{}", self.name);
        self.kind.clone().unwrap_or_else(usual)
    }

    /// Looks at everything but the file.
    ///
    /// # Errors
    /// When a value is out of its range.
    pub fn check(&self) -> Result<(), ListError> {
        let is_name = |byte: u8| is_kind(byte) && byte != b'.';
        let fault =
            if !(1..=MAX_NAME_LEN).contains(&self.name.len()) || !self.name.bytes().all(is_name) {
                "its name must be 1 to 32 of a-z, 0-9, dash and underscore"
            } else if !(1..=MAX_KIND_LEN).contains(&self.kind().len())
                || !self.kind().bytes().all(is_kind)
            {
                "its kind must be 1 to 48 of a-z, 0-9, dot, dash and underscore"
            } else if self.columns.is_empty() {
                "it names no columns; write columns = [\"name\"]"
            } else if !(3..=100).contains(&self.min_length) {
                "its min_length must be from 3 to 100"
            } else {
                return Ok(());
            };
        Err(ListError::Config {
            name: self.name.clone(),
            fault,
        })
    }

    /// A fault of the list's file.
    pub fn fault(&self, source: FileError) -> ListError {
        ListError::File {
            name: self.name.clone(),
            file: self.file.display().to_string(),
            source,
        }
    }
}
