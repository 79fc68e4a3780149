//! Files of the lake on disk, and the one transaction that makes them count.
//!
//! Files are written under `lake/.tmp/` with a suffix that no reader looks for, and synced. One
//! transaction then stores the cursor together with the list of files. After it the files belong
//! to the lake, whatever happens: they are renamed into place now, or when the lake is opened.

use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use magistrate_event::{Class, Timestamp};
use redb::{ReadableDatabase as _, TableDefinition};
use serde::{Deserialize, Serialize};

use super::LakeError;
use super::day::Day;
use crate::state::write_cursor;
use crate::{Position, State};

/// The consumer's name in the table of cursors.
pub(super) const CONSUMER: &str = "lake";
const CHECKPOINT: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("lake_checkpoint");
const LAST: &str = "last";
/// The suffix of a file that is not part of the lake yet.
const STAGED: &str = "partial";

/// The lake's folder, and its last checkpoint.
#[derive(Debug)]
pub(super) struct Store {
    lake: PathBuf,
    staging: PathBuf,
    state: Arc<State>,
    last: Checkpoint,
}

/// What one transaction stores beside the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Checkpoint {
    epoch: u64,
    segment: u64,
    offset: u64,
    /// Files that may still have to be renamed into place.
    pending: Vec<StagedFile>,
}

/// A complete and synced file that waits for its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StagedFile {
    /// Its name without suffix, in the staging folder and in its own.
    stem: String,
    table: String,
    day: String,
}

impl Store {
    /// Opens the folder, finishes what the last checkpoint began, and deletes files of which no
    /// checkpoint knows.
    pub(super) fn open(data_dir: &Path, state: Arc<State>) -> Result<Self, LakeError> {
        let lake = data_dir.join("lake");
        let staging = lake.join(".tmp");
        make_folder(&lake)?;
        make_folder(&staging)?;
        let mut store = Self {
            lake,
            staging,
            state,
            last: Checkpoint::default(),
        };
        store.recover()?;
        Ok(store)
    }

    /// Reads the last checkpoint again, finishes it, and deletes files of which it does not know.
    pub(super) fn recover(&mut self) -> Result<(), LakeError> {
        self.last = self.read()?;
        self.delete_orphans()?;
        self.settle()
    }

    /// Whether the last checkpoint stands at `position`.
    pub(super) fn is_at(&self, position: Position) -> bool {
        self.last.epoch > 0
            && self.last.segment == position.segment
            && self.last.offset == position.offset
    }

    /// A name for the next checkpoint's file of `class` and `day`: no other file ever has it.
    pub(super) fn name(&self, class: Class, day: Day, now: Timestamp) -> StagedFile {
        let second = jiff::Timestamp::from_microsecond(now.as_micros())
            .unwrap_or_default()
            .strftime("%Y%m%dT%H%M%SZ");
        let epoch = self.last.epoch + 1;
        let unique = uuid::Uuid::new_v4().simple();
        StagedFile {
            stem: format!("{second}-{epoch:08}-{unique}"),
            table: class.name().to_owned(),
            day: day.to_string(),
        }
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

    /// Makes `files` and `position` durable together. From here on they are one.
    pub(super) fn commit(
        &mut self,
        position: Position,
        files: Vec<StagedFile>,
    ) -> Result<(), LakeError> {
        if !files.is_empty() {
            sync_folder(&self.staging)?;
        }
        let next = Checkpoint {
            epoch: self.last.epoch + 1,
            segment: position.segment,
            offset: position.offset,
            pending: files,
        };
        self.store(&next)?;
        self.last = next;
        Ok(())
    }

    /// Renames the files of the last checkpoint into place, and notes that it is done.
    pub(super) fn settle(&mut self) -> Result<(), LakeError> {
        if self.last.pending.is_empty() {
            return Ok(());
        }
        self.publish_all()?;
        let settled = Checkpoint {
            pending: Vec::new(),
            ..self.last.clone()
        };
        self.store(&settled)?;
        self.last = settled;
        Ok(())
    }

    pub(super) fn publish_all(&self) -> Result<(), LakeError> {
        let mut folders = BTreeSet::new();
        for file in self.pending() {
            folders.insert(self.publish(file)?);
        }
        for folder in &folders {
            sync_folder(folder)?;
        }
        sync_folder(&self.staging)
    }

    /// Renames one file into place; returns its folder.
    pub(super) fn publish(&self, file: &StagedFile) -> Result<PathBuf, LakeError> {
        let table = self.lake.join(&file.table);
        let folder = table.join(format!("eventDay={}", file.day));
        make_folder(&table)?;
        make_folder(&folder)?;
        let staged = self.staged_path(file);
        let target = folder.join(format!("{}.parquet", file.stem));
        match std::fs::rename(&staged, &target) {
            Ok(()) => {}
            // Renamed before a crash; compaction or retention may have taken it away since.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if !target.exists() {
                    tracing::error!(file = %target.display(), "file of the lake is gone");
                }
            }
            Err(error) => return Err(LakeError::disk("rename into the lake", &target)(error)),
        }
        Ok(folder)
    }

    /// Files that may still have to be renamed into place.
    pub(super) fn pending(&self) -> &[StagedFile] {
        &self.last.pending
    }

    fn staged_path(&self, file: &StagedFile) -> PathBuf {
        self.staging
            .join(format!("{}-{}.{STAGED}", file.table, file.stem))
    }

    /// Deletes staged files that are not waiting for their place.
    fn delete_orphans(&self) -> Result<(), LakeError> {
        let kept: BTreeSet<PathBuf> = self
            .pending()
            .iter()
            .map(|file| self.staged_path(file))
            .collect();
        let entries =
            std::fs::read_dir(&self.staging).map_err(LakeError::disk("list", &self.staging))?;
        for entry in entries {
            let path = entry
                .map_err(LakeError::disk("list", &self.staging))?
                .path();
            let is_staged = path.extension().is_some_and(|suffix| suffix == STAGED);
            if is_staged && !kept.contains(&path) {
                std::fs::remove_file(&path).map_err(LakeError::disk("delete", &path))?;
            }
        }
        Ok(())
    }

    fn store(&self, checkpoint: &Checkpoint) -> Result<(), LakeError> {
        let bytes = serde_json::to_vec(checkpoint).map_err(LakeError::Checkpoint)?;
        let position = Position {
            segment: checkpoint.segment,
            offset: checkpoint.offset,
        };
        self.state.transact(|transaction| {
            write_cursor(transaction, CONSUMER, position)?;
            let mut table = transaction.open_table(CHECKPOINT)?;
            table.insert(LAST, bytes.as_slice())?;
            Ok(())
        })?;
        Ok(())
    }

    fn read(&self) -> Result<Checkpoint, LakeError> {
        let bytes = self
            .read_bytes()
            .map_err(|source| self.state.error(source))?;
        match bytes {
            Some(bytes) => serde_json::from_slice(&bytes).map_err(LakeError::Checkpoint),
            None => Ok(Checkpoint::default()),
        }
    }

    fn read_bytes(&self) -> Result<Option<Vec<u8>>, redb::Error> {
        let transaction = self.state.database().begin_read()?;
        let table = match transaction.open_table(CHECKPOINT) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Ok(table.get(LAST)?.map(|value| value.value().to_vec()))
    }
}

/// Creates a folder that only its owner may enter, and makes its name durable.
fn make_folder(path: &Path) -> Result<(), LakeError> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .mode(0o700)
        .create(path)
        .map_err(LakeError::disk("create folder", path))?;
    path.parent().map_or(Ok(()), sync_folder)
}

fn sync_folder(path: &Path) -> Result<(), LakeError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(LakeError::disk("sync folder", path))
}
