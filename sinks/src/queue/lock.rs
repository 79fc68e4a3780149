//! Keeps a second process off a data folder.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};

/// The right to use a data folder, held until every clone is dropped or the process ends.
#[derive(Debug, Clone)]
pub struct FolderLock {
    folder: PathBuf,
    _file: Arc<File>,
}

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("data folder `{}` is in use by process {holder}", folder.display())]
    Held {
        /// The folder.
        folder: PathBuf,
        /// The process id that the holder wrote, or `unknown`.
        holder: String,
    },
    /// The folder or its lock file cannot be made.
    #[error("cannot lock data folder `{}`", folder.display())]
    Unusable {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl FolderLock {
    /// Creates `folder` (0700) where it is missing, and takes its lock without waiting.
    ///
    /// # Errors
    /// When another process holds the lock, or the folder cannot be made or written.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        let unusable = |source| LockError::Unusable {
            folder: folder.to_owned(),
            source,
        };
        let mut file = open(folder).map_err(unusable)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(LockError::Held {
                    folder: folder.to_owned(),
                    holder: holder(&mut file),
                });
            }
            Err(error) => return Err(unusable(error.into())),
        }
        sign(&mut file).map_err(unusable)?;
        Ok(Self {
            folder: folder.to_owned(),
            _file: Arc::new(file),
        })
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

fn open(folder: &Path) -> io::Result<File> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.mode(0o600).open(folder.join("lock"))
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(32).read_to_string(&mut text);
    match (read, text.trim()) {
        (Ok(_), pid) if pid.bytes().all(|byte| byte.is_ascii_digit()) && !pid.is_empty() => {
            pid.to_owned()
        }
        (Ok(_) | Err(_), _) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_taker_learns_the_folder_and_the_holder() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("data");
        let first = FolderLock::take(&folder).unwrap();
        let kept = first.clone();
        drop(first);
        let error = FolderLock::take(&folder).unwrap_err().to_string();
        assert!(error.contains(&folder.display().to_string()), "{error}");
        assert!(error.ends_with(&std::process::id().to_string()), "{error}");
        drop(kept);
        assert_eq!(FolderLock::take(&folder).unwrap().folder(), folder);
    }
}
