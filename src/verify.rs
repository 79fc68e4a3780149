//! `magistrate verify`: whether the audit journal is as it was written.

use std::io::Write as _;
use std::path::Path;

use magistrate_event::Timestamp;
use magistrate_sinks::audit::{AuditReport, public_key, verify_audit};

use crate::audit::{FOLDER, KEY};
use crate::check;
use crate::cli::VerifyArguments;
use crate::exit::{Failure, Outcome};
use crate::keys;

/// Checks the journal; exit status 1 where it is not as it was written.
pub(crate) fn command(arguments: &VerifyArguments) -> Outcome {
    let data = match &arguments.folder {
        Some(folder) => folder.clone(),
        None => check::sound(&arguments.place)?.data,
    };
    let folder = data.join(FOLDER);
    if !folder.is_dir() {
        let message = format!("`{}` holds no audit journal", data.display());
        return Err(Failure::Usage(message));
    }
    let key = match &arguments.public_key {
        Some(key) => Some(*key),
        None => own_key(&data.join(KEY))?,
    };
    let report = verify_audit(&folder, key, &arguments.hash)?;
    let mut stdout = std::io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut stdout, &report)?;
        writeln!(stdout)?;
    } else {
        print(&report, &mut stdout)?;
    }
    if report.is_sound() {
        Ok(())
    } else {
        Err(Failure::NotSo)
    }
}

/// The public key of the secret in `file`, where there is one.
pub(crate) fn own_key(file: &Path) -> Result<Option<[u8; 32]>, Failure> {
    if !file.is_file() {
        return Ok(None);
    }
    Ok(public_key(&keys::read_existing(file)?))
}

fn print(report: &AuditReport, out: &mut impl std::io::Write) -> std::io::Result<()> {
    for finding in &report.findings {
        let kind = if finding.is_fault { "FAULT" } else { "note" };
        writeln!(
            out,
            "{kind}: {}: {}",
            finding.file.display(),
            finding.message
        )?;
    }
    writeln!(out, "files        {}", report.files)?;
    writeln!(out, "entries      {}", report.entries)?;
    writeln!(out, "checkpoints  {}", report.checkpoints)?;
    if let Some(time) = report.last_checkpoint {
        let time = Timestamp::from_micros(time).to_rfc3339();
        writeln!(out, "last signed  {time}")?;
    }
    for key in &report.keys {
        writeln!(out, "signed by    {key}")?;
    }
    writeln!(out, "head         {}", report.head)?;
    let word = if report.is_sound() {
        "as it was written"
    } else {
        "NOT as it was written"
    };
    writeln!(out, "the chain is {word}")
}
