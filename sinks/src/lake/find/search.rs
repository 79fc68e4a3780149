//! Which rows of a batch, and which row groups of a file, are looked for.

use arrow::array::{Array, AsArray as _, RecordBatch};
use magistrate_event::{EventUid, Field};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;

use super::super::key::Key;
use super::{UID, Wanted, column};

/// The row groups that may have one of `uids`, by their bloom filters.
///
/// The filters of encrypted files cannot be read; all their groups are named.
pub(super) fn groups<R: ChunkReader + 'static>(
    file: &ParquetRecordBatchReaderBuilder<R>,
    uids: &[EventUid],
    key: Option<&Key>,
) -> Result<Vec<usize>, ParquetError> {
    let all = 0..file.metadata().num_row_groups();
    let columns = file.parquet_schema().columns();
    let place = columns.iter().position(|one| one.path().string() == UID);
    let (Some(place), None) = (place, key) else {
        return Ok(all.collect());
    };
    let names: Vec<String> = uids.iter().map(ToString::to_string).collect();
    let mut found = Vec::new();
    for group in all {
        let filter = file.get_row_group_column_bloom_filter(group, place)?;
        let may_have = |name: &String| filter.as_ref().is_none_or(|f| f.check(name.as_str()));
        if names.iter().any(may_have) {
            found.push(group);
        }
    }
    Ok(found)
}

/// The rows of `batch` that are `wanted`.
pub(super) fn rows(batch: &RecordBatch, wanted: &Wanted) -> Vec<usize> {
    match wanted {
        Wanted::Uids(uids) => with_uid(batch, uids),
        Wanted::Token(token) => with_token(batch, token),
    }
}

fn with_uid(batch: &RecordBatch, uids: &[EventUid]) -> Vec<usize> {
    let Some(column) = column(batch, UID) else {
        return Vec::new();
    };
    let Some(texts) = column.as_string_opt::<i32>() else {
        return Vec::new();
    };
    let is_wanted = |text: &str| {
        let uid = text.parse::<EventUid>();
        uid.is_ok_and(|uid| uids.contains(&uid))
    };
    let rows = texts.iter().enumerate();
    rows.filter(|(_, text)| text.is_some_and(is_wanted))
        .map(|(row, _)| row)
        .collect()
}

fn with_token(batch: &RecordBatch, token: &str) -> Vec<usize> {
    let Some(sealed) = column(batch, Field::Sealed.path()) else {
        return Vec::new();
    };
    let has_token = |row: &usize| {
        let mut columns = batch.columns().iter();
        !sealed.is_null(*row) && columns.any(|column| shows(column, *row, token))
    };
    (0..batch.num_rows()).filter(has_token).collect()
}

/// Whether a text of `row`, at any depth of `array`, has `token` in it.
fn shows(array: &dyn Array, row: usize, token: &str) -> bool {
    if array.is_null(row) {
        return false;
    }
    if let Some(texts) = array.as_string_opt::<i32>() {
        return texts.value(row).contains(token);
    }
    if let Some(list) = array.as_list_opt::<i32>() {
        let items = list.value(row);
        return (0..items.len()).any(|item| shows(&items, item, token));
    }
    array.as_struct_opt().is_some_and(|columns| {
        let mut children = columns.columns().iter();
        children.any(|child| shows(child, row, token))
    })
}
