//! The lake: rows of every class in Parquet files, each row exactly once.
//!
//! Rows wait in memory, by class and UTC day. A checkpoint writes all of them: files first, then
//! one transaction that stores the queue position together with the list of files, then renames.
//! Whoever starts after a crash finds either the old position and no files, or the new position
//! and all files.

mod coerce;
mod column;
mod config;
mod day;
mod encode;
mod error;
mod find;
mod folder;
mod held;
mod key;
mod metrics;
mod page;
mod put;
mod read;
mod schema;
mod search;
mod sorted;
mod store;
mod table;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use magistrate_event::{Class, Clock, Record, Timestamp};

use crate::{Position, State};
use day::Day;
use encode::Recipe;
use folder::StagedFile;
use schema::Layout;
use sorted::Sorted;
use store::Store;
use table::{Scratch, Table};

pub use config::Config;
pub use error::LakeError;
pub use find::{Row, Unread, Wanted, find};
pub use held::{HeldChanges, held};
pub use key::KeyError;
pub use metrics::Metrics;
pub use page::{schema_json, schema_page};
pub use put::put;
pub use read::{Part, Query, StoredEvent, Texts, day_of, parts, read, read_part};
pub use schema::SCHEMA_VERSION;
pub use search::{each_text, files_since};

/// Pairs of class and day that may be open before a checkpoint is due: hostile dates must not
/// fill the memory with almost empty tables.
const MAX_TABLES: usize = 256;
/// How far a caller that does not ask [`Lake::due`] may go on.
const TABLES_LIMIT: usize = 2 * MAX_TABLES;
/// Bytes in memory at which rows are refused, whatever is configured: a column of texts ends at
/// 2 GiB.
const BYTES_LIMIT: usize = 1024 * 1024 * 1024;
/// Text of one record, at most; as JSON a text can be six times as long.
const RECORD_LIMIT: usize = 128 * 1024 * 1024;

/// The Parquet files under `DIR/lake/`, and the rows that wait for theirs.
pub struct Lake {
    max_age: Duration,
    max_buffer_bytes: usize,
    kinds: BTreeMap<Class, TableKind>,
    tables: BTreeMap<(Class, Day), Table>,
    /// Empty tables of the classes that were written last, for their memory.
    spare: BTreeMap<Class, Table>,
    bytes: usize,
    /// When the oldest waiting row was written.
    waiting_since: Option<Timestamp>,
    /// A checkpoint failed, and with it the rows of the tables.
    broken: bool,
    scratch: Scratch,
    store: Store,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
}

/// What all tables of one class have in common.
#[derive(Debug)]
struct TableKind {
    layout: Arc<Layout>,
    recipe: Recipe,
}

/// What to count about a file once it belongs to the lake.
#[derive(Debug)]
struct Written {
    class: Class,
    rows: u64,
    bytes: u64,
}

impl Lake {
    /// Opens `data_dir/lake`, and finishes a checkpoint that a crash has interrupted.
    ///
    /// The first record to write is the one after the cursor `lake` of `state`.
    ///
    /// # Errors
    /// When a configured value or the key cannot be used, or the folder cannot be read and
    /// written.
    pub fn open(
        config: &Config,
        data_dir: &Path,
        state: &Arc<State>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, LakeError> {
        let key = config.key()?;
        let mut kinds = BTreeMap::new();
        for class in Class::ALL {
            let describe = || {
                let layout = Arc::new(Layout::new(class)?);
                let recipe = Recipe::new(&layout, config.zstd_level, key.as_ref())?;
                Ok(TableKind { layout, recipe })
            };
            let kind = describe().map_err(LakeError::parquet(data_dir))?;
            kinds.insert(class, kind);
        }
        Ok(Self {
            max_age: config.max_age.get(),
            max_buffer_bytes: config.max_buffer_bytes,
            kinds,
            tables: BTreeMap::new(),
            spare: BTreeMap::new(),
            bytes: 0,
            waiting_since: None,
            broken: false,
            scratch: Scratch::default(),
            store: Store::open(data_dir, Arc::clone(state))?,
            clock,
            metrics: Metrics::default(),
        })
    }

    /// What the lake counts; to be registered once.
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Takes a row. It is in a file after the next checkpoint.
    ///
    /// # Errors
    /// When a checkpoint has to come first, or the record is larger than any column can hold.
    pub fn write(&mut self, record: &Record) -> Result<(), LakeError> {
        self.take(record)?;
        if self.waiting_since.is_none() {
            self.waiting_since = Some(self.clock.now());
        }
        Ok(())
    }

    /// Like [`Lake::write`], for a row that has waited since `since` already.
    ///
    /// # Errors
    /// Those of [`Lake::write`].
    pub fn write_late(&mut self, record: &Record, since: Timestamp) -> Result<(), LakeError> {
        self.take(record)?;
        let oldest = self.waiting_since.map_or(since, |other| other.min(since));
        self.waiting_since = Some(oldest);
        Ok(())
    }

    fn take(&mut self, record: &Record) -> Result<(), LakeError> {
        self.check_room(record)?;
        let event = record.event();
        let kind = kind_of(&self.kinds, event.class())?;
        let day = Day::of(event.time(), record.received());
        let appended = self
            .tables
            .entry((event.class(), day))
            .or_insert_with(|| {
                let spare = self.spare.remove(&event.class());
                spare.unwrap_or_else(|| Table::new(Arc::clone(&kind.layout)))
            })
            .append(record, &mut self.scratch);
        self.bytes += appended.bytes;
        self.metrics.buffered_bytes.set(gauge(self.bytes));
        if appended.misfits > 0 {
            self.metrics.misfits.inc_by(appended.misfits);
        }
        Ok(())
    }

    /// Whether a checkpoint should be written: the rows are old enough, or there are enough.
    pub fn due(&self, now: Timestamp) -> bool {
        self.bytes >= self.max_buffer_bytes
            || self.tables.len() >= MAX_TABLES
            || self
                .waiting_since
                .is_some_and(|since| since.plus(self.patience()) <= now)
    }

    /// Writes every waiting row to a visible file, and makes `position`, the place after the last
    /// written record, the cursor `lake`: both or neither.
    ///
    /// # Errors
    /// When the disk refuses. The rows are then no longer in memory: call [`Lake::reset`], and
    /// read again from the cursor, which may or may not have moved.
    pub fn checkpoint(&mut self, position: Position) -> Result<(), LakeError> {
        self.checkpoint_holding(position, &HeldChanges::default())
    }

    /// Like [`Lake::checkpoint`], and in the same transaction changes which rows before `position`
    /// are held back and in no file: [`held`] gives them to the next start.
    ///
    /// # Errors
    /// Those of [`Lake::checkpoint`].
    pub fn checkpoint_holding(
        &mut self,
        position: Position,
        held: &HeldChanges,
    ) -> Result<(), LakeError> {
        if self.broken {
            return Err(LakeError::NeedsReset);
        }
        if self.tables.is_empty() && held.is_empty() && self.store.is_at(position) {
            return Ok(());
        }
        let started = self.clock.now();
        let outcome = self.write_checkpoint(position, held);
        self.forget_rows();
        match &outcome {
            Ok(()) => {
                let took = self.clock.now().since(started);
                self.metrics.checkpoint_seconds.observe(took.as_secs_f64());
            }
            Err(_) => {
                self.broken = true;
                self.metrics.failures.inc();
            }
        }
        outcome
    }

    /// Drops all waiting rows and unfinished files, and finishes the last checkpoint. Read again
    /// from the cursor `lake` afterwards.
    ///
    /// # Errors
    /// When the disk still refuses; the lake stays as it is, and can be reset again.
    pub fn reset(&mut self) -> Result<(), LakeError> {
        self.forget_rows();
        self.broken = true;
        self.store.recover()?;
        self.broken = false;
        Ok(())
    }

    /// Rows may wait a little less than configured, so that the files are there in time.
    fn patience(&self) -> Duration {
        self.max_age - self.max_age / 10
    }

    fn check_room(&self, record: &Record) -> Result<(), LakeError> {
        if self.broken {
            return Err(LakeError::NeedsReset);
        }
        let size = record.event().buffer().len();
        if size > RECORD_LIMIT {
            return Err(LakeError::TooLarge { bytes: size });
        }
        if self.bytes > BYTES_LIMIT || self.tables.len() >= TABLES_LIMIT {
            return Err(LakeError::Full { bytes: self.bytes });
        }
        Ok(())
    }

    fn forget_rows(&mut self) {
        for ((class, _), table) in std::mem::take(&mut self.tables) {
            keep_largest(&mut self.spare, class, table);
        }
        self.bytes = 0;
        self.metrics.buffered_bytes.set(0);
        self.waiting_since = None;
    }

    fn write_checkpoint(
        &mut self,
        position: Position,
        held: &HeldChanges,
    ) -> Result<(), LakeError> {
        self.store.settle()?;
        let (files, written) = self.stage()?;
        self.store.commit(position, files, held)?;
        for file in written {
            self.metrics.count_file(file.class, file.rows, file.bytes);
        }
        self.store.settle()
    }

    /// Writes and syncs a file for each table, one after the other.
    fn stage(&mut self) -> Result<(Vec<StagedFile>, Vec<Written>), LakeError> {
        let now = self.clock.now();
        let mut files = Vec::with_capacity(self.tables.len());
        let mut written = Vec::with_capacity(self.tables.len());
        let mut spare = BTreeMap::new();
        while let Some(((class, day), table)) = self.tables.pop_first() {
            let kind = kind_of(&self.kinds, class)?;
            let name = self.store.name(class, day, now);
            let (file, path) = self.store.create(&name)?;
            let bytes = encode::write(&file, &Sorted::new(&table), &kind.recipe)
                .map_err(LakeError::parquet(&path))?;
            file.sync_all().map_err(LakeError::disk("sync", &path))?;
            files.push(name);
            written.push(Written {
                class,
                rows: table.rows() as u64,
                bytes,
            });
            keep_largest(&mut spare, class, table);
        }
        self.spare = spare;
        Ok((files, written))
    }
}

/// Keeps the memory of the table of each class that had the most rows.
fn keep_largest(spare: &mut BTreeMap<Class, Table>, class: Class, mut table: Table) {
    let rows = table.rows();
    table.clear();
    match spare.get(&class) {
        Some(other) if other.room() >= rows => {}
        Some(_) | None => drop(spare.insert(class, table)),
    }
}

fn kind_of(kinds: &BTreeMap<Class, TableKind>, class: Class) -> Result<&TableKind, LakeError> {
    kinds.get(&class).ok_or(LakeError::NoTable {
        class: class.name(),
    })
}

fn gauge(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

impl fmt::Debug for Lake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lake")
            .field("tables", &self.tables.len())
            .field("bytes", &self.bytes)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
