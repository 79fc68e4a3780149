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
    let mut about = None;
    for line in lines {
        let seen = &line.seen;
        let is_group = line.members.is_some();
        if about != Some((&seen.subject, is_group)) {
            about = Some((&seen.subject, is_group));
            print_title(line, out)?;
        }
        let state = match line.state {
            CoverageState::Green => "green",
            CoverageState::Red => "RED",
            CoverageState::Unseen => "unseen",
            CoverageState::Extra => "extra",
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
        writeln!(
            out,
            "  {:<17} {configured:<11} {state:<7} {:<10} {:<17} {:<17} {:<17} {:<17}{missing}",
            seen.path,
            seen.version,
            time(seen.telemetry),
            time(seen.flow),
            time(seen.decrypted),
            time(seen.judged)
        )?;
    }
    Ok(())
}

/// Of whom the lines are that follow.
fn print_title(line: &CoverageLine, out: &mut impl std::io::Write) -> std::io::Result<()> {
    let subject = &line.seen.subject;
    match (&line.group, line.members) {
        (_, Some(_)) => writeln!(out, "\ngroup {subject}")?,
        (Some(group), None) => writeln!(out, "\n{subject} · {group}")?,
        (None, None) => writeln!(out, "\n{subject}")?,
    }
    writeln!(
        out,
        "  {:<17} {:<11} {:<7} {:<10} {:<17} {:<17} {:<17} judged",
        "path", "configured", "state", "version", "telemetry", "flow", "decrypted"
    )
}

/// Day and minute; a dash for never.
fn time(seconds: u32) -> String {
    if seconds == 0 {
        return "-".to_owned();
    }
    let text = Timestamp::from_millis(i64::from(seconds) * 1_000).to_rfc3339();
    text.get(..16).unwrap_or_default().replace('T', " ")
}
