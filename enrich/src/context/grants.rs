//! Folders that the user opened to the agent, and whether a file lies outside of them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::named_files::named_files;
use super::observed::Rank;

/// Where macOS has the homes of its users.
const MAC_HOMES: &str = "/Users/";
/// More folders than this are a mistake; the rest counts as not granted.
const MAX_GRANTS: usize = 32;
/// Longer paths are no folders.
const MAX_PATH_BYTES: usize = 1_024;
/// What lies in the agent's own machine, whatever was granted of the user's.
const OF_THE_AGENT: [&str; 4] = ["/sessions/", "/mnt/", "/tmp/", "/private/tmp/"];
/// What the client reads for itself in a home folder, in small letters: instructions, skills, plugins.
const OF_THE_CLIENT: [&str; 4] = [
    "/.claude/claude.md",
    "/.claude/skills/",
    "/.claude/plugins/",
    "/library/application support/claude/skills/",
];

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

    /// Whether one of `paths` lies outside: no where all are known to lie inside, none where neither
    /// is known.
    pub(super) fn are_outside<'p>(
        &self,
        paths: impl Iterator<Item = &'p str>,
        trust: Rank,
    ) -> Option<bool> {
        let mut are_inside = None;
        for path in paths {
            match self.is_outside(path, trust) {
                Some(true) => return Some(true),
                Some(false) => are_inside = are_inside.or(Some(true)),
                None => are_inside = Some(false),
            }
        }
        (are_inside == Some(true)).then_some(false)
    }

    /// Whether a file that `command` names lies outside; none where it names none, or nothing is known.
    pub(super) fn is_command_outside(&self, command: Option<&str>, trust: Rank) -> Option<bool> {
        let command = command.filter(|_| !self.0.is_empty())?;
        let files = named_files(command);
        self.are_outside(files.iter().map(|file| &**file), trust)
    }

    /// Whether `path` lies outside; none where nothing is known about it. Only folders that the
    /// highest-ranked of the sources told of count, and none below `trust` lets a path pass. The
    /// user's home is that in which a folder lies.
    fn is_outside(&self, path: &str, trust: Rank) -> Option<bool> {
        let best = self.0.iter().map(|(rank, _)| *rank).max()?;
        let folders = || self.0.iter().filter(|(rank, _)| *rank == best);
        let path = match path.strip_prefix("~/") {
            Some(rest) => {
                let home = folders().find_map(|(_, folder)| home(folder))?;
                Cow::Owned(format!("{home}/{rest}"))
            }
            None => Cow::Borrowed(path),
        };
        let is_rooted = path.starts_with('/')
            || path.starts_with("\\\\")
            || path
                .get(1..3)
                .is_some_and(|two| two == ":\\" || two == ":/");
        let path = plain(&path).filter(|_| is_rooted)?;
        let own = OF_THE_AGENT.iter().any(|folder| path.starts_with(folder));
        let inside =
            own || is_of_client(&path) || folders().any(|(_, folder)| is_in(&path, folder));
        match inside {
            false => Some(true),
            true if best >= trust => Some(false),
            true => None,
        }
    }
}

/// The home folder that a folder is or lies in.
fn home(folder: &str) -> Option<&str> {
    let homes = ["/users/", "/home/", "c:/users/"];
    let homes = homes.iter().find(|homes| folder.starts_with(**homes))?;
    let name = folder.get(homes.len()..)?.split('/').next()?;
    folder
        .get(..homes.len() + name.len())
        .filter(|_| !name.is_empty())
}

/// Whether the client reads a file for itself.
fn is_of_client(path: &str) -> bool {
    let rest = home(path).and_then(|home| path.strip_prefix(home));
    let rest = rest.unwrap_or_default().to_ascii_lowercase();
    OF_THE_CLIENT.iter().any(|own| rest.starts_with(own))
}

fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || folder.ends_with('/'))
}

/// A path without `.`, `..`, doubled and trailing slashes; none when it climbs above its root. Windows
/// and macOS take capitals and small letters for the same; `\\?\` says that a path is a long one.
fn plain(path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    let path = path.strip_prefix("//?/").unwrap_or(&path);
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
    let plain = format!("{root}{}", parts.join("/"));
    let is_of_windows = plain.get(1..2) == Some(":");
    let users = plain.get(..MAC_HOMES.len());
    let is_of_mac = users.is_some_and(|users| users.eq_ignore_ascii_case(MAC_HOMES));
    Some(if is_of_windows || is_of_mac {
        plain.to_lowercase()
    } else {
        plain
    })
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
            ("/users/alex/documents/q3/A.csv", Some(false)),
            ("/Users/alex/.claude/CLAUDE.md", Some(false)),
            ("~/.claude/skills/pdf/SKILL.md", Some(false)),
            ("/Users/alex/.claude/settings.json", Some(true)),
            ("/Users/alex/x/.claude/skills/a", Some(true)),
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
            windows.is_outside("c:\\work\\A.txt", Rank::Anybody),
            Some(false)
        );
        assert_eq!(
            windows.is_outside("C:\\Users\\b", Rank::Anybody),
            Some(true)
        );
    }

    #[test]
    fn the_home_is_that_of_a_folder_granted() {
        for (folder, path, outside) in [
            ("/Users/alex/Q3", "~/Q3/a.csv", Some(false)),
            ("/Users/alex/Q3", "~/.ssh/id_rsa", Some(true)),
            ("C:\\Users\\alex\\Q3", "~/Q3/a.csv", Some(false)),
            ("/home/alex", "~/.ssh/id_rsa", Some(false)),
            ("/srv/data", "~/.ssh/id_rsa", None),
            ("/srv/data", "\\\\nas\\hr\\pay.xlsx", Some(true)),
        ] {
            let grants = of(&[(folder, Rank::Telemetry)]);
            assert_eq!(grants.is_outside(path, Rank::Anybody), outside, "{path}");
        }
    }

    #[test]
    fn one_of_several_outside_is_enough() {
        let grants = of(&[("/a", Rank::Telemetry)]);
        let are_outside = |paths: &[&str]| grants.are_outside(paths.iter().copied(), Rank::Anybody);
        assert_eq!(are_outside(&[]), None);
        assert_eq!(are_outside(&["/a/b", "/a/c"]), Some(false));
        assert_eq!(are_outside(&["/a/b", "x"]), None);
        assert_eq!(are_outside(&["x", "/a/b"]), None);
        assert_eq!(are_outside(&["x", "/b", "/a/b"]), Some(true));
    }

    #[test]
    fn a_command_is_held_against_the_folders() {
        let grants = of(&[("/Users/ana/Documents/Q3", Rank::Telemetry)]);
        for (command, outside) in [
            ("cat /Users/ana/Documents/Private/tax.csv", Some(true)),
            ("cat ~/Documents/Private/tax.csv | wc", Some(true)),
            ("cat /Users/ana/Documents/Q3/a.csv", Some(false)),
            ("cat /Users/ana/Documents/Q3/../tax.csv", Some(true)),
            ("cat a.csv /tmp/b /etc/hosts", None),
        ] {
            let found = grants.is_command_outside(Some(command), Rank::Anybody);
            assert_eq!(found, outside, "{command}");
        }
        let nothing = of(&[]).is_command_outside(Some("cat /home/ana/x"), Rank::Anybody);
        assert_eq!(nothing, None);
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
