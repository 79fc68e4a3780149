//! Keeps a second process off a data folder.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};

/// The right to use a data folder, held until every clone is dropped or the process ends.
#[derive(Debug, Clone)]
pub struct FolderLock {
    folder: PathBuf,
    file: Arc<File>,
}

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("data folder `{}` is in use by process {}", folder.display(), holder.process)]
    Held {
        /// The folder.
        folder: PathBuf,
        /// What the other process wrote.
        holder: Holder,
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

/// More of a lock file is not read.
const MAX_SIGN_BYTES: u64 = 256;

/// Who holds a data folder, as they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The process id, or `unknown`.
    pub process: String,
    /// Where its admin listener is, when it has one.
    pub admin: Option<SocketAddr>,
    /// The hash of the certificate that is shown there, where it speaks TLS.
    pub admin_certificate: Option<String>,
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
        let file = open(folder).map_err(unusable)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(LockError::Held {
                    folder: folder.to_owned(),
                    holder: holder(&file),
                });
            }
            Err(error) => return Err(unusable(error.into())),
        }
        sign(&file, None).map_err(unusable)?;
        Ok(Self {
            folder: folder.to_owned(),
            file: Arc::new(file),
        })
    }

    /// Tells those who find the folder locked where the admin listener is, and the hash of the
    /// certificate that it shows, where it speaks TLS.
    ///
    /// # Errors
    /// When the lock file cannot be written.
    pub fn tell_admin(&self, admin: SocketAddr, certificate: Option<&str>) -> io::Result<()> {
        sign(&self.file, Some((admin, certificate)))
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

/// Writes up to three lines: the process id, the admin listener's address or nothing, and the hash of
/// its certificate.
fn sign(file: &File, admin: Option<(SocketAddr, Option<&str>)>) -> io::Result<()> {
    let (admin, certificate) = match admin {
        Some((admin, certificate)) => (admin.to_string(), certificate.unwrap_or_default()),
        None => (String::new(), ""),
    };
    let text = format!("{}\n{admin}\n{certificate}\n", std::process::id());
    file.set_len(0)?;
    file.write_all_at(text.as_bytes(), 0)
}

fn holder(file: &File) -> Holder {
    let mut text = String::new();
    // What cannot be read is not known.
    let _ = file.take(MAX_SIGN_BYTES).read_to_string(&mut text);
    let mut lines = text.lines();
    let process = lines.next().filter(|pid| pid.parse::<u32>().is_ok());
    Holder {
        process: process.unwrap_or("unknown").to_owned(),
        admin: lines.next().and_then(|admin| admin.parse().ok()),
        admin_certificate: lines
            .next()
            .filter(|hash| !hash.is_empty())
            .map(str::to_owned),
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
        let admin = "127.0.0.1:8780".parse().unwrap();
        kept.tell_admin(admin, Some("a1")).unwrap();
        let Err(LockError::Held { holder, .. }) = FolderLock::take(&folder) else {
            panic!("taken twice");
        };
        assert_eq!(holder.process, std::process::id().to_string());
        assert_eq!(holder.admin, Some(admin));
        assert_eq!(holder.admin_certificate.as_deref(), Some("a1"));
        drop(kept);
        assert_eq!(FolderLock::take(&folder).unwrap().folder(), folder);
    }
}
