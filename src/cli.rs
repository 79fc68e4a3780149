//! The command line: which verbs there are and what they take.

mod access;
mod backtest;
mod generate;
mod remembered;

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

pub(crate) use self::access::{AccessArguments, AccessVerb, ReportArguments};
pub(crate) use self::backtest::BacktestArguments;
pub(crate) use self::generate::{Artefact, GenerateArguments};
pub(crate) use self::remembered::{CoverageArguments, InventoryArguments};
use crate::exit::Outcome;

/// Records what Claude Cowork and Claude Code do: redacted, as OCSF rows in Parquet.
#[derive(Debug, Parser)]
#[command(name = "magistrate", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run everything: sources, pipeline, lake, forwarders, admin
    Run(RunArguments),
    /// Read files through the same path as live traffic
    Replay(ReplayArguments),
    /// Check a configuration: every fault at once, with file and line
    Check(CheckArguments),
    /// Play the examples of rules, and say which do not hold
    Test(TestArguments),
    /// Show a session: turns, calls, flows, verdicts, missing events, alerts
    Session(SessionArguments),
    /// Show which of the agent's seven paths are seen, of whom, and which fell silent
    Coverage(CoverageArguments),
    /// List the plugins, skills, MCP servers and tools that were seen, in every version
    Inventory(InventoryArguments),
    /// Judge one request, without a running instance
    Judge(JudgeArguments),
    /// Hold stored verdicts against policies: which would be others, and why
    Backtest(BacktestArguments),
    /// What waits for a person: list, show, approve, deny
    Approvals(ApprovalsArguments),
    /// Check the audit journal: whether the chain of verdicts is as it was written
    Verify(VerifyArguments),
    /// Who can read what is stored, and who has
    Access(AccessArguments),
    /// Mask the secrets in a text stream
    Redact(RedactArguments),
    /// Print ready files for magistrate and its peers, or make a seal key
    Generate(GenerateArguments),
    /// Show what was masked in a row; says so in the lake first
    Unseal(UnsealArguments),
    /// The classifiers: their card, quality on labelled rows, cost
    Model(ModelArguments),
    /// Print shell completions
    Completions(CompletionsArguments),
}

/// Where the configuration and the data are.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Configuration file (TOML); embedded defaults without one
    #[arg(short = 'c', long = "config", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Data folder; overrides the configuration's `data`
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// What the files hold; detected when not given
    #[arg(long, value_enum, value_name = "F")]
    pub(crate) format: Option<Format>,
    /// Print the summary as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Write a page about what the data folder's lake holds then: timeline, alerts, sessions, pivots
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Files, folders, `.gz`, `.zst`, or `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

/// What a replayed file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// OTLP/JSON export requests of any signal, one document or one a line
    OtlpJson,
    /// A protobuf `ExportLogsServiceRequest`
    OtlpLogs,
    /// A protobuf `ExportMetricsServiceRequest`
    OtlpMetrics,
    /// A protobuf `ExportTraceServiceRequest`
    OtlpTraces,
    /// Lines as syslog carries them: RFC 5424, RFC 3164, Squid, CEF, JSON
    Lines,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Print the faults as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TestArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Print the outcome as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Rule files and folders whose examples are played; without one, the shipped rules and those
    /// of the configuration
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SessionArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Days to look back
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=400))]
    pub(crate) days: u16,
    /// Print the graph as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// `session.id`
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct JudgeArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Show how the verdict came about: the event, what was found in it, what matched
    #[arg(long)]
    pub(crate) explain: bool,
    /// Exit 1 when the action does not pass: block or require_approval
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// Print the JSON in one line
    #[arg(long)]
    pub(crate) json: bool,
    /// The request in JSON (docs/judge.md); standard input without one
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ApprovalsArguments {
    #[command(subcommand)]
    pub(crate) verb: ApprovalsVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ApprovalsVerb {
    /// List what waits for a person, or may be done
    List(ListArguments),
    /// Show one, with all that is known of it
    Show(ShowArguments),
    /// Let an action happen, once
    Approve(DecideArguments),
    /// Forbid an action, or take an approval back that was not used
    Deny(DecideArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Those that are over, too
    #[arg(long)]
    pub(crate) all: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Its id
    #[arg(value_name = "ID", value_parser = approval_id)]
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct DecideArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Why; kept with the decision
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
    /// File with your own token, instead of the administrator's
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Its id
    #[arg(value_name = "ID", value_parser = approval_id)]
    pub(crate) id: String,
}

/// An id becomes a part of an address.
fn approval_id(text: &str) -> Result<String, magistrate_event::NotAnEventUid> {
    let id: magistrate_event::EventUid = text.parse()?;
    Ok(id.to_string())
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The key that must have signed, 64 hex digits; without it that of the data folder, if it has one
    #[arg(long, value_name = "HEX", value_parser = key_of)]
    pub(crate) public_key: Option<[u8; 32]>,
    /// A hash that was noted elsewhere and must be in the chain, such as an earlier head
    #[arg(long, value_name = "HASH")]
    pub(crate) hash: Vec<magistrate_sinks::audit::ChainHash>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// The data folder; that of the configuration without one
    #[arg(value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

fn key_of(text: &str) -> Result<[u8; 32], blake3::HexError> {
    blake3::Hash::from_hex(text).map(|bytes| *bytes.as_bytes())
}

#[derive(Debug, Args)]
pub(crate) struct RedactArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// List line, place, confidence, kind, rule and encodings of each secret instead of the text;
    /// never the value
    #[arg(long)]
    pub(crate) findings: bool,
    /// With --findings: one JSON object a line
    #[arg(long, requires = "findings")]
    pub(crate) json: bool,
    /// The text; standard input without one
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ModelArguments {
    #[command(subcommand)]
    pub(crate) verb: ModelVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelVerb {
    /// Print the models' card: data, licences, quality, weaknesses, hashes
    Card,
    /// Judge labelled rows and print how good the models are on them
    Eval(EvalArguments),
    /// Measure what the models cost on this machine
    Bench(BenchArguments),
    /// Fit the models' head to your own labelled texts
    Tune(TuneArguments),
    /// Write what people decided of approvals and findings as labelled rows, for `eval` and `tune`
    Labels(LabelsArguments),
}

#[derive(Debug, Args)]
pub(crate) struct EvalArguments {
    /// Print the figures as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Write one JSON line per row, in order: its score, higher is worse, or why it has none
    #[arg(long, value_name = "OUT")]
    pub(crate) scores: Option<PathBuf>,
    /// Judge texts as they are, without what they hide under encodings
    #[arg(long)]
    pub(crate) no_decoding: bool,
    /// Judge pages as they are written, without taking what they show and what they hide apart
    #[arg(long)]
    pub(crate) no_parts: bool,
    /// Judge the beginning of texts alone, as far as one window reaches
    #[arg(long)]
    pub(crate) no_windows: bool,
    /// Models of a folder, such as `model tune` writes, instead of the shipped ones
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    /// JSONL of rows `{text, label}` or `{task, history, action, label}`, or `-` for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct TuneArguments {
    /// New folder for the tuned models, to be named as `[models] folder`
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    /// JSONL of rows `{text, label}`, label benign, injection or jailbreak, or `-` for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct LabelsArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// JSONL of `{finding_uid, disposition}`, disposition `true_positive` or `false_positive`
    #[arg(long, value_name = "FILE")]
    pub(crate) dispositions: Option<PathBuf>,
    /// Rows from when on: an age (`12h`, `90d`), a day (`2027-01-31`) or a time in RFC 3339
    #[arg(long, value_name = "T", default_value = "90d", value_parser = backtest::moment)]
    pub(crate) since: backtest::Moment,
    /// Where to write the rows; standard output without it
    #[arg(long, value_name = "OUT")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// Print the figures as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct UnsealArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// File of the private seal key
    #[arg(long, value_name = "PRIVATE")]
    pub(crate) key_file: PathBuf,
    /// Why; goes into the access row, redacted
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Show what one token stands for, instead of all that was masked in given rows
    #[arg(long, value_name = "TOKEN", conflicts_with = "uids")]
    pub(crate) token: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Ids of rows: `metadata.uid`
    #[arg(required_unless_present = "token", value_name = "UID")]
    pub(crate) uids: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Prints the completions of a shell.
pub(crate) fn completions(arguments: &CompletionsArguments) -> Outcome {
    let mut command = Cli::command();
    clap_complete::generate(
        arguments.shell,
        &mut command,
        "magistrate",
        &mut std::io::stdout(),
    );
    Ok(())
}
