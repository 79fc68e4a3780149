//! `magistrate coverage`: which of the agent's seven paths are seen, of whom, and which fell silent.

use std::io::Write as _;
use std::path::Path;

use magistrate_enrich::{CoverageLine, CoverageState, PathSeen, coverage_report};
use magistrate_event::Timestamp;
use magistrate_sinks::State;
use magistrate_sinks::queue::{FolderLock, LockError};

use crate::admin::{COVERAGE, coverage_rows};
use crate::check;
use crate::cli::CoverageArguments;
use crate::config::Config;
use crate::exit::{Failure, Outcome};
use crate::replay;

/// Prints the matrix; exit status 1 when a path is red.
///
/// A running instance is asked by its admin listener; else the data folder is read.
pub(crate) fn command(arguments: &CoverageArguments) -> Outcome {
    let config = check::sound(&arguments.place)?;
    let rows = rows(&config)?;
    let stale = u32::from(arguments.stale_hours) * 3_600;
    let lines = coverage_report(rows, &config.coverage, stale);
    let mut stdout = std::io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut stdout, &lines)?;
        writeln!(stdout)?;
    } else {
        print(&lines, &mut stdout)?;
    }
    if lines.iter().any(|line| line.state == CoverageState::Red) {
        return Err(Failure::NotSo);
    }
    Ok(())
}

fn rows(config: &Config) -> Result<Vec<PathSeen>, Failure> {
    let file = config.data.join("state.redb");
    if !file.is_file() {
        let folder = config.data.display();
        let message = format!("`{folder}` is no data folder of magistrate; name one with --data");
        return Err(Failure::Usage(message));
    }
    match FolderLock::take(&config.data) {
        Ok(_lock) => stored(&file),
        Err(error @ LockError::Held { .. }) => asked(config, error.into()),
        Err(error) => Err(Failure::Usage(format!("{:#}", anyhow::Error::from(error)))),
    }
}

fn stored(file: &Path) -> Result<Vec<PathSeen>, Failure> {
    Ok(coverage_rows(&State::open(file)?)?)
}

/// Asks the instance that holds the folder, which is what `error` says.
fn asked(config: &Config, error: anyhow::Error) -> Result<Vec<PathSeen>, Failure> {
    let running = replay::running(config, &error).map_err(|why| {
        let why = why.map(|why| format!(": {why:#}")).unwrap_or_default();
        Failure::Usage(format!("{error:#}{why}"))
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let text = runtime.block_on(running.show(COVERAGE))?;
    Ok(serde_json::from_str(&text)?)
}

fn print(lines: &[CoverageLine], out: &mut impl std::io::Write) -> std::io::Result<()> {
    if lines.is_empty() {
        return writeln!(out, "nothing was seen yet");
    }
    for block in lines.chunk_by(|one, other| about(one) == about(other)) {
        let is_past = |line: &CoverageLine| line.state == CoverageState::Past;
        let is_replaced = block.iter().any(is_past);
        if let Some(first) = block.first() {
            print_title(first, is_replaced, out)?;
        }
        for line in block.iter().filter(|line| is_past(line) || !is_replaced) {
            print_line(line, out)?;
        }
    }
    Ok(())
}

/// Of whom a line is: user, device, client, and whether that is a group.
fn about(line: &CoverageLine) -> ([&str; 4], bool) {
    let seen = &line.seen;
    // A group's version is that of whoever was seen last on each path.
    let version = match line.members {
        Some(_) => "",
        None => &*seen.version,
    };
    let names = [&*seen.subject, &*seen.device, &*seen.product, version];
    (names, line.members.is_some())
}

/// Of whom the lines are that follow; `is_replaced` says that the device has a newer version.
fn print_title(
    line: &CoverageLine,
    is_replaced: bool,
    out: &mut impl std::io::Write,
) -> std::io::Result<()> {
    let ([subject, device, product, version], is_group) = about(line);
    let kind = if is_group { "group " } else { "" };
    write!(out, "\n{kind}{subject}")?;
    if !device.is_empty() && device != subject {
        write!(out, " · {}", short(device))?;
    }
    if !product.is_empty() {
        let space = if version.is_empty() { "" } else { " " };
        let before = if is_replaced { " (replaced)" } else { "" };
        write!(out, " · {product}{space}{version}{before}")?;
    }
    if let Some(group) = line.group.as_ref().filter(|_| !is_group) {
        write!(out, " · group {group}")?;
    }
    writeln!(
        out,
        "\n  {:<17} {:<11} {:<7} {:<17} {:<17} {:<17} {:<17} {:<17} stale",
        "path", "configured", "state", "telemetry", "flow", "decrypted", "judged", "last seen"
    )
}

fn print_line(line: &CoverageLine, out: &mut impl std::io::Write) -> std::io::Result<()> {
    let seen = &line.seen;
    let state = match line.state {
        CoverageState::Green => "green",
        CoverageState::Red => "RED",
        CoverageState::Unseen => "unseen",
        CoverageState::Extra => "extra",
        CoverageState::Past => "past",
    };
    let configured = match line.configured {
        Some(true) => "yes",
        Some(false) => "no",
        None => "-",
    };
    let missing = match line.missing.as_slice() {
        [] => String::new(),
        missing => format!("  no {}", missing.join(", ")),
    };
    let stale = if line.stale { "stale" } else { "-" };
    writeln!(
        out,
        "  {:<17} {configured:<11} {state:<7} {:<17} {:<17} {:<17} {:<17} {:<17} {stale}{missing}",
        seen.path,
        time(seen.telemetry),
        time(seen.flow),
        time(seen.decrypted),
        time(seen.judged),
        time(line.last)
    )
}

/// A device's name; of the client's long id of an installation the beginning, as it stands in the
/// column `actor.user.uid`.
fn short(device: &str) -> &str {
    const SHOWN: usize = 12;
    let is_id = device.len() == 64 && device.bytes().all(|byte| byte.is_ascii_hexdigit());
    let end = if is_id { SHOWN } else { device.len() };
    device.get(..end).unwrap_or(device)
}

/// Day and minute; a dash for never.
fn time(seconds: u32) -> String {
    if seconds == 0 {
        return "-".to_owned();
    }
    let text = Timestamp::from_millis(i64::from(seconds) * 1_000).to_rfc3339();
    text.get(..16).unwrap_or_default().replace('T', " ")
}
