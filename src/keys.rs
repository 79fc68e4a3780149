//! The secret keys that a data folder has: read, or made at first start.

mod configured;

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail};

pub(crate) use configured::{
    REDACT_KEY, faults, open_to_others, read_file, redact_key, redact_key_if_any, seal_key,
    warnings,
};

/// Length of every key, in bytes.
const KEY_BYTES: usize = 32;

/// Reads a key of 64 hex digits, or makes one (0600) where the file is missing.
///
/// # Errors
/// When the file cannot be read or written, or holds anything else.
pub(crate) fn read_or_make(path: &Path) -> anyhow::Result<[u8; KEY_BYTES]> {
    match File::open(path) {
        Ok(file) => {
            read(file).with_context(|| format!("cannot read key file `{}`", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            make(path).with_context(|| format!("cannot make key file `{}`", path.display()))
        }
        Err(error) => {
            Err(error).with_context(|| format!("cannot open key file `{}`", path.display()))
        }
    }
}

/// Reads a key that is there.
///
/// # Errors
/// When the file is missing, cannot be read, or holds anything else.
pub(crate) fn read_existing(path: &Path) -> anyhow::Result<[u8; KEY_BYTES]> {
    let file =
        File::open(path).with_context(|| format!("cannot open key file `{}`", path.display()))?;
    read(file).with_context(|| format!("cannot read key file `{}`", path.display()))
}

/// Makes a folder and its parents, for this user only.
///
/// # Errors
/// When the folder cannot be made.
pub(crate) fn make_private_folder(path: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot make folder `{}`", path.display()))
}

fn read(file: File) -> anyhow::Result<[u8; KEY_BYTES]> {
    let mut text = String::new();
    file.take(1024).read_to_string(&mut text)?;
    let text = text.trim();
    let mut key = [0; KEY_BYTES];
    if text.len() != 2 * KEY_BYTES {
        bail!(
            "expected {} hex digits, found {} characters",
            2 * KEY_BYTES,
            text.len()
        );
    }
    for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = std::str::from_utf8(pair)
            .ok()
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
            .context("expected hex digits only")?;
    }
    Ok(key)
}

fn make(path: &Path) -> anyhow::Result<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key)?;
    let mut text = String::with_capacity(2 * KEY_BYTES + 1);
    for byte in key {
        text.push_str(&format!("{byte:02x}"));
    }
    text.push('\n');
    write_new(path, text.as_bytes(), Readers::Owner)?;
    Ok(key)
}

/// Who may read a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner alone (0600).
    Owner,
    /// Everybody whom the umask lets (0644).
    Everybody,
}

/// Writes a file that must not exist yet, and syncs it and its folder.
pub(crate) fn write_new(path: &Path, bytes: &[u8], readers: Readers) -> anyhow::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => Path::new("/"),
    };
    make_private_folder(folder)?;
    let mode = match readers {
        Readers::Owner => 0o600,
        Readers::Everybody => 0o644,
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_made_key_is_private_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/redact.key");
        let made = read_or_make(&path).unwrap();
        assert_eq!(read_or_make(&path).unwrap(), made);
        assert_ne!(made, [0; KEY_BYTES]);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_is_refused_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("redact.key");
        std::fs::write(&path, "not a key").unwrap();
        let error = read_or_make(&path).unwrap_err();
        assert!(
            format!("{error:#}").contains("expected 64 hex digits"),
            "{error:#}"
        );
    }
}
