//! Checks a journal: that the chain holds, and that checkpoints say what is so. Reads only.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::chain::ChainHash;
use super::entry::{Checkpoint, Entry, Kind, NoEntry};
use super::segment::{self, Entries};

/// What was found out about a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Files.
    pub files: u64,
    /// Entries of records in them.
    pub entries: u64,
    /// Signed checkpoints.
    pub checkpoints: u64,
    /// Keys that have signed, hex.
    pub keys: BTreeSet<String>,
    /// When the last checkpoint was signed, microseconds since 1970.
    pub last_checkpoint: Option<i64>,
    /// The chain's hash after the last entry.
    #[serde(serialize_with = "hex")]
    pub head: ChainHash,
    /// What is to be said about files.
    pub findings: Vec<Finding>,
}

/// Something to be said about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// What.
    pub message: String,
    /// Whether it cannot be so without somebody's doing, or a fault of the disk.
    pub is_fault: bool,
}

impl Report {
    /// What ought not to be.
    pub fn faults(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.is_fault)
    }

    /// Whether there is no fault.
    pub fn is_sound(&self) -> bool {
        self.faults().next().is_none()
    }

    fn say(&mut self, file: &Path, message: String, is_fault: bool) {
        self.findings.push(Finding {
            file: file.to_owned(),
            message,
            is_fault,
        });
    }
}

/// Checks the journal in `folder`: with `key` that nobody else has signed, and that each of `heads`,
/// hashes that were noted elsewhere, is in the chain.
///
/// # Errors
/// When a file cannot be read.
pub fn verify(
    folder: &Path,
    key: Option<[u8; 32]>,
    heads: &[ChainHash],
) -> std::io::Result<Report> {
    let mut check = Check {
        report: Report {
            files: 0,
            entries: 0,
            checkpoints: 0,
            keys: BTreeSet::new(),
            last_checkpoint: None,
            head: ChainHash::NONE,
            findings: Vec::new(),
        },
        key,
        seen: BTreeSet::new(),
        wanted: heads.to_vec(),
        before: 0,
    };
    let mut previous = None;
    for number in segment::numbers(folder)? {
        let path = segment::path(folder, number);
        let bytes = std::fs::read(&path)?;
        if previous.is_some_and(|previous| previous + 1 != number) {
            let message = "the file before it is missing".to_owned();
            check.report.say(&path, message, true);
        }
        check.file((&path, number), &bytes, previous.is_none());
        previous = Some(number);
    }
    for head in heads {
        if !check.seen.contains(head.as_bytes()) {
            let message = format!("the hash {head} is not in the chain");
            check.report.say(folder, message, true);
        }
    }
    Ok(check.report)
}

struct Check {
    report: Report,
    key: Option<[u8; 32]>,
    /// Those of the wanted hashes that were met.
    seen: BTreeSet<[u8; 32]>,
    wanted: Vec<ChainHash>,
    /// Entries of records in files that are gone.
    before: u64,
}

impl Check {
    fn file(&mut self, (path, number): (&Path, u64), bytes: &[u8], is_first: bool) {
        self.report.files += 1;
        let header = segment::read_header(bytes).filter(|(own, _)| *own == number);
        let Some((_, before)) = header else {
            let message = "it does not begin like a file of the journal".to_owned();
            return self.report.say(path, message, true);
        };
        if is_first {
            self.report.head = before;
        } else if before != self.report.head {
            let message = "it does not follow the file before it".to_owned();
            self.report.say(path, message, true);
        }
        let mut entries = Entries::new(bytes, before);
        let mut is_begun = false;
        for (entry, before) in entries.by_ref() {
            if !is_begun && entry.kind != Kind::Checkpoint {
                let message = "it does not begin with a checkpoint".to_owned();
                self.report.say(path, message, true);
            }
            self.entry(path, (entry, before), is_first && !is_begun);
            is_begun = true;
        }
        self.report.head = entries.hash();
        match entries.broken {
            None => {}
            Some(NoEntry::Torn) => {
                let bytes = entries.rest();
                let message = format!(
                    "its last {bytes} bytes are no whole entry: a kill or a power cut came between"
                );
                self.report.say(path, message, false);
            }
            Some(NoEntry::Damaged) => {
                let bytes = entries.rest();
                let message = format!("the chain breaks {bytes} bytes before its end");
                self.report.say(path, message, true);
            }
        }
    }

    fn entry(&mut self, path: &Path, (entry, before): (Entry<'_>, ChainHash), is_very_first: bool) {
        if self.wanted.contains(&entry.hash) {
            self.seen.insert(*entry.hash.as_bytes());
        }
        if entry.kind == Kind::Records {
            self.report.entries += 1;
            return;
        }
        let Some((checkpoint, key)) = Checkpoint::read(entry.body, before) else {
            let message = "a checkpoint's signature does not fit".to_owned();
            return self.report.say(path, message, true);
        };
        self.report.checkpoints += 1;
        self.report.last_checkpoint = Some(checkpoint.time);
        if is_very_first {
            self.before = checkpoint.entries;
        }
        if checkpoint.entries != self.before + self.report.entries {
            let message = format!(
                "a checkpoint counts {} entries, and there are {}",
                checkpoint.entries,
                self.before + self.report.entries
            );
            self.report.say(path, message, true);
        }
        if self.key.is_some_and(|own| own != key) {
            let message = "a checkpoint is signed with another key".to_owned();
            self.report.say(path, message, true);
        }
        self.report.keys.insert(blake3::Hash::from(key).to_string());
    }
}

fn hex<S: serde::Serializer>(hash: &ChainHash, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(hash)
}
