//! The matrix as it is told: how it stands with each path of each device and client, and of each
//! group.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::blind::{BlindSpot, blind_spots};
use super::groups::{CoverageConfig, CoverageGroup};
use super::whose::Whose;
use super::{PATHS, PathSeen};
use crate::watch::sender::host_label;

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

/// The devices of one user, whose rows `own` are.
fn devices(own: &[PathSeen]) -> Vec<Device<'_>> {
    let mut devices: BTreeMap<String, Vec<&PathSeen>> = BTreeMap::new();
    for row in own.iter().filter(|row| !row.device.is_empty()) {
        devices
            .entry(host_label(&row.device))
            .or_default()
            .push(row);
    }
    let nobodys: Vec<&PathSeen> = own.iter().filter(|row| row.device.is_empty()).collect();
    if devices.is_empty() {
        return vec![Device {
            own: nobodys,
            nobodys: Vec::new(),
        }];
    }
    let all = devices.into_values().map(|own| Device {
        own,
        nobodys: nobodys.clone(),
    });
    all.collect()
}

/// One device of one user.
struct Device<'a> {
    /// Its rows.
    own: Vec<&'a PathSeen>,
    /// Rows of the user that name no device.
    nobodys: Vec<&'a PathSeen>,
}

/// A client: its product and its version.
type Client<'a> = (&'a str, &'a str);

impl<'a> Device<'a> {
    /// User and device.
    fn name(&self) -> Option<(&'a str, &'a str)> {
        let row = self.own.first()?;
        Some((&row.subject, &row.device))
    }

    /// Rows whose evidence counts for each client.
    fn shared(&self) -> impl Iterator<Item = &'a PathSeen> {
        let own = self.own.iter().filter(|row| row.product.is_empty());
        own.chain(&self.nobodys).copied()
    }

    /// The clients, by product; of each product the version in use first.
    fn clients(&self) -> Vec<Client<'a>> {
        let mut last: BTreeMap<Client<'a>, u32> = BTreeMap::new();
        for row in self.own.iter().filter(|row| !row.product.is_empty()) {
            let at = last.entry((&row.product, &row.version)).or_default();
            *at = row.last().max(*at);
        }
        if last.is_empty() {
            return vec![("", "")];
        }
        let mut clients: Vec<_> = last.into_iter().collect();
        clients.sort_by_key(|((product, _), at)| (*product, std::cmp::Reverse(*at)));
        clients.into_iter().map(|(client, _)| client).collect()
    }

    fn lines(&self, rule: &Rule<'_>) -> Vec<CoverageLine> {
        let clients = self.clients();
        let mut lines = Vec::with_capacity(clients.len() * PATHS.len());
        for (number, client) in (0_usize..).zip(&clients) {
            let before = number.checked_sub(1).and_then(|at| clients.get(at));
            let is_past = before.is_some_and(|(product, _)| *product == client.0);
            let newest = self.newest(client.0);
            lines.extend(PATHS.map(|path| match is_past {
                true => self.past(rule, *client, path),
                false => self.line(rule, (*client, newest), path),
            }));
        }
        lines
    }

    /// When `product` was at work last. What names no client shows that, too, where the device has one
    /// only, or none of them told of anything in all that time.
    fn newest(&self, product: &str) -> u32 {
        let of_product = self.own.iter().filter(|row| &*row.product == product);
        let own = of_product.map(|row| row.at_work()).max();
        let own = own.unwrap_or_default();
        let mut products: Vec<_> = self.clients().iter().map(|(name, _)| *name).collect();
        products.dedup();
        let told = self.own.iter().map(|row| row.telemetry).max();
        let shared = self
            .shared()
            .map(PathSeen::at_work)
            .max()
            .unwrap_or_default();
        let is_unexplained = shared > told.unwrap_or_default().saturating_add(UNEXPLAINED_S);
        if products.len() < 2 || is_unexplained {
            own.max(shared)
        } else {
            own
        }
    }

    /// The line of the version in use of a client, which was at work last at `newest`.
    fn line(
        &self,
        rule: &Rule<'_>,
        (client, newest): (Client<'a>, u32),
        path: &str,
    ) -> CoverageLine {
        let (product, version) = client;
        let is_own = |row: &&PathSeen| &*row.product == product && &*row.version == version;
        let own = self.own.iter().copied().filter(is_own);
        let seen = self.sum(client, path, own.chain(self.shared()));
        // What an earlier version showed is not forgotten when a new one comes.
        let of_product = self
            .own
            .iter()
            .copied()
            .filter(|row| &*row.product == product);
        let known = self.sum(client, path, of_product.chain(self.shared()));
        let configured = rule.is_configured(path);
        let missing = match configured {
            Some(true) if known.last() > 0 => rule.missing(&known, newest),
            Some(_) | None => Vec::new(),
        };
        let is_seen = seen.last() > 0;
        let is_old = known.last() > 0 && newest.saturating_sub(known.told()) > rule.stale;
        let state = match configured {
            Some(true) if !missing.is_empty() => CoverageState::Red,
            None if is_old => CoverageState::Red,
            _ if !is_seen => CoverageState::Unseen,
            Some(false) => CoverageState::Extra,
            Some(true) | None => CoverageState::Green,
        };
        CoverageLine {
            blind_spots: blind_spots(path),
            last: seen.last(),
            state,
            stale: known.last() > 0 && (is_old || !is_seen),
            group: rule.group.map(|group| group.name.clone()),
            configured,
            members: None,
            missing,
            seen,
        }
    }

    /// The line of a version that is no longer in use.
    fn past(&self, rule: &Rule<'_>, client: Client<'a>, path: &str) -> CoverageLine {
        let (product, version) = client;
        let is_own = |row: &&PathSeen| &*row.product == product && &*row.version == version;
        let own = self.own.iter().copied().filter(is_own);
        let seen = self.sum(client, path, own);
        let is_seen = seen.last() > 0;
        CoverageLine {
            blind_spots: blind_spots(path),
            last: seen.last(),
            state: if is_seen {
                CoverageState::Past
            } else {
                CoverageState::Unseen
            },
            stale: is_seen,
            group: rule.group.map(|group| group.name.clone()),
            configured: rule.is_configured(path),
            members: None,
            missing: Vec::new(),
            seen,
        }
    }

    /// What `rows` show of `path`, as the client's.
    fn sum<'b>(
        &self,
        (product, version): Client<'_>,
        path: &str,
        rows: impl Iterator<Item = &'b PathSeen>,
    ) -> PathSeen {
        let (subject, device) = self.name().unwrap_or_default();
        let whose = Whose {
            subject,
            device,
            product,
            version,
        };
        let mut sum = PathSeen::of(whose, path);
        rows.filter(|row| &*row.path == path)
            .for_each(|row| sum.add(row));
        sum
    }
}

/// So long after all telemetry, flows to the model are no client's that told of them.
const UNEXPLAINED_S: u32 = 3_600;

/// The devices of a group.
struct Members<'a> {
    group: &'a CoverageGroup,
    rows: Vec<PathSeen>,
}

impl<'a> Members<'a> {
    const fn new(group: &'a CoverageGroup) -> Self {
        Self {
            group,
            rows: Vec::new(),
        }
    }

    /// Takes a device over: one row a path, over all clients.
    fn add(&mut self, device: &Device<'_>) {
        let all = || device.own.iter().chain(&device.nobodys).copied();
        let sums = PATHS.map(|path| device.sum(("", newest_version(all(), path)), path, all()));
        self.rows
            .extend(sums.into_iter().filter(|row| row.last() > 0));
    }

    fn line(&self, rule: &Rule<'_>, path: &str) -> CoverageLine {
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

    /// A row of one client on one device.
    fn client(device: &str, client: &str, path: &str, telemetry: u32) -> PathSeen {
        let (product, version) = client.split_once(' ').unwrap_or_default();
        PathSeen {
            device: device.into(),
            product: product.into(),
            version: version.into(),
            ..row("ana", path, telemetry, 0)
        }
    }

    /// Every line that is not unseen: device, client, path, state, and whether it is stale.
    fn told(rows: &[PathSeen]) -> Vec<String> {
        let lines = coverage_report(rows.to_vec(), &CoverageConfig::default(), 24 * HOUR);
        assert_eq!(lines.len() % PATHS.len(), 0);
        let told = lines
            .iter()
            .filter(|line| line.stale || line.state != CoverageState::Unseen);
        told.map(|line| {
            let PathSeen {
                device,
                version,
                path,
                ..
            } = &line.seen;
            let stale = if line.stale { " stale" } else { "" };
            format!("{device} {version} {path} {:?}{stale}", line.state)
        })
        .collect()
    }

    #[test]
    fn each_device_of_a_user_stands_for_itself() {
        let (old, new) = (100 * HOUR, 130 * HOUR);
        let all = [
            client("fin-1", "cowork 1", "native_loop", new),
            client("fin-1", "cowork 1", "browser", old),
            client("Fin-2.local", "cowork 1", "native_loop", new),
            client("fin-2", "cowork 1", "browser", new),
        ];
        let expected = [
            "fin-1 1 native_loop Green",
            "fin-1 1 browser Red stale",
            "Fin-2.local 1 native_loop Green",
            "Fin-2.local 1 browser Green",
        ];
        assert_eq!(told(&all), expected);
        // The other device has been off since then: nothing of it is red.
        let off = [
            client("fin-1", "cowork 1", "native_loop", old),
            client("fin-1", "cowork 1", "browser", old - HOUR),
            client("fin-2", "cowork 1", "native_loop", new),
        ];
        let expected = [
            "fin-1 1 native_loop Green",
            "fin-1 1 browser Green",
            "fin-2 1 native_loop Green",
        ];
        assert_eq!(told(&off), expected);
    }

    #[test]
    fn a_new_version_starts_anew_and_loses_no_path_unnoticed() {
        let before = 100 * HOUR;
        let at = |now: u32| {
            [
                client("fin-1", "cowork 1", "native_loop", before),
                client("fin-1", "cowork 1", "browser", before),
                client("fin-1", "cowork 2", "native_loop", now),
            ]
        };
        let expected = [
            "fin-1 2 native_loop Green",
            "fin-1 2 browser Unseen stale",
            "fin-1 1 native_loop Past stale",
            "fin-1 1 browser Past stale",
        ];
        assert_eq!(told(&at(before + HOUR)), expected);
        let red = told(&at(before + 30 * HOUR));
        assert_eq!(red[1], "fin-1 2 browser Red stale");
    }

    #[test]
    fn a_client_that_nobody_uses_turns_nothing_red() {
        let (old, new) = (100 * HOUR, 130 * HOUR);
        let rows = [
            client("fin-1", "claude-code 2", "native_loop", old),
            client("fin-1", "claude-code 2", "local_mcp", old - 2 * HOUR),
            client("fin-1", "cowork 1", "native_loop", new),
        ];
        let expected = [
            "fin-1 2 native_loop Green",
            "fin-1 2 local_mcp Green",
            "fin-1 1 native_loop Green",
        ];
        assert_eq!(told(&rows), expected);
        // Somebody's browser is no sign that the agent works; flows to the model are.
        let mut browsing = rows[..2].to_vec();
        browsing.push(PathSeen {
            flow: new,
            ..client("fin-1", "", "browser", 0)
        });
        assert_eq!(told(&browsing)[0], "fin-1 2 native_loop Green");
        browsing.push(PathSeen {
            flow: new,
            ..client("fin-1", "", "native_loop", 0)
        });
        assert_eq!(told(&browsing)[0], "fin-1 2 native_loop Red stale");
    }

    #[test]
    fn flows_that_name_no_device_or_client_count_for_each() {
        let rows = [
            client("fin-1", "cowork 1", "native_loop", HOUR),
            client("fin-2", "cowork 1", "native_loop", HOUR),
            PathSeen {
                flow: 2 * HOUR,
                ..client("", "", "native_loop", 0)
            },
            PathSeen {
                judged: 3 * HOUR,
                ..client("fin-2", "", "native_loop", 0)
            },
        ];
        let lines = coverage_report(rows.to_vec(), &CoverageConfig::default(), 24 * HOUR);
        let times: Vec<_> = lines
            .iter()
            .filter(|line| line.last > 0)
            .map(|line| [line.seen.telemetry, line.seen.flow, line.seen.judged])
            .collect();
        assert_eq!(times, [[HOUR, 2 * HOUR, 0], [HOUR, 2 * HOUR, 3 * HOUR]]);
    }
}
