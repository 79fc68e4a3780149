//! Why the lake cannot be opened or written.

use std::path::{Path, PathBuf};

use super::KeyError;
use crate::StateError;

/// Why the lake cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// A configured value cannot be used.
    #[error("cannot use lake.{name} = `{value}`: allowed is {allowed}")]
    Setting {
        /// The key under `[lake]`.
        name: &'static str,
        /// What was configured.
        value: String,
        /// What can be configured.
        allowed: &'static str,
    },
    /// There is no usable encryption key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The disk refused.
    #[error("cannot {action} `{}`", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file could not be encoded or written.
    #[error("cannot write parquet file `{}`", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the Parquet library said.
        #[source]
        source: parquet::errors::ParquetError,
    },
    /// The checkpoint could not be stored or read.
    #[error("cannot use the lake's checkpoint")]
    State(#[from] StateError),
    /// The stored checkpoint is not one of this program's.
    #[error("cannot read the lake's stored checkpoint")]
    Checkpoint(#[source] serde_json::Error),
    /// The class is missing from the list of all classes.
    #[error("lake has no table for class `{class}`")]
    NoTable {
        /// Its name.
        class: &'static str,
    },
    /// So much is buffered that a checkpoint must come first.
    #[error("lake buffers are full ({bytes} bytes): write a checkpoint first")]
    Full {
        /// Bytes in memory.
        bytes: usize,
    },
    /// One record is larger than a file's column can be.
    #[error("record of {bytes} bytes is too large for the lake")]
    TooLarge {
        /// The size of its text.
        bytes: usize,
    },
    /// A checkpoint failed before: its rows are no longer in memory.
    #[error("lake lost its buffered rows in a failed checkpoint: reset it and read them again")]
    NeedsReset,
}

impl LakeError {
    /// For `map_err` after a file operation.
    pub(super) fn disk(
        action: &'static str,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Disk {
            action,
            path,
            source,
        }
    }

    /// For `map_err` after an operation of the Parquet library.
    pub(super) fn parquet(
        path: &Path,
    ) -> impl FnOnce(parquet::errors::ParquetError) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Parquet { path, source }
    }
}
