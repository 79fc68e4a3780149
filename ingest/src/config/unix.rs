//! `[listen.judge_unix]`: a door that is a file.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

/// A unix socket: where it is, and who may open it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnixSocket {
    /// The file, absolute; at most 90 bytes, in a folder that only those can write who may replace it.
    pub path: PathBuf,
    /// `0600`: the user that magistrate runs as; `0660`: the file's group, too. Default `0600`.
    #[serde(default)]
    pub mode: SocketMode,
    /// Numbers of the users who may ask. Unset: the user that magistrate runs as.
    #[serde(default)]
    pub uids: Option<Vec<u32>>,
}

/// Who may open the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SocketMode {
    /// `0600`.
    #[default]
    Owner,
    /// `0660`.
    Group,
}

/// Linux takes 107 bytes; the file has a longer name while it is made.
const MAX_PATH_BYTES: usize = 90;

impl UnixSocket {
    /// What is wrong with it: the key's last part, and what to do.
    pub(super) fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        let len = self.path.as_os_str().len();
        if !self.path.is_absolute() || self.path.file_name().is_none() {
            faults.push(("path", "write the whole path of a file".to_owned()));
        }
        if len > MAX_PATH_BYTES {
            faults.push((
                "path",
                format!("it has {len} bytes: write at most {MAX_PATH_BYTES}"),
            ));
        }
        if self.uids.as_ref().is_some_and(Vec::is_empty) {
            faults.push((
                "uids",
                "it names nobody: name a user, or leave it out".to_owned(),
            ));
        }
        faults
    }
}

impl SocketMode {
    /// The bits of the file's mode.
    pub(crate) const fn bits(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Group => 0o660,
        }
    }
}

impl<'de> Deserialize<'de> for SocketMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        match text.as_ref() {
            "0600" => Ok(Self::Owner),
            "0660" => Ok(Self::Group),
            other => Err(serde::de::Error::custom(format!(
                "cannot take mode `{other}`: write \"0600\" or \"0660\""
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_read_and_checked() {
        let read = |text: &str| toml::from_str::<UnixSocket>(text);
        let socket = read("path = \"/run/m/judge.sock\"\nmode = \"0660\"\nuids = [1000]").unwrap();
        assert_eq!((socket.mode, socket.faults()), (SocketMode::Group, vec![]));
        assert_eq!(read("path = \"/a\"").unwrap().mode, SocketMode::Owner);
        assert!(read("path = \"/a\"\nmode = \"0666\"").is_err());
        assert!(read("path = \"/a\"\nuid = 3").is_err());
        let long = format!("path = \"/{}\"\nuids = []", "x".repeat(90));
        assert_eq!(read(&long).unwrap().faults().len(), 2);
        assert_eq!(read("path = \"judge.sock\"").unwrap().faults().len(), 1);
    }
}
