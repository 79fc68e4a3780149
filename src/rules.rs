//! Reads the rule files that `redact.rules` names, and the files that those extend.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use magistrate_enrich::{CustomRule, CustomRules, RuleFault, RuleFile};

/// Rule files are small; more is a mistake.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;
/// How many files may extend each other in a row, as in gitleaks.
const MAX_DEPTH: usize = 2;
/// How long a rule's cost is measured.
const PROBE: Duration = Duration::from_millis(5);

/// Reads and compiles `files`.
///
/// # Errors
/// Every fault of every file, in words.
pub(crate) fn load(files: &[PathBuf]) -> Result<CustomRules, Vec<String>> {
    let mut all = CustomRules::default();
    let mut faults: Vec<String> = Vec::new();
    for file in files {
        match read(file, MAX_DEPTH).and_then(RuleFile::compile) {
            Ok(rules) => all = all.and(rules),
            Err(found) => faults.extend(found.iter().map(|fault| format!("redact.rules: {fault}"))),
        }
    }
    if faults.is_empty() {
        Ok(all)
    } else {
        Err(faults)
    }
}

/// What has no effect, and what each rule costs that looks at all text.
pub(crate) fn warnings(rules: &CustomRules) -> Vec<String> {
    let told = rules
        .warnings()
        .iter()
        .map(|warning| format!("redact.rules: {warning}"));
    let dear = rules.unfiltered().map(|rule| {
        let speed = mebibytes_per_second(rule);
        format!(
            "redact.rules: rule `{}` looks at all text, at {speed:.0} MiB a second",
            rule.id()
        )
    });
    told.chain(dear).collect()
}

fn mebibytes_per_second(rule: &CustomRule) -> f64 {
    let (start, mut bytes) = (Instant::now(), 0_u32);
    while start.elapsed() < PROBE {
        bytes = bytes.saturating_add(u32::try_from(rule.look_at_sample()).unwrap_or(u32::MAX));
    }
    f64::from(bytes) / f64::from(1_u32 << 20) / start.elapsed().as_secs_f64()
}

fn read(file: &Path, depth: usize) -> Result<RuleFile, Vec<RuleFault>> {
    let fault = |fault: String| {
        vec![RuleFault {
            file: file.display().to_string(),
            line: None,
            rule: None,
            fault,
        }]
    };
    let text = read_limited(file).map_err(|error| fault(format!("cannot read it: {error}")))?;
    let rules = RuleFile::read(&file.display().to_string(), &text)?;
    let Some(base) = rules.base() else {
        return Ok(rules);
    };
    if depth == 0 {
        let message =
            format!("`extend.path` goes deeper than {MAX_DEPTH} files; join some of them");
        return Err(fault(message));
    }
    let base = file.parent().unwrap_or(Path::new("")).join(base);
    let base = read(&base, depth - 1)?;
    Ok(rules.over(base))
}

fn read_limited(file: &Path) -> std::io::Result<String> {
    let size = std::fs::metadata(file)?.len();
    if size > MAX_FILE_BYTES {
        return Err(std::io::Error::other(format!(
            "{size} bytes, expected at most {MAX_FILE_BYTES}"
        )));
    }
    std::fs::read_to_string(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn a_file_and_its_base_are_read() {
        let folder = folder(&[
            (
                "top.toml",
                "[extend]\npath = \"base.toml\"\n[[rules]]\nid = \"a\"\nregex = 'aaa-[0-9]'",
            ),
            ("base.toml", "[[rules]]\nid = \"b\"\nregex = '[0-9]{9}'"),
        ]);
        let rules = load(&[folder.path().join("top.toml")]).unwrap();
        assert_eq!(rules.len(), 2);
        let warnings = warnings(&rules);
        assert!(
            warnings.iter().any(|told| told.contains("MiB a second")),
            "{warnings:?}"
        );
    }

    #[test]
    fn faults_of_all_files_are_told() {
        let folder = folder(&[
            ("a.toml", "[[rules]]\nid = \"a\"\nregex = '('"),
            ("b.toml", "[extend]\npath = \"b.toml\""),
        ]);
        let path = |name: &str| folder.path().join(name);
        let faults = load(&[path("a.toml"), path("b.toml"), path("c.toml")]).unwrap_err();
        assert_eq!(faults.len(), 3);
        for (fault, part) in faults
            .iter()
            .zip(["a.toml:1: rule `a`", "deeper", "cannot read"])
        {
            assert!(fault.contains(part), "{fault}");
        }
    }
}
