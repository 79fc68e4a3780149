//! The rules that ship with the program.

use super::DetectFile;

macro_rules! files {
    ($($name:literal)*) => {
        &[$((
            concat!("policies/detect/", $name),
            include_str!(concat!("../../../policies/detect/", $name)),
        ),)*]
    };
}

/// Name and text of each file of `policies/detect`.
const FILES: &[(&str, &str)] = files![
    "agents.yml"
    "browser.yml"
    "commands.yml"
    "computer-use.yml"
    "connectors.yml"
    "context.yml"
    "credentials.yml"
    "destinations.yml"
    "files.yml"
    "hooks.yml"
    "models.yml"
    "network.yml"
    "permissions.yml"
    "prompts.yml"
    "sessions.yml"
    "supply-chain.yml"
    "telemetry.yml"
];

/// The rule files of `policies/detect`.
pub fn shipped_detections() -> Vec<DetectFile> {
    let files = FILES.iter().map(|(name, text)| DetectFile {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
    });
    files.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::detect::{DetectLists, RuleKind, Ruleset};

    #[test]
    fn every_file_of_the_folder_ships() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../policies/detect");
        let entries = std::fs::read_dir(folder).unwrap();
        let mut found: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".yml"))
            .map(|name| format!("policies/detect/{name}"))
            .collect();
        found.sort();
        let shipped: Vec<_> = FILES.iter().map(|(name, _)| *name).collect();
        assert_eq!(shipped, found);
    }

    #[test]
    fn every_rule_is_complete() {
        let loaded = Ruleset::compile(&shipped_detections(), &DetectLists::new());
        assert_eq!(loaded.faults, []);
        assert!(
            loaded.rules.rules().len() >= 80,
            "{}",
            loaded.rules.rules().len()
        );
        let mut titles = HashSet::new();
        for rule in loaded.rules.rules() {
            let what = format!("{}:{} {}", rule.place.file, rule.place.line, rule.title);
            assert!(
                titles.insert(rule.title.clone()),
                "{what}: title used twice"
            );
            assert_eq!(rule.id.len(), 36, "{what}: id is no UUID");
            assert!(rule.has_source, "{what}: no event is of its log source");
            assert!(!rule.description.is_empty(), "{what}: no description");
            assert!(!rule.author.is_empty(), "{what}: no author");
            if rule.alerts {
                assert!(
                    !rule.false_positives.is_empty(),
                    "{what}: no falsepositives"
                );
                assert!(
                    !rule.examples.matching.is_empty(),
                    "{what}: nothing must match"
                );
                assert!(
                    !rule.examples.harmless.is_empty(),
                    "{what}: nothing must not match"
                );
            } else {
                assert_eq!(rule.kind, RuleKind::Detection, "{what}");
            }
        }
    }
}
