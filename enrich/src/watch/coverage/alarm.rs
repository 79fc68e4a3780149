//! Tells once of each line of the matrix that it is red, and once that it no longer is.

use magistrate_event::{Field, Timestamp};
use serde::{Deserialize, Serialize};

use super::report::{CoverageLine, CoverageState};
use crate::kept::{Aging, Kept};
use crate::watch::notice::{About, Detail, Notice, notice};
use crate::watch::{Hash, hash};

/// Lines that were told of.
const MAX_TOLD: usize = 50_000;
/// Notices of one look; what is more is told at the next.
const MAX_NOTICES: usize = 256;

/// What was told of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    is_red: bool,
    at: u32,
}

impl Aging for Told {
    fn last_used(&self) -> u32 {
        self.at
    }
}

/// What was told of all lines.
#[derive(Debug)]
pub(super) struct Alarms(Kept<Hash, Told>);

impl Default for Alarms {
    fn default() -> Self {
        Self(Kept::new(MAX_TOLD))
    }
}

impl Alarms {
    /// What `lines` show that is not told yet, at `now`, which is `at` in seconds.
    pub(super) fn look(&mut self, lines: &[CoverageLine], now: Timestamp, at: u32) -> Vec<Notice> {
        let mut notices = Vec::new();
        for line in lines {
            let is_red = match line.state {
                CoverageState::Red => true,
                CoverageState::Green | CoverageState::Unseen | CoverageState::Extra => false,
                CoverageState::Past => continue,
            };
            let key = key(line);
            let was_red = self.0.get(key).is_some_and(|told| told.is_red);
            if is_red != was_red && notices.len() < MAX_NOTICES {
                *self.0.entry(key, || Told { is_red, at }) = Told { is_red, at };
                notices.push(told(line, now));
            }
        }
        notices
    }

    pub(super) fn changes(&mut self, take: impl FnMut(Hash, Option<Vec<u8>>)) {
        self.0.changes(take);
    }

    pub(super) fn restore(&mut self, key: Hash, bytes: &[u8]) -> bool {
        self.0.restore(key, bytes)
    }
}

/// What tells a line from others; that the client has another version makes it no other.
fn key(line: &CoverageLine) -> Hash {
    let kind = if line.members.is_some() {
        "group"
    } else {
        "device"
    };
    let seen = &line.seen;
    hash(&[kind, &seen.subject, &seen.device, &seen.product, &seen.path])
}

/// That a line is red, or is red no more.
fn told(line: &CoverageLine, now: Timestamp) -> Notice {
    let seen = &line.seen;
    let kind = match (line.members, seen.device.is_empty()) {
        (Some(_), _) => "group ",
        (None, true) => "",
        (None, false) => "device ",
    };
    let whose = if kind == "device " {
        &seen.device
    } else {
        &seen.subject
    };
    let (code, words) = match line.state {
        CoverageState::Red => (
            "coverage_red",
            "is no longer seen, while the client goes on",
        ),
        CoverageState::Green
        | CoverageState::Unseen
        | CoverageState::Extra
        | CoverageState::Past => ("coverage_back", "is no longer missing"),
    };
    let message = format!("path {} of {kind}`{whose}` {words}", seen.path);
    let missing = line.missing.join(", ");
    let details = [
        ("coverage.path", Detail::Text(&seen.path)),
        ("coverage.subject", Detail::Text(&seen.subject)),
        ("coverage.device", Detail::Text(&seen.device)),
        ("coverage.product", Detail::Text(&seen.product)),
        ("coverage.version", Detail::Text(&seen.version)),
        (
            "coverage.group",
            Detail::Text(line.group.as_deref().unwrap_or_default()),
        ),
        ("coverage.missing", Detail::Text(&missing)),
        ("coverage.last_seen", Detail::Number(i64::from(line.last))),
    ];
    let user = if seen.subject.contains('@') {
        Field::UserEmail
    } else {
        Field::UserName
    };
    let about = match line.members {
        Some(_) => About::default(),
        None => About::named(&[(user, &seen.subject), (Field::DeviceHostname, &seen.device)]),
    };
    notice(code, now, &message, &about, &details)
}

#[cfg(test)]
mod tests {
    use magistrate_event::Timestamp;

    use super::*;
    use crate::watch::{CoverageConfig, PathSeen, coverage_report};

    const HOUR: u32 = 3_600;

    fn lines(version: &str, browser: u32) -> Vec<CoverageLine> {
        let row = |path: &str, telemetry| PathSeen {
            subject: "ana@example.com".into(),
            device: "fin-1".into(),
            product: "cowork".into(),
            version: version.into(),
            path: path.into(),
            telemetry,
            ..PathSeen::default()
        };
        let rows = vec![row("native_loop", 130 * HOUR), row("browser", browser)];
        coverage_report(rows, &CoverageConfig::default(), 24 * HOUR)
    }

    fn codes(alarms: &mut Alarms, lines: &[CoverageLine]) -> Vec<String> {
        let notices = alarms.look(lines, Timestamp::default(), 1);
        let shown = notices.iter().map(|one| {
            let text = |field| one.event.text(field).unwrap_or_default();
            let code = text(Field::EventCode);
            format!("{code} {} {}", text(Field::UserEmail), text(Field::Message))
        });
        shown.collect()
    }

    #[test]
    fn a_red_path_is_told_once_and_once_that_it_is_back() {
        let mut alarms = Alarms::default();
        assert_eq!(codes(&mut alarms, &lines("1", 129 * HOUR)), [""; 0]);
        let dark = lines("1", 100 * HOUR);
        let red = "coverage_red ana@example.com path browser of device `fin-1` is no longer seen, while the client goes on";
        assert_eq!(codes(&mut alarms, &dark), [red]);
        let mut after = Alarms::default();
        alarms.changes(|key, bytes| assert!(after.restore(key, &bytes.unwrap())));
        assert_eq!(codes(&mut after, &dark), [""; 0]);
        assert_eq!(codes(&mut after, &lines("2", 100 * HOUR)), [""; 0]);
        let back = codes(&mut after, &lines("2", 130 * HOUR));
        assert!(
            back.len() == 1 && back[0].starts_with("coverage_back "),
            "{back:?}"
        );
    }

    #[test]
    fn many_are_told_over_several_looks() {
        let mut alarms = Alarms::default();
        let mut many = Vec::new();
        for number in 0..MAX_NOTICES + 10 {
            for mut line in lines("1", 100 * HOUR) {
                line.seen.device = number.to_string().into();
                many.push(line);
            }
        }
        assert_eq!(codes(&mut alarms, &many).len(), MAX_NOTICES);
        assert_eq!(codes(&mut alarms, &many).len(), 10);
    }
}
