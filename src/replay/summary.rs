//! What became of everything that was replayed.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use magistrate_event::Refusal;
use serde::Serialize;

use super::wire::Taken;

/// Counts over all files.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary {
    /// Files read.
    pub(crate) files: u64,
    /// Files that could not be read, or held nothing that is known.
    pub(crate) unreadable: Vec<Unreadable>,
    /// Records read.
    pub(crate) read: u64,
    /// Records stored.
    pub(crate) stored: u64,
    /// Records that were stored before.
    pub(crate) duplicate: u64,
    /// Records kept raw or in part, with a reason.
    pub(crate) kept_raw: u64,
    /// Records that could not be taken; they are in the dead-letter folder.
    pub(crate) rejected: u64,
    /// Alerts by level; none where a running instance makes them, or nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) alerts: Option<BTreeMap<&'static str, u64>>,
}

/// A file, or a part of one, that could not be read.
#[derive(Debug, Serialize)]
pub(crate) struct Unreadable {
    /// The file.
    pub(crate) file: String,
    /// What was wrong.
    pub(crate) message: String,
}

impl Summary {
    /// Counts what the intake answered.
    pub(crate) fn count(&mut self, file: &str, outcome: Result<Taken, Refusal>) {
        match outcome {
            Ok(taken) => {
                self.read += taken.stored + taken.duplicate + taken.rejected;
                self.stored += taken.stored;
                self.duplicate += taken.duplicate;
                self.kept_raw += taken.kept_raw;
                self.rejected += taken.rejected;
            }
            Err(refusal) => self.unreadable(file, refusal.to_string()),
        }
    }

    /// Counts records that could not even be handed to the path.
    pub(crate) const fn left_out(&mut self, count: u64) {
        self.read += count;
        self.rejected += count;
    }

    /// Notes a file that could not be read.
    pub(crate) fn unreadable(&mut self, file: &str, message: String) {
        self.unreadable.push(Unreadable {
            file: file.to_owned(),
            message,
        });
    }

    /// Whether everything was taken.
    pub(crate) const fn is_clean(&self) -> bool {
        self.unreadable.is_empty() && self.rejected == 0
    }

    fn print_alerts(&self, out: &mut impl io::Write) -> io::Result<()> {
        let Some(alerts) = &self.alerts else {
            return Ok(());
        };
        let counted = LEVELS.iter().filter_map(|level| {
            let count = alerts.get(level).filter(|count| **count > 0)?;
            Some(format!("{count} {level}"))
        });
        let counted: Vec<_> = counted.collect();
        if counted.is_empty() {
            return writeln!(out, "no alerts");
        }
        writeln!(out, "alerts: {}", counted.join(", "))
    }

    /// Prints the counts.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn print(&self, form: Form) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        match form {
            Form::Json => {
                serde_json::to_writer(&mut stdout, self)?;
                writeln!(stdout)
            }
            Form::Text => {
                for one in &self.unreadable {
                    writeln!(stdout, "not read: {}: {}", one.file, one.message)?;
                }
                writeln!(
                    stdout,
                    "{} files: {} records read, {} stored, {} stored before, {} kept raw, {} rejected",
                    self.files,
                    self.read,
                    self.stored,
                    self.duplicate,
                    self.kept_raw,
                    self.rejected
                )?;
                self.print_alerts(&mut stdout)
            }
        }
    }
}

/// The levels of alerts, the worst first.
const LEVELS: [&str; 5] = ["critical", "high", "medium", "low", "informational"];

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// For a person.
    Text,
    /// For a program.
    Json,
}
