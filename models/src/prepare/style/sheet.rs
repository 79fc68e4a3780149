//! Which classes and ids a style sheet inside a page hides.

use std::collections::HashSet;

use super::{Ground, look};

/// More names than this are not remembered.
const MAX_NAMES: usize = 1_000;

/// The classes and ids whose elements are not seen, by rules whose selector is nothing else.
#[derive(Debug, Default)]
pub(in crate::prepare) struct Sheet {
    /// With the `.` or `#` before them.
    names: HashSet<String>,
}

impl Sheet {
    /// Takes the rules of `css` into account.
    pub(in crate::prepare) fn read(&mut self, css: &str) {
        for block in css.split('}') {
            let Some((before, declarations)) = block.rsplit_once('{') else {
                continue;
            };
            // A colour may well stand before another one, which the sheet says elsewhere.
            let is_print = before.contains("print");
            if is_print || !look(declarations, Ground::Other).is_hidden {
                continue;
            }
            let selectors = before.rsplit(['{', ';']).next().unwrap_or_default();
            let simple = selectors
                .split(',')
                .map(str::trim)
                .filter(|one| is_simple(one));
            for name in simple {
                if self.names.len() < MAX_NAMES {
                    self.names.insert(name.to_owned());
                }
            }
        }
    }

    /// Whether one of the `classes` is hidden.
    pub(in crate::prepare) fn hides_class(&self, classes: &str) -> bool {
        let mut classes = classes.split_ascii_whitespace();
        !self.names.is_empty() && classes.any(|class| self.names.contains(&format!(".{class}")))
    }

    /// Whether the element with that id is hidden.
    pub(in crate::prepare) fn hides_id(&self, id: &str) -> bool {
        !self.names.is_empty() && self.names.contains(&format!("#{id}"))
    }
}

/// A class or an id, and nothing else.
fn is_simple(selector: &str) -> bool {
    let Some(name) = selector.strip_prefix(['.', '#']) else {
        return false;
    };
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    !name.is_empty() && name.chars().all(is_of_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_rules_are_remembered() {
        let mut sheet = Sheet::default();
        sheet.read("p{color:red} .a, #b { display: none } @media (max-width:9px){.c{opacity:0}} .d:after{display:none} @media print{.e{display:none}} .f{color:#fff}");
        assert!(sheet.hides_class("x a") && sheet.hides_id("b") && sheet.hides_class("c"));
        assert!(!sheet.hides_class("b d e f") && !sheet.hides_id("a"));
    }
}
