//! Reads the rule and policy files and the lists that the configuration names, and compiles them
//! with the shipped ones.

use std::path::{Path, PathBuf};

use magistrate_enrich::{
    DetectFault, DetectFile, DetectLists, ListValues, LoadedRules, Ruleset, shipped_detections,
    shipped_lists, shipped_policies,
};
use magistrate_judge::{LoadedNotes, Policies};

use crate::config::Config;

/// Rule files are small; more is a mistake.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;
/// Files of rules, over all folders.
const MAX_FILES: usize = 20_000;
/// Folders in folders.
const MAX_DEPTH: usize = 16;
/// Values of one list.
const MAX_VALUES: usize = 1_000_000;

/// What rules and policies are compiled of.
struct Written {
    files: Vec<DetectFile>,
    lists: DetectLists,
    faults: Vec<DetectFault>,
}

/// Compiles the shipped rules and policies, the configured ones and those of `more`. Shipped policies
/// make no alert, since verdicts tell of them; nor do policies of other profiles.
pub(crate) fn load(config: &Config, more: &[PathBuf]) -> LoadedRules {
    let written = written(config, more);
    let mut loaded = Ruleset::compile(&written.files, &written.lists);
    let profile = config.judge.profile;
    let shipped: Vec<_> = shipped_policies()
        .into_iter()
        .map(|file| file.name)
        .collect();
    loaded.rules.silence(|rule| {
        let policy = rule.policy.as_ref();
        let is_out_of_force = policy.is_some_and(|policy| !profile.has(policy, None));
        // What is below a rate limit is nothing; what is above the judge counts.
        let is_limit = policy.is_some_and(|policy| policy.limit.is_some());
        is_out_of_force || is_limit || shipped.contains(&rule.place.file)
    });
    let mut faults = written.faults;
    faults.append(&mut loaded.faults);
    loaded.faults = faults;
    loaded
}

/// Compiles the policies among them for the judge.
pub(crate) fn policies(config: &Config) -> (Policies, LoadedNotes) {
    let written = written(config, &[]);
    let (policies, mut notes) =
        Policies::compile(&written.files, &written.lists, config.judge.profile);
    let mut faults = written.faults;
    faults.append(&mut notes.faults);
    notes.faults = faults;
    (policies, notes)
}

fn written(config: &Config, more: &[PathBuf]) -> Written {
    let mut faults = Vec::new();
    let mut files = [shipped_detections(), shipped_policies()].concat();
    for path in own_paths(config).chain(more) {
        read(path, 0, &mut files, &mut faults);
    }
    let lists = lists(config, &mut faults);
    Written {
        files,
        lists,
        faults,
    }
}

/// Files and folders of rules and policies that the configuration names.
fn own_paths(config: &Config) -> impl Iterator<Item = &PathBuf> {
    config.detect.rules.iter().chain(&config.judge.policies)
}

/// What should be known of the rules, beside their faults.
pub(crate) fn warnings(loaded: &LoadedRules) -> Vec<String> {
    let mut warnings: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
    let sourceless = loaded.rules.rules().filter(|rule| !rule.has_source);
    let mut sourceless = sourceless.map(|rule| rule.title.as_str());
    if let Some(first) = sourceless.next() {
        warnings.push(format!(
            "detect.rules: {} rules never run, since no event is of their log source (docs/detection-fields.md); the first is `{first}`",
            sourceless.count() + 1
        ));
    }
    warnings
}

/// When any of the rule files last changed, and how many there are: differs when they do.
pub(crate) fn state_of_files(
    config: &Config,
) -> Vec<(PathBuf, u64, Option<std::time::SystemTime>)> {
    let mut paths = Vec::new();
    for path in own_paths(config) {
        list(path, 0, &mut paths);
    }
    let files = config.lists.values().filter_map(|values| match values {
        ListValues::File { file } => Some(file.clone()),
        ListValues::Inline(_) => None,
    });
    paths.extend(files);
    let state = paths.into_iter().map(|path| {
        let metadata = std::fs::metadata(&path).ok();
        let len = metadata.as_ref().map_or(0, std::fs::Metadata::len);
        (
            path,
            len,
            metadata.and_then(|metadata| metadata.modified().ok()),
        )
    });
    state.collect()
}

/// The rule files at `path`, a file or a folder; sorted, so that a set is the same on every start.
fn list(path: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if !path.is_dir() {
        found.push(path.to_owned());
        return;
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut inner: Vec<_> = entries.map(|entry| entry.path()).collect();
    inner.sort();
    for path in inner {
        let is_rule = path
            .extension()
            .is_some_and(|end| end == "yml" || end == "yaml");
        if (path.is_dir() && depth < MAX_DEPTH && !path.is_symlink()) || is_rule {
            list(&path, depth + 1, found);
        }
    }
}

fn read(path: &Path, depth: usize, files: &mut Vec<DetectFile>, faults: &mut Vec<DetectFault>) {
    let mut paths = Vec::new();
    list(path, depth, &mut paths);
    if paths.is_empty() {
        faults.push(fault(path, "it has no file that ends in .yml or .yaml"));
    }
    for path in paths {
        if files.len() >= MAX_FILES {
            faults.push(fault(
                &path,
                &format!("there are more than {MAX_FILES} rule files; leave some out"),
            ));
            return;
        }
        match read_limited(&path) {
            Ok(text) => files.push(DetectFile {
                name: path.display().to_string(),
                text,
            }),
            Err(error) => faults.push(fault(&path, &format!("cannot read it: {error}"))),
        }
    }
}

fn lists(config: &Config, faults: &mut Vec<DetectFault>) -> DetectLists {
    let mut lists = shipped_lists();
    for (name, values) in &config.lists {
        let values = match values {
            ListValues::Inline(values) => values.clone(),
            ListValues::File { file } => match read_limited(file) {
                Ok(text) => lines(&text),
                Err(error) => {
                    faults.push(fault(file, &format!("cannot read list `{name}`: {error}")));
                    continue;
                }
            },
        };
        if values.len() > MAX_VALUES {
            let place = PathBuf::from(format!("lists.{name}"));
            faults.push(fault(
                &place,
                &format!("it has more than {MAX_VALUES} values; leave some out"),
            ));
        } else {
            lists.insert(name.clone(), values);
        }
    }
    lists
}

fn lines(text: &str) -> Vec<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

fn fault(path: &Path, message: &str) -> DetectFault {
    DetectFault {
        file: path.display().to_string(),
        line: 1,
        rule: None,
        fault: message.to_owned(),
    }
}

fn read_limited(path: &Path) -> std::io::Result<String> {
    let size = std::fs::metadata(path)?.len();
    if size > MAX_FILE_BYTES {
        return Err(std::io::Error::other(format!(
            "{size} bytes, expected at most {MAX_FILE_BYTES}"
        )));
    }
    std::fs::read_to_string(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_rules_need_no_configuration() {
        let loaded = load(&Config::default(), &[]);
        assert_eq!(
            (&loaded.faults[..], &loaded.warnings[..]),
            (&[][..], &[][..])
        );
        assert_eq!(warnings(&loaded), [""; 0]);
    }

    fn rule(id: &str) -> String {
        format!(
            "title: {id}\nid: {id}\nlogsource: {{product: magistrate}}\ndetection:\n  s: {{destination.host|expand: '%hosts%'}}\n  condition: s\n"
        )
    }

    #[test]
    fn folders_files_and_lists_are_read_and_their_faults_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("inner")).unwrap();
        std::fs::write(at("inner/a.yml"), rule("a")).unwrap();
        std::fs::write(at("b.yaml"), rule("b")).unwrap();
        std::fs::write(at("hosts.txt"), "# ours\n\nx.example\n").unwrap();
        let mut config = Config::default();
        config.detect.rules = vec![folder.path().to_owned()];
        config.lists.insert(
            "hosts".to_owned(),
            ListValues::File {
                file: at("hosts.txt"),
            },
        );
        let before = state_of_files(&config);
        let loaded = load(&config, &[]);
        assert_eq!(loaded.faults, []);
        let ids: Vec<_> = loaded.rules.rules().map(|rule| rule.id.as_str()).collect();
        assert!(ids.contains(&"a") && ids.contains(&"b"), "{ids:?}");
        std::fs::write(at("b.yaml"), "title: [").unwrap();
        assert_ne!(state_of_files(&config), before);
        config
            .lists
            .insert("gone".to_owned(), ListValues::File { file: at("gone") });
        let faults = load(&config, &[at("nothing.yml")]).faults;
        assert_eq!(faults.len(), 3, "{faults:?}");
    }
}
