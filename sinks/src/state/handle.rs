//! An open database that is opened anew when the disk has failed.
//!
//! redb refuses everything after the first error of the disk, for as long as the database is open;
//! what it had not committed is gone, and what it had is sound (it never writes over either of the
//! last two commits). So the next transaction drops it and opens the file again.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use redb::{Database, DatabaseError};

type Open = Box<dyn Fn() -> Result<Database, DatabaseError> + Send + Sync>;

/// A database, and how to get it back.
pub(super) struct Handle {
    /// None from a failure until the file can be opened.
    database: RwLock<Option<Database>>,
    has_failed: AtomicBool,
    open: Open,
}

impl Handle {
    /// Keeps `database`, which `open` opens again.
    pub(super) fn new(
        database: Database,
        open: impl Fn() -> Result<Database, DatabaseError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            database: RwLock::new(Some(database)),
            has_failed: AtomicBool::new(false),
            open: Box::new(open),
        }
    }

    /// A database in memory, for tests.
    #[cfg(test)]
    pub(super) fn in_memory() -> Self {
        let backend = redb::backends::InMemoryBackend::new;
        let database = Database::builder().create_with_backend(backend());
        Self::new(database.unwrap(), move || {
            Database::builder().create_with_backend(backend())
        })
    }

    /// Runs `transact`, after opening the database again where that is due.
    ///
    /// # Errors
    /// When `transact` fails, or the database cannot be opened; it is tried again the next time.
    pub(super) fn with<T>(
        &self,
        transact: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, redb::Error> {
        if self.has_failed.load(Ordering::Acquire) {
            self.reopen()?;
        }
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_ref().ok_or(redb::Error::DatabaseClosed)?;
        let outcome = transact(database);
        if outcome.as_ref().is_err_and(lasts) {
            self.has_failed.store(true, Ordering::Release);
        }
        outcome
    }

    /// Waits for the transactions that are under way: all of them fail soon.
    fn reopen(&self) -> Result<(), redb::Error> {
        let write = self.database.write();
        let mut database = write.unwrap_or_else(PoisonError::into_inner);
        if self.has_failed.load(Ordering::Acquire) {
            // First, since an open database keeps its file locked.
            drop(database.take());
            *database = Some((self.open)()?);
            self.has_failed.store(false, Ordering::Release);
            tracing::info!("opened the state file again after an error of the disk");
        }
        Ok(())
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("database", &self.database)
            .field("has_failed", &self.has_failed)
            .finish_non_exhaustive()
    }
}

/// Whether the database answers everything with an error from now on, or may do so.
const fn lasts(error: &redb::Error) -> bool {
    matches!(
        error,
        redb::Error::Io(_)
            | redb::Error::Backend(_)
            | redb::Error::PreviousIo
            | redb::Error::DatabaseClosed
            | redb::Error::LockPoisoned(_)
            | redb::Error::Corrupted(_)
    )
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex};

    use redb::{Builder, StorageBackend};

    use super::super::{Rows, State, StateError};
    use super::*;
    use crate::Position;

    /// A disk that outlives the databases on it, and that can be full.
    #[derive(Debug, Clone, Default)]
    struct Disk {
        bytes: Arc<Mutex<Vec<u8>>>,
        is_full: Arc<AtomicBool>,
    }

    impl Disk {
        fn check_room(&self) -> io::Result<()> {
            if self.is_full.load(Ordering::SeqCst) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            Ok(())
        }

        fn fill(&self, is_full: bool) {
            self.is_full.store(is_full, Ordering::SeqCst);
        }

        fn state(&self) -> State {
            let disk = self.clone();
            let open = move || Builder::new().create_with_backend(disk.clone());
            State {
                handle: Handle::new(open().unwrap(), open),
                path: PathBuf::from("disk"),
            }
        }
    }

    impl StorageBackend for Disk {
        fn len(&self) -> io::Result<u64> {
            Ok(self.bytes.lock().unwrap().len() as u64)
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            let start = usize::try_from(offset).unwrap();
            out.copy_from_slice(&self.bytes.lock().unwrap()[start..start + out.len()]);
            Ok(())
        }

        fn set_len(&self, len: u64) -> io::Result<()> {
            self.check_room()?;
            let len = usize::try_from(len).unwrap();
            self.bytes.lock().unwrap().resize(len, 0);
            Ok(())
        }

        fn sync_data(&self) -> io::Result<()> {
            self.check_room()
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.check_room()?;
            let start = usize::try_from(offset).unwrap();
            self.bytes.lock().unwrap()[start..start + data.len()].copy_from_slice(data);
            Ok(())
        }
    }

    fn at(offset: u64) -> Position {
        Position { segment: 1, offset }
    }

    #[test]
    fn after_a_full_disk_the_state_is_read_and_written_again() {
        let disk = Disk::default();
        let state = disk.state();
        state.set_cursor("lake", at(1)).unwrap();
        disk.fill(true);
        for _ in 0..3 {
            let refused = state.set_cursor("lake", at(2));
            assert!(
                matches!(refused, Err(StateError::Use { .. })),
                "{refused:?}"
            );
        }
        disk.fill(false);
        assert_eq!(state.cursor("lake").unwrap(), Some(at(1)));
        state.set_cursor("lake", at(3)).unwrap();
        assert_eq!(state.cursor("lake").unwrap(), Some(at(3)));
        drop(state);
        assert_eq!(disk.state().cursor("lake").unwrap(), Some(at(3)));
    }

    #[test]
    fn a_transaction_that_met_a_full_disk_happens_whole_or_not_at_all() {
        let disk = Disk::default();
        let state = disk.state();
        let mut rows = Rows::default();
        for number in 0_u32..5_000 {
            rows.set(&number.to_be_bytes(), Some(&[7; 300]));
        }
        disk.fill(true);
        state.change_rows("analysis", &rows).unwrap_err();
        disk.fill(false);
        let count = || {
            let mut found = 0;
            state.rows("analysis", |_, _| found += 1).unwrap();
            found
        };
        assert_eq!(count(), 0);
        state.change_rows("analysis", &rows).unwrap();
        assert_eq!(count(), 5_000);
    }

    #[test]
    fn what_the_change_itself_refuses_leaves_the_state_open() {
        let disk = Disk::default();
        let state = disk.state();
        let refused = state.transact(|_| Err(redb::Error::ValueTooLarge(1)));
        refused.unwrap_err();
        assert!(!state.handle.has_failed.load(Ordering::SeqCst));
        state.set_cursor("lake", at(1)).unwrap();
    }

    #[test]
    fn a_file_is_opened_again_by_the_process_that_had_it() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&folder.path().join("state.redb")).unwrap();
        state.set_cursor("lake", at(1)).unwrap();
        state.handle.has_failed.store(true, Ordering::SeqCst);
        assert_eq!(state.cursor("lake").unwrap(), Some(at(1)));
        state.set_cursor("lake", at(2)).unwrap();
        assert_eq!(state.cursor("lake").unwrap(), Some(at(2)));
    }
}
