//! Folders that the user opened to the agent, and whether a file lies outside of them.

use serde::{Deserialize, Serialize};

use super::observed::Rank;

/// More folders than this are a mistake; the rest counts as not granted.
const MAX_GRANTS: usize = 32;
/// Longer paths are no folders.
const MAX_PATH_BYTES: usize = 1_024;
/// What lies in the agent's own machine, whatever was granted of the user's.
const OF_THE_AGENT: [&str; 4] = ["/sessions/", "/mnt/", "/tmp/", "/private/tmp/"];

/// The folders, each with the rank of the source that told of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Grants(Vec<(Rank, Box<str>)>);

impl Grants {
    /// Takes a folder over; one that is known gains in rank.
    pub(super) fn add(&mut self, folder: &str, rank: Rank) {
        if folder.len() > MAX_PATH_BYTES {
            return;
        }
        let Some(folder) = plain(folder) else { return };
        if let Some((known, _)) = self.0.iter_mut().find(|(_, one)| **one == *folder) {
            *known = rank.max(*known);
        } else if self.0.len() < MAX_GRANTS {
            self.0.push((rank, folder.into()));
        }
    }

    /// Whether `path` lies outside; none where nothing is known about it. Only folders that the
    /// highest-ranked of the sources told of count, and none below `trust` lets a path pass.
    pub(super) fn is_outside(&self, path: &str, trust: Rank) -> Option<bool> {
        let best = self.0.iter().map(|(rank, _)| *rank).max()?;
        let is_rooted = path.starts_with('/')
            || path
                .get(1..3)
                .is_some_and(|two| two == ":\\" || two == ":/");
        let path = plain(path).filter(|_| is_rooted)?;
        let own = OF_THE_AGENT.iter().any(|folder| path.starts_with(folder));
        let mut folders = self.0.iter().filter(|(rank, _)| *rank == best);
        let inside = own || folders.any(|(_, folder)| is_in(&path, folder));
        match inside {
            false => Some(true),
            true if best >= trust => Some(false),
            true => None,
        }
    }
}

fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || folder.ends_with('/'))
}

/// A path without `.`, `..`, doubled and trailing slashes; none when it climbs above its root.
fn plain(path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    Some(format!("{root}{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(folders: &[(&str, Rank)]) -> Grants {
        let mut grants = Grants::default();
        for (folder, rank) in folders {
            grants.add(folder, *rank);
        }
        grants
    }

    #[test]
    fn a_file_is_inside_or_outside_by_its_plain_path() {
        let grants = of(&[("/Users/alex/Documents/Q3/", Rank::Telemetry)]);
        for (path, outside) in [
            ("/Users/alex/Documents/Q3/a.csv", Some(false)),
            ("/Users/alex/Documents/Q3", Some(false)),
            ("/Users/alex/Documents/Q3/../../.ssh/id_rsa", Some(true)),
            ("/Users/alex/Documents/Q3x/a.csv", Some(true)),
            ("/sessions/x/mnt/Q3/a.csv", Some(false)),
            ("notes.md", None),
            ("/../etc/passwd", None),
        ] {
            assert_eq!(grants.is_outside(path, Rank::Anybody), outside, "{path}");
        }
        let windows = of(&[("C:\\Work", Rank::Telemetry)]);
        assert_eq!(
            windows.is_outside("C:\\Work\\a.txt", Rank::Anybody),
            Some(false)
        );
        assert_eq!(
            windows.is_outside("C:\\Users\\b", Rank::Anybody),
            Some(true)
        );
    }

    #[test]
    fn nothing_granted_is_unknown() {
        assert_eq!(of(&[]).is_outside("/etc/passwd", Rank::Anybody), None);
    }

    #[test]
    fn a_lower_source_tightens_and_never_loosens() {
        let grants = of(&[("/a", Rank::Telemetry), ("/", Rank::Anybody)]);
        assert_eq!(grants.is_outside("/etc/passwd", Rank::Anybody), Some(true));
        let rumour = of(&[("/", Rank::Anybody)]);
        assert_eq!(rumour.is_outside("/etc/passwd", Rank::Telemetry), None);
        assert_eq!(rumour.is_outside("/etc/passwd", Rank::Anybody), Some(false));
    }
}
