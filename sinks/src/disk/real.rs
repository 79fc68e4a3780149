//! The machine's own file system.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, IoSlice};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use super::{Disk, DiskFile, Listed};

/// The most buffers that one `pwritev` takes (`IOV_MAX`).
const MAX_PARTS: usize = 1024;

/// The machine's own file system: files 0600, folders 0700.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RealDisk;

impl Disk for RealDisk {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let facts = entry.metadata()?;
            if let (true, Ok(name)) = (facts.is_file(), entry.file_name().into_string()) {
                files.push(Listed {
                    name,
                    len_bytes: facts.len(),
                });
            }
        }
        Ok(files)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        Ok(Arc::new(RealFile(options.mode(0o600).open(path)?)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Arc::new(RealFile(file)))
    }

    fn delete(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }
}

#[derive(Debug)]
struct RealFile(File);

impl DiskFile for RealFile {
    fn write_at(&self, parts: &[&[u8]], offset: u64) -> io::Result<()> {
        let mut offset = offset;
        for group in parts.chunks(MAX_PARTS) {
            let mut slices: Vec<IoSlice<'_>> =
                group.iter().map(|part| IoSlice::new(part)).collect();
            offset = write_group(&self.0, &mut slices, offset)?;
        }
        Ok(())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0_usize;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.0.read_at(rest, offset.saturating_add(filled as u64)) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn truncate(&self, len_bytes: u64) -> io::Result<()> {
        self.0.set_len(len_bytes)
    }
}

/// Writes all of `slices`; a short write goes on where it stopped. Returns the offset after them.
fn write_group(file: &File, mut slices: &mut [IoSlice<'_>], mut offset: u64) -> io::Result<u64> {
    IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        match rustix::io::pwritev(file, slices, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                offset = offset.saturating_add(written as u64);
                IoSlice::advance_slices(&mut slices, written);
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(offset)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn many_parts_are_written_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inner").join("file");
        RealDisk.create_folder(path.parent().unwrap()).unwrap();
        let file = RealDisk.create(&path).unwrap();
        let bytes: Vec<[u8; 2]> = (0..3000_u16).map(u16::to_le_bytes).collect();
        let mut parts: Vec<&[u8]> = bytes.iter().map(|pair| pair.as_slice()).collect();
        parts.insert(7, &[]);
        file.write_at(&parts, 0).unwrap();
        file.sync().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes.concat());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        file.truncate(3).unwrap();
        let mut read = [0; 8];
        assert_eq!(file.read_at(&mut read, 1).unwrap(), 2);
        let files = RealDisk.list(path.parent().unwrap()).unwrap();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].len_bytes, 3);
    }
}
