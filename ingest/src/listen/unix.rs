//! A door that is a file of this machine: who may open it is said by the file's mode, and by the users
//! that the system names at the other end.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

use crate::config::UnixSocket;

/// A bound unix socket. Its file goes with it.
pub struct UnixDoor {
    listener: UnixListener,
    uids: Vec<u32>,
    file: OwnFile,
}

/// Why a unix socket cannot be bound.
#[derive(Debug, thiserror::Error)]
pub enum UnixError {
    /// Something else has the name.
    #[error("cannot listen on `{0}`: there is a file of that name that is no socket; move it away")]
    NoSocket(PathBuf),
    /// Somebody listens there.
    #[error("cannot listen on `{0}`: another program does; is another magistrate running?")]
    Taken(PathBuf),
    /// The system refuses.
    #[error("cannot listen on `{path}`: {source}")]
    System {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl UnixDoor {
    /// Binds the socket that `config` names. What a program that is gone has left there is replaced;
    /// nothing else is. The file never stands there with another mode than the configured one.
    ///
    /// # Errors
    /// When something else has the name, somebody listens there, or the system refuses.
    pub fn bind(config: &UnixSocket) -> Result<Self, UnixError> {
        let path = &config.path;
        let failed = |source| UnixError::System {
            path: path.clone(),
            source,
        };
        make_room(path)?;
        let made = beside(path);
        // Left by a program of this process id that was killed here.
        let _ = fs::remove_file(&made);
        let listener = UnixListener::bind(&made).map_err(failed)?;
        let file = OwnFile::of(&made).map_err(failed)?;
        let mode = fs::Permissions::from_mode(config.mode.bits());
        fs::set_permissions(&made, mode).map_err(failed)?;
        fs::rename(&made, path).map_err(failed)?;
        let own = rustix::process::geteuid().as_raw();
        Ok(Self {
            listener,
            uids: config.uids.clone().unwrap_or_else(|| vec![own]),
            file: file.moved(path),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// The next connection, and the user at its other end (`SO_PEERCRED`: who opened it).
    pub(super) async fn accept(&self) -> io::Result<(UnixStream, Option<u32>)> {
        let (stream, _) = self.listener.accept().await?;
        let uid = stream.peer_cred().map(|credentials| credentials.uid()).ok();
        Ok((stream, uid))
    }

    /// Whether the user may come in.
    pub(super) fn admits(&self, uid: u32) -> bool {
        self.uids.contains(&uid)
    }
}

/// Sees that nobody listens at `path`, and that only a socket will be replaced there.
fn make_room(path: &Path) -> Result<(), UnixError> {
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            return Err(UnixError::System {
                path: path.to_owned(),
                source,
            });
        }
    };
    if !kind.is_socket() {
        return Err(UnixError::NoSocket(path.to_owned()));
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(UnixError::Taken(path.to_owned())),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
        Err(source) => Err(UnixError::System {
            path: path.to_owned(),
            source,
        }),
    }
}

/// A name in the same folder, so that it can be renamed.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}", std::process::id()));
    path.with_file_name(name)
}

/// A file that is removed with this, if it is still the same one.
struct OwnFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl OwnFile {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        Ok(Self {
            path: path.to_owned(),
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }

    fn moved(mut self, to: &Path) -> Self {
        to.clone_into(&mut self.path);
        self
    }
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        let is_own = fs::symlink_metadata(&self.path)
            .is_ok_and(|one| (one.dev(), one.ino()) == (self.device, self.inode));
        if is_own && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "cannot remove the socket");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SocketMode;

    fn config(path: PathBuf, uids: Option<Vec<u32>>) -> UnixSocket {
        UnixSocket {
            path,
            mode: SocketMode::Owner,
            uids,
        }
    }

    #[tokio::test]
    async fn a_socket_is_private_names_its_peer_and_goes_with_its_door() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("judge.sock");
        let own = rustix::process::geteuid().as_raw();
        let door = UnixDoor::bind(&config(path.clone(), None)).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let names = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 1, "nothing else is left");
        let _client = UnixStream::connect(&path).await.unwrap();
        let (_, uid) = door.accept().await.unwrap();
        assert_eq!(uid, Some(own));
        assert!(door.admits(own) && !door.admits(own + 1));
        drop(door);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn only_what_nobody_listens_on_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("judge.sock");
        let first = UnixDoor::bind(&config(path.clone(), Some(vec![7]))).unwrap();
        assert!(first.admits(7) && !first.admits(8));
        let taken = UnixDoor::bind(&config(path.clone(), None));
        assert!(matches!(taken, Err(UnixError::Taken(_))));
        // As a kill leaves it: the file stays, and nobody listens.
        drop(std::os::unix::net::UnixListener::bind(folder.path().join("left")).unwrap());
        fs::rename(folder.path().join("left"), &path).unwrap();
        let second = UnixDoor::bind(&config(path.clone(), None)).unwrap();
        drop(first);
        assert!(path.exists(), "another's file stays");
        drop(second);
        fs::write(&path, "notes").unwrap();
        let file = UnixDoor::bind(&config(path.clone(), None));
        assert!(matches!(file, Err(UnixError::NoSocket(_))));
        assert_eq!(fs::read(&path).unwrap(), b"notes");
        let nowhere = UnixDoor::bind(&config(folder.path().join("no/such"), None));
        assert!(matches!(nowhere, Err(UnixError::System { .. })));
    }
}
