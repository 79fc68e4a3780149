//! The matrix as text.

use std::io::{Result, Write};

use magistrate_enrich::{BLIND_SPOTS, CoverageLine, CoverageState};

use super::{blocks, configured, missing, times, title};

/// Writes `lines` to `out`.
pub(super) fn print(lines: &[CoverageLine], out: &mut impl Write) -> Result<()> {
    if lines.is_empty() {
        return writeln!(out, "nothing was seen yet");
    }
    for block in blocks(lines) {
        writeln!(
            out,
            "\n{}\n  {:<17} {:<11} {:<7} {:<17} {:<17} {:<17} {:<17} {:<17} stale",
            title(&block),
            "path",
            "configured",
            "state",
            "telemetry",
            "flow",
            "decrypted",
            "judged",
            "last seen"
        )?;
        for line in &block.lines {
            print_line(line, out)?;
        }
    }
    writeln!(out, "\nwhat cannot be seen here")?;
    for one in BLIND_SPOTS {
        writeln!(out, "  {:<17} {:<28} {}", one.path, one.label, one.what)?;
    }
    Ok(())
}

fn print_line(line: &CoverageLine, out: &mut impl Write) -> Result<()> {
    let state = if line.state == CoverageState::Red {
        "RED"
    } else {
        line.state.name()
    };
    let [telemetry, flow, decrypted, judged, last] = times(line);
    let stale = if line.stale { "stale" } else { "-" };
    let missing = missing(line);
    let space = if missing.is_empty() { "" } else { "  " };
    writeln!(
        out,
        "  {:<17} {:<11} {state:<7} {telemetry:<17} {flow:<17} {decrypted:<17} {judged:<17} {last:<17} {stale}{space}{missing}",
        line.seen.path,
        configured(line),
    )
}
