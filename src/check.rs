//! `magistrate check`: every fault of a configuration at once, without opening a port.

use std::fmt;
use std::io::Write as _;

use magistrate_sinks::forward;
use serde::Serialize;

use crate::approvals;
use crate::cli::{CheckArguments, Place};
use crate::config::{self, Config, Fault, Loaded};
use crate::detections;
use crate::exit::{Failure, Outcome};
use crate::judge;
use crate::keys;
use crate::lists;
use crate::model;
use crate::rules;

/// What there is to say about a configuration.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// What keeps it from running.
    pub(crate) faults: Vec<Fault>,
    /// What runs, but should be known.
    pub(crate) warnings: Vec<String>,
    /// Personal data that is not masked, and why.
    pub(crate) kept: Vec<Kept>,
}

/// A class of personal data that is not masked.
#[derive(Debug, Serialize)]
pub(crate) struct Kept {
    /// Its key under `[redact.personal]`.
    pub(crate) class: &'static str,
    /// The recorded reason.
    pub(crate) reason: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.faults.len() {
            1 => write!(f, "the configuration has 1 fault")?,
            count => write!(f, "the configuration has {count} faults")?,
        }
        self.faults
            .iter()
            .try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

/// The configuration of a command that needs one without a fault.
pub(crate) fn sound(place: &Place) -> Result<Config, Failure> {
    let Loaded { config, faults, .. } = config::load(place);
    if faults.is_empty() {
        return Ok(config);
    }
    let report = Report {
        faults,
        ..Report::default()
    };
    Err(Failure::Usage(report.to_string()))
}

/// Prints the faults and warnings of a configuration.
pub(crate) fn command(arguments: &CheckArguments) -> Outcome {
    let loaded = config::load(&arguments.place);
    let mut report = examine(&loaded);
    // A start does not stop at it: texts go without a score then.
    report.faults.extend(models_fault(&loaded));
    let mut stdout = std::io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut stdout, &report)?;
        writeln!(stdout)?;
    } else {
        for warning in &report.warnings {
            writeln!(stdout, "warning: {warning}")?;
        }
        for Kept { class, reason } in &report.kept {
            writeln!(stdout, "kept: redact.personal.{class}: {reason}")?;
        }
        if report.faults.is_empty() {
            writeln!(stdout, "ok: {}", summary(&loaded))?;
        }
    }
    match report.faults.len() {
        0 => Ok(()),
        _ => Err(Failure::Usage(report.to_string())),
    }
}

/// Looks at everything that can be looked at without opening a port or writing a file.
pub(crate) fn examine(loaded: &Loaded) -> Report {
    let config = &loaded.config;
    let ingest = config.ingest();
    let (list_faults, list_warnings) = lists::check(&config.redact);
    let mut messages = faults_of_sections(config, &ingest);
    messages.extend(
        list_faults
            .iter()
            .map(|(number, fault)| format!("redact.lists[{number}]: {}", chain(fault))),
    );
    let kept = config.redact.personal.kept().map(|(class, reason)| Kept {
        class,
        reason: reason.to_owned(),
    });
    let mut report = Report {
        faults: loaded.faults.clone(),
        warnings: warnings(&ingest),
        kept: kept.collect(),
    };
    match rules::load(&config.redact.rules) {
        Ok(custom) => report.warnings.extend(rules::warnings(&custom)),
        Err(faults) => messages.extend(faults),
    }
    let detect = detections::load(config, &[]);
    report.warnings.extend(detections::warnings(&detect));
    report.faults.extend(detect.faults.iter().map(|fault| {
        let mut told = Fault::of(fault.file.clone(), fault.message());
        told.line = Some(fault.line);
        told
    }));
    let told = messages.into_iter().map(|message| loaded.fault(message));
    report.faults.extend(told);
    report.faults.sort_by_key(|fault| fault.line);
    report.warnings.extend(list_warnings);
    report.warnings.extend(keys::warnings(&config.redact));
    report
        .warnings
        .extend(judge::llm_warning(&config.judge.llm));
    report
}

/// Every fault that the sections tell of themselves; each begins with the path of its key.
fn faults_of_sections(config: &Config, ingest: &magistrate_ingest::Config) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    messages.extend(
        magistrate_ingest::check(ingest)
            .iter()
            .map(ToString::to_string),
    );
    messages.extend(
        config
            .syslog
            .faults()
            .iter()
            .map(|fault| format!("syslog.{}: {fault}", fault.key())),
    );
    messages.extend(config.queue.faults().iter().map(ToString::to_string));
    messages.extend(
        config
            .lake
            .faults()
            .iter()
            .map(|(key, error)| format!("lake.{key}: {}", chain(error))),
    );
    messages.extend(config.canary.faults());
    messages.extend(keys::faults(&config.redact, &config.data));
    messages.extend(forward::check(&config.sink).iter().map(|fault| {
        let forward::Fault {
            number,
            sink,
            field,
            message,
        } = fault;
        format!("sink[{number}].{field}: {message} (sink `{sink}`)")
    }));
    messages.extend(config.redact.faults());
    messages.extend(config.context.faults());
    messages.extend(config.detect.faults());
    messages.extend(config.coverage.faults());
    messages.extend(config.models.faults());
    messages.extend(config.judge.faults());
    messages.extend(approvals::fault(config));
    messages.extend(judge::secrets_fault(config));
    messages.extend(judge::llm_fault(&config.judge.llm));
    messages
}

/// Why the models cannot be loaded.
fn models_fault(loaded: &Loaded) -> Option<Fault> {
    let config = &loaded.config.models;
    if !config.enabled {
        return None;
    }
    let error = model::load_from(config.folder.as_deref()).err()?;
    let key = if config.folder.is_some() {
        "models.folder: "
    } else {
        ""
    };
    Some(loaded.fault(format!("{key}{}", chain(&error))))
}

/// What runs, but is risky.
fn warnings(config: &magistrate_ingest::Config) -> Vec<String> {
    let risky = magistrate_ingest::warnings(config);
    risky.iter().map(ToString::to_string).collect()
}

/// An error with its causes, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

fn summary(loaded: &Loaded) -> String {
    let from = loaded.file.as_ref().map_or_else(
        || "embedded defaults".to_owned(),
        |file| file.display().to_string(),
    );
    format!(
        "{from}, {} sinks, data in {}",
        loaded.config.sink.len(),
        loaded.config.data.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_its_key_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bad.toml");
        let text = "[queue]\nmax_bytes = \"1MiB\"\n[lake]\nmax_age = \"0s\"\nzstd_level = 99\n\
            [auth]\nintake_tokens = \"/no/such\"\n[tls.otlp_http]\ncert_file = \"/no/such\"\n\
            [[sink]]\nname = \"a\"\nkind = \"splunk_hec\"\nendpoint = \"http://h:1\"\ntoken = \"t\"\n\
            [[sink]]\nname = \"a\"\nkind = \"elasticsearch\"\nendpoint = \"nonsense\"\n\
            [redact]\nkey_file = \"/no/such\"\n[syslog]\nmax_connections = 0\n";
        std::fs::write(&file, text).unwrap();
        let loaded = config::load(&Place {
            config: Some(file),
            data: Some(folder.path().to_owned()),
        });
        let found = examine(&loaded).faults;
        let found: Vec<_> = found
            .iter()
            .map(|fault| (fault.key.as_deref().unwrap_or_default(), fault.line))
            .collect();
        assert_eq!(
            found,
            [
                ("queue.max_bytes", Some(2)),
                ("lake.max_age", Some(4)),
                ("lake.zstd_level", Some(5)),
                ("auth.intake_tokens", Some(7)),
                ("tls.otlp_http.key_file", Some(8)),
                ("tls.otlp_http.cert_file", Some(9)),
                ("sink[1].name", Some(16)),
                ("sink[1].endpoint", Some(18)),
                ("redact.key_file", Some(20)),
                ("syslog.max_connections", Some(22)),
            ]
        );
    }
}
