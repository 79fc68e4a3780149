//! The `[coverage]` section: which paths a group of users and devices must have.

use serde::Deserialize;

use super::PATHS;

/// Which users and devices must be seen on which paths.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CoverageConfig {
    /// Groups; a device belongs to the first that it or its user fits.
    pub group: Vec<CoverageGroup>,
}

/// A group of users and devices.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CoverageGroup {
    /// What it is called.
    pub name: String,
    /// Who belongs to it: names of users or devices, in any case, `*` for any letters.
    pub members: Vec<String>,
    /// The paths that it must have: native_loop, code_vm, chrome_bridge, browser, local_mcp,
    /// remote_connector, computer_use. It need not have the others.
    pub paths: Vec<String>,
    /// What must see these paths: telemetry, flow, decrypted, judged; telemetry where none is named.
    pub needs: Vec<String>,
    /// Hours that a path may be silent while the group goes on, 1 to 8,760; `--stale-hours` (24)
    /// where it is not set.
    pub stale_hours: Option<u16>,
}

/// By what a path can be seen.
pub(super) const KINDS: [&str; 4] = ["telemetry", "flow", "decrypted", "judged"];

impl CoverageConfig {
    /// Everything that is wrong with it.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut names = Vec::new();
        for (number, group) in self.group.iter().enumerate() {
            let place = format!("coverage.group[{number}]");
            if group.name.is_empty() {
                faults.push(format!("{place} has no `name`"));
            } else if names.contains(&&group.name) {
                faults.push(format!(
                    "{place}: another group is called `{}`, too",
                    group.name
                ));
            }
            names.push(&group.name);
            if group.members.is_empty() {
                faults.push(format!(
                    "{place} has no `members`; name users or devices, `*` for any letters"
                ));
            }
            if group.paths.is_empty() {
                faults.push(format!(
                    "{place} has no `paths`; name those that it must have"
                ));
            }
            faults.extend(unknown(&place, "paths", &group.paths, &PATHS));
            faults.extend(unknown(&place, "needs", &group.needs, &KINDS));
            if group
                .stale_hours
                .is_some_and(|hours| !(1..=8_760).contains(&hours))
            {
                faults.push(format!("{place}: `stale_hours` must be 1 to 8760"));
            }
        }
        faults
    }

    /// The group of that user on that device.
    pub(super) fn group_of(&self, subject: &str, device: &str) -> Option<&CoverageGroup> {
        let mut groups = self.group.iter();
        groups.find(|group| group.has(subject) || group.has(device))
    }
}

fn unknown(place: &str, key: &str, values: &[String], known: &[&str]) -> Vec<String> {
    let values = values.iter();
    let unknown = values.filter(|value| !known.contains(&value.as_str()));
    unknown
        .map(|value| {
            format!(
                "{place}: `{key}` has `{value}`, expected one of {}",
                known.join(", ")
            )
        })
        .collect()
}

impl CoverageGroup {
    fn has(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let mut patterns = self.members.iter();
        !name.is_empty() && patterns.any(|pattern| fits(&pattern.to_lowercase(), &name))
    }

    /// What must see its paths.
    pub(super) fn needs(&self) -> Vec<&str> {
        if self.needs.is_empty() {
            return vec!["telemetry"];
        }
        self.needs.iter().map(String::as_str).collect()
    }
}

/// Whether `name` is as `pattern` says, whose `*` stand for any letters.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_letters() {
        for (pattern, name) in [
            ("*", "a"),
            ("fin-*", "fin-7"),
            ("*@example.com", "ana@example.com"),
            ("a*b*c", "a1b2c"),
            ("a*b*c", "abc"),
            ("ana", "ana"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("fin-*", "xfin-7"),
            ("ana", "anab"),
            ("a*a", "a"),
            ("a*b*c", "acb"),
            ("*@example.com", "ana@example.com.evil"),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        let read = |text: &str| toml::from_str::<CoverageConfig>(text).unwrap().faults();
        let good = "[[group]]\nname = \"a\"\nmembers = [\"*\"]\npaths = [\"browser\"]\n";
        assert_eq!(read(good), [""; 0]);
        assert_eq!(read(&format!("{good}{good}")).len(), 1);
        let bad = "[[group]]\npaths = [\"moon\"]\nneeds = [\"luck\"]\nstale_hours = 0\n";
        assert_eq!(read(bad).len(), 5);
        assert_eq!(
            read("[[group]]\nname = \"a\"\nmembers = [\"*\"]\n").len(),
            1
        );
        assert!(toml::from_str::<CoverageConfig>("groups = []").is_err());
    }
}
