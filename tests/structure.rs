//! Keeps the shape that ARCHITECTURE.md describes: who imports whom, what a file looks like.

#[cfg(test)]
mod structure {
    use std::fs;
    use std::path::{Path, PathBuf};

    /// Each crate and the crates of ours that it may import.
    const IMPORTS: [(&str, &[&str]); 7] = [
        ("event", &[]),
        ("ingest", &["event"]),
        ("enrich", &["event"]),
        ("models", &[]),
        ("judge", &["event", "enrich", "models"]),
        ("console", &["event", "judge"]),
        ("sinks", &["event"]),
    ];
    /// Names that say nothing.
    const EMPTY_NAMES: [&str; 5] = ["utils", "util", "common", "misc", "manager"];
    /// A longer file answers more than one question. Its tests do not count.
    const MAX_LINES: usize = 400;

    fn root() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
    }

    fn rust_files(folder: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files.extend(rust_files(&path));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
        files
    }

    fn sources() -> Vec<PathBuf> {
        let crates = IMPORTS
            .iter()
            .map(|(name, _)| root().join(name).join("src"));
        crates
            .chain([root().join("src")])
            .flat_map(|folder| rust_files(&folder))
            .collect()
    }

    /// A file that only tests compile.
    fn is_only_for_tests(file: &Path) -> bool {
        let stem = file.file_stem().unwrap().to_str().unwrap();
        ["tests", "testing", "simulated", "samples"].contains(&stem)
    }

    #[test]
    fn crates_import_only_what_lies_below() {
        for (name, allowed) in IMPORTS {
            let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
            let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
            for line in dependencies
                .lines()
                .filter_map(|line| line.strip_prefix("magistrate-"))
            {
                let imported = line.split(['.', ' ']).next().unwrap();
                assert!(
                    allowed.contains(&imported),
                    "{name} may not import {imported}"
                );
            }
        }
    }

    #[test]
    fn every_file_states_its_question_first() {
        for file in sources() {
            let text = fs::read_to_string(&file).unwrap();
            let first = text.lines().next().unwrap_or_default();
            assert!(
                first.starts_with("//! ") && first.len() > 8,
                "{} has no first doc line",
                file.display()
            );
        }
    }

    #[test]
    fn no_file_is_longer_than_one_question() {
        let long: Vec<String> = sources()
            .into_iter()
            .filter(|file| !is_only_for_tests(file))
            .filter_map(|file| {
                let text = fs::read_to_string(&file).unwrap();
                let lines = text
                    .lines()
                    .take_while(|line| !line.starts_with("#[cfg(test)]"))
                    .count();
                (lines > MAX_LINES).then(|| format!("{} ({lines} lines)", file.display()))
            })
            .collect();
        assert_eq!(long, Vec::<String>::new());
    }

    #[test]
    fn only_one_place_knows_the_rule_engine() {
        for file in sources() {
            let text = fs::read_to_string(&file).unwrap();
            let is_home = file.to_string_lossy().contains("enrich/src/detect/sigma");
            assert!(
                is_home || !text.contains("rsigma_"),
                "{} names the rule engine",
                file.display()
            );
        }
    }

    #[test]
    fn no_file_has_an_empty_name() {
        for file in sources() {
            let stem = file.file_stem().unwrap().to_str().unwrap();
            assert!(
                !EMPTY_NAMES.contains(&stem),
                "{} says nothing",
                file.display()
            );
            assert!(stem != "mod", "{}: use foo.rs beside foo/", file.display());
        }
    }

    #[test]
    fn only_the_redactor_and_the_queue_make_tickets() {
        for file in sources() {
            if is_only_for_tests(&file) {
                continue;
            }
            let path = file
                .strip_prefix(root())
                .unwrap()
                .to_string_lossy()
                .into_owned();
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            for (call, rooms) in [
                (
                    "Redacted::seal(",
                    &[
                        "enrich/src/redact",
                        "enrich/src/tool_names.rs",
                        "event/src/record.rs",
                    ][..],
                ),
                (
                    "Record::decode(",
                    &["sinks/src/queue", "event/src/record.rs"][..],
                ),
                (
                    "Record::decode_over(",
                    &["sinks/src/queue", "event/src/record.rs"][..],
                ),
            ] {
                let is_at_home = rooms.iter().any(|room| path.starts_with(room));
                assert!(is_at_home || !code.contains(call), "{path} calls {call}");
            }
        }
    }
}
