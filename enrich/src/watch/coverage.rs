//! The seven paths of the agent, by evidence: which of them telemetry, a proxy and the judge saw, of
//! whom, with which version of the client, and when last (GUIDE.md S95).

mod groups;
mod report;

use magistrate_event::{Class, Event, Field};
use serde::{Deserialize, Serialize};

use super::{Hash, hash, is_client, version};
use crate::kept::{Aging, Kept};

pub use self::groups::{CoverageConfig, CoverageGroup};
pub use self::report::{CoverageLine, CoverageState, coverage_report};

/// Rows of the matrix that are kept: a user or device, a version, a path.
const MAX_ROWS: usize = 200_000;
/// Addresses whose user or device is known.
const MAX_ADDRESSES: usize = 100_000;
/// Longer names are cut.
const MAX_NAME_BYTES: usize = 128;

/// The seven paths, in the guide's order, by `magistrate.path_class`.
pub(super) const PATHS: [&str; 7] = [
    "native_loop",
    "code_vm",
    "chrome_bridge",
    "browser",
    "local_mcp",
    "remote_connector",
    "computer_use",
];

/// What was seen of one path, in seconds since 1970; 0 where nothing was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PathSeen {
    /// The user or device.
    pub subject: Box<str>,
    /// The device that was named last; empty where none was.
    pub device: Box<str>,
    /// One of [`PATHS`].
    pub path: Box<str>,
    /// The version that the client told last on this path.
    pub version: Box<str>,
    /// When the path was seen first.
    pub first: u32,
    /// When the client told of it last.
    pub telemetry: u32,
    /// When a proxy saw it last.
    pub flow: u32,
    /// When a proxy saw more of it than where it went.
    pub decrypted: u32,
    /// When an action on it was judged last.
    pub judged: u32,
}

impl PathSeen {
    /// When it was seen last, by anybody.
    pub fn last(&self) -> u32 {
        let times = [self.telemetry, self.flow, self.decrypted, self.judged];
        times.into_iter().max().unwrap_or_default()
    }

    /// When the client told of it last; of a path that it never tells of, when it was seen last.
    pub(super) fn told(&self) -> u32 {
        if self.telemetry > 0 {
            self.telemetry
        } else {
            self.last()
        }
    }
}

impl Aging for PathSeen {
    fn last_used(&self) -> u32 {
        self.last()
    }
}

/// Who uses an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct User {
    name: Box<str>,
    at: u32,
}

impl Aging for User {
    fn last_used(&self) -> u32 {
        self.at
    }
}

/// The matrix.
#[derive(Debug)]
pub(super) struct Coverage {
    rows: Kept<Hash, PathSeen>,
    addresses: Kept<Hash, User>,
}

/// By what a path was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Telemetry,
    Flow,
    DecryptedFlow,
    Judge,
}

impl By {
    /// Whether its device is the one that the agent runs on; of a flow it is the proxy's.
    const fn is_named(self) -> bool {
        match self {
            Self::Telemetry | Self::Judge => true,
            Self::Flow | Self::DecryptedFlow => false,
        }
    }
}

impl Default for Coverage {
    fn default() -> Self {
        Self {
            rows: Kept::new(MAX_ROWS),
            addresses: Kept::new(MAX_ADDRESSES),
        }
    }
}

impl Coverage {
    /// Takes an event into account that happened at `at`.
    pub(super) fn see(&mut self, event: &Event, at: u32) {
        let is_ours = event.text(Field::Surface).is_some_and(is_client);
        let door = event.text(Field::Source).unwrap_or_default();
        let doors = ["judge", "hook", "inference"];
        let by = if doors.iter().any(|name| door.starts_with(name)) {
            By::Judge
        } else if is_ours {
            By::Telemetry
        } else if !event.class().is_flow() {
            return;
        } else if event.class() == Class::HttpActivity && is_decrypted(event) {
            By::DecryptedFlow
        } else {
            By::Flow
        };
        let path = event.text(Field::PathClass).or_else(|| path_of_flow(event));
        let Some(path) = path.filter(|path| PATHS.contains(path)) else {
            return;
        };
        let Some(subject) = self.subject(event, by, at) else {
            return;
        };
        self.note(&subject, path, event, by, at);
    }

    /// The user or device; of a flow that names none, the one that uses the address.
    fn subject(&mut self, event: &Event, by: By, at: u32) -> Option<Box<str>> {
        let named = [
            Field::UserEmail,
            Field::UserName,
            Field::DeviceHostname,
            Field::UserUid,
        ];
        let is_flow = matches!(by, By::Flow | By::DecryptedFlow);
        let name = named
            .iter()
            .filter(|field| !is_flow || matches!(field, Field::UserEmail | Field::UserName))
            .find_map(|field| event.text(*field))
            .map(|name| cut(name).into());
        if is_flow {
            let address = || event.text(Field::SrcIp);
            return name.or_else(|| {
                let user = self.addresses.get(hash(&["address", address()?]))?;
                Some(user.name.clone())
            });
        }
        let name: Box<str> = name?;
        if let Some(address) = event.text(Field::Peer) {
            let user = self.addresses.entry(hash(&["address", address]), || User {
                name: name.clone(),
                at,
            });
            (user.name, user.at) = (name.clone(), at);
        }
        Some(name)
    }

    fn note(&mut self, subject: &str, path: &str, event: &Event, by: By, at: u32) {
        let row = self
            .rows
            .entry(hash(&["path", subject, path]), || PathSeen {
                subject: subject.into(),
                path: path.into(),
                first: at,
                ..PathSeen::default()
            });
        let told = version(event);
        if by == By::Telemetry && !told.is_empty() && at >= row.telemetry {
            row.version = cut(told).into();
        }
        if let Some(device) = event.text(Field::DeviceHostname).filter(|_| by.is_named()) {
            row.device = cut(device).into();
        }
        let times = match by {
            By::Telemetry => [Some(&mut row.telemetry), None],
            By::Flow => [Some(&mut row.flow), None],
            By::DecryptedFlow => [Some(&mut row.flow), Some(&mut row.decrypted)],
            By::Judge => [Some(&mut row.judged), None],
        };
        for time in times.into_iter().flatten() {
            *time = at.max(*time);
        }
    }

    pub(super) fn changes(
        &mut self,
        mut rows: impl FnMut(Hash, Option<Vec<u8>>),
        addresses: impl FnMut(Hash, Option<Vec<u8>>),
    ) {
        self.rows.changes(&mut rows);
        self.addresses.changes(addresses);
    }

    pub(super) fn restore_row(&mut self, key: Hash, bytes: &[u8]) -> bool {
        self.rows.restore(key, bytes)
    }

    pub(super) fn restore_address(&mut self, key: Hash, bytes: &[u8]) -> bool {
        self.addresses.restore(key, bytes)
    }
}

/// The path that a flow takes by what it says of itself: the client and its model, a browser, or a
/// program.
fn path_of_flow(event: &Event) -> Option<&'static str> {
    if super::goes_to_model(event) {
        return Some("native_loop");
    }
    let agent = event.text(Field::UserAgent)?;
    if agent.starts_with("Mozilla/") {
        return Some("browser");
    }
    let programs = ["curl/", "Wget/", "python-requests/", "pip/", "git/", "npm/"];
    programs
        .iter()
        .any(|program| agent.starts_with(program))
        .then_some("code_vm")
}

/// Whether a proxy saw more than where the flow went.
fn is_decrypted(event: &Event) -> bool {
    let method = event.text(Field::HttpMethod);
    method.is_some_and(|method| method != "CONNECT") && event.text(Field::UrlPath).is_some()
}

fn cut(name: &str) -> &str {
    let mut end = name.len().min(MAX_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use magistrate_event::Timestamp;

    use super::report::tests::states;
    use super::*;

    const HOUR: u32 = 3_600;

    fn telemetry(path: &str, version: &str) -> Event {
        let mut event = Event::new(Class::ApiActivity, 0, Timestamp::default());
        for (field, text) in [
            (Field::Surface, "cowork"),
            (Field::Source, "otlp_http"),
            (Field::UserEmail, "ana@example.com"),
            (Field::PathClass, path),
            (Field::ProductVersion, version),
            (Field::Peer, "10.0.0.7"),
        ] {
            event.set_text(field, text);
        }
        event
    }

    fn flow(agent: &str, method: &str) -> Event {
        let mut event = Event::new(Class::HttpActivity, 1, Timestamp::default());
        event.set_text(Field::SrcIp, "10.0.0.7");
        event.set_text(Field::UserAgent, agent);
        event.set_text(Field::HttpMethod, method);
        event.set_text(Field::UrlPath, "/");
        event
    }

    fn report(coverage: &mut Coverage) -> Vec<CoverageLine> {
        let mut rows = Vec::new();
        coverage.changes(
            |_, bytes| rows.push(postcard::from_bytes(&bytes.unwrap()).unwrap()),
            |_, _| {},
        );
        coverage_report(rows, &CoverageConfig::default(), 24 * HOUR)
    }

    #[test]
    fn exactly_the_path_that_was_switched_off_goes_red() {
        for (off, dark) in PATHS.iter().enumerate() {
            let mut coverage = Coverage::default();
            for path in PATHS {
                coverage.see(&telemetry(path, "1"), 100 * HOUR);
            }
            for path in PATHS.iter().filter(|path| *path != dark) {
                coverage.see(&telemetry(path, "1"), 130 * HOUR);
            }
            let lines = report(&mut coverage);
            let expected: Vec<_> = (0..PATHS.len())
                .map(|at| match at == off {
                    true => CoverageState::Red,
                    false => CoverageState::Green,
                })
                .collect();
            assert_eq!(states(&lines), expected, "{dark}");
        }
    }

    #[test]
    fn a_night_without_anybody_turns_nothing_red() {
        let mut coverage = Coverage::default();
        coverage.see(&telemetry("native_loop", "1"), 100 * HOUR);
        coverage.see(&telemetry("code_vm", "1"), 101 * HOUR);
        let lines = report(&mut coverage);
        assert_eq!(lines[0].state, CoverageState::Green);
        assert_eq!(lines[1].state, CoverageState::Green);
        assert_eq!(lines[2].state, CoverageState::Unseen);
    }

    #[test]
    fn flows_and_judgements_stand_beside_telemetry() {
        let mut coverage = Coverage::default();
        coverage.see(&telemetry("native_loop", "2.1.330"), HOUR);
        coverage.see(&flow("claude-cli/2.1.330", "CONNECT"), 2 * HOUR);
        coverage.see(&flow("Mozilla/5.0", "GET"), 3 * HOUR);
        let mut judged = telemetry("native_loop", "");
        judged.set_text(Field::Source, "judge_http");
        coverage.see(&judged, 4 * HOUR);
        let lines = report(&mut coverage);
        let native = &lines[0].seen;
        assert_eq!(&*native.version, "2.1.330");
        assert_eq!(
            [
                native.telemetry,
                native.flow,
                native.decrypted,
                native.judged
            ],
            [HOUR, 2 * HOUR, 0, 4 * HOUR]
        );
        let browser = &lines[3].seen;
        assert_eq!([browser.telemetry, browser.decrypted], [0, 3 * HOUR]);
    }
}
