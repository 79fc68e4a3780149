//! Which exit code a command ends with (CONTRACT: 0 ok, 1 not so, 64 usage, 70 internal).

use std::io::Write as _;
use std::process::ExitCode;

/// The thing asked about is not so.
pub(crate) const NOT_SO: u8 = 1;
/// Bad usage or configuration.
pub(crate) const USAGE: u8 = 64;
/// An internal error.
pub(crate) const INTERNAL: Code = Code(70);

/// An exit code with a name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Code(u8);

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code.0)
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The caller can mend it: flags, configuration, files. Already complete for the reader.
    Usage(String),
    /// The command worked; what it looked at is not as it should be. Already reported.
    NotSo,
    /// Something else went wrong.
    Internal(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Internal(error.into())
    }
}

/// What commands return.
pub(crate) type Outcome = Result<(), Failure>;

/// Prints why a command failed and gives its exit code.
pub(crate) fn of(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::NotSo) => ExitCode::from(NOT_SO),
        Err(Failure::Usage(message)) => {
            tell(&message);
            ExitCode::from(USAGE)
        }
        Err(Failure::Internal(error)) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(Failure::Internal(error)) => {
            tell(&format!("{error:#}"));
            INTERNAL.into()
        }
    }
}

/// Prints clap's message; help and version are no failures.
pub(crate) fn of_usage(error: &clap::Error) -> ExitCode {
    // A closed pipe leaves nobody to tell.
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::from(USAGE)
    } else {
        ExitCode::SUCCESS
    }
}

/// Says something on standard error.
pub(crate) fn tell(message: &str) {
    let mut stderr = std::io::stderr().lock();
    // A closed standard error leaves nobody to tell.
    let _ = writeln!(stderr, "magistrate: {message}");
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
