//! Reads the lake's files back, to see what really stands in them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use arrow::array::{Array, AsArray as _, StringArray};
use arrow::record_batch::RecordBatch;
use magistrate_event::Field;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use super::config::Config;
use super::error::LakeError;

/// A folder of the lake is not nested deeper than table and day.
const DEPTH: usize = 2;

/// The visible files under `data_dir` that were written at or after `since`.
///
/// # Errors
/// When a folder cannot be read.
pub fn files_since(data_dir: &Path, since: SystemTime) -> Result<Vec<PathBuf>, LakeError> {
    let mut files = Vec::new();
    gather(&data_dir.join("lake"), since, DEPTH, &mut files)?;
    Ok(files)
}

fn gather(
    folder: &Path,
    since: SystemTime,
    depth: usize,
    files: &mut Vec<PathBuf>,
) -> Result<(), LakeError> {
    let entries = std::fs::read_dir(folder).map_err(LakeError::disk("read", folder))?;
    for entry in entries {
        let path = entry.map_err(LakeError::disk("read", folder))?.path();
        if path.is_dir() {
            if depth > 0 {
                gather(&path, since, depth - 1, files)?;
            }
        } else if path.extension().is_some_and(|suffix| suffix == "parquet") {
            let metadata = path.metadata().map_err(LakeError::disk("read", &path))?;
            if metadata.modified().is_ok_and(|time| time >= since) {
                files.push(path);
            }
        }
    }
    Ok(())
}

/// Calls `visit` with every text of every row of `file` whose sender proved to be `identity`.
/// Returns how many rows those are.
///
/// # Errors
/// When the file cannot be read, or the key of `config` is not its key.
pub fn each_text(
    file: &Path,
    config: &Config,
    identity: &str,
    visit: &mut dyn FnMut(&str),
) -> Result<usize, LakeError> {
    let mut options = ArrowReaderOptions::new();
    if let Some(key) = config.key()? {
        let properties = key.decryption().map_err(LakeError::parquet(file))?;
        options = options.with_file_decryption_properties(properties);
    }
    let opened = File::open(file).map_err(LakeError::disk("open", file))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(opened, options)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(LakeError::parquet(file))?;
    let mut rows = 0;
    for batch in reader {
        let batch = batch.map_err(|error| LakeError::parquet(file)(error.into()))?;
        let own = own_rows(&batch, identity);
        rows += own.len();
        for array in batch.columns().iter().filter(|_| !own.is_empty()) {
            for &row in &own {
                texts(array.slice(row, 1).as_ref(), visit);
            }
        }
    }
    Ok(rows)
}

/// The rows whose sender proved to be `identity`.
fn own_rows(batch: &RecordBatch, identity: &str) -> Vec<usize> {
    let Some(names) = column(batch, Field::SenderIdentity) else {
        return Vec::new();
    };
    let rows = names.iter().enumerate();
    rows.filter_map(|(row, name)| (name == Some(identity)).then_some(row))
        .collect()
}

/// The texts of a column that may lie in structs.
fn column(batch: &RecordBatch, field: Field) -> Option<StringArray> {
    let mut steps = field.path().split('.');
    let mut array = batch.column_by_name(steps.next()?)?.clone();
    for step in steps {
        array = array.as_struct_opt()?.column_by_name(step)?.clone();
    }
    array.as_string_opt::<i32>().cloned()
}

/// Every text in `array`, at any depth; numbers, times and truth values hold none.
fn texts(array: &dyn Array, visit: &mut dyn FnMut(&str)) {
    if let Some(strings) = array.as_string_opt::<i32>() {
        strings.iter().flatten().for_each(visit);
    } else if let Some(own) = array.as_struct_opt() {
        own.columns()
            .iter()
            .for_each(|column| texts(column.as_ref(), visit));
    } else if let Some(lists) = array.as_list_opt::<i32>() {
        lists
            .iter()
            .flatten()
            .for_each(|list| texts(list.as_ref(), visit));
    }
}
