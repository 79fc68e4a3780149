//! Reads the configuration from file, environment and flags, in this order of growing weight.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::keys::{Keys, key_of};
use super::{Config, Fault, faults};
use crate::cli::Place;

/// Marks an environment variable as ours: `MAGISTRATE__SECTION__KEY`.
const PREFIX: &str = "MAGISTRATE__";
/// A configuration is small; more is a mistake.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// A configuration and all that is wrong with how it was written.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// What could be read; faulty keys have their defaults.
    pub(crate) config: Config,
    /// The file it came from.
    pub(crate) file: Option<PathBuf>,
    /// Everything that is wrong.
    pub(crate) faults: Vec<Fault>,
    /// Where the file's keys stand.
    keys: Keys,
    /// The variables that set keys, by the keys' paths.
    variables: BTreeMap<String, String>,
}

impl Loaded {
    /// A fault that `message` tells of the key with whose path it begins: with its line in the file,
    /// or with the variable that set it.
    pub(crate) fn fault(&self, message: String) -> Fault {
        let Some(key) = key_of(&message).map(str::to_owned) else {
            return Fault::of(self.place(), message);
        };
        if let Some(variable) = self.variables.get(&key) {
            return Fault::of(format!("environment {variable}"), message).about(Some(&key));
        }
        let mut fault = Fault::of(self.place(), message).about(Some(&key));
        fault.line = self.keys.line(&key);
        fault
    }

    /// What faults without a line are said of.
    pub(crate) fn place(&self) -> String {
        let file = self.file.as_ref().map(|file| file.display().to_string());
        file.unwrap_or_else(|| "configuration".to_owned())
    }
}

/// Reads the configuration that `place` names.
pub(crate) fn load(place: &Place) -> Loaded {
    load_with(
        place,
        std::env::vars()
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect(),
    )
}

fn load_with(place: &Place, variables: BTreeMap<String, String>) -> Loaded {
    let mut faults = Vec::new();
    let text = match &place.config {
        Some(file) => read_file(file, &mut faults),
        None => String::new(),
    };
    let table = text.parse().unwrap_or_default();
    let paths = variables
        .keys()
        .map(|name| (dotted(&path_of(name)), name.clone()));
    let paths = paths.collect();
    let mut config = apply_variables(table, variables, &mut faults);
    if let Some(data) = &place.data {
        config.data.clone_from(data);
    }
    Loaded {
        config,
        file: place.config.clone(),
        faults,
        keys: Keys::of(&text),
        variables: paths,
    }
}

/// The text of a file without what is faulty in it.
fn read_file(file: &Path, found: &mut Vec<Fault>) -> String {
    let text = match read_limited(file) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("cannot read configuration: {error}");
            found.push(Fault::of(file.display().to_string(), message));
            return String::new();
        }
    };
    let (_, good_text, mut faults) = faults::read::<Config>(&text, file);
    found.append(&mut faults);
    good_text
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

/// Sets one variable at a time, so that a faulty one is told by its name and left out.
fn apply_variables(
    mut table: Table,
    variables: BTreeMap<String, String>,
    faults: &mut Vec<Fault>,
) -> Config {
    let mut config: Config = table.clone().try_into().unwrap_or_default();
    for (name, text) in variables {
        let mut changed = table.clone();
        let path = path_of(&name);
        let outcome = set(&mut changed, &path, value_of(&text)).and_then(|()| {
            changed
                .clone()
                .try_into()
                .map_err(|error: toml::de::Error| error.message().trim_end().replace('\n', ", "))
        });
        match outcome {
            Ok(good) => (config, table) = (good, changed),
            Err(message) => {
                let fault = Fault::of(format!("environment {name}"), message);
                faults.push(fault.about(Some(&dotted(&path))));
            }
        }
    }
    config
}

/// The parts of the key that the variable `name` sets.
fn path_of(name: &str) -> Vec<String> {
    let parts = name.trim_start_matches(PREFIX).split("__");
    parts.map(str::to_lowercase).collect()
}

/// A key's path as it is written in messages: `sink[0].name`.
fn dotted(path: &[String]) -> String {
    let mut dotted = String::new();
    for part in path {
        if !dotted.is_empty() && part.parse::<usize>().is_ok() {
            dotted.push_str(&format!("[{part}]"));
        } else {
            dotted.push_str(if dotted.is_empty() { "" } else { "." });
            dotted.push_str(part);
        }
    }
    dotted
}

/// A TOML value where the text is one, else the text itself.
fn value_of(text: &str) -> Value {
    format!("x = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut table| table.remove("x"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Sets the value at `path`; a number names an element of an array such as `sink`.
fn set(table: &mut Table, path: &[String], value: Value) -> Result<(), String> {
    let Some((name, rest)) = path.split_first() else {
        return Err("names no key".to_owned());
    };
    if rest.is_empty() {
        table.insert(name.clone(), value);
        return Ok(());
    }
    let index = rest.first().and_then(|part| part.parse::<usize>().ok());
    let default = if index.is_some() {
        Value::Array(Vec::new())
    } else {
        Value::Table(Table::new())
    };
    match (table.entry(name.clone()).or_insert(default), index) {
        (Value::Table(inner), None) => set(inner, rest, value),
        (Value::Array(items), Some(index)) => {
            set_element(items, index, rest.get(1..).unwrap_or_default(), value)
        }
        (_, _) => Err(format!("`{name}` is neither a table nor an array")),
    }
}

fn set_element(
    items: &mut Vec<Value>,
    index: usize,
    path: &[String],
    value: Value,
) -> Result<(), String> {
    if index == items.len() {
        items.push(Value::Table(Table::new()));
    }
    match items.get_mut(index) {
        Some(Value::Table(inner)) => set(inner, path, value),
        Some(_) | None => Err(format!(
            "element {index} does not exist; elements are numbered from 0"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_variables(pairs: &[(&str, &str)]) -> Loaded {
        let place = Place {
            config: None,
            data: None,
        };
        let variables = pairs
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        load_with(&place, variables.collect())
    }

    #[test]
    fn a_variable_sets_its_key() {
        let loaded = from_variables(&[
            ("MAGISTRATE__DATA", "/somewhere"),
            ("MAGISTRATE__LAKE__MAX_AGE", "5s"),
        ]);
        assert_eq!(loaded.faults, []);
        assert_eq!(loaded.config.data, PathBuf::from("/somewhere"));
    }

    #[test]
    fn a_wrong_variable_is_told_by_name_and_hides_no_other() {
        let loaded = from_variables(&[
            ("MAGISTRATE__LAKE__NONSENSE", "1"),
            ("MAGISTRATE__DATA", "/somewhere"),
        ]);
        assert_eq!(loaded.config.data, PathBuf::from("/somewhere"));
        let [fault] = loaded.faults.as_slice() else {
            panic!("{:?}", loaded.faults)
        };
        assert_eq!(fault.place, "environment MAGISTRATE__LAKE__NONSENSE");
        assert!(fault.message.contains("nonsense"), "{}", fault.message);
    }

    #[test]
    fn a_missing_file_is_a_fault() {
        let place = Place {
            config: Some(PathBuf::from("/no/such/file.toml")),
            data: None,
        };
        let loaded = load_with(&place, BTreeMap::new());
        assert_eq!(loaded.faults.len(), 1);
    }
}
