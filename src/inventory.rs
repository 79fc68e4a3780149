//! `magistrate inventory`: what the agent is extended with, in every form in which it was seen.

use std::io::{self, Write};

use magistrate_enrich::InventoryLine;
use magistrate_event::Timestamp;

use crate::admin::INVENTORY;
use crate::check;
use crate::cli::InventoryArguments;
use crate::exit::Outcome;
use crate::html::minute;
use crate::plain::plain;
use crate::remembered;

/// Prints the list.
///
/// A running instance is asked by its admin listener; else the data folder is read.
pub(crate) fn command(arguments: &InventoryArguments) -> Outcome {
    let config = check::sound(&arguments.place)?;
    let mut lines = remembered::rows(&config, &INVENTORY)?;
    lines.sort();
    let mut stdout = io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut stdout, &lines)?;
        writeln!(stdout)?;
    } else {
        print(&lines, &mut stdout)?;
    }
    Ok(())
}

fn print(lines: &[InventoryLine], out: &mut impl Write) -> io::Result<()> {
    if lines.is_empty() {
        return writeln!(out, "nothing was seen yet");
    }
    writeln!(
        out,
        "{:<11} {:<40} {:<12} {:<24} {:<32} {:<16} last seen",
        "kind", "name", "version", "source", "description hash", "first seen"
    )?;
    for line in lines {
        writeln!(
            out,
            "{:<11} {:<40} {:<12} {:<24} {:<32} {} {}",
            line.kind,
            plain(&line.name),
            or_dash(&line.version),
            or_dash(&line.source),
            or_dash(&line.description_hash),
            time(line.first_seen),
            time(line.last_seen),
        )?;
    }
    Ok(())
}

fn or_dash(text: &str) -> String {
    if text.trim().is_empty() {
        return "-".to_owned();
    }
    plain(text)
}

fn time(seconds: u32) -> String {
    minute(Timestamp::from_millis(i64::from(seconds) * 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_form_that_commands_no_terminal() {
        let line = InventoryLine {
            kind: "tool".into(),
            name: "mcp__crm__x\u{1b}[2J".into(),
            version: "".into(),
            source: " ".into(),
            description_hash: "0af1".into(),
            first_seen: 60,
            last_seen: 3_660,
        };
        let mut out = Vec::new();
        print(&[line], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let words: Vec<_> = text.lines().nth(1).unwrap().split_whitespace().collect();
        let expected = "tool mcp__crm__x\\u{1b}[2J - - 0af1 1970-01-01 00:01 1970-01-01 01:01";
        assert_eq!(words.join(" "), expected);
        let mut out = Vec::new();
        print(&[], &mut out).unwrap();
        assert_eq!(out, b"nothing was seen yet\n");
    }
}
