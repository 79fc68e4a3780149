//! The rules that ship with the program.

use super::{DetectFile, DetectLists};

macro_rules! files {
    ($($name:literal)*) => {
        &[$((
            concat!("policies/", $name),
            include_str!(concat!("../../../policies/", $name)),
        ),)*]
    };
}

/// Name and text of each file of `policies/detect`.
const FILES: &[(&str, &str)] = files![
    "detect/agents.yml"
    "detect/browser.yml"
    "detect/commands.yml"
    "detect/computer-use.yml"
    "detect/connectors.yml"
    "detect/context.yml"
    "detect/credentials.yml"
    "detect/destinations.yml"
    "detect/files.yml"
    "detect/hooks.yml"
    "detect/models.yml"
    "detect/network.yml"
    "detect/permissions.yml"
    "detect/prompts.yml"
    "detect/risk.yml"
    "detect/sessions.yml"
    "detect/supply-chain.yml"
    "detect/telemetry.yml"
    "detect/verdicts.yml"
];

/// Name and text of each file of `policies/judge`.
const JUDGE_FILES: &[(&str, &str)] = files![
    "judge/apps.yml"
    "judge/browser.yml"
    "judge/commands.yml"
    "judge/containment.yml"
    "judge/data-movement.yml"
    "judge/files.yml"
    "judge/injection.yml"
    "judge/irreversible.yml"
    "judge/limits.yml"
    "judge/secrets.yml"
    "judge/supply-chain.yml"
];

/// Name and text of each file of `policies/lists`.
const LIST_FILES: &[(&str, &str)] = files![
    "lists/admin_console_domains.txt"
    "lists/archive_extensions.txt"
    "lists/crypto_domains.txt"
    "lists/executable_extensions.txt"
    "lists/file_sharing_domains.txt"
    "lists/finance_domains.txt"
    "lists/free_mail_domains.txt"
    "lists/government_domains.txt"
    "lists/healthcare_domains.txt"
    "lists/hr_domains.txt"
    "lists/legal_domains.txt"
    "lists/macro_extensions.txt"
    "lists/password_manager_domains.txt"
    "lists/paste_domains.txt"
    "lists/script_extensions.txt"
];

/// Lists that shipped rules name and that only the user can fill: without values until then.
const EMPTY_LISTS: [&str; 12] = [
    "admin_accounts",
    "admin_mcp_servers",
    "approved_marketplaces",
    "approved_mcp_servers",
    "approved_skills",
    "containment_sites",
    "corporate_domains",
    "partner_domains",
    "production_hosts",
    "regulated_accepted",
    "service_accounts",
    "service_mcp_servers",
];

/// The rule files of `policies/detect`.
pub fn shipped_detections() -> Vec<DetectFile> {
    files_of(FILES)
}

/// The policy files of `policies/judge`: rules with a `judge:` block.
pub fn shipped_policies() -> Vec<DetectFile> {
    files_of(JUDGE_FILES)
}

/// The lists that shipped rules name; a configured list of the same name takes one's place.
pub fn shipped_lists() -> DetectLists {
    let empty = EMPTY_LISTS
        .into_iter()
        .map(|name| (name.to_owned(), Vec::new()));
    let filled = LIST_FILES.iter().map(|(path, text)| {
        let file = path.rsplit('/').next().unwrap_or_default();
        let lines = text.lines().map(str::trim);
        let values = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        (
            file.trim_end_matches(".txt").to_owned(),
            values.map(str::to_owned).collect(),
        )
    });
    empty.chain(filled).collect()
}

fn files_of(files: &[(&str, &str)]) -> Vec<DetectFile> {
    let files = files.iter().map(|(name, text)| DetectFile {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
    });
    files.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::detect::{RuleKind, Ruleset};

    #[test]
    fn every_file_of_the_folders_ships() {
        for (folder, end, shipped) in [
            ("detect", ".yml", FILES),
            ("judge", ".yml", JUDGE_FILES),
            ("lists", ".txt", LIST_FILES),
        ] {
            let path = format!("{}/../policies/{folder}", env!("CARGO_MANIFEST_DIR"));
            let entries = std::fs::read_dir(path).unwrap();
            let mut found: Vec<_> = entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter(|name| name.ends_with(end))
                .map(|name| format!("policies/{folder}/{name}"))
                .collect();
            found.sort();
            let shipped: Vec<_> = shipped.iter().map(|(name, _)| *name).collect();
            assert_eq!(shipped, found);
        }
    }

    #[test]
    fn every_policy_has_a_block_and_no_list_is_missing() {
        let loaded = Ruleset::compile(&shipped_policies(), &shipped_lists());
        assert_eq!((loaded.faults, loaded.warnings), (vec![], vec![]));
        assert!(loaded.rules.rules().all(|rule| rule.policy.is_some()));
        for (name, values) in shipped_lists() {
            let mut sorted = values.clone();
            sorted.sort();
            sorted.dedup();
            assert_eq!(values, sorted, "{name} is not sorted, or has a value twice");
        }
    }

    /// The shipped lists, with a value in those that say what is approved.
    fn filled_lists() -> DetectLists {
        let mut lists = shipped_lists();
        let is_needed = |name: &str| {
            let ends = ["_accounts", "_mcp_servers"];
            name.starts_with("approved_") || ends.iter().any(|end| name.ends_with(end))
        };
        for (_, list) in lists.iter_mut().filter(|(name, _)| is_needed(name)) {
            list.push("approved".to_owned());
        }
        lists
    }

    #[test]
    fn every_tag_was_looked_up() {
        let text = include_str!("../../../policies/tags.txt");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let checked: Vec<_> = lines
            .map(|line| line.split_once(' ').unwrap().0.to_owned())
            .collect();
        let files = [shipped_detections(), shipped_policies()].concat();
        let loaded = Ruleset::compile(&files, &filled_lists());
        let rules = loaded.rules.rules();
        let mut used: Vec<_> = rules.flat_map(|rule| rule.tags.clone()).collect();
        used.sort();
        used.dedup();
        assert_eq!(used, checked);
    }

    #[test]
    fn rules_that_need_a_list_are_in_force_with_it_alone() {
        let count = |lists: &DetectLists| {
            let loaded = Ruleset::compile(&shipped_detections(), lists);
            assert_eq!((loaded.faults, loaded.warnings), (vec![], vec![]));
            loaded.rules.rules().count()
        };
        let (without, with) = (count(&shipped_lists()), count(&filled_lists()));
        assert_eq!(with, without + 6);
    }

    #[test]
    fn every_rule_is_complete() {
        let files = [shipped_detections(), shipped_policies()].concat();
        let loaded = Ruleset::compile(&files, &filled_lists());
        assert_eq!(loaded.faults, []);
        assert!(
            loaded.rules.rules().len() >= 120,
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
