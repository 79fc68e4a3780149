//! Files of the lake on disk, and the one transaction that makes them count.
//!
//! Files are written under `lake/.tmp/` with a suffix that no reader looks for, and synced. One
//! transaction then stores the cursor together with the list of files. After it the files belong
//! to the lake, whatever happens: they are renamed into place now, or when the lake is opened.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use magistrate_event::{Class, Timestamp};
use redb::{ReadTransaction, TableDefinition};
use serde::{Deserialize, Serialize};

use super::LakeError;
use super::day::Day;
use super::folder::{Folder, STAGED, StagedFile, sync_folder};
use super::held::HeldChanges;
use crate::state::{write_cursor, write_rows};
use crate::{Position, State};

/// The consumer's name in the table of cursors.
pub(super) const CONSUMER: &str = "lake";
const CHECKPOINT: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("lake_checkpoint");
const LAST: &str = "last";

/// The lake's folder, and its last checkpoint.
#[derive(Debug)]
pub(super) struct Store {
    folder: Folder,
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

impl Store {
    /// Opens the folder, finishes what the last checkpoint began, and deletes files of which no
    /// checkpoint knows.
    pub(super) fn open(data_dir: &Path, state: Arc<State>) -> Result<Self, LakeError> {
        let mut store = Self {
            folder: Folder::open(data_dir)?,
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
        StagedFile::new(class, day, self.last.epoch + 1, now)
    }

    /// Creates the file, to be filled and then synced.
    pub(super) fn create(&self, name: &StagedFile) -> Result<(File, PathBuf), LakeError> {
        self.folder.create(name)
    }

    /// Makes `files`, `position` and the rows that are held durable together. From here on they are one.
    pub(super) fn commit(
        &mut self,
        position: Position,
        files: Vec<StagedFile>,
        held: &HeldChanges,
    ) -> Result<(), LakeError> {
        if !files.is_empty() {
            sync_folder(&self.folder.staging)?;
        }
        let next = Checkpoint {
            epoch: self.last.epoch + 1,
            segment: position.segment,
            offset: position.offset,
            pending: files,
        };
        self.store(&next, held)?;
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
        self.store(&settled, &HeldChanges::default())?;
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
        sync_folder(&self.folder.staging)
    }

    /// Renames one file into place; returns its folder.
    pub(super) fn publish(&self, file: &StagedFile) -> Result<PathBuf, LakeError> {
        let folder = self.folder.home(file)?;
        let staged = self.folder.staged_path(file);
        let target = folder.join(file.file_name());
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

    /// Deletes staged files that are not waiting for their place.
    fn delete_orphans(&self) -> Result<(), LakeError> {
        let kept: BTreeSet<PathBuf> = self
            .pending()
            .iter()
            .map(|file| self.folder.staged_path(file))
            .collect();
        let staging = &self.folder.staging;
        let entries = std::fs::read_dir(staging).map_err(LakeError::disk("list", staging))?;
        for entry in entries {
            let path = entry.map_err(LakeError::disk("list", staging))?.path();
            let is_staged = path.extension().is_some_and(|suffix| suffix == STAGED);
            if is_staged && !kept.contains(&path) {
                std::fs::remove_file(&path).map_err(LakeError::disk("delete", &path))?;
            }
        }
        Ok(())
    }

    fn store(&self, checkpoint: &Checkpoint, held: &HeldChanges) -> Result<(), LakeError> {
        let bytes = serde_json::to_vec(checkpoint).map_err(LakeError::Checkpoint)?;
        let position = Position {
            segment: checkpoint.segment,
            offset: checkpoint.offset,
        };
        self.state.transact(|transaction| {
            write_cursor(transaction, CONSUMER, position)?;
            write_rows(transaction, CONSUMER, held.rows())?;
            let mut table = transaction.open_table(CHECKPOINT)?;
            table.insert(LAST, bytes.as_slice())?;
            Ok(())
        })?;
        Ok(())
    }

    fn read(&self) -> Result<Checkpoint, LakeError> {
        match self.state.read(read_bytes)? {
            Some(bytes) => serde_json::from_slice(&bytes).map_err(LakeError::Checkpoint),
            None => Ok(Checkpoint::default()),
        }
    }
}

fn read_bytes(transaction: &ReadTransaction) -> Result<Option<Vec<u8>>, redb::Error> {
    let table = match transaction.open_table(CHECKPOINT) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(table.get(LAST)?.map(|value| value.value().to_vec()))
}
