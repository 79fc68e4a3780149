//! What a security team made of findings, from a file that its own tools wrote.

use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

use super::said::{Said, Source};

/// One line: `{"finding_uid": "…", "disposition": "true_positive"}`.
#[derive(Debug, Deserialize)]
struct Written {
    finding_uid: String,
    disposition: Disposition,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Disposition {
    TruePositive,
    FalsePositive,
}

/// What is said of each finding, by its id; the last word counts.
///
/// # Errors
/// At the first line that says nothing; the message names it.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<(String, Said)>> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{name}`"))?;
    let lines = text.lines().enumerate();
    let filled = lines.filter(|(_, line)| !line.trim().is_empty());
    filled
        .map(|(number, line)| said(line).with_context(|| format!("{name}:{}", number + 1)))
        .collect()
}

fn said(line: &str) -> anyhow::Result<(String, Said)> {
    let written: Written = serde_json::from_str(line)?;
    let said = Said {
        is_attack: matches!(written.disposition, Disposition::TruePositive),
        source: Source::Disposition,
    };
    Ok((written.finding_uid, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_faults_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("d.jsonl");
        let good = "{\"finding_uid\":\"a\",\"disposition\":\"true_positive\"}\n\n{\"finding_uid\":\"b\",\"disposition\":\"false_positive\",\"by\":\"ana\"}\n";
        std::fs::write(&file, good).unwrap();
        let read_file = || read(&file);
        let said: Vec<_> = read_file()
            .unwrap()
            .into_iter()
            .map(|(uid, said)| (uid, said.is_attack))
            .collect();
        assert_eq!(said, [("a".to_owned(), true), ("b".to_owned(), false)]);
        std::fs::write(
            &file,
            format!("{good}{{\"finding_uid\":\"c\",\"disposition\":\"meh\"}}"),
        )
        .unwrap();
        let error = format!("{:#}", read_file().unwrap_err());
        assert!(
            error.contains("d.jsonl:4") && error.contains("true_positive"),
            "{error}"
        );
    }
}
