//! The files of the journal: their names, what they begin with, and their entries.

use std::path::{Path, PathBuf};

use super::chain::ChainHash;
use super::entry::{self, Entry, NoEntry};

/// What a file begins with.
const MAGIC: &[u8; 8] = b"MAGAUD1\n";
const SUFFIX: &str = ".audit";
/// Magic, number, and the chain's hash before the file.
pub(super) const HEADER_BYTES: usize = MAGIC.len() + 8 + ChainHash::LEN;

/// The file with that number in `folder`.
pub(super) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:020}{SUFFIX}"))
}

/// Where the file with that number is made, before it counts.
pub(super) fn next_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:020}.next"))
}

/// The numbers of the files in `folder`, in order; none where there is no such folder.
///
/// # Errors
/// When the folder cannot be read.
pub(super) fn numbers(folder: &Path) -> std::io::Result<Vec<u64>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
        numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// What the file `number` begins with, after a chain that ends in `before`.
pub(super) fn header(number: u64, before: ChainHash) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(before.as_bytes());
    bytes
}

/// The number and the hash before the file whose bytes these are; none where it begins otherwise.
pub(super) fn read_header(bytes: &[u8]) -> Option<(u64, ChainHash)> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (number, rest) = rest.split_first_chunk()?;
    let before = rest.first_chunk()?;
    Some((u64::from_le_bytes(*number), ChainHash::from_bytes(*before)))
}

/// Walks over the entries of a file's bytes for as long as the chain holds.
pub(super) struct Entries<'a> {
    rest: &'a [u8],
    hash: ChainHash,
    /// Why it ended before the bytes did.
    pub(super) broken: Option<NoEntry>,
}

impl<'a> Entries<'a> {
    /// The entries after the header; `before` is the hash that it holds.
    pub(super) fn new(bytes: &'a [u8], before: ChainHash) -> Self {
        Self {
            rest: bytes.get(HEADER_BYTES..).unwrap_or_default(),
            hash: before,
            broken: None,
        }
    }

    /// The chain's hash so far.
    pub(super) const fn hash(&self) -> ChainHash {
        self.hash
    }

    /// Bytes that were not read.
    pub(super) const fn rest(&self) -> usize {
        self.rest.len()
    }
}

impl<'a> Iterator for Entries<'a> {
    /// The entry, and the chain's hash before it.
    type Item = (Entry<'a>, ChainHash);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() || self.broken.is_some() {
            return None;
        }
        let entry = match entry::read(self.rest) {
            Ok(entry) if self.hash.after(entry.kind.byte(), entry.body) == entry.hash => entry,
            Ok(_) => {
                self.broken = Some(NoEntry::Damaged);
                return None;
            }
            Err(why) => {
                self.broken = Some(why);
                return None;
            }
        };
        let before = self.hash;
        self.hash = entry.hash;
        self.rest = self.rest.get(entry.len..).unwrap_or_default();
        Some((entry, before))
    }
}
