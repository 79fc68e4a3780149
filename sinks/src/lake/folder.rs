//! The lake's folder: how its files are named, where they are staged and where they end.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use magistrate_event::{Class, Timestamp};
use serde::{Deserialize, Serialize};

use super::LakeError;
use super::day::Day;

/// The suffix of a file that is not part of the lake yet.
pub(super) const STAGED: &str = "partial";
/// The suffix of a file that is.
pub(super) const FINISHED: &str = "parquet";

/// `DIR/lake`, and the folder in it whose files no reader looks for.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) lake: PathBuf,
    pub(super) staging: PathBuf,
}

/// A complete and synced file that waits for its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StagedFile {
    /// Its name without suffix, in the staging folder and in its own.
    stem: String,
    table: String,
    day: String,
}

impl Folder {
    /// The lake of `data_dir`; makes the folders where they are missing.
    pub(super) fn open(data_dir: &Path) -> Result<Self, LakeError> {
        let folder = Self::of(data_dir);
        make_folder(&folder.lake)?;
        make_folder(&folder.staging)?;
        Ok(folder)
    }

    /// The lake of `data_dir`, which may be missing.
    pub(super) fn of(data_dir: &Path) -> Self {
        let lake = data_dir.join("lake");
        let staging = lake.join(".tmp");
        Self { lake, staging }
    }

    /// Creates the file, to be filled and then synced.
    pub(super) fn create(&self, name: &StagedFile) -> Result<(File, PathBuf), LakeError> {
        let path = self.staged_path(name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(LakeError::disk("create", &path))?;
        Ok((file, path))
    }

    /// Where the file lies until it belongs to the lake.
    pub(super) fn staged_path(&self, file: &StagedFile) -> PathBuf {
        self.staging
            .join(format!("{}-{}.{STAGED}", file.table, file.stem))
    }

    /// The folder of its table and day, which is made where it is missing.
    pub(super) fn home(&self, file: &StagedFile) -> Result<PathBuf, LakeError> {
        let table = self.lake.join(&file.table);
        let folder = table.join(format!("eventDay={}", file.day));
        make_folder(&table)?;
        make_folder(&folder)?;
        Ok(folder)
    }
}

impl StagedFile {
    /// A name for the file of `class` and `day` in checkpoint `epoch`: no other file ever has it.
    pub(super) fn new(class: Class, day: Day, epoch: u64, now: Timestamp) -> Self {
        let second = jiff::Timestamp::from_microsecond(now.as_micros())
            .unwrap_or_default()
            .strftime("%Y%m%dT%H%M%SZ");
        let unique = uuid::Uuid::new_v4().simple();
        Self {
            stem: format!("{second}-{epoch:08}-{unique}"),
            table: class.name().to_owned(),
            day: day.to_string(),
        }
    }

    /// Its name once it belongs to the lake.
    pub(super) fn file_name(&self) -> String {
        format!("{}.{FINISHED}", self.stem)
    }
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), LakeError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(LakeError::disk("sync folder", path))
}

/// Creates a folder that only its owner may enter, and makes its name durable.
fn make_folder(path: &Path) -> Result<(), LakeError> {
    if path.is_dir() {
        return Ok(());
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        // Another process makes folders too: see `put`.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && path.is_dir() => {}
        Err(error) => return Err(LakeError::disk("create folder", path)(error)),
    }
    path.parent().map_or(Ok(()), sync_folder)
}
