//! Finds every fault of a TOML text, not only the first, with its line.

use std::fmt;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::Keys;

/// More faults than anybody reads at once.
const MAX_FAULTS: usize = 100;

/// One thing wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    /// The file, or the environment variable.
    pub(crate) place: String,
    /// The line, from 1, where it is known.
    pub(crate) line: Option<usize>,
    /// The dotted path of the key, where it is about one.
    pub(crate) key: Option<String>,
    /// What is wrong and what to do; begins with the key.
    pub(crate) message: String,
}

impl Fault {
    /// A fault of the configuration as a whole.
    pub(crate) fn of(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            line: None,
            key: None,
            message: message.into(),
        }
    }

    /// The same, told of a key.
    pub(super) fn about(mut self, key: Option<&str>) -> Self {
        let Some(key) = key else { return self };
        if !self.message.trim_start_matches('`').starts_with(key) {
            self.message = format!("{key}: {}", self.message);
        }
        self.key = Some(key.to_owned());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.place, self.message),
            None => write!(f, "{}: {}", self.place, self.message),
        }
    }
}

/// Reads `text` as `T`, and what had to be left out to do so.
///
/// Each fault's lines are blanked and the rest is read again, so that one wrong key hides no other.
pub(crate) fn read<T: DeserializeOwned>(
    text: &str,
    file: &Path,
) -> (Option<T>, String, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut text = text.to_owned();
    loop {
        let error = match toml::from_str::<T>(&text) {
            Ok(value) => return (Some(value), text, faults),
            Err(error) => error,
        };
        let span = error.span().unwrap_or(0..0);
        let message = error.message().trim_end().replace('\n', ", ");
        let mut fault = Fault::of(file.display().to_string(), message);
        fault.line = Some(line_of(&text, span.start));
        faults.push(fault.about(Keys::of(&text).at(span.start)));
        match blanked(&text, &span) {
            Some(rest) if faults.len() < MAX_FAULTS => text = rest,
            Some(_) | None => return (None, text, faults),
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

/// `text` with the lines of `span` emptied; a table's header takes its whole table with it.
fn blanked(text: &str, span: &std::ops::Range<usize>) -> Option<String> {
    let first = line_of(text, span.start);
    let last = line_of(text, span.end.saturating_sub(1).max(span.start));
    let mut rest = String::with_capacity(text.len());
    let mut inside_table = false;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let is_header = line.trim_start().starts_with('[');
        let is_hit = (first..=last).contains(&number);
        inside_table = is_hit && is_header || inside_table && !is_header;
        if !is_hit && !inside_table {
            rest.push_str(line);
        }
        rest.push('\n');
    }
    (rest.trim() != text.trim()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Sample {
        data: String,
        listen: Listen,
        sink: Vec<Sink>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Listen {
        port: u16,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sink {
        name: String,
    }

    fn lines(text: &str) -> Vec<Option<usize>> {
        let (_, _, faults) = read::<Sample>(text, Path::new("x.toml"));
        let mut lines: Vec<_> = faults.iter().map(|fault| fault.line).collect();
        lines.sort_unstable();
        lines
    }

    #[test]
    fn every_fault_is_found_with_its_line() {
        let text = "dada = 1\n\n[listen]\nport = 70000\nportt = 1\n\n[nothing]\na = 1\nb = 2\n\n[[sink]]\nname = 3\n";
        assert_eq!(
            lines(text),
            [Some(1), Some(4), Some(5), Some(7), Some(12), Some(11)]
                .into_iter()
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_fault_is_told_of_its_key() {
        let text = "[listen]\nport = 70000\nportt = 1\n[[sink]]\nname = 3\n";
        let (_, _, faults) = read::<Sample>(text, Path::new("x.toml"));
        let mut keys: Vec<_> = faults.iter().filter_map(|one| one.key.as_deref()).collect();
        keys.sort_unstable();
        assert!(
            keys.starts_with(&["listen.port", "listen.portt"]),
            "{keys:?}"
        );
        assert!(keys.contains(&"sink[0].name"), "{keys:?}");
        for fault in &faults {
            let key = fault.key.as_deref().unwrap_or_default();
            assert!(fault.message.starts_with(key), "{fault}");
        }
    }

    #[test]
    fn a_good_text_has_none() {
        let (value, _, faults) = read::<Sample>(
            "data = \"x\"\n[[sink]]\nname = \"a\"\n",
            Path::new("x.toml"),
        );
        let value = value.unwrap();
        assert_eq!(
            (
                value.data.as_str(),
                value.listen.port,
                value.sink[0].name.as_str()
            ),
            ("x", 0, "a")
        );
        assert_eq!(faults, []);
    }

    #[test]
    fn broken_syntax_is_told_and_ends() {
        assert_eq!(lines("data = \"x\nlisten\n"), [Some(1), Some(2)]);
    }
}
