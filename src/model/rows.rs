//! Labelled rows of a JSONL file; what kind they are is told by their shape.

use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::Context as _;
use magistrate_models::{Action, Arguments, Call};
use serde::Deserialize;

/// A row with its label.
#[derive(Debug)]
pub(super) struct Labelled {
    /// What is judged.
    pub(super) row: Row,
    /// Whether it is what is looked for.
    pub(super) is_attack: bool,
    /// The label as it is written, one of those that the row's kind has.
    pub(super) label: String,
    /// Where it comes from, if it says.
    pub(super) source: String,
}

/// What is judged.
#[derive(Debug)]
pub(super) enum Row {
    /// A text that may be an injection or a jailbreak.
    Text(String),
    /// An action that may have drifted from its task.
    Action(Box<Action>),
}

/// A row as it is written.
#[derive(Debug, Deserialize)]
struct Written {
    text: Option<String>,
    task: Option<String>,
    #[serde(default)]
    history: Vec<Call>,
    action: Option<Shall>,
    label: String,
    #[serde(default)]
    source: String,
}

#[derive(Debug, Deserialize)]
struct Shall {
    #[serde(flatten)]
    call: Call,
    #[serde(default)]
    destination: Option<Arguments>,
}

/// Reads all rows of `path`, or of standard input for `-`.
///
/// # Errors
/// At the first line that is no labelled row; the message names it.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Labelled>> {
    let name = path.display().to_string();
    let reader: Box<dyn BufRead> = if name == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("cannot open `{name}`"))?;
        Box::new(BufReader::new(file))
    };
    let mut rows = Vec::new();
    for (number, line) in reader.lines().enumerate() {
        let place = || format!("{name}:{}", number + 1);
        let line = line.with_context(place)?;
        if !line.trim().is_empty() {
            rows.push(labelled(&line).with_context(place)?);
        }
    }
    if rows.is_empty() {
        anyhow::bail!("`{name}` holds no rows");
    }
    Ok(rows)
}

/// One row.
///
/// # Errors
/// When it is none.
pub(super) fn labelled(line: &str) -> anyhow::Result<Labelled> {
    let written: Written = serde_json::from_str(line)?;
    let row = match (written.text, written.task, written.action) {
        (Some(text), None, None) => Row::Text(text),
        (None, Some(task), Some(Shall { call, destination })) => Row::Action(Box::new(Action {
            task,
            history: written.history,
            call,
            destination,
        })),
        (_, _, _) => anyhow::bail!("expected either `text`, or `task` with `action`"),
    };
    let is_attack = match (&row, written.label.as_str()) {
        (Row::Text(_), "benign") | (Row::Action(_), "in_scope") => false,
        (Row::Text(_), "injection" | "jailbreak") | (Row::Action(_), "drift") => true,
        (Row::Text(_), other) => {
            anyhow::bail!("label `{other}`: expected benign, injection or jailbreak")
        }
        (Row::Action(_), other) => anyhow::bail!("label `{other}`: expected in_scope or drift"),
    };
    let source = match written.source {
        source if source.is_empty() => "(none)".to_owned(),
        source => source,
    };
    Ok(Labelled {
        row,
        is_attack,
        label: written.label,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_tells_the_kind_and_faults_are_named() {
        let text = labelled(r#"{"text":"hi","label":"benign","source":"a"}"#).unwrap();
        assert!(matches!(text.row, Row::Text(_)) && !text.is_attack && text.source == "a");
        let action = r#"{"task":"t","history":[],"action":{"tool":"x","arguments":{"a":1}},"label":"drift"}"#;
        let action = labelled(action).unwrap();
        assert!(matches!(action.row, Row::Action(_)) && action.is_attack);
        for (line, said) in [
            ("{", "EOF"),
            (r#"{"label":"benign"}"#, "`text`"),
            (r#"{"text":"a","label":"bad"}"#, "`bad`"),
            (
                r#"{"task":"a","action":{"tool":"x"},"label":"benign"}"#,
                "in_scope",
            ),
            (r#"{"text":"a"}"#, "label"),
        ] {
            let error = format!("{:#}", labelled(line).unwrap_err());
            assert!(error.contains(said), "{line}: {error}");
        }
    }
}
