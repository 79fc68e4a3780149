//! The small transactional state beside the queue: who has read how far.

mod handle;
mod rows;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use redb::{Database, ReadTransaction, ReadableDatabase as _, ReadableTable, TableDefinition};

pub use self::rows::Rows;

use self::handle::Handle;
use crate::Position;

/// Pages of the file that are kept in memory. redb's own choice is a gibibyte, which a long run fills.
const CACHE_BYTES: usize = 16 << 20;

const CURSORS: TableDefinition<'_, &str, (u64, u64)> = TableDefinition::new("cursors");
/// What a consumer must know beside its cursor, in bytes of its own.
const NOTES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("notes");

/// What a consumer must know of many things, by consumer and key.
const ROWS: TableDefinition<'_, (&str, &[u8]), &[u8]> = TableDefinition::new("rows");

/// What a consumer stores in one transaction.
#[derive(Debug, Clone, Copy)]
pub struct Checkpoint<'a> {
    /// The place after the last record that it has finished with.
    pub position: Position,
    /// What it must know to go on from there.
    pub note: &'a [u8],
    /// Rows that changed.
    pub rows: &'a Rows,
}

/// `DIR/state.redb`: the consumers' cursors, and the lake's checkpoint.
///
/// After an error of the disk the file is opened anew before the next transaction.
#[derive(Debug)]
pub struct State {
    handle: Handle,
    path: PathBuf,
}

/// Why the state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file cannot be opened; another process may hold it.
    #[error("cannot open state file `{}`", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What redb said.
        #[source]
        source: redb::DatabaseError,
    },
    /// A transaction failed.
    #[error("cannot use state file `{}`", path.display())]
    Use {
        /// The file.
        path: PathBuf,
        /// What redb said.
        #[source]
        source: Box<redb::Error>,
    },
}

impl State {
    /// Opens or creates the state file.
    ///
    /// # Errors
    /// When it cannot be opened, or another process holds it.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let open = |source| StateError::Open {
            path: path.to_owned(),
            source,
        };
        private_file(path).map_err(|error| open(redb::StorageError::Io(error).into()))?;
        let builder = || {
            let mut builder = Database::builder();
            builder.set_cache_size(CACHE_BYTES);
            builder
        };
        let database = builder().create(path).map_err(open)?;
        let file = path.to_owned();
        Ok(Self {
            // Not created again: a new file would know of no cursor.
            handle: Handle::new(database, move || builder().open(&file)),
            path: path.to_owned(),
        })
    }

    /// A state in memory, for tests.
    #[cfg(test)]
    pub(crate) fn in_memory() -> Self {
        Self {
            handle: Handle::in_memory(),
            path: PathBuf::from("memory"),
        }
    }

    /// The place after the last record that `consumer` has finished with; `None` for a new one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn cursor(&self, consumer: &str) -> Result<Option<Position>, StateError> {
        self.read(|transaction| read_cursor(transaction, consumer))
    }

    /// Every consumer's cursor.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn cursors(&self) -> Result<Vec<(String, Position)>, StateError> {
        self.read(read_cursors)
    }

    /// Forgets how far `consumer` had come; durable when this returns.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remove_cursor(&self, consumer: &str) -> Result<(), StateError> {
        self.transact(|transaction| {
            transaction.open_table(CURSORS)?.remove(consumer)?;
            Ok(())
        })
    }

    /// Stores how far `consumer` has come; durable when this returns.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_cursor(&self, consumer: &str, position: Position) -> Result<(), StateError> {
        self.transact(|transaction| write_cursor(transaction, consumer, position))
    }

    /// Stores how far `consumer` has come, and in the same transaction what it must know to go on
    /// from there; durable when this returns.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn checkpoint(&self, consumer: &str, what: &Checkpoint<'_>) -> Result<(), StateError> {
        self.transact(|transaction| {
            transaction.open_table(NOTES)?.insert(consumer, what.note)?;
            write_rows(transaction, consumer, what.rows)?;
            write_cursor(transaction, consumer, what.position)
        })
    }

    /// Changes rows of `owner` alone. All of it happens, or nothing; durable when this returns.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn change_rows(&self, owner: &str, rows: &Rows) -> Result<(), StateError> {
        self.transact(|transaction| write_rows(transaction, owner, rows))
    }

    /// Gives `take` every row of `consumer`: key and bytes.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn rows(&self, consumer: &str, take: impl FnMut(&[u8], &[u8])) -> Result<(), StateError> {
        self.read(|transaction| read_rows(transaction, consumer, take))
    }

    /// The note that [`State::checkpoint`] stored last for `consumer`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn note_of(&self, consumer: &str) -> Result<Option<Vec<u8>>, StateError> {
        self.read(|transaction| read_note(transaction, consumer))
    }

    /// Runs `change` in one durable transaction: all of it happens, or nothing.
    ///
    /// # Errors
    /// When `change` fails or the transaction cannot be committed.
    pub fn transact(
        &self,
        change: impl FnOnce(&redb::WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), StateError> {
        self.handle
            .with(|database| {
                let transaction = database.begin_write()?;
                change(&transaction)?;
                transaction.commit()?;
                Ok(())
            })
            .map_err(|source| self.error(source))
    }

    /// Reads in one transaction, also for a module of this crate that keeps a table of its own.
    ///
    /// # Errors
    /// When `look` fails or the file cannot be read.
    pub(crate) fn read<T>(
        &self,
        look: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, StateError> {
        self.handle
            .with(|database| look(&database.begin_read()?))
            .map_err(|source| self.error(source))
    }

    fn error(&self, source: redb::Error) -> StateError {
        StateError::Use {
            path: self.path.clone(),
            source: Box::new(source),
        }
    }
}

fn read_cursor(
    transaction: &ReadTransaction,
    consumer: &str,
) -> Result<Option<Position>, redb::Error> {
    let table = match transaction.open_table(CURSORS) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let place = table.get(consumer)?.map(|value| value.value());
    Ok(place.map(|(segment, offset)| Position { segment, offset }))
}

fn read_note(
    transaction: &ReadTransaction,
    consumer: &str,
) -> Result<Option<Vec<u8>>, redb::Error> {
    let table = match transaction.open_table(NOTES) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(table.get(consumer)?.map(|value| value.value().to_vec()))
}

fn read_rows(
    transaction: &ReadTransaction,
    consumer: &str,
    mut take: impl FnMut(&[u8], &[u8]),
) -> Result<(), redb::Error> {
    let table = match transaction.open_table(ROWS) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for entry in table.range((consumer, &[][..])..)? {
        let (key, bytes) = entry?;
        let (owner, key) = key.value();
        if owner != consumer {
            break;
        }
        take(key, bytes.value());
    }
    Ok(())
}

fn read_cursors(transaction: &ReadTransaction) -> Result<Vec<(String, Position)>, redb::Error> {
    let table = match transaction.open_table(CURSORS) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut cursors = Vec::new();
    for entry in table.iter()? {
        let (name, place) = entry?;
        let (segment, offset) = place.value();
        cursors.push((name.value().to_owned(), Position { segment, offset }));
    }
    Ok(cursors)
}

/// Makes the file, for this user only, where it is missing.
fn private_file(path: &Path) -> std::io::Result<()> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map(drop)
}

/// Changes rows inside a transaction that also does something else.
pub(crate) fn write_rows(
    transaction: &redb::WriteTransaction,
    owner: &str,
    changed: &Rows,
) -> Result<(), redb::Error> {
    let mut rows = transaction.open_table(ROWS)?;
    for (key, bytes) in changed.iter() {
        match bytes {
            Some(bytes) => rows.insert((owner, key), bytes)?,
            None => rows.remove((owner, key))?,
        };
    }
    Ok(())
}

/// Sets a cursor inside a transaction that also does something else.
pub(crate) fn write_cursor(
    transaction: &redb::WriteTransaction,
    consumer: &str,
    position: Position,
) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(CURSORS)?;
    table.insert(consumer, (position.segment, position.offset))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_stored_with_its_cursor() {
        let state = State::in_memory();
        assert_eq!(state.note_of("analysis").unwrap(), None);
        let place = Position {
            segment: 1,
            offset: 2,
        };
        let rows = Rows::default();
        let checkpoint = Checkpoint {
            position: place,
            note: b"seen",
            rows: &rows,
        };
        state.checkpoint("analysis", &checkpoint).unwrap();
        assert_eq!(state.note_of("analysis").unwrap(), Some(b"seen".to_vec()));
        assert_eq!(state.cursor("analysis").unwrap(), Some(place));
        assert_eq!(state.note_of("other").unwrap(), None);
    }

    #[test]
    fn rows_are_stored_and_deleted_with_their_cursor() {
        let state = State::in_memory();
        let checkpoint = |consumer: &str, rows: &[(&str, Option<&str>)]| {
            let rows = rows.iter();
            let rows = rows.map(|(key, bytes)| (key.as_bytes(), bytes.map(str::as_bytes)));
            let checkpoint = Checkpoint {
                position: Position {
                    segment: 1,
                    offset: 2,
                },
                note: b"",
                rows: &rows.collect(),
            };
            state.checkpoint(consumer, &checkpoint).unwrap();
        };
        let rows = |consumer: &str| {
            let mut found = Vec::new();
            let take = |key: &[u8], bytes: &[u8]| found.push((key.to_vec(), bytes.to_vec()));
            state.rows(consumer, take).unwrap();
            found
        };
        assert_eq!(rows("a"), []);
        checkpoint("a", &[("x", Some("1")), ("y", Some("2"))]);
        checkpoint("b", &[("x", Some("3"))]);
        checkpoint("a", &[("x", None), ("z", Some("4"))]);
        let text = |key: &str, bytes: &str| (key.as_bytes().to_vec(), bytes.as_bytes().to_vec());
        assert_eq!(rows("a"), [text("y", "2"), text("z", "4")]);
        assert_eq!(rows("b"), [text("x", "3")]);
    }

    #[test]
    fn a_cursor_survives_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.redb");
        let place = Position {
            segment: 3,
            offset: 17,
        };
        {
            let state = State::open(&path).unwrap();
            assert_eq!(state.cursor("lake").unwrap(), None);
            state.set_cursor("lake", place).unwrap();
            assert!(matches!(State::open(&path), Err(StateError::Open { .. })));
        }
        assert_eq!(
            State::open(&path).unwrap().cursor("lake").unwrap(),
            Some(place)
        );
    }
}
