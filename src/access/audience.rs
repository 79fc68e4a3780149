//! Who can read a file, or what is in a folder, by the modes of it and of the folders on the way there.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// So many files of a folder are looked at.
const MAX_FILES: usize = 200_000;
/// Folders in folders; the lake has two.
const MAX_DEPTH: usize = 16;

/// Who can read. The system's administrator always can; what access control lists add is not known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Audience {
    /// Owners, who can give themselves the right.
    pub(super) owners: BTreeSet<u32>,
    /// Groups.
    pub(super) groups: BTreeSet<u32>,
    /// Whether everybody on this machine can.
    pub(super) is_everybody: bool,
    /// The mode of the file or the folder itself.
    pub(super) mode: u32,
    /// How many files were looked at.
    pub(super) files: usize,
    /// What could not be looked at, or was too much.
    pub(super) unread: Vec<String>,
}

/// The owner and the bits of a folder or file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mode {
    uid: u32,
    gid: u32,
    bits: u32,
}

const READ: u32 = 4;
const ENTER: u32 = 1;

impl Mode {
    fn of(metadata: &Metadata) -> Self {
        Self {
            uid: metadata.uid(),
            gid: metadata.gid(),
            bits: metadata.mode() & 0o7777,
        }
    }

    const fn others_may(self, what: u32) -> bool {
        self.bits & what != 0
    }

    /// Whether members of `group` may: a file has one group, and to all else they are others.
    const fn group_may(self, group: u32, what: u32) -> bool {
        if self.gid == group {
            self.bits >> 3 & what != 0
        } else {
            self.others_may(what)
        }
    }
}

/// Who can read what is at `path`.
///
/// # Errors
/// When it is not there, or may not be looked at.
pub(super) fn of(path: &Path) -> std::io::Result<Audience> {
    let path = std::fs::canonicalize(path)?;
    let mut ways = Vec::new();
    for folder in path.ancestors().skip(1) {
        ways.push(Mode::of(&std::fs::metadata(folder)?));
    }
    let metadata = std::fs::symlink_metadata(&path)?;
    let mut audience = Audience {
        mode: Mode::of(&metadata).bits & 0o777,
        ..Audience::default()
    };
    audience.add(&path, &metadata, &mut ways, 0);
    Ok(audience)
}

impl Audience {
    fn add(&mut self, path: &Path, metadata: &Metadata, ways: &mut Vec<Mode>, depth: usize) {
        if metadata.is_dir() {
            self.owners.insert(metadata.uid());
            ways.push(Mode::of(metadata));
            self.add_entries(path, ways, depth + 1);
            ways.pop();
        } else if metadata.is_file() {
            self.files += 1;
            self.add_file(Mode::of(metadata), ways);
        }
    }

    fn add_entries(&mut self, folder: &Path, ways: &mut Vec<Mode>, depth: usize) {
        if depth > MAX_DEPTH {
            self.unread
                .push(format!("`{}`: too deep", folder.display()));
            return;
        }
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                self.unread.push(format!("`{}`: {error}", folder.display()));
                return;
            }
        };
        for entry in entries {
            if self.files >= MAX_FILES {
                let message = format!("`{}`: more than {MAX_FILES} files", folder.display());
                self.unread.push(message);
                return;
            }
            // What has gone since, such as a segment of the queue, nobody reads.
            if let Ok(entry) = entry
                && let Ok(metadata) = entry.metadata()
            {
                self.add(&entry.path(), &metadata, ways, depth);
            }
        }
    }

    fn add_file(&mut self, file: Mode, ways: &[Mode]) {
        self.owners.insert(file.uid);
        let group = file.gid;
        if file.group_may(group, READ) && ways.iter().all(|way| way.group_may(group, ENTER)) {
            self.groups.insert(group);
        }
        if file.others_may(READ) && ways.iter().all(|way| way.others_may(ENTER)) {
            self.is_everybody = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn mode(gid: u32, bits: u32) -> Mode {
        Mode {
            uid: 1000,
            gid,
            bits,
        }
    }

    fn audience(file: Mode, ways: &[Mode]) -> (Vec<u32>, bool) {
        let mut audience = Audience::default();
        audience.add_file(file, ways);
        assert_eq!(audience.owners, BTreeSet::from([1000]));
        (audience.groups.into_iter().collect(), audience.is_everybody)
    }

    #[test]
    fn a_file_is_as_open_as_the_narrowest_folder_on_the_way() {
        let open = mode(0, 0o755);
        for (file, way, expected) in [
            (mode(50, 0o600), open, (vec![], false)),
            (mode(50, 0o640), open, (vec![50], false)),
            (mode(50, 0o644), open, (vec![50], true)),
            (mode(50, 0o644), mode(0, 0o700), (vec![], false)),
            // The folder's group may enter, and everybody else may not.
            (mode(50, 0o644), mode(50, 0o750), (vec![50], false)),
            (mode(50, 0o644), mode(51, 0o750), (vec![], false)),
            // To a folder its own group can be more of a stranger than others.
            (mode(50, 0o644), mode(50, 0o705), (vec![], true)),
            (mode(50, 0o604), open, (vec![], true)),
        ] {
            assert_eq!(audience(file, &[open, way]), expected, "{file:?} {way:?}");
        }
    }

    #[test]
    fn a_folder_is_as_open_as_the_most_open_file_in_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        let set = |path: &Path, bits| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(bits)).unwrap();
        };
        for (name, bits) in [("one", 0o600), ("two", 0o644)] {
            std::fs::write(inner.join(name), "x").unwrap();
            set(&inner.join(name), bits);
        }
        set(folder.path(), 0o755);
        let found = of(folder.path()).unwrap();
        assert_eq!((found.files, found.mode), (2, 0o755));
        let closed = folder.path().join("a");
        set(&closed, 0o700);
        let found = of(folder.path()).unwrap();
        assert!(!found.is_everybody && found.groups.is_empty());
        assert_eq!(found.unread, Vec::<String>::new());
        assert!(of(&folder.path().join("missing")).is_err());
    }
}
