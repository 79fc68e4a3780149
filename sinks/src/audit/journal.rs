//! Writes the journal: one file that grows, a signed checkpoint now and then.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use magistrate_event::{Clock, Timestamp};

use super::chain::ChainHash;
use super::entry::{self, Checkpoint, Kind};
use super::segment::{self, Entries, HEADER_BYTES};
use crate::queue::Batch;

/// A file that is longer is closed at the next checkpoint.
const SEGMENT_BYTES: u64 = if cfg!(test) { 8 << 10 } else { 64 << 20 };

/// Where the journal is, who signs, how long it is kept.
pub struct Config {
    /// The folder of its files.
    pub folder: PathBuf,
    /// The secret of the signing key.
    pub seed: [u8; 32],
    /// Files that were not written to for longer are deleted.
    pub keep: Duration,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The journal of one data folder.
pub struct Journal {
    config: Config,
    key: Ed25519KeyPair,
    state: Mutex<State>,
}

struct State {
    file: Arc<File>,
    number: u64,
    len: u64,
    hash: ChainHash,
    /// Entries of records so far, over all files.
    entries: u64,
    /// Those that are not in the queue for certain yet, and where this run wrote them.
    unsettled: BTreeMap<u64, Option<Place>>,
    /// Whether the last entry is no checkpoint, or a checkpoint would say more.
    is_dirty: bool,
}

/// Where an entry lies.
#[derive(Debug, Clone, Copy)]
struct Place {
    segment: u64,
    start: u64,
    len: usize,
}

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A file or folder cannot be read or written.
    #[error("cannot use audit journal `{}`", path.display())]
    Disk {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A batch is larger than an entry may be.
    #[error("records are too large for one entry of the audit journal")]
    TooLarge,
    /// The secret is none.
    #[error("cannot make the audit journal's signing key")]
    Key,
}

/// What was found of earlier runs.
struct Found {
    number: u64,
    hash: ChainHash,
    entries: u64,
    unsettled: Vec<Batch>,
}

impl Journal {
    /// Begins a new file after what earlier runs have written, and gives the records that may have
    /// missed the queue.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn open(config: Config) -> Result<(Self, Vec<Batch>), JournalError> {
        let key = Ed25519KeyPair::from_seed_unchecked(&config.seed);
        let key = key.map_err(|_| JournalError::Key)?;
        let disk = |source| JournalError::Disk {
            path: config.folder.clone(),
            source,
        };
        make_folder(&config.folder).map_err(disk)?;
        let found = find(&config.folder).map_err(disk)?;
        let first = found.entries - found.unsettled.len() as u64;
        let mut state = State {
            file: Arc::new(create(&config, found.number + 1, found.hash).map_err(disk)?),
            number: found.number + 1,
            len: HEADER_BYTES as u64,
            hash: found.hash,
            entries: found.entries,
            unsettled: (first..found.entries)
                .map(|number| (number, None))
                .collect(),
            is_dirty: true,
        };
        write_checkpoint(&mut state, (&key, config.clock.now())).map_err(disk)?;
        let journal = Self {
            key,
            state: Mutex::new(state),
            config,
        };
        Ok((journal, found.unsettled))
    }

    /// Writes a batch; it outlives the program when this returns. The number is for
    /// [`Journal::settled`].
    ///
    /// # Errors
    /// When it cannot be written; nothing of it counts then.
    pub fn append(&self, batch: &Batch) -> Result<u64, JournalError> {
        let mut state = self.state();
        let (number, start) = (state.entries, state.len);
        let hash = write(&mut state, Kind::Records, batch.bytes());
        hash.map_err(|error| self.failed(error))?
            .ok_or(JournalError::TooLarge)?;
        let place = Place {
            segment: state.number,
            start,
            len: usize::try_from(state.len - start).unwrap_or(usize::MAX),
        };
        state.entries += 1;
        state.unsettled.insert(number, Some(place));
        state.is_dirty = true;
        Ok(number)
    }

    /// The batch with that number is in the queue for certain.
    pub fn settled(&self, number: u64) {
        let mut state = self.state();
        state.is_dirty |= state.unsettled.remove(&number).is_some();
    }

    /// The batch with that number, read back; none where this run has not written it, or it is
    /// settled.
    pub fn read(&self, number: u64) -> Option<Batch> {
        let place = (*self.state().unsettled.get(&number)?)?;
        let file = File::open(segment::path(&self.config.folder, place.segment)).ok()?;
        let mut bytes = vec![0; place.len];
        file.read_exact_at(&mut bytes, place.start).ok()?;
        Batch::read(entry::read(&bytes).ok()?.body)
    }

    /// The numbers that [`Journal::open`] gave batches for, in their order.
    pub fn unsettled(&self) -> Vec<u64> {
        self.state().unsettled.keys().copied().collect()
    }

    /// Syncs what was written, and says so in a signed checkpoint; closes a long file and deletes old
    /// ones. To be called now and then; does nothing where nothing was written.
    ///
    /// # Errors
    /// When the disk does not obey; the next call tries again.
    pub fn checkpoint(&self) -> Result<(), JournalError> {
        let file = {
            let state = self.state();
            if !state.is_dirty {
                return Ok(());
            }
            Arc::clone(&state.file)
        };
        // Without the lock: nobody waits for the disk here.
        file.sync_data().map_err(|error| self.failed(error))?;
        let now = self.config.clock.now();
        let number = {
            let mut state = self.state();
            write_checkpoint(&mut state, (&self.key, now)).map_err(|error| self.failed(error))?;
            if state.len < SEGMENT_BYTES {
                return Ok(());
            }
            state.number + 1
        };
        self.turn_over(number, now)
            .and_then(|()| self.delete_old(number))
            .map_err(|error| self.failed(error))
    }

    /// Goes on in a file of its own. Making it takes as long as the disk likes, and is done before
    /// those who write are kept waiting.
    fn turn_over(&self, number: u64, now: Timestamp) -> std::io::Result<()> {
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(segment::next_path(&self.config.folder, number))?;
        file.sync_all()?;
        let mut state = self.state();
        file.write_all_at(&segment::header(number, state.hash), 0)?;
        std::fs::rename(
            segment::next_path(&self.config.folder, number),
            segment::path(&self.config.folder, number),
        )?;
        state.file = Arc::new(file);
        (state.number, state.len) = (number, HEADER_BYTES as u64);
        state.is_dirty = true;
        write_checkpoint(&mut state, (&self.key, now))?;
        let file = Arc::clone(&state.file);
        drop(state);
        file.sync_data()?;
        File::open(&self.config.folder)?.sync_all()
    }

    /// The chain's hash after the last entry.
    pub fn head(&self) -> ChainHash {
        self.state().hash
    }

    /// The key that checks the signatures.
    pub fn public_key(&self) -> Vec<u8> {
        self.key.public_key().as_ref().to_vec()
    }

    fn delete_old(&self, newest: u64) -> std::io::Result<()> {
        let now = SystemTime::now();
        for number in segment::numbers(&self.config.folder)? {
            let path = segment::path(&self.config.folder, number);
            let written = path.metadata()?.modified()?;
            let age = now.duration_since(written).unwrap_or_default();
            if number < newest && age > self.config.keep {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    fn failed(&self, source: std::io::Error) -> JournalError {
        JournalError::Disk {
            path: self.config.folder.clone(),
            source,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes an entry; none where it is too large. A failure leaves the file as it was.
fn write(state: &mut State, kind: Kind, body: &[u8]) -> std::io::Result<Option<ChainHash>> {
    let mut bytes = Vec::with_capacity(body.len() + 64);
    let Some(hash) = entry::push(&mut bytes, state.hash, kind, body) else {
        return Ok(None);
    };
    if let Err(error) = state.file.write_all_at(&bytes, state.len) {
        // What stands behind the last entry would be taken for damage.
        state.file.set_len(state.len)?;
        return Err(error);
    }
    state.len += bytes.len() as u64;
    state.hash = hash;
    Ok(Some(hash))
}

fn write_checkpoint(
    state: &mut State,
    (key, now): (&Ed25519KeyPair, Timestamp),
) -> std::io::Result<()> {
    let settled = state.unsettled.keys().next().copied();
    let checkpoint = Checkpoint {
        entries: state.entries,
        settled: settled.unwrap_or(state.entries),
        time: now.as_micros(),
    };
    let body = checkpoint.body(state.hash, key);
    write(state, Kind::Checkpoint, &body)?;
    state.is_dirty = false;
    Ok(())
}

fn make_folder(folder: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

fn create(config: &Config, number: u64, before: ChainHash) -> std::io::Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(segment::path(&config.folder, number))?;
    file.write_all_at(&segment::header(number, before), 0)?;
    file.sync_all()?;
    File::open(&config.folder)?.sync_all()?;
    Ok(file)
}

/// Where the chain stands, and which records may have missed the queue. Files are read from the
/// newest back, as far as the last checkpoint says that something is missing.
fn find(folder: &std::path::Path) -> std::io::Result<Found> {
    let numbers = segment::numbers(folder)?;
    let mut found = Found {
        number: numbers.last().copied().unwrap_or(0),
        hash: ChainHash::NONE,
        entries: 0,
        unsettled: Vec::new(),
    };
    let mut settled = None;
    for number in numbers.iter().rev() {
        let bytes = std::fs::read(segment::path(folder, *number))?;
        let Some((_, before)) = segment::read_header(&bytes) else {
            continue;
        };
        let (mut entries, mut first, mut last) = (Entries::new(&bytes, before), None, None);
        let mut batches = Vec::new();
        for (entry, before) in entries.by_ref() {
            match entry.kind {
                Kind::Records => batches.push(entry.body),
                Kind::Checkpoint => {
                    last = Checkpoint::read(entry.body, before).map(|(checkpoint, _)| checkpoint);
                    first = first.or(last);
                }
            }
        }
        let start = first.map_or(0, |checkpoint| checkpoint.entries);
        if settled.is_none() {
            found.hash = entries.hash();
            found.entries = start + batches.len() as u64;
            settled = Some(last.map_or(start, |checkpoint| checkpoint.settled));
        }
        let from = settled.unwrap_or(start).saturating_sub(start);
        let missing = batches
            .iter()
            .skip(usize::try_from(from).unwrap_or(usize::MAX));
        let mut missing: Vec<Batch> = missing.filter_map(|bytes| Batch::read(bytes)).collect();
        missing.append(&mut found.unsettled);
        found.unsettled = missing;
        if settled.unwrap_or(0) >= start {
            break;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use magistrate_event::SystemClock;

    use super::super::verify::{Report, verify};
    use super::*;
    use crate::queue::testing::batch;

    fn open(folder: &std::path::Path) -> (Journal, Vec<Batch>) {
        Journal::open(Config {
            folder: folder.to_owned(),
            seed: [7; 32],
            keep: Duration::from_secs(1_000),
            clock: Arc::new(SystemClock),
        })
        .unwrap()
    }

    fn checked(folder: &std::path::Path) -> Report {
        verify(folder, None, &[]).unwrap()
    }

    #[test]
    fn what_missed_the_queue_comes_back_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, missing) = open(folder.path());
        assert!(missing.is_empty());
        let numbers: Vec<u64> = (0..5)
            .map(|at| journal.append(&batch([at])).unwrap())
            .collect();
        assert_eq!(
            journal.read(numbers[4]).unwrap().bytes(),
            batch([4]).bytes()
        );
        journal.settled(numbers[0]);
        journal.settled(numbers[1]);
        journal.settled(numbers[3]);
        journal.checkpoint().unwrap();
        journal.append(&batch([5])).unwrap();
        drop(journal);
        let (journal, missing) = open(folder.path());
        let expected: Vec<_> = (2..6).map(|at| batch([at]).bytes().to_vec()).collect();
        assert!(journal.read(2).is_none(), "an earlier run wrote it");
        let bytes: Vec<_> = missing.iter().map(|one| one.bytes().to_vec()).collect();
        assert_eq!(bytes, expected);
        assert_eq!(journal.unsettled(), [2, 3, 4, 5]);
        drop(journal);
        // Nothing was settled meanwhile: they lie in an older file now.
        let (journal, missing) = open(folder.path());
        assert_eq!(missing.len(), 4);
        journal
            .unsettled()
            .into_iter()
            .for_each(|number| journal.settled(number));
        journal.checkpoint().unwrap();
        drop(journal);
        assert!(open(folder.path()).1.is_empty());
        let report = checked(folder.path());
        assert_eq!((report.faults().count(), report.entries), (0, 6));
    }

    #[test]
    fn a_long_file_is_followed_by_another_and_the_chain_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, _) = open(folder.path());
        // What a kill left while the next file was made.
        std::fs::write(segment::next_path(folder.path(), 2), "x".repeat(999)).unwrap();
        for at in 0..200 {
            let number = journal.append(&batch([at])).unwrap();
            journal.checkpoint().unwrap();
            if at < 190 {
                journal.settled(number);
            }
        }
        let files = segment::numbers(folder.path()).unwrap();
        assert!(files.len() > 3, "{files:?}");
        let names = std::fs::read_dir(folder.path()).unwrap();
        assert_eq!(names.count(), files.len(), "nothing half made is left");
        let report = checked(folder.path());
        assert_eq!((report.findings.len(), report.entries), (0, 200));
        drop(journal);
        assert_eq!(open(folder.path()).1.len(), 10);
    }

    #[test]
    fn a_torn_end_is_no_fault_and_the_chain_goes_on_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, _) = open(folder.path());
        journal.append(&batch([1])).unwrap();
        journal.append(&batch([2])).unwrap();
        drop(journal);
        let file = segment::path(folder.path(), 1);
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&file, &bytes[..bytes.len() - 3]).unwrap();
        let (journal, missing) = open(folder.path());
        assert_eq!(missing.len(), 1);
        journal.append(&batch([3])).unwrap();
        let report = checked(folder.path());
        assert_eq!((report.faults().count(), report.entries), (0, 2));
        assert_eq!(report.findings.len(), 1, "it is noted");
    }

    #[test]
    fn nothing_is_changed_taken_out_or_put_in_unseen() {
        let folder = tempfile::tempdir().unwrap();
        for start in 0..3 {
            let (journal, _) = open(folder.path());
            for at in 0..3 {
                journal.append(&batch([3 * start + at])).unwrap();
            }
            journal.checkpoint().unwrap();
        }
        let report = checked(folder.path());
        assert_eq!((report.faults().count(), report.entries), (0, 9));
        assert!(
            verify(folder.path(), None, &[report.head])
                .unwrap()
                .is_sound()
        );
        let file = segment::path(folder.path(), 2);
        let bytes = std::fs::read(&file).unwrap();
        for at in (0..bytes.len()).step_by(7) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            std::fs::write(&file, &changed).unwrap();
            assert!(!checked(folder.path()).is_sound(), "byte {at}");
        }
        std::fs::write(&file, &bytes).unwrap();
        let other = verify(folder.path(), Some([0; 32]), &[]).unwrap();
        assert!(!other.is_sound(), "another key has signed");
        let last = segment::path(folder.path(), 3);
        std::fs::remove_file(&last).unwrap();
        assert!(
            checked(folder.path()).is_sound(),
            "nobody can tell without a hash from elsewhere"
        );
        assert!(
            !verify(folder.path(), None, &[report.head])
                .unwrap()
                .is_sound()
        );
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&last, bytes).unwrap();
        assert!(!checked(folder.path()).is_sound(), "a file is missing");
    }
}
