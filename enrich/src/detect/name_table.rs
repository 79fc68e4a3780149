//! Finds a rule's name quickly.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use magistrate_event::Field;

use super::names::{LANGUAGE, Origin};
use super::sigma_names::SIGMA;

/// Every name with where its value comes from.
#[derive(Debug, Clone)]
pub(super) struct NameTable {
    origins: HashMap<&'static str, Known, BuildHasherDefault<Fnv>>,
}

/// What is known of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// Where its value comes from.
    pub(super) origin: Origin,
    /// Whether an attribute of that very name stands in where the columns are empty.
    pub(super) or_attribute: bool,
}

impl NameTable {
    /// The table of the rule language, Sigma's names and every stored column.
    pub(super) fn new() -> Self {
        let mut origins = HashMap::default();
        for field in Field::ALL {
            let origin = Origin::Columns(std::slice::from_ref(field));
            origins.insert(field.path(), known(origin, false));
        }
        for name in SIGMA {
            origins.insert(name.name, known(name.origin, true));
        }
        for name in LANGUAGE {
            origins.insert(name.name, known(name.origin, false));
        }
        Self { origins }
    }

    /// What is known of `name`.
    pub(super) fn get(&self, name: &str) -> Option<Known> {
        self.origins.get(name).copied()
    }
}

const fn known(origin: Origin, or_attribute: bool) -> Known {
    Known {
        origin,
        or_attribute,
    }
}

/// FNV-1a: names are short, and they come from rules, which are trusted.
#[derive(Debug, Clone)]
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_and_every_name_is_found() {
        let table = NameTable::new();
        for field in Field::ALL {
            let origin = table.get(field.path()).unwrap().origin;
            let is_found = matches!(origin, Origin::Columns(columns) if columns.contains(field));
            assert!(is_found, "{} {origin:?}", field.path());
        }
        for name in LANGUAGE.iter().chain(SIGMA) {
            assert_eq!(table.get(name.name).unwrap().origin, name.origin);
        }
        assert_eq!(table.get("no.such.name"), None);
    }
}
