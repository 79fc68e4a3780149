//! The seven paths of the agent, by evidence: which of them telemetry, a proxy and the judge saw, of
//! whom, on which device, with which version of which client, and when last (GUIDE.md S95).

mod alarm;
mod blind;
mod evidence;
mod groups;
mod report;
mod servers;
mod whose;

use std::collections::HashMap;

use magistrate_event::{Event, Field, Timestamp};
use serde::{Deserialize, Serialize};

use self::alarm::{Alarms, Look};
use self::evidence::{path_of_flow, path_of_tool};
use self::servers::Servers;
use self::whose::{Heard, Renamed, Whose};
use super::memo::Memo;
use super::notice::Notice;
use super::sender::Sender;
use super::{Hash, hash};
use crate::kept::{Aging, Kept};
use crate::same_name::host_label;

pub use self::blind::{BLIND_SPOTS, BlindSpot};
pub(super) use self::evidence::{By, seen_by};
pub use self::groups::{CoverageConfig, CoverageGroup};
pub use self::report::{CoverageLine, CoverageState, coverage_report};

/// Rows of the matrix that are kept: a user, a device, a client and its version, a path.
const MAX_ROWS: usize = 200_000;
/// So often it is looked which paths are red.
const LOOK_S: u32 = 900;
/// A path is red after so many seconds, where no group says otherwise.
const STALE_S: u32 = 86_400;
/// Longer names are cut.
const MAX_NAME_BYTES: usize = 128;
/// Devices whose rows wait for their new name.
const MAX_RENAMED: usize = 10_000;
/// What the first byte of a row's key says.
const ROW: u8 = b'd';
const HEARD: u8 = b'h';
const SERVER: u8 = b'm';
const ALARM: u8 = b'n';

/// The client and its model.
const NATIVE: &str = "native_loop";

/// The seven paths, in the guide's order, by `magistrate.path_class`.
pub(super) const PATHS: [&str; 7] = [
    NATIVE,
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
    /// The user; what names the sender at all where no user is named.
    pub subject: Box<str>,
    /// The device: its host's name, else the client's id of the installation; empty where the
    /// evidence names none.
    pub device: Box<str>,
    /// The client; empty where the evidence names none.
    #[serde(default)]
    pub product: Box<str>,
    /// The client's version.
    pub version: Box<str>,
    /// One of [`PATHS`].
    pub path: Box<str>,
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
    /// Nothing seen yet.
    fn of(whose: Whose<'_>, path: &str) -> Self {
        Self {
            subject: whose.subject.into(),
            device: whose.device.into(),
            product: whose.product.into(),
            version: whose.version.into(),
            path: path.into(),
            ..Self::default()
        }
    }

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

    /// When it showed last that the agent is at work: a browser's or a program's flows need not be
    /// the agent's.
    pub(super) fn at_work(&self) -> u32 {
        self.telemetry.max(self.in_use())
    }

    /// When a proxy or the judge saw the agent use it last: at the other paths' hosts a person may be,
    /// too.
    pub(super) fn in_use(&self) -> u32 {
        let flow = if &*self.path == NATIVE { self.flow } else { 0 };
        flow.max(self.judged)
    }

    /// Takes over that it was seen at `at`.
    fn note(&mut self, by: By, at: u32) {
        self.first = match self.first {
            0 => at,
            first => first.min(at),
        };
        let times = match by {
            By::Telemetry => [Some(&mut self.telemetry), None],
            By::Flow => [Some(&mut self.flow), None],
            By::DecryptedFlow => [Some(&mut self.flow), Some(&mut self.decrypted)],
            By::Judge => [Some(&mut self.judged), None],
        };
        for time in times.into_iter().flatten() {
            *time = at.max(*time);
        }
    }

    /// Takes the evidence of `other` over.
    pub(super) fn add(&mut self, other: &Self) {
        let first = [self.first, other.first].into_iter().filter(|at| *at > 0);
        self.first = first.min().unwrap_or_default();
        self.telemetry = self.telemetry.max(other.telemetry);
        self.flow = self.flow.max(other.flow);
        self.decrypted = self.decrypted.max(other.decrypted);
        self.judged = self.judged.max(other.judged);
    }
}

impl Aging for PathSeen {
    fn last_used(&self) -> u32 {
        self.last()
    }
}

/// The matrix.
#[derive(Debug)]
pub(super) struct Coverage {
    rows: Kept<Hash, PathSeen>,
    keys: Memo<Hash>,
    heard: Heard,
    servers: Servers,
    alarms: Alarms,
    config: CoverageConfig,
    /// When it was looked last which paths are red.
    looked: u32,
    /// Devices that went by the id of their installation and have been named since.
    renamed: HashMap<Box<str>, Box<str>>,
}

impl Default for Coverage {
    fn default() -> Self {
        Self {
            rows: Kept::new(MAX_ROWS),
            keys: Memo::default(),
            heard: Heard::default(),
            servers: Servers::default(),
            alarms: Alarms::default(),
            config: CoverageConfig::default(),
            looked: 0,
            renamed: HashMap::new(),
        }
    }
}

impl Coverage {
    /// Nothing seen yet of what `config` asks for.
    pub(super) fn new(config: CoverageConfig) -> Self {
        Self {
            config,
            ..Self::default()
        }
    }

    /// Has [`Coverage::due`] look at once.
    pub(super) const fn hurry(&mut self) {
        self.looked = 0;
    }

    /// Paths that have turned red, or are red no more, at `now`, which is `at` in seconds.
    pub(super) fn due(&mut self, now: Timestamp, at: u32) -> Vec<Notice> {
        if at < self.looked.saturating_add(LOOK_S) {
            return Vec::new();
        }
        let look = match self.looked {
            0 => Look::OutOfTurn,
            _ => Look::InTurn,
        };
        self.looked = at;
        self.rename();
        let rows = self.rows.iter().map(|(_, row)| row.clone()).collect();
        let lines = coverage_report(rows, &self.config, STALE_S);
        self.alarms.look(look, &lines, (now, at))
    }

    /// Takes an event into account that `sender` sent and that happened at `at`.
    pub(super) fn see(&mut self, event: &Event, sender: &Sender<'_>, by: By, at: u32) {
        if by == By::Telemetry
            && let Some(Renamed { from, to }) = self.heard.note(event, sender, at)
        {
            self.renamed.insert(from, to);
            if self.renamed.len() >= MAX_RENAMED {
                self.rename();
            }
        }
        let whose = match by {
            By::Telemetry => self.heard.of_telemetry(event, sender),
            By::Flow | By::DecryptedFlow => self.heard.of_flow(sender),
            By::Judge => self.heard.of_question(sender),
        };
        let Some(whose) = whose else { return };
        let told = event.text(Field::PathClass);
        let servers = &mut self.servers;
        let path = match by {
            By::Telemetry => {
                let of_server = servers.tell(event, whose, at);
                told.or(of_server)
            }
            By::Judge => told
                .or_else(|| servers.path(event, whose))
                .or_else(|| path_of_tool(event, whose))
                .or_else(|| path_of_flow(event)),
            By::Flow | By::DecryptedFlow => told
                .or_else(|| servers.path_of_flow(event, whose, at))
                .or_else(|| path_of_flow(event)),
        };
        if let Some(path) = path.filter(|path| PATHS.contains(path)) {
            row(&mut self.rows, &mut self.keys, whose, path).note(by, at);
        }
    }

    /// Gives rows of devices the names that these have now.
    fn rename(&mut self) {
        let renamed = std::mem::take(&mut self.renamed);
        if renamed.is_empty() {
            return;
        }
        let is_old = |row: &PathSeen| renamed.contains_key(&row.device);
        let old = self.rows.iter().filter(|(_, row)| is_old(row));
        let old: Vec<Hash> = old.map(|(key, _)| key).collect();
        for key in old {
            let Some(seen) = self.rows.remove(key) else {
                continue;
            };
            let whose = Whose {
                subject: &seen.subject,
                device: renamed.get(&seen.device).map_or("", |name| name),
                product: &seen.product,
                version: &seen.version,
            };
            row(&mut self.rows, &mut self.keys, whose, &seen.path).add(&seen);
        }
    }

    /// Gives `take` every row that changed, by its key.
    pub(super) fn changes(&mut self, take: &mut impl FnMut((Vec<u8>, Option<Vec<u8>>))) {
        self.rename();
        let key = |kind: u8, hash: Hash| [&[kind], &hash[..]].concat();
        self.rows
            .changes(|hash, bytes| take((key(ROW, hash), bytes)));
        self.heard
            .changes(|hash, bytes| take((key(HEARD, hash), bytes)));
        self.servers
            .changes(|hash, bytes| take((key(SERVER, hash), bytes)));
        self.alarms
            .changes(|hash, bytes| take((key(ALARM, hash), bytes)));
    }

    /// Takes back one row that [`Coverage::changes`] gave; says whether it could be read.
    pub(super) fn restore(&mut self, kind: u8, hash: Hash, bytes: &[u8]) -> bool {
        match kind {
            ROW => self.rows.restore(hash, bytes),
            HEARD => self.heard.restore(hash, bytes),
            SERVER => self.servers.restore(hash, bytes),
            ALARM => self.alarms.restore(hash, bytes),
            _ => false,
        }
    }
}

/// The row of a path, which is hashed and made once.
fn row<'a>(
    rows: &'a mut Kept<Hash, PathSeen>,
    keys: &mut Memo<Hash>,
    whose: Whose<'_>,
    path: &str,
) -> &'a mut PathSeen {
    let Whose {
        subject,
        device,
        product,
        version,
    } = whose;
    let parts = [subject, device, product, version, path];
    let key = keys.of(&parts.map(Some), || {
        let device = host_label(device);
        hash(&["path", subject, &device, product, version, path])
    });
    rows.entry(key, || PathSeen::of(whose, path))
}

/// One line of the matrix, from a stored row; none from another row.
pub fn coverage_row(key: &[u8], bytes: &[u8]) -> Option<PathSeen> {
    match key.first() {
        Some(&ROW) => postcard::from_bytes(bytes).ok(),
        Some(_) | None => None,
    }
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
    use magistrate_event::{Class, Timestamp};

    use super::report::tests::states;
    use super::*;
    use crate::watch::sender::Senders;

    const HOUR: u32 = 3_600;

    fn telemetry(path: &str, version: &str) -> Event {
        let mut event = Event::new(Class::ApiActivity, 0, Timestamp::default());
        for (field, text) in [
            (Field::Surface, "code"),
            (Field::Source, "otlp_http"),
            (Field::UserEmail, "ana@example.com"),
            (Field::PathClass, path),
            (Field::ProductName, "claude-code"),
            (Field::ProductVersion, version),
            (Field::Peer, "10.0.0.7"),
        ] {
            event.set_text(field, text);
        }
        event
    }

    impl Coverage {
        fn take(&mut self, event: &Event, at: u32) {
            let sender = Senders::default().of(event);
            self.see(event, &sender, seen_by(event).unwrap(), at);
        }
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
        coverage.changes(&mut |(key, bytes): (Vec<u8>, Option<Vec<u8>>)| {
            rows.extend(bytes.and_then(|bytes| coverage_row(&key, &bytes)));
        });
        coverage_report(rows, &CoverageConfig::default(), 24 * HOUR)
    }

    #[test]
    fn exactly_the_path_that_was_switched_off_goes_red() {
        for (off, dark) in PATHS.iter().enumerate() {
            let mut coverage = Coverage::default();
            for path in PATHS {
                coverage.take(&telemetry(path, "1"), 100 * HOUR);
            }
            for path in PATHS.iter().filter(|path| *path != dark) {
                coverage.take(&telemetry(path, "1"), 130 * HOUR);
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
        coverage.take(&telemetry("native_loop", "1"), 100 * HOUR);
        coverage.take(&telemetry("code_vm", "1"), 101 * HOUR);
        let lines = report(&mut coverage);
        assert_eq!(lines[0].state, CoverageState::Green);
        assert_eq!(lines[1].state, CoverageState::Green);
        assert_eq!(lines[2].state, CoverageState::Unseen);
    }

    #[test]
    fn flows_and_judgements_stand_beside_telemetry() {
        let mut coverage = Coverage::default();
        coverage.take(&telemetry("native_loop", "2.1.330"), HOUR);
        coverage.take(&flow("claude-cli/2.1.330", "CONNECT"), 2 * HOUR);
        coverage.take(&flow("Mozilla/5.0", "GET"), 3 * HOUR);
        let mut judged = telemetry("native_loop", "");
        judged.set_text(Field::Source, "judge");
        coverage.take(&judged, 4 * HOUR);
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

    const SESSION: (Field, &str) = (Field::SessionUid, "s1");

    fn with(mut event: Event, fields: &[(Field, &str)]) -> Event {
        for (field, text) in fields {
            event.set_text(*field, text);
        }
        event
    }

    /// What a question to the judge holds; hooks name neither user nor device.
    fn question(fields: &[(Field, &str)]) -> Event {
        let event = Event::new(Class::ApiActivity, 0, Timestamp::default());
        let asked = [(Field::Source, "judge"), (Field::Surface, "code"), SESSION];
        with(with(event, &asked), fields)
    }

    /// Each path that was seen, and when by telemetry, flow and judge.
    fn seen(coverage: &mut Coverage) -> Vec<String> {
        let lines = report(coverage);
        let seen = lines.iter().filter(|line| line.last > 0);
        seen.map(|line| {
            let PathSeen {
                path,
                telemetry,
                flow,
                judged,
                ..
            } = &line.seen;
            format!("{path} {telemetry} {flow} {judged}")
        })
        .collect()
    }

    #[test]
    fn hooks_are_joined_by_their_session_and_show_every_path_that_they_judge() {
        let mut coverage = Coverage::default();
        coverage.take(&with(telemetry("native_loop", "1"), &[SESSION]), 1);
        let server = |path, name| {
            let fields = [
                SESSION,
                (Field::EventCode, "mcp_server_connection"),
                (Field::ApiServiceName, name),
            ];
            with(telemetry(path, "1"), &fields)
        };
        coverage.take(&server("local_mcp", "crm"), 2);
        coverage.take(&server("remote_connector", "drive"), 3);
        let call = |name| [(Field::ToolClass, "mcp"), (Field::ApiServiceName, name)];
        coverage.take(&question(&[(Field::EventCode, "prompt")]), 4);
        coverage.take(&question(&[(Field::ToolClass, "execute")]), 5);
        coverage.take(&question(&call("crm")), 6);
        coverage.take(&question(&call("drive")), 7);
        coverage.take(&question(&call("nobody-knows-where")), 8);
        let expected = [
            "native_loop 1 0 5",
            "local_mcp 2 0 6",
            "remote_connector 3 0 7",
        ];
        assert_eq!(seen(&mut coverage), expected);
        let cowork = with(
            telemetry("native_loop", "1"),
            &[SESSION, (Field::ProductName, "cowork")],
        );
        coverage.take(&cowork, 1_000);
        coverage.take(&question(&[(Field::ToolClass, "execute")]), 1_001);
        assert!(seen(&mut coverage).contains(&"code_vm 0 0 1001".to_owned()));
    }

    #[test]
    fn calls_and_flows_of_a_server_are_on_the_path_that_it_was_connected_by() {
        let mut coverage = Coverage::default();
        let crm = (Field::ApiServiceName, "crm");
        let connection = [(Field::EventCode, "mcp_server_connection"), crm];
        coverage.take(&with(telemetry("local_mcp", "1"), &connection), 1);
        let mut call = Event::new(Class::ApiActivity, 0, Timestamp::default());
        for (field, text) in [
            (Field::Surface, "cowork"),
            (Field::UserEmail, "ana@example.com"),
            (Field::EventCode, "tool_result"),
            (Field::UrlHostname, "api.crm.example.com"),
            (Field::DestinationDomain, "example.com"),
            (Field::Peer, "10.0.0.7"),
            crm,
        ] {
            call.set_text(field, text);
        }
        coverage.take(&call, 2);
        let to = |host: &str| with(flow("node", "CONNECT"), &[(Field::UrlHostname, host)]);
        let mut served = to("api.crm.example.com");
        served.set_text(Field::DestinationDomain, "example.com");
        coverage.take(&served, 3);
        coverage.take(&to("elsewhere.example.net"), 4);
        coverage.take(&to("bridge.claudeusercontent.com"), 5);
        assert_eq!(
            seen(&mut coverage),
            ["chrome_bridge 0 5 0", "local_mcp 2 3 0"]
        );
    }
    #[test]
    fn rows_of_an_installation_go_over_to_the_host_that_it_is_on() {
        let id = "ab".repeat(32);
        let installation = (Field::UserUid, id.as_str());
        let host = (Field::DeviceHostname, "Fin-7.local");
        let mut coverage = Coverage::default();
        coverage.take(&with(telemetry("native_loop", "1"), &[installation]), HOUR);
        coverage.take(&with(telemetry("browser", "1"), &[installation]), HOUR);
        assert_eq!(&*report(&mut coverage)[0].seen.device, id);
        let named = with(telemetry("native_loop", "2"), &[installation, host]);
        coverage.take(&named, 2 * HOUR);
        let (mut rows, mut gone) = (Vec::new(), 0);
        coverage.changes(&mut |(key, bytes)| match bytes {
            Some(bytes) => rows.extend(coverage_row(&key, &bytes)),
            None => gone += 1,
        });
        assert_eq!(gone, 2, "the old ones are deleted");
        let mut shown: Vec<_> = rows
            .iter()
            .map(|row| {
                format!(
                    "{} {} {} {}",
                    row.device, row.version, row.path, row.telemetry
                )
            })
            .collect();
        shown.sort();
        let expected = [
            "Fin-7.local 1 browser 3600",
            "Fin-7.local 1 native_loop 3600",
            "Fin-7.local 2 native_loop 7200",
        ];
        assert_eq!(shown, expected);
    }
}
