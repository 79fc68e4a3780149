//! The matrix as it is told: how it stands with each path of each device and client, and of each
//! group.

mod device;
mod members;
mod rule;
#[cfg(test)]
pub(super) mod tests;

use serde::{Deserialize, Serialize};

use self::device::devices;
use self::members::Members;
use self::rule::Rule;
use super::blind::BlindSpot;
use super::groups::CoverageConfig;
use super::{PATHS, PathSeen};

/// One line of the report: one path of a client on a device, or of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CoverageLine {
    /// What was seen; of a group, by any of its members, and its name stands for the user's.
    #[serde(flatten)]
    pub seen: PathSeen,
    /// When it was seen last, by anybody, in seconds since 1970; 0 where it never was.
    pub last: u32,
    /// How it stands with the path.
    pub state: CoverageState,
    /// Whether what was seen says nothing of the present: it is too old beside what else the client
    /// did, or an earlier version's.
    pub stale: bool,
    /// Whether a proxy or the judge saw it in use an hour or more after its client had told of it
    /// last.
    pub untold: bool,
    /// The group; none where the configuration names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Whether the group must have the path; none without a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configured: Option<bool>,
    /// Devices that were seen on it; only lines of a group have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<usize>,
    /// What is missing or too old, of what must see the path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<&'static str>,
    /// What is done on the path where none of these can look.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blind_spots: Vec<BlindSpot>,
}

/// How it stands with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CoverageState {
    /// Seen lately.
    Green,
    /// Was in use and is silent, while the same client on the same device goes on; of a group also a
    /// path that it must have and on which nobody was ever seen.
    Red,
    /// Never seen.
    Unseen,
    /// Seen, though the group need not have it.
    Extra,
    /// Seen with a version that the device has replaced.
    Past,
}

impl CoverageState {
    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Red => "red",
            Self::Unseen => "unseen",
            Self::Extra => "extra",
            Self::Past => "past",
        }
    }
}

/// The matrix: seven lines of each device and version of a client, in the guide's order, and of each
/// group.
///
/// Of whom no group says anything, a path is red when it was seen and its client's word is `stale`
/// seconds older than the newest of that client on that device. In a group only its configured paths
/// can be red: where one of what must see them is that much older, or was never there. Evidence that
/// names no client counts for each client of the device, and what names no device for each device of
/// the user.
pub fn coverage_report(
    mut rows: Vec<PathSeen>,
    config: &CoverageConfig,
    stale: u32,
) -> Vec<CoverageLine> {
    rows.sort_by(|one, other| one.subject.cmp(&other.subject));
    let mut of_groups: Vec<_> = config.group.iter().map(Members::new).collect();
    let mut lines = Vec::new();
    for own in rows.chunk_by(|one, other| one.subject == other.subject) {
        for device in devices(own) {
            let group = device
                .name()
                .and_then(|(subject, name)| config.group_of(subject, name));
            if let Some(members) = of_groups.iter_mut().find(|one| Some(one.group) == group) {
                members.add(&device);
            }
            lines.extend(device.lines(&Rule::of(group, stale)));
        }
    }
    for members in &of_groups {
        let rule = Rule::of(Some(members.group), stale);
        lines.extend(PATHS.map(|path| members.line(&rule, path)));
    }
    lines
}
