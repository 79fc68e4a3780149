//! How it stands with each path of a group of devices.

use super::device::Device;
use super::rule::Rule;
use super::{CoverageLine, CoverageState};
use crate::watch::coverage::blind::blind_spots;
use crate::watch::coverage::groups::CoverageGroup;
use crate::watch::coverage::{PATHS, PathSeen};

/// The devices of a group.
pub(super) struct Members<'a> {
    pub(super) group: &'a CoverageGroup,
    rows: Vec<PathSeen>,
}

impl<'a> Members<'a> {
    pub(super) const fn new(group: &'a CoverageGroup) -> Self {
        Self {
            group,
            rows: Vec::new(),
        }
    }

    /// Takes a device over: one row a path, over all clients.
    pub(super) fn add(&mut self, device: &Device<'_>) {
        let all = || device.own.iter().chain(&device.nobodys).copied();
        let sums = PATHS.map(|path| device.sum(("", newest_version(all(), path)), path, all()));
        self.rows
            .extend(sums.into_iter().filter(|row| row.last() > 0));
    }

    pub(super) fn line(&self, rule: &Rule<'_>, path: &str) -> CoverageLine {
        let on_it = || self.rows.iter().filter(|row| &*row.path == path);
        let mut seen = PathSeen {
            subject: self.group.name.as_str().into(),
            version: newest_version(on_it(), path).into(),
            path: path.into(),
            ..PathSeen::default()
        };
        on_it().for_each(|row| seen.add(row));
        let newest = self.rows.iter().map(PathSeen::at_work).max();
        let newest = newest.unwrap_or_default();
        let is_configured = rule.is_configured(path) == Some(true);
        let missing = if is_configured {
            rule.missing(&seen, newest)
        } else {
            Vec::new()
        };
        let state = match (is_configured, seen.last() > 0) {
            (true, _) if !missing.is_empty() => CoverageState::Red,
            (true, _) => CoverageState::Green,
            (false, false) => CoverageState::Unseen,
            (false, true) => CoverageState::Extra,
        };
        CoverageLine {
            blind_spots: blind_spots(path),
            last: seen.last(),
            state,
            untold: false,
            stale: seen.last() > 0 && newest.saturating_sub(seen.told()) > rule.stale,
            group: Some(self.group.name.clone()),
            configured: Some(is_configured),
            members: Some(on_it().count()),
            missing,
            seen,
        }
    }
}

/// The version that telemetry told last on `path`.
fn newest_version<'a>(rows: impl Iterator<Item = &'a PathSeen>, path: &str) -> &'a str {
    let told = rows.filter(|row| &*row.path == path && row.telemetry > 0);
    let newest = told.max_by_key(|row| row.telemetry);
    newest.map_or("", |row| &*row.version)
}
