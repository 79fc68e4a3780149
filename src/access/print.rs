//! The report as text.

use std::io::{Result, Write};

use super::holders::{Destination, Role};
use super::looks::{Did, Look};
use super::{Held, Report};
use crate::html::minute;
use crate::plain::plain;

/// Writes the report to `out`.
pub(super) fn print(report: &Report, out: &mut impl Write) -> Result<()> {
    writeln!(
        out,
        "Who can read what `{}` holds, on host {}",
        plain(&report.data),
        plain(&report.host)
    )?;
    for held in &report.held {
        holding(held, out)?;
    }
    writeln!(out, "\nOriginals")?;
    match &report.sealed_for {
        None => writeln!(out, "  none are kept: nothing is sealed")?,
        Some(Ok(id)) => writeln!(
            out,
            "  sealed for key {id}: open to whoever has that private key, and older ones"
        )?,
        Some(Err(trouble)) => writeln!(out, "  sealed for a key that cannot be read: {trouble}")?,
    }
    writeln!(out, "\nListeners")?;
    for role in &report.roles {
        self::role(role, out)?;
    }
    writeln!(out, "\nForwarders: who reads there is not known here")?;
    if report.sinks.is_empty() {
        writeln!(out, "  none")?;
    }
    for sink in &report.sinks {
        destination(sink, out)?;
    }
    looks(report, out)
}

fn holding(held: &Held, out: &mut impl Write) -> Result<()> {
    writeln!(out, "\n  {}: {}", held.name, held.gives)?;
    write!(out, "    {}", plain(&held.place))?;
    if let Some(mode) = &held.mode {
        write!(out, "  mode {mode}")?;
    }
    if let Some(files) = held.files {
        write!(out, "  {files} files")?;
    }
    writeln!(out)?;
    if !held.readers.is_empty() {
        writeln!(out, "    read by: {}", plain(&held.readers.join("; ")))?;
    }
    for trouble in &held.trouble {
        writeln!(out, "    {}", plain(trouble))?;
    }
    Ok(())
}

fn role(role: &Role, out: &mut impl Write) -> Result<()> {
    let who = if role.who.is_empty() {
        "nobody".to_owned()
    } else {
        plain(&role.who.join(", "))
    };
    writeln!(out, "  {:<13} {}: {who}", role.role, role.may)?;
    if let Some(trouble) = &role.trouble {
        writeln!(out, "    {}", plain(trouble))?;
    }
    Ok(())
}

fn destination(sink: &Destination, out: &mut impl Write) -> Result<()> {
    let records: Vec<String> = sink.records.iter().map(super::word).collect();
    writeln!(
        out,
        "  {}  {}  {}  {}",
        plain(&sink.name),
        super::word(&sink.kind),
        plain(&sink.address),
        records.join(", ")
    )
}

fn looks(report: &Report, out: &mut impl Write) -> Result<()> {
    writeln!(out, "\nWho has looked within {} days", report.days)?;
    if report.looks.is_empty() {
        writeln!(out, "  nobody, by the rows that are here")?;
    }
    for look in &report.looks {
        writeln!(out, "  {}", line(look))?;
    }
    match &report.journal {
        Some(Ok(journal)) => {
            let word = if journal.is_sound {
                "as it was written"
            } else {
                "NOT as it was written: `magistrate verify` says why"
            };
            writeln!(out, "\nAudit journal: {} entries, {word}", journal.entries)?;
        }
        Some(Err(trouble)) => writeln!(out, "\nAudit journal: {}", plain(trouble))?,
        None => writeln!(out, "\nAudit journal: none")?,
    }
    for trouble in &report.trouble {
        writeln!(out, "{}", plain(trouble))?;
    }
    Ok(())
}

fn line(look: &Look) -> String {
    let mut line = format!(
        "{}  {:<6}  {}",
        minute(look.time),
        look.did.name(),
        plain(&look.who)
    );
    if let Some(login) = &look.login {
        line.push_str(&format!(", logged in as {}", plain(login)));
    }
    if let Some(from) = &look.from {
        line.push_str(&format!(" from {}", plain(from)));
    }
    line.push_str(&format!("  {}", plain(&look.what)));
    if look.did == Did::Unseal {
        line.push_str(&format!("  {}", plain(&look.outcome)));
    }
    if let Some(reason) = &look.reason {
        line.push_str(&format!("  \"{}\"", plain(reason)));
    }
    line
}
