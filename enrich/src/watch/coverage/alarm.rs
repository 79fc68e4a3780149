//! Tells how it stands with each line of the matrix, when that changes and once a day; of a line that is
//! red and must not be, that it is, and once that it no longer is.

use magistrate_event::{Field, Timestamp};
use serde::{Deserialize, Serialize};

use super::report::{CoverageLine, CoverageState};
use crate::kept::{Aging, Kept};
use crate::watch::notice::{About, Detail, Notice, notice};
use crate::watch::{Hash, hash};

/// Lines that were told of.
const MAX_TOLD: usize = 200_000;
/// Lines that turned red or back and are told at one look; what is more is told at the next.
const MAX_TURNED: usize = 256;
/// Lines whose state is told at one look.
const MAX_STATES: usize = 2_048;
const DAY_S: u32 = 86_400;

/// What a look tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// How it stands with every line of which that is due.
    InTurn,
    /// Only what has turned red or back: a start, or an end, is no time to tell all.
    OutOfTurn,
}

/// What was told of a line, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    state: CoverageState,
    /// Whether it was told that it is missing.
    is_alarm: bool,
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
    pub(super) fn look(
        &mut self,
        look: Look,
        lines: &[CoverageLine],
        (now, at): (Timestamp, u32),
    ) -> Vec<Notice> {
        let (mut turned, mut states) = (Vec::new(), Vec::new());
        for line in lines {
            let state = line.state;
            if state == CoverageState::Past {
                continue;
            }
            let key = key(line);
            let known = self.0.get(key).copied();
            let is_red = |state| state == CoverageState::Red;
            let has_turned = is_red(state) != known.is_some_and(|told| is_red(told.state));
            let is_alarm = is_alarm(line);
            let is_news = is_alarm != known.is_some_and(|told| told.is_alarm);
            let is_old =
                known.is_none_or(|told| told.state != state || at >= told.at.saturating_add(DAY_S));
            let is_due = is_old && look == Look::InTurn;
            // What was never seen and need not be there is no news.
            let is_nothing = state == CoverageState::Unseen && line.configured != Some(true);
            if !has_turned && !is_news && (!is_due || is_nothing)
                || turned.len() >= MAX_TURNED && is_news
                || states.len() >= MAX_STATES
            {
                continue;
            }
            if is_news {
                turned.push(turning(line, now));
            }
            states.push(standing(line, now, at));
            let told = Told {
                state,
                is_alarm,
                at,
            };
            *self.0.entry(key, || told) = told;
        }
        turned.extend(states);
        turned
    }

    pub(super) fn changes(&mut self, take: impl FnMut(Hash, Option<Vec<u8>>)) {
        self.0.changes(take);
    }

    pub(super) fn restore(&mut self, key: Hash, bytes: &[u8]) -> bool {
        self.0.restore(key, bytes)
    }
}

/// Whether a line that is red is worth an alert. A path that was used once and not again is none, where no
/// group says that it must be there: only its use without the client's word is.
fn is_alarm(line: &CoverageLine) -> bool {
    line.state == CoverageState::Red && (line.configured == Some(true) || line.untold)
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

/// That a line is missing, or is so no more.
fn turning(line: &CoverageLine, now: Timestamp) -> Notice {
    let (code, words) = match (is_alarm(line), line.untold) {
        (true, true) => (
            "coverage_red",
            "is used, and its client no longer tells of it",
        ),
        (true, false) => (
            "coverage_red",
            "is no longer seen, while the client goes on",
        ),
        (false, _) => ("coverage_back", "is no longer missing"),
    };
    let message = format!("{} {words}", subject(line));
    let missing = line.missing.join(", ");
    notice(code, now, &message, &about(line), &details(line, &missing))
}

/// How it stands with a line, for whoever wants the matrix in another system.
fn standing(line: &CoverageLine, now: Timestamp, at: u32) -> Notice {
    let state = line.state.name();
    let message = format!("{} is {state}", subject(line));
    let missing = line.missing.join(", ");
    let configured = match line.configured {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    };
    let time = |at: u32| Detail::Number(i64::from(at));
    let seen = &line.seen;
    let mut all = details(line, &missing).to_vec();
    all.extend([
        ("coverage.state", Detail::Text(state)),
        ("coverage.configured", Detail::Text(configured)),
        ("coverage.stale", Detail::Flag(line.stale)),
        ("coverage.telemetry", time(seen.telemetry)),
        ("coverage.flow", time(seen.flow)),
        ("coverage.decrypted", time(seen.decrypted)),
        ("coverage.judged", time(seen.judged)),
        // Told twice on one day, the same is one notice.
        ("coverage.day", time(at / DAY_S)),
    ]);
    notice("coverage_state", now, &message, &about(line), &all)
}

/// The path of a line, and whose it is, in words.
fn subject(line: &CoverageLine) -> String {
    let seen = &line.seen;
    let (kind, whose) = match (line.members, seen.device.is_empty()) {
        (Some(_), _) => ("group ", &seen.subject),
        (None, true) => ("", &seen.subject),
        (None, false) => ("device ", &seen.device),
    };
    format!("path {} of {kind}`{whose}`", seen.path)
}

/// What every notice says of its line.
fn details<'a>(line: &'a CoverageLine, missing: &'a str) -> [(&'a str, Detail<'a>); 8] {
    let seen = &line.seen;
    let group = line.group.as_deref().unwrap_or_default();
    [
        ("coverage.path", Detail::Text(&seen.path)),
        ("coverage.subject", Detail::Text(&seen.subject)),
        ("coverage.device", Detail::Text(&seen.device)),
        ("coverage.product", Detail::Text(&seen.product)),
        ("coverage.version", Detail::Text(&seen.version)),
        ("coverage.group", Detail::Text(group)),
        ("coverage.missing", Detail::Text(missing)),
        ("coverage.last_seen", Detail::Number(i64::from(line.last))),
    ]
}

/// Who a line is about.
fn about(line: &CoverageLine) -> About {
    let seen = &line.seen;
    let user = if seen.subject.contains('@') {
        Field::UserEmail
    } else {
        Field::UserName
    };
    match line.members {
        Some(_) => About::default(),
        None => About::named(&[(user, &seen.subject), (Field::DeviceHostname, &seen.device)]),
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::Timestamp;

    use super::*;
    use crate::watch::{CoverageConfig, PathSeen, coverage_report};

    const HOUR: u32 = 3_600;

    fn lines(version: &str, browser: u32) -> Vec<CoverageLine> {
        lines_with(version, browser, 0)
    }

    /// The lines of a client whose browser telemetry told of, and the judge was asked about, last then.
    fn lines_with(version: &str, browser: u32, judged: u32) -> Vec<CoverageLine> {
        let row = |path: &str, telemetry| PathSeen {
            subject: "ana@example.com".into(),
            device: "fin-1".into(),
            product: "cowork".into(),
            version: version.into(),
            path: path.into(),
            telemetry,
            ..PathSeen::default()
        };
        let browser = PathSeen {
            judged,
            ..row("browser", browser)
        };
        let rows = vec![row("native_loop", 130 * HOUR), browser];
        coverage_report(rows, &CoverageConfig::default(), 24 * HOUR)
    }

    /// What is told of lines that have turned red or back.
    fn codes(alarms: &mut Alarms, lines: &[CoverageLine]) -> Vec<String> {
        let notices = alarms.look(Look::OutOfTurn, lines, (Timestamp::default(), 1));
        let turned = notices
            .iter()
            .filter(|one| one.event.text(Field::EventCode) != Some("coverage_state"));
        let shown = turned.map(|one| {
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
        // Used once, and not since: nothing is missing.
        assert_eq!(codes(&mut alarms, &lines("1", 100 * HOUR)), [""; 0]);
        let dark = lines_with("1", 100 * HOUR, 129 * HOUR);
        let red = "coverage_red ana@example.com path browser of device `fin-1` is used, and its client no longer tells of it";
        assert_eq!(codes(&mut alarms, &dark), [red]);
        let mut after = Alarms::default();
        alarms.changes(|key, bytes| assert!(after.restore(key, &bytes.unwrap())));
        assert_eq!(codes(&mut after, &dark), [""; 0]);
        let newer = lines_with("2", 100 * HOUR, 129 * HOUR);
        assert_eq!(codes(&mut after, &newer), [""; 0]);
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
        for number in 0..MAX_TURNED + 10 {
            for mut line in lines_with("1", 100 * HOUR, 129 * HOUR) {
                line.seen.device = number.to_string().into();
                many.push(line);
            }
        }
        assert_eq!(codes(&mut alarms, &many).len(), MAX_TURNED);
        assert_eq!(codes(&mut alarms, &many).len(), 10);
    }
    #[test]
    fn how_it_stands_is_told_when_it_changes_and_once_a_day() {
        let mut alarms = Alarms::default();
        let mut at = |lines: &[CoverageLine], at: u32| -> Vec<String> {
            let notices = alarms.look(Look::InTurn, lines, (Timestamp::default(), at));
            let states = notices.iter().filter(|one| {
                let code = one.event.text(Field::EventCode);
                code == Some("coverage_state")
            });
            let message = |one: &Notice| one.event.text(Field::Message).unwrap().to_owned();
            states.map(message).collect()
        };
        let (native, green) = (
            "path native_loop of device `fin-1` is green",
            "path browser of device `fin-1` is green",
        );
        let red = "path browser of device `fin-1` is red";
        assert_eq!(at(&lines("1", 129 * HOUR), 1), [native, green]);
        assert_eq!(at(&lines("1", 129 * HOUR), DAY_S), [""; 0]);
        assert_eq!(at(&lines("1", 100 * HOUR), DAY_S), [red]);
        assert_eq!(at(&lines("1", 100 * HOUR), DAY_S + 1), [native]);
        assert_eq!(at(&lines("1", 100 * HOUR), 2 * DAY_S), [red]);
    }
}
