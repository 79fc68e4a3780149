//! A file system in memory that loses, tears and refuses writes as told.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Disk, DiskFile, Listed};

/// The unit that a power cut writes whole or not at all.
const SECTOR: usize = 512;

/// What goes wrong, and when; nothing by default.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    /// The power goes after this many more calls; all calls after it fail.
    pub(crate) calls_to_power_cut: Option<u64>,
    /// How many bytes all files may have together before writes are refused.
    pub(crate) capacity_bytes: Option<usize>,
    /// One write in so many fails half done.
    pub(crate) write_fails_in: Option<u64>,
    /// One sync in so many fails and forgets what it should have written.
    pub(crate) sync_fails_in: Option<u64>,
    /// One truncation in so many fails.
    pub(crate) truncate_fails_in: Option<u64>,
    /// Every file's block that holds this byte cannot be read.
    pub(crate) unreadable_byte: Option<usize>,
}

/// A disk whose every mishap is told by a seed.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedDisk {
    machine: Arc<Mutex<Machine>>,
}

#[derive(Debug)]
struct Machine {
    files: Vec<Content>,
    /// What programs see.
    names: BTreeMap<PathBuf, usize>,
    /// What a power cut leaves for certain.
    kept_names: BTreeMap<PathBuf, usize>,
    faults: Faults,
    chance: u64,
    syncs: u64,
}

/// One file, as programs see it and as it is on the platter.
#[derive(Debug, Default)]
struct Content {
    cached: Vec<u8>,
    stored: Vec<u8>,
    /// Sectors that a sync would write.
    dirty: BTreeSet<usize>,
}

#[derive(Debug)]
struct SimulatedFile {
    machine: Arc<Mutex<Machine>>,
    file: usize,
}

impl SimulatedDisk {
    pub(crate) fn new(seed: u64) -> Self {
        let machine = Machine {
            files: Vec::new(),
            names: BTreeMap::new(),
            kept_names: BTreeMap::new(),
            faults: Faults::default(),
            chance: seed.wrapping_mul(2) | 1,
            syncs: 0,
        };
        Self {
            machine: Arc::new(Mutex::new(machine)),
        }
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        self.with(|machine| machine.faults = faults);
    }

    /// How many content syncs succeeded.
    pub(crate) fn syncs(&self) -> u64 {
        self.with(|machine| machine.syncs)
    }

    /// A random number below `bound`, from the same seed.
    pub(crate) fn below(&self, bound: u64) -> u64 {
        self.with(|machine| machine.below(bound))
    }

    /// Cuts the power and switches on again: of what was not synced, some sectors and some names
    /// are there and some are not.
    pub(crate) fn power_cut(&self) {
        self.with(Machine::power_cut);
    }

    /// Changes one byte of a file on the platter and in the cache.
    pub(crate) fn flip(&self, path: &Path, offset: usize, mask: u8) {
        self.with(|machine| {
            let file = &mut machine.files[machine.names[path]];
            file.cached[offset] ^= mask;
            if let Some(byte) = file.stored.get_mut(offset) {
                *byte ^= mask;
            }
        });
    }

    /// The content of a file as programs see it.
    pub(crate) fn content(&self, path: &Path) -> Vec<u8> {
        self.with(|machine| machine.files[machine.names[path]].cached.clone())
    }

    /// A second disk with the same content.
    pub(crate) fn copy(&self, seed: u64) -> Self {
        let copy = Self::new(seed);
        self.with(|machine| {
            for (path, file) in &machine.names {
                let cached = machine.files[*file].cached.clone();
                copy.with(|other| {
                    other.names.insert(path.clone(), other.files.len());
                    other.files.push(Content {
                        stored: cached.clone(),
                        cached,
                        dirty: BTreeSet::new(),
                    });
                    other.kept_names = other.names.clone();
                });
            }
        });
        copy
    }

    fn with<T>(&self, run: impl FnOnce(&mut Machine) -> T) -> T {
        run(&mut self.machine.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Machine {
    /// Xorshift: enough to spread mishaps, and the same on every machine.
    fn below(&mut self, bound: u64) -> u64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        (self.chance >> 11) % bound.max(1)
    }

    fn strikes(&mut self, one_in: Option<u64>) -> bool {
        one_in.is_some_and(|one_in| self.below(one_in) == 0)
    }

    /// Counts a call; fails when the power has gone.
    fn call(&mut self) -> io::Result<()> {
        match &mut self.faults.calls_to_power_cut {
            Some(0) => Err(io::Error::other("the power is off")),
            Some(calls) => {
                *calls -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        let file = self.names.get(path).copied();
        file.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn used_bytes(&self) -> usize {
        let files = self.names.values();
        files.map(|file| self.files[*file].cached.len()).sum()
    }

    fn power_cut(&mut self) {
        self.faults = Faults::default();
        for file in 0..self.files.len() {
            self.lose_some(file);
        }
        // Each name that was made, moved or removed since the last sync has either happened or not.
        let mut names = self.kept_names.clone();
        let all: BTreeSet<PathBuf> = self.names.keys().chain(names.keys()).cloned().collect();
        for path in all {
            if self.names.get(&path) != self.kept_names.get(&path) && self.below(2) == 0 {
                match self.names.get(&path) {
                    Some(file) => names.insert(path, *file),
                    None => names.remove(&path),
                };
            }
        }
        self.names = names.clone();
        self.kept_names = names;
    }

    /// Writes some of the dirty sectors, whole or their first bytes, and forgets the rest.
    fn lose_some(&mut self, file: usize) {
        let dirty = std::mem::take(&mut self.files[file].dirty);
        let longer = self.files[file].cached.len() > self.files[file].stored.len();
        if longer && self.below(2) == 0 || !longer && self.below(4) == 0 {
            let len = self.files[file].cached.len();
            self.files[file].stored.resize(len, 0);
        }
        for sector in dirty {
            if self.below(2) == 0 {
                self.files[file].store(sector);
            }
        }
        let content = &mut self.files[file];
        content.cached = content.stored.clone();
    }
}

impl Content {
    /// Brings one sector to the platter, as far as the file reaches there.
    fn store(&mut self, sector: usize) {
        let start = sector * SECTOR;
        let end = (start + SECTOR)
            .min(self.cached.len())
            .min(self.stored.len());
        if start < end {
            self.stored[start..end].copy_from_slice(&self.cached[start..end]);
        }
    }

    fn write(&mut self, bytes: &[u8], offset: usize) {
        let end = offset + bytes.len();
        if self.cached.len() < end {
            self.cached.resize(end, 0);
        }
        self.cached[offset..end].copy_from_slice(bytes);
        if !bytes.is_empty() {
            self.dirty.extend(offset / SECTOR..=(end - 1) / SECTOR);
        }
    }

    fn sync(&mut self) {
        self.stored.resize(self.cached.len(), 0);
        for sector in std::mem::take(&mut self.dirty) {
            self.store(sector);
        }
    }
}

impl Disk for SimulatedDisk {
    fn create_folder(&self, _folder: &Path) -> io::Result<()> {
        self.with(Machine::call)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        self.with(|machine| {
            machine.call()?;
            let within = machine
                .names
                .iter()
                .filter(|(path, _)| path.parent() == Some(folder));
            Ok(within
                .map(|(path, file)| Listed {
                    name: path.file_name().unwrap().to_str().unwrap().to_owned(),
                    len_bytes: machine.files[*file].cached.len() as u64,
                })
                .collect())
        })
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.with(|machine| {
            machine.call()?;
            let file = machine.files.len();
            machine.files.push(Content::default());
            machine.names.insert(path.to_owned(), file);
            Ok(self.handle(file))
        })
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.with(|machine| {
            machine.call()?;
            Ok(self.handle(machine.find(path)?))
        })
    }

    fn delete(&self, path: &Path) -> io::Result<()> {
        self.with(|machine| {
            machine.call()?;
            machine.find(path)?;
            machine.names.remove(path);
            Ok(())
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.with(|machine| {
            machine.call()?;
            let file = machine.find(from)?;
            machine.names.remove(from);
            machine.names.insert(to.to_owned(), file);
            Ok(())
        })
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.with(|machine| {
            machine.call()?;
            if machine.strikes(machine.faults.sync_fails_in) {
                return Err(io::Error::other("simulated failure to sync a folder"));
            }
            let outside = |path: &PathBuf| path.parent() != Some(folder);
            machine.kept_names.retain(|path, _| outside(path));
            let inside = machine.names.iter().filter(|(path, _)| !outside(path));
            let inside: Vec<_> = inside.map(|(path, file)| (path.clone(), *file)).collect();
            machine.kept_names.extend(inside);
            Ok(())
        })
    }
}

impl SimulatedDisk {
    fn handle(&self, file: usize) -> Arc<dyn DiskFile> {
        Arc::new(SimulatedFile {
            machine: Arc::clone(&self.machine),
            file,
        })
    }
}

impl SimulatedFile {
    fn with<T>(&self, run: impl FnOnce(&mut Machine) -> io::Result<T>) -> io::Result<T> {
        let mut machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        machine.call()?;
        run(&mut machine)
    }
}

impl DiskFile for SimulatedFile {
    fn write_at(&self, parts: &[&[u8]], offset: u64) -> io::Result<()> {
        let bytes = parts.concat();
        let offset = usize::try_from(offset).unwrap();
        self.with(|machine| {
            let cut_off = machine.faults.calls_to_power_cut == Some(0);
            let grown =
                (offset + bytes.len()).saturating_sub(machine.files[self.file].cached.len());
            let full = machine
                .faults
                .capacity_bytes
                .is_some_and(|capacity| machine.used_bytes() + grown > capacity);
            if full || cut_off || machine.strikes(machine.faults.write_fails_in) {
                let done = usize::try_from(machine.below(bytes.len() as u64)).unwrap();
                machine.files[self.file].write(&bytes[..done], offset);
                return Err(match full {
                    true => io::ErrorKind::StorageFull.into(),
                    false => io::Error::other("simulated failure to write"),
                });
            }
            machine.files[self.file].write(&bytes, offset);
            Ok(())
        })
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.with(|machine| {
            let offset = usize::try_from(offset).unwrap();
            let asked = offset..offset + buffer.len();
            let bad = machine.faults.unreadable_byte;
            if bad.is_some_and(|byte| asked.contains(&byte)) {
                return Err(rustix::io::Errno::IO.into());
            }
            let rest = machine.files[self.file].cached.get(offset..);
            let rest = rest.unwrap_or_default();
            let read = rest.len().min(buffer.len());
            buffer[..read].copy_from_slice(&rest[..read]);
            Ok(read)
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.with(|machine| {
            if machine.strikes(machine.faults.sync_fails_in) {
                // As Linux does: some was written, the rest counts as clean and is not.
                let cached = machine.files[self.file].cached.clone();
                machine.lose_some(self.file);
                machine.files[self.file].cached = cached;
                return Err(io::Error::other("simulated failure to sync"));
            }
            machine.files[self.file].sync();
            machine.syncs += 1;
            Ok(())
        })
    }

    fn truncate(&self, len_bytes: u64) -> io::Result<()> {
        self.with(|machine| {
            if machine.strikes(machine.faults.truncate_fails_in) {
                return Err(io::Error::other("simulated failure to truncate"));
            }
            let len = usize::try_from(len_bytes).unwrap();
            let file = &mut machine.files[self.file];
            file.cached.resize(len, 0);
            file.dirty.retain(|sector| sector * SECTOR < len);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_cut_keeps_what_was_synced_and_may_lose_the_rest() {
        let mut outcomes = BTreeSet::new();
        for seed in 0..200 {
            let disk = SimulatedDisk::new(seed);
            let (folder, path) = (Path::new("/q"), Path::new("/q/a"));
            let file = disk.create(path).unwrap();
            file.write_at(&[&[1; 700]], 0).unwrap();
            file.sync().unwrap();
            disk.sync_folder(folder).unwrap();
            file.write_at(&[&[2; 2000]], 700).unwrap();
            disk.power_cut();
            let left = disk.content(path);
            assert_eq!(left[..700], [1; 700]);
            assert!(left[700..].iter().all(|byte| [0, 2].contains(byte)));
            outcomes.insert((left.len(), left.iter().filter(|byte| **byte == 2).count()));
        }
        assert!(outcomes.len() > 10, "{outcomes:?}");
    }

    #[test]
    fn a_failed_sync_is_not_made_good_by_the_next() {
        let mut lost = 0;
        for seed in 0..50 {
            let disk = SimulatedDisk::new(seed);
            let path = Path::new("/q/a");
            let file = disk.create(path).unwrap();
            disk.sync_folder(Path::new("/q")).unwrap();
            file.write_at(&[&[3; 4000]], 0).unwrap();
            disk.set_faults(Faults {
                sync_fails_in: Some(1),
                ..Faults::default()
            });
            assert!(file.sync().is_err());
            disk.set_faults(Faults::default());
            file.sync().unwrap();
            assert_eq!(disk.content(path), [3; 4000]);
            disk.power_cut();
            lost += usize::from(disk.content(path) != [3; 4000]);
        }
        assert!(lost > 40);
    }
}
