//! The seam between the queue and the disk, so that tests can lose, tear and refuse writes.

mod real;
#[cfg(test)]
mod simulated;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub(crate) use real::RealDisk;
#[cfg(test)]
pub(crate) use simulated::{Faults, SimulatedDisk};

/// What the queue asks of a file system.
pub(crate) trait Disk: fmt::Debug + Send + Sync {
    /// Creates `folder` and its parents where missing, for the owner alone.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;
    /// The plain files in `folder`.
    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>>;
    /// Creates an empty file for the owner alone, in the place of one of that name.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Opens an existing file for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Removes a file.
    fn delete(&self, path: &Path) -> io::Result<()>;
    /// Moves a file within the file system.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes created, removed and renamed names in `folder` survive a power cut.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// One open file. All calls name their offset, so that readers share a handle with the writer.
pub(crate) trait DiskFile: fmt::Debug + Send + Sync {
    /// Writes all `parts`, one after the other, from `offset`.
    fn write_at(&self, parts: &[&[u8]], offset: u64) -> io::Result<()>;
    /// Fills `buffer` from `offset`; returns fewer bytes only at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Makes the content survive a power cut.
    fn sync(&self) -> io::Result<()>;
    /// Cuts the file to `len_bytes`.
    fn truncate(&self, len_bytes: u64) -> io::Result<()>;
}

/// One file of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its name without the folder.
    pub(crate) name: String,
    /// Its size.
    pub(crate) len_bytes: u64,
}
