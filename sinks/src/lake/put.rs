//! Puts a few rows into the lake at once, also while another process writes there.
//!
//! For rows that must be on disk before something else may happen and that the queue cannot take,
//! since another process holds it. A file is complete and synced before it gets its name. Until
//! then it is a staged file like others: should the other process clean up in this moment, the
//! rename fails, and the caller tries again.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;
use std::sync::Arc;

use magistrate_event::{Class, Record, Timestamp};

use super::day::Day;
use super::encode::{self, Recipe};
use super::folder::{Folder, StagedFile, sync_folder};
use super::schema::Layout;
use super::sorted::Sorted;
use super::table::{Scratch, Table};
use super::{Config, LakeError};

/// The checkpoint number of files that no checkpoint has written.
const NO_CHECKPOINT: u64 = 0;

/// Writes `records` to visible files of `data_dir/lake`; they are durable when this returns.
///
/// It knows nothing of cursors and duplicates: each call adds its rows.
///
/// # Errors
/// When the key cannot be used or the disk refuses; some of the rows may then be in the lake.
pub fn put(
    config: &Config,
    data_dir: &Path,
    records: &[Record],
    now: Timestamp,
) -> Result<(), LakeError> {
    let key = config.key()?;
    let folder = Folder::open(data_dir)?;
    for (class, tables) in by_day(records, data_dir)? {
        for (day, table) in tables {
            let recipe = Recipe::new(&table.layout, config.zstd_level, key.as_ref())
                .map_err(LakeError::parquet(&folder.lake))?;
            let name = StagedFile::new(class, day, NO_CHECKPOINT, now);
            let (file, path) = folder.create(&name)?;
            encode::write(&file, &Sorted::new(&table), &recipe)
                .map_err(LakeError::parquet(&path))?;
            file.sync_all().map_err(LakeError::disk("sync", &path))?;
            let home = folder.home(&name)?;
            let target = home.join(name.file_name());
            std::fs::rename(&path, &target)
                .map_err(LakeError::disk("rename into the lake", &target))?;
            sync_folder(&home)?;
        }
    }
    sync_folder(&folder.staging)
}

type Days = BTreeMap<Day, Table>;

fn by_day(records: &[Record], data_dir: &Path) -> Result<BTreeMap<Class, Days>, LakeError> {
    let mut classes: BTreeMap<Class, Days> = BTreeMap::new();
    let mut scratch = Scratch::default();
    for record in records {
        let event = record.event();
        let day = Day::of(event.time(), record.received());
        let days = classes.entry(event.class()).or_default();
        let table = match days.entry(day) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let layout = Layout::new(event.class()).map_err(LakeError::parquet(data_dir))?;
                entry.insert(Table::new(Arc::new(layout)))
            }
        };
        table.append(record, &mut scratch);
    }
    Ok(classes)
}
