//! The program's own log: structured, on standard error, through the redactor.

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::canary::output;
use crate::path::Path;

/// Starts logging; `MAGISTRATE_LOG` filters as `RUST_LOG` does, by default `info`.
///
/// A terminal gets plain lines, everything else JSON. No payload text is ever logged, and each
/// line passes the redactor all the same.
pub(crate) fn start(path: Arc<Path>) {
    let filter =
        EnvFilter::try_from_env("MAGISTRATE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Lines { path });
    let outcome = if io::stderr().is_terminal() {
        builder.compact().with_ansi(false).try_init()
    } else {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .try_init()
    };
    if let Err(error) = outcome {
        // Only a second start can fail, and then a log is there already.
        tracing::debug!(%error, "logging was started before");
    }
}

/// Stands for a line in which a planted secret was found.
const WITHHELD: &str =
    "{\"level\":\"ERROR\",\"message\":\"log line withheld: it held a planted secret\"}\n";

/// Makes a writer per log line.
struct Lines {
    path: Arc<Path>,
}

/// One log line, redacted when it is complete.
struct LogLine {
    path: Arc<Path>,
    text: Vec<u8>,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = LogLine;

    fn make_writer(&'a self) -> LogLine {
        LogLine {
            path: Arc::clone(&self.path),
            text: Vec::with_capacity(256),
        }
    }
}

impl Write for LogLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogLine {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        let (text, _) = self.path.redactor.redact_text(&text);
        let may_leave = self.path.canary.permits_any(output::LOG, text.as_bytes());
        let text = if may_leave { text.as_str() } else { WITHHELD };
        // A closed standard error leaves nobody to tell.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }
}
