//! `magistrate coverage`: which of the agent's seven paths are seen, of whom, and which fell silent.

pub(crate) mod page;
mod table;

use std::io::Write as _;

use anyhow::Context as _;
use magistrate_enrich::{CoverageLine, CoverageState, PathSeen, coverage_report};
use magistrate_event::Timestamp;

use crate::admin::COVERAGE;
use crate::check;
use crate::cli::CoverageArguments;
use crate::exit::{Failure, Outcome};
use crate::html::minute;
use crate::remembered;

/// Prints the matrix; exit status 1 when a path is red.
///
/// A running instance is asked by its admin listener; else the data folder is read.
pub(crate) fn command(arguments: &CoverageArguments) -> Outcome {
    let config = check::sound(&arguments.place)?;
    let rows = remembered::rows(&config, &COVERAGE)?;
    let stale = u32::from(arguments.stale_hours) * 3_600;
    let lines = coverage_report(rows, &config.coverage, stale);
    let mut stdout = std::io::stdout().lock();
    if let Some(file) = &arguments.html {
        std::fs::write(file, page::page(&lines))
            .with_context(|| format!("cannot write page `{}`", file.display()))?;
    }
    if arguments.json {
        serde_json::to_writer_pretty(&mut stdout, &lines)?;
        writeln!(stdout)?;
    } else {
        table::print(&lines, &mut stdout)?;
    }
    if lines.iter().any(|line| line.state == CoverageState::Red) {
        return Err(Failure::NotSo);
    }
    Ok(())
}

/// The lines of one client on one device, or of one group, that are shown: `is_replaced` says that the
/// device has a newer version, of which nothing but what was seen is told.
struct Block<'a> {
    is_replaced: bool,
    lines: Vec<&'a CoverageLine>,
}

/// The lines, by what they are about.
fn blocks(lines: &[CoverageLine]) -> impl Iterator<Item = Block<'_>> {
    let chunks = lines.chunk_by(|one, other| about(one) == about(other));
    chunks.map(|chunk| {
        let is_past = |line: &CoverageLine| line.state == CoverageState::Past;
        let is_replaced = chunk.iter().any(is_past);
        let shown = chunk.iter().filter(|line| is_past(line) || !is_replaced);
        Block {
            is_replaced,
            lines: shown.collect(),
        }
    })
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

/// What the lines of `block` are about, in words.
fn title(block: &Block<'_>) -> String {
    let Some(line) = block.lines.first() else {
        return String::new();
    };
    let ([subject, device, product, version], is_group) = about(line);
    let mut title = if is_group { "group " } else { "" }.to_owned() + subject;
    if !device.is_empty() && device != subject {
        title += &format!(" · {}", short(device));
    }
    if !product.is_empty() {
        let space = if version.is_empty() { "" } else { " " };
        let before = if block.is_replaced { " (replaced)" } else { "" };
        title += &format!(" · {product}{space}{version}{before}");
    }
    if let Some(group) = line.group.as_ref().filter(|_| !is_group) {
        title += &format!(" · group {group}");
    }
    title
}

/// Whether a group must have the path, in a word.
const fn configured(line: &CoverageLine) -> &'static str {
    match line.configured {
        Some(true) => "yes",
        Some(false) => "no",
        None => "-",
    }
}

/// What of what must see the path is missing; nothing where nothing is.
fn missing(line: &CoverageLine) -> String {
    match line.missing.as_slice() {
        [] => String::new(),
        missing => format!("no {}", missing.join(", ")),
    }
}

/// When telemetry, a proxy, an inspecting proxy and the judge saw the path, and anybody, last.
fn times(line: &CoverageLine) -> [String; 5] {
    let PathSeen {
        telemetry,
        flow,
        decrypted,
        judged,
        ..
    } = &line.seen;
    [*telemetry, *flow, *decrypted, *judged, line.last].map(time)
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
    minute(Timestamp::from_millis(i64::from(seconds) * 1_000))
}
