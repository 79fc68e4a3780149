//! The matrix as it is told: how it stands with each path of each user or device, and of each group.

use serde::Serialize;

use super::groups::{CoverageConfig, CoverageGroup};
use super::{PATHS, PathSeen};

/// One line of the report: one path of a user, a device or a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CoverageLine {
    /// What was seen; of a group, by any of its members, and its name stands for the user's.
    #[serde(flatten)]
    pub seen: PathSeen,
    /// How it stands with the path.
    pub state: CoverageState,
    /// The group; none where the configuration names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Whether the group must have the path; none without a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configured: Option<bool>,
    /// Users and devices that were seen on it; only lines of a group have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<usize>,
    /// What is missing or too old, of what must see the path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<&'static str>,
}

/// How it stands with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CoverageState {
    /// Seen lately.
    Green,
    /// Was in use and is silent, while the same user or device goes on; of a group also a path that
    /// it must have and on which nobody was ever seen.
    Red,
    /// Never seen.
    Unseen,
    /// Seen, though the group need not have it.
    Extra,
}

/// The matrix: seven lines of each user and device, in the guide's order, and of each group.
///
/// Of whom no group says anything, a path is red when it was seen and its client's word is `stale`
/// seconds older than the newest of that user or device. In a group only its configured paths can be
/// red: where one of what must see them is that much older, or was never there.
pub fn coverage_report(
    rows: Vec<PathSeen>,
    config: &CoverageConfig,
    stale: u32,
) -> Vec<CoverageLine> {
    let mut subjects: Vec<&str> = rows.iter().map(|row| &*row.subject).collect();
    subjects.sort_unstable();
    subjects.dedup();
    let mut lines = Vec::new();
    let mut of_groups: Vec<(&CoverageGroup, Vec<&PathSeen>)> = config
        .group
        .iter()
        .map(|group| (group, Vec::new()))
        .collect();
    for subject in subjects {
        let own = rows.iter().filter(|row| &*row.subject == subject);
        let own: Vec<&PathSeen> = own.collect();
        let group = config.group_of(&own);
        let mut known = of_groups.iter_mut();
        if let Some((_, all)) = known.find(|(known, _)| Some(*known) == group) {
            all.extend(&own);
        }
        let rule = Rule::of(group, stale);
        lines.extend(PATHS.map(|path| rule.line(subject, path, &own)));
    }
    for (group, all) in &of_groups {
        let rule = Rule::of(Some(group), stale);
        lines.extend(PATHS.map(|path| rule.group_line(group, path, all)));
    }
    lines
}

/// What is expected of a path.
struct Rule<'a> {
    group: Option<&'a CoverageGroup>,
    stale: u32,
}

impl<'a> Rule<'a> {
    fn of(group: Option<&'a CoverageGroup>, stale: u32) -> Self {
        let own = group.and_then(|group| group.stale_hours);
        let stale = own.map_or(stale, |hours| u32::from(hours) * 3_600);
        Self { group, stale }
    }

    fn is_configured(&self, path: &str) -> Option<bool> {
        let group = self.group?;
        Some(group.paths.iter().any(|known| known == path))
    }

    /// The line of one user or device, whose rows `own` are.
    fn line(&self, subject: &str, path: &str, own: &[&PathSeen]) -> CoverageLine {
        let newest = newest(own);
        let seen = own.iter().find(|row| &*row.path == path);
        let configured = self.is_configured(path);
        let missing = match seen {
            Some(row) if configured == Some(true) => self.missing(row, newest),
            Some(_) | None => Vec::new(),
        };
        let is_stale = |row: &PathSeen| newest.saturating_sub(row.told()) > self.stale;
        let state = match (seen, configured) {
            (None, _) => CoverageState::Unseen,
            (Some(_), Some(false)) => CoverageState::Extra,
            (Some(_), Some(true)) if !missing.is_empty() => CoverageState::Red,
            (Some(row), None) if is_stale(row) => CoverageState::Red,
            (Some(_), _) => CoverageState::Green,
        };
        let seen = seen.map_or_else(|| unseen(subject, path), |row| (*row).clone());
        CoverageLine {
            seen,
            state,
            group: self.group.map(|group| group.name.clone()),
            configured,
            members: None,
            missing,
        }
    }

    /// The line of the group, whose members' rows `all` are.
    fn group_line(&self, group: &CoverageGroup, path: &str, all: &[&PathSeen]) -> CoverageLine {
        let on_it: Vec<_> = all.iter().filter(|row| &*row.path == path).collect();
        let mut seen = unseen(&group.name, path);
        for row in &on_it {
            if row.telemetry >= seen.telemetry {
                seen.version = row.version.clone();
            }
            let first = [seen.first, row.first].into_iter().filter(|at| *at > 0);
            seen.first = first.min().unwrap_or_default();
            seen.telemetry = seen.telemetry.max(row.telemetry);
            seen.flow = seen.flow.max(row.flow);
            seen.decrypted = seen.decrypted.max(row.decrypted);
            seen.judged = seen.judged.max(row.judged);
        }
        let is_configured = self.is_configured(path) == Some(true);
        let missing = if is_configured {
            self.missing(&seen, newest(all))
        } else {
            Vec::new()
        };
        let state = match (is_configured, on_it.is_empty()) {
            (true, _) if !missing.is_empty() => CoverageState::Red,
            (true, _) => CoverageState::Green,
            (false, true) => CoverageState::Unseen,
            (false, false) => CoverageState::Extra,
        };
        CoverageLine {
            seen,
            state,
            group: Some(group.name.clone()),
            configured: Some(is_configured),
            members: Some(on_it.len()),
            missing,
        }
    }

    /// What of that which must see the path is missing, or too old beside `newest`.
    fn missing(&self, row: &PathSeen, newest: u32) -> Vec<&'static str> {
        let needs = self.group.map(CoverageGroup::needs).unwrap_or_default();
        let times = [
            ("telemetry", row.telemetry),
            ("flow", row.flow),
            ("decrypted", row.decrypted),
            ("judged", row.judged),
        ];
        let is_missing = |at: u32| at == 0 || newest.saturating_sub(at) > self.stale;
        let missing = times
            .into_iter()
            .filter(|(name, at)| needs.contains(name) && is_missing(*at));
        missing.map(|(name, _)| name).collect()
    }
}

fn newest(rows: &[&PathSeen]) -> u32 {
    rows.iter().map(|row| row.last()).max().unwrap_or_default()
}

fn unseen(subject: &str, path: &str) -> PathSeen {
    PathSeen {
        subject: subject.into(),
        path: path.into(),
        ..PathSeen::default()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const HOUR: u32 = 3_600;

    pub(in super::super) fn states(lines: &[CoverageLine]) -> Vec<CoverageState> {
        lines.iter().map(|line| line.state).collect()
    }

    fn row(subject: &str, path: &str, telemetry: u32, flow: u32) -> PathSeen {
        PathSeen {
            subject: subject.into(),
            device: format!("laptop-of-{subject}").into(),
            path: path.into(),
            first: 1,
            telemetry,
            flow,
            ..PathSeen::default()
        }
    }

    fn config(needs: &str) -> CoverageConfig {
        let text = format!(
            "[[group]]\nname = \"finance\"\nmembers = [\"*@FIN.example\"]\npaths = [\"native_loop\", \"browser\"]\nneeds = [{needs}]\n[[group]]\nname = \"labs\"\nmembers = [\"laptop-of-l*\"]\npaths = [\"code_vm\"]\nstale_hours = 100\n"
        );
        let config: CoverageConfig = toml::from_str(&text).unwrap();
        assert_eq!(config.faults(), [""; 0]);
        config
    }

    /// Red lines: of whom, which path, what is missing.
    fn red(rows: &[PathSeen], config: &CoverageConfig) -> Vec<String> {
        let lines = coverage_report(rows.to_vec(), config, 24 * HOUR);
        let red = lines.iter().filter(|line| line.state == CoverageState::Red);
        red.map(|line| {
            let PathSeen { subject, path, .. } = &line.seen;
            format!("{subject} {path} {}", line.missing.join("+"))
        })
        .collect()
    }

    #[test]
    fn in_a_group_exactly_the_path_that_was_switched_off_is_red() {
        let (old, new) = (100 * HOUR, 130 * HOUR);
        let all = |browser: u32, bob: u32| {
            [
                row("ana@fin.example", "native_loop", new, 0),
                row("ana@fin.example", "browser", browser, 0),
                row("ana@fin.example", "computer_use", old, 0),
                row("bob@fin.example", "native_loop", new, 0),
                row("bob@fin.example", "browser", bob, 0),
                row("lea", "code_vm", old, 0),
                row("lea", "native_loop", new, 0),
            ]
        };
        let config = config("");
        assert_eq!(red(&all(new, new), &config), [""; 0]);
        // One device of the group: the group as a whole is still seen.
        let one = ["ana@fin.example browser telemetry"];
        assert_eq!(red(&all(old, new), &config), one);
        let both = [
            "ana@fin.example browser telemetry",
            "bob@fin.example browser telemetry",
            "finance browser telemetry",
        ];
        assert_eq!(red(&all(old, old), &config), both);
    }

    #[test]
    fn a_path_that_nobody_of_the_group_was_seen_on_is_red_for_the_group() {
        let rows = [row("ana@fin.example", "native_loop", HOUR, 0)];
        let config = config("");
        let expected = ["finance browser telemetry", "labs code_vm telemetry"];
        assert_eq!(red(&rows, &config), expected);
        let lines = coverage_report(rows.to_vec(), &config, HOUR);
        let browser = &lines[3];
        assert_eq!(
            (browser.state, browser.configured),
            (CoverageState::Unseen, Some(true))
        );
    }

    #[test]
    fn what_must_see_a_path_is_told_where_it_does_not() {
        let config = config("\"telemetry\", \"flow\"");
        let rows = [
            row("ana@fin.example", "native_loop", 100 * HOUR, 100 * HOUR),
            row("ana@fin.example", "browser", 100 * HOUR, 40 * HOUR),
            row("lea", "code_vm", HOUR, 0),
        ];
        let expected = ["ana@fin.example browser flow", "finance browser flow"];
        assert_eq!(red(&rows, &config), expected);
    }

    #[test]
    fn what_a_group_need_not_have_is_never_red() {
        let rows = [
            row("lea", "code_vm", 130 * HOUR, 0),
            row("lea", "browser", HOUR, 0),
            row("ann", "browser", HOUR, 0),
            row("ann", "code_vm", 130 * HOUR, 0),
        ];
        let lines = coverage_report(rows.to_vec(), &config(""), 24 * HOUR);
        let of = |subject: &str, path: &str| {
            let is_it =
                |line: &&CoverageLine| &*line.seen.subject == subject && &*line.seen.path == path;
            lines.iter().find(is_it).unwrap()
        };
        assert_eq!(of("lea", "browser").state, CoverageState::Extra);
        assert_eq!(of("lea", "code_vm").group.as_deref(), Some("labs"));
        assert_eq!(of("labs", "code_vm").members, Some(1));
        // Of whom no group says anything.
        let ann = of("ann", "browser");
        assert_eq!((ann.state, ann.configured), (CoverageState::Red, None));
    }
}
