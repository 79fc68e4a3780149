//! Finds rows of the lake by their id, or by a token that stands for a masked value.

pub(super) mod files;
mod search;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use magistrate_event::{Class, EventUid, Field, Timestamp};
use parquet::arrow::ProjectionMask;
use parquet::errors::ParquetError;

use super::folder::Folder;
use super::key::Key;
use super::{Config, LakeError};

/// Rows in memory at once when only ids are read.
const ID_ROWS: usize = 8192;
/// Rows in memory at once when all texts are read: one may have megabytes.
const TEXT_ROWS: usize = 64;
/// The column of a row's id.
const UID: &str = "metadata.uid";

/// Which rows are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Those with one of these ids.
    Uids(Vec<EventUid>),
    /// Those that have something sealed, and this text in any column.
    Token(String),
}

/// A row that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub uid: EventUid,
    /// Its table.
    pub class: Class,
    /// When it happened.
    pub time: Timestamp,
    /// The column `magistrate.sealed`.
    pub sealed: Option<String>,
}

/// A file that could not be searched.
#[derive(Debug)]
pub struct Unread {
    /// The file.
    pub path: PathBuf,
    /// What the Parquet library said; a file under another key is one reason.
    pub source: ParquetError,
}

/// Hands out the rows that are `wanted`, newest files first, until `take` breaks; returns the
/// files that could not be searched.
///
/// Reads encrypted files with the configured key. May run while another process writes the lake.
///
/// # Errors
/// When the key cannot be used or the folder cannot be listed.
pub fn find(
    config: &Config,
    data_dir: &Path,
    wanted: &Wanted,
    mut take: impl FnMut(Row) -> ControlFlow<()>,
) -> Result<Vec<Unread>, LakeError> {
    let key = config.key()?;
    let mut unread = Vec::new();
    for (class, path) in files::list(&Folder::of(data_dir).lake)? {
        match search_file(&path, class, wanted, key.as_ref(), &mut take) {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => break,
            Err(source) => unread.push(Unread { path, source }),
        }
    }
    Ok(unread)
}

fn search_file(
    path: &Path,
    class: Class,
    wanted: &Wanted,
    key: Option<&Key>,
    take: &mut impl FnMut(Row) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, ParquetError> {
    let Some(builder) = files::open(path, key)? else {
        return Ok(ControlFlow::Continue(()));
    };
    let reader = match wanted {
        Wanted::Uids(uids) => {
            let groups = search::groups(&builder, uids, key)?;
            let columns = ["time", UID, Field::Sealed.path()];
            let mask = ProjectionMask::columns(builder.parquet_schema(), columns);
            builder
                .with_row_groups(groups)
                .with_projection(mask)
                .with_batch_size(ID_ROWS)
        }
        Wanted::Token(_) => builder.with_batch_size(TEXT_ROWS),
    };
    for batch in reader.build()? {
        let batch = batch?;
        for row in search::rows(&batch, wanted) {
            if let Some(row) = row_at(&batch, row, class)
                && take(row).is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn row_at(batch: &RecordBatch, row: usize, class: Class) -> Option<Row> {
    let time = column(batch, "time")?;
    let times = time.as_primitive_opt::<TimestampMicrosecondType>()?;
    Some(Row {
        uid: text_at(batch, UID, row)?.parse().ok()?,
        class,
        time: Timestamp::from_micros(times.value(row)),
        sealed: text_at(batch, Field::Sealed.path(), row),
    })
}

/// The column at a dotted path; older files have fewer columns.
pub(super) fn column(batch: &RecordBatch, path: &str) -> Option<ArrayRef> {
    let mut parts = path.split('.');
    let mut array = batch.column_by_name(parts.next()?)?;
    for part in parts {
        array = array.as_struct_opt()?.column_by_name(part)?;
    }
    Some(array.clone())
}

fn text_at(batch: &RecordBatch, path: &str, row: usize) -> Option<String> {
    let column = column(batch, path)?;
    let texts = column.as_string_opt::<i32>()?;
    (!texts.is_null(row)).then(|| texts.value(row).to_owned())
}

#[cfg(test)]
mod tests;
