//! Lists the finished files of the lake, newest first, and opens them.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use magistrate_event::Class;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;

use super::super::LakeError;
use super::super::folder::FINISHED;
use super::super::key::Key;

/// Every finished file and its table; those of later days come first, and in a day those that
/// were written later.
pub(in crate::lake) fn list(lake: &Path) -> Result<Vec<(Class, PathBuf)>, LakeError> {
    let mut found = Vec::new();
    for class in Class::ALL {
        for day in entries(&lake.join(class.name()))? {
            let files = entries(&day)?.into_iter();
            let finished = files.filter(|path| path.extension().is_some_and(|end| end == FINISHED));
            found.extend(finished.map(|path| (class, path)));
        }
    }
    found.sort_by(|(_, a), (_, b)| age(b).cmp(&age(a)));
    Ok(found)
}

/// Opens a file that was listed, with the key of encrypted ones; none where retention has taken it away
/// since.
pub(in crate::lake) fn open(
    path: &Path,
    key: Option<&Key>,
) -> Result<Option<ParquetRecordBatchReaderBuilder<File>>, ParquetError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut options = ArrowReaderOptions::new();
    if let Some(key) = key {
        options = options.with_file_decryption_properties(key.reading()?);
    }
    ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map(Some)
}

/// Names of days and of files begin with their time.
fn age(path: &Path) -> (Option<&std::ffi::OsStr>, Option<&std::ffi::OsStr>) {
    (path.parent().and_then(Path::file_name), path.file_name())
}

/// What lies in a folder; nothing where there is none, or where it is a file.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(LakeError::disk("list", folder)(error)),
    };
    entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(LakeError::disk("list", folder))
}
