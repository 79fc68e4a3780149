//! Keeps the names of kinds and rules for good: what findings say of themselves then costs nothing.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// All names so far. Rules are loaded at a start, and every time they are the same ones.
static NAMES: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);

/// `name`, kept for as long as the program runs.
pub(crate) fn kept(name: &str) -> &'static str {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let names = names.get_or_insert_default();
    if let Some(known) = names.get(name) {
        return known;
    }
    let new = Box::leak(Box::from(name));
    names.insert(new);
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once() {
        let first = kept("credential.made_up");
        let same: String = first.chars().collect();
        assert_eq!(first, same);
        assert!(std::ptr::eq(first, kept(&same)));
    }
}
