//! States of paths, with devices, versions and groups.

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
